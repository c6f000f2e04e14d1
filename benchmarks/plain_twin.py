"""A render as the public scripts of CUT and Real-ESRGAN do it: one frame at a time, PNG files between the steps."""

from fractions import Fraction
from pathlib import Path
from time import perf_counter

import torch
from torch import nn

from benchmarks.clips import RATE, batches, form
from vidstyle.media.clip import Batch, Clip
from vidstyle.media.images import read_image, write_image
from vidstyle.media.write import VideoWriter
from vidstyle.models.resize import resize
from vidstyle.models.runtime import Network
from vidstyle.models.style_generator import StyleGenerator
from vidstyle.pixels import to_device, to_host
from vidstyle.render.engine import Engine
from vidstyle.render.settings import RenderSettings


def _as_it_is(network: nn.Module, *, channels_last: bool = False) -> Network:
    return network.eval()


@torch.inference_mode()
def twin(clip: Clip, settings: RenderSettings, folder: Path) -> float:
    """Return the seconds a frame of the plain twin, its start left out."""
    engine = Engine(settings)
    sizes = engine.sizes(clip.upright_size)
    painter = engine.picture_painter(sizes)
    generator = StyleGenerator(engine.style, painter.device, torch.float32, _as_it_is)
    names = [folder / f"{number:06d}.png" for number in range(clip.frames or 0)]
    began = perf_counter()
    for name, batch in zip(names, batches(clip), strict=True):
        write_image(name, batch.frames[0])
    for name in names:
        source = resize(to_device(read_image(name)[None], painter.device), sizes.painted)
        write_image(name, to_host(generator(source), sixteen_bit=False)[0])
    for name in names if painter.upscaler else ():
        enlarged = painter.enlarge(to_device(read_image(name)[None], painter.device))
        write_image(name, to_host(resize(enlarged, sizes.result), sixteen_bit=False)[0])
    with VideoWriter(folder / "twin.mp4", form(sizes.result)) as writer:
        for number, name in enumerate(names):
            writer.write(Batch(read_image(name)[None], (number,), (1,), Fraction(1, RATE)))
    return (perf_counter() - began) / len(names)
