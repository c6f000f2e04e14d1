"""Frames that a CPU paints at the same time are those that it paints one after the other."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.clips import make_clip
from tests.models.test_compact_style import style as compact
from tests.packets import video_times
from tests.renders import broken_off, painter_of, plan_of, shown
from vidstyle.media.probe import probe
from vidstyle.models.runtime import Runtime
from vidstyle.models.style_file import save_style
from vidstyle.render.engine import Engine
from vidstyle.render.painter import Painter
from vidstyle.render.painter_config import PainterConfig, parallel_batches
from vidstyle.render.settings import RenderSettings
from vidstyle.render.sizes import Sizes
from vidstyle.render.stage import run
from vidstyle.render.threads import compute_in_parallel

Fast = Callable[..., RenderSettings]
CPU = torch.device("cpu")
SMALL, LARGE = (Sizes(size, size, size) for size in ((640, 360), (3840, 2160)))


@pytest.fixture
def processors() -> Iterator[int]:
    """Let torch have three processors."""
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield 3
    torch.set_num_threads(before)


@pytest.fixture
def compact_path(tmp_path: Path) -> Path:
    """The file of an untrained compact style."""
    path = tmp_path / "compact.safetensors"
    save_style(compact(), path)
    return path


def decided(**others: object) -> RenderSettings:
    return RenderSettings(**{"flicker": "off", **others})  # type: ignore[arg-type]


def count(settings: RenderSettings, sizes: Sizes, runtime: Runtime | None = None, **how: bool) -> int:
    return parallel_batches(runtime or Runtime(CPU, "fp32"), settings, sizes, **{"light": True, **how})


def test_each_processor_has_a_frame_of_its_own_while_memory_is_sure(processors: int) -> None:
    assert count(decided(), SMALL) == processors
    assert count(decided(flicker="denoise"), SMALL) == processors
    assert count(decided(), LARGE) == 1
    assert count(decided(), Sizes((3840, 2160), (640, 360), (640, 360))) == 1
    assert count(decided(), SMALL, light=False) == 2
    assert count(decided(batch=20), SMALL) == 1


def test_frames_that_rest_on_earlier_ones_or_on_a_gpu_are_painted_in_turns(processors: int) -> None:
    assert count(RenderSettings(flicker="flow"), SMALL) == 1
    assert count(decided(diversify=2, diversify_style="look"), SMALL) == 1
    assert count(decided(), SMALL, Runtime(torch.device("cuda"), "fp16")) == 1
    assert count(decided(), SMALL, Runtime(CPU, "fp32", "compile")) == 1


def test_threads_share_the_processors_and_leave_them_as_they_were(processors: int) -> None:
    meeting = threading.Barrier(3, timeout=30)

    def share(_: int) -> int:
        meeting.wait()
        return torch.get_num_threads()

    assert list(compute_in_parallel(share, range(6), 3)) == [1] * 6
    assert torch.get_num_threads() == processors
    later: list[int] = []
    thread = threading.Thread(target=lambda: later.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    assert later == [processors]


def test_two_renders_at_once_leave_torch_its_processors(processors: int) -> None:
    first = compute_in_parallel(lambda item: item, iter(range(9)), 3)
    next(first)
    shares: list[int] = []

    def second() -> None:
        shares.extend(compute_in_parallel(lambda _: torch.get_num_threads(), range(4), 2))

    thread = threading.Thread(target=second)
    thread.start()
    thread.join()
    assert shares == [1] * 4
    assert list(first) == list(range(1, 9))
    with ThreadPoolExecutor(1) as later:
        assert later.submit(torch.get_num_threads).result() == processors


def test_a_network_that_enlarges_takes_the_processors_for_itself(
    compact_path: Path, processors: int, tmp_path: Path
) -> None:
    clip = probe(make_clip(tmp_path / "in.mp4", size=(64, 48), frames=2))
    asked = RenderSettings(style=str(compact_path), device="cpu", precision="fp32", finish="upscaler", outscale=4.0)
    engine = Engine(asked)
    assert engine.upscaler_name(engine.sizes(clip.upright_size)) is not None
    assert not engine.paints_in_real_time(asked, engine.sizes(clip.upright_size))
    plan = plan_of(clip, engine)
    assert engine._video_runtime(plan, None, engine.decided(asked, plan.sizes)).parallel == 1


@pytest.mark.parametrize("backend", ["eager", "openvino"])
def test_a_video_painted_in_parallel_is_the_one_painted_in_turns(
    backend: str, compact_path: Path, processors: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if backend == "openvino":
        pytest.importorskip("openvino")
    source = make_clip(tmp_path / "in.mp4", size=(64, 48), frames=30)
    settings = RenderSettings(style=str(compact_path), device="cpu", precision="fp32", backend=backend, segment=8)
    engine = Engine(settings)
    assert painter_of(probe(source), engine).parallel == processors
    run(source, tmp_path / "parallel.mp4", settings)
    monkeypatch.setattr("vidstyle.render.engine.parallel_batches", lambda *_, **__: 1)
    run(source, tmp_path / "in_turns.mp4", settings)
    assert shown(tmp_path / "parallel.mp4") == shown(tmp_path / "in_turns.mp4")
    assert video_times(tmp_path / "parallel.mp4") == video_times(source)


def test_a_render_in_parallel_that_was_broken_off_ends_as_if_it_had_not_been(
    compact_path: Path, processors: int, tmp_path: Path
) -> None:
    source = make_clip(tmp_path / "in.mp4", size=(64, 48), frames=30)
    settings = RenderSettings(style=str(compact_path), device="cpu", precision="fp32", backend="eager", segment=6)
    run(source, tmp_path / "whole.mp4", settings)
    broken_off(source, tmp_path / "resumed.mp4", settings, 14)
    run(source, tmp_path / "resumed.mp4", settings)
    assert shown(tmp_path / "resumed.mp4") == shown(tmp_path / "whole.mp4")


def test_a_render_is_coded_to_its_end_as_it_was_begun(
    compact_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = make_clip(tmp_path / "in.mp4", size=(64, 48), frames=30)
    settings = RenderSettings(style=str(compact_path), precision="fp32", backend="eager", segment=6)
    broken_off(source, tmp_path / "out.mp4", settings, 14)
    monkeypatch.setattr(Engine, "paints_in_real_time", lambda *_: False)
    run(source, tmp_path / "out.mp4", settings)
    assert video_times(tmp_path / "out.mp4") == video_times(source)


def test_an_error_in_one_of_the_threads_ends_the_render_and_names_it(
    compact_path: Path, processors: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paint, painted = Painter.compute, []

    def fail(painter: Painter, *given: object, **how: object) -> object:
        painted.append(1)
        if len(painted) == 7:
            raise LookupError("the seventh")
        return paint(painter, *given, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(Painter, "compute", fail)
    source = make_clip(tmp_path / "in.mp4", size=(64, 48), frames=30)
    with pytest.raises(LookupError, match="the seventh"):
        run(source, tmp_path / "out.mp4", RenderSettings(style=str(compact_path), device="cpu", backend="eager"))
    assert not (tmp_path / "out.mp4").exists()


class ShortOfMemory:
    """A generator that paints one picture at a time, and of whose callers two fail before that is known."""

    scale, multiple_of, half_ok = 1, 1, True

    def __init__(self) -> None:
        self.together = threading.Barrier(2, timeout=30)

    def in_strips(self, rows: int) -> "ShortOfMemory":
        return self

    def __call__(self, images: Tensor) -> Tensor:
        if len(images) > 1:
            self.together.wait()
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 9 GiB")
        return images


def test_two_threads_that_are_short_of_memory_at_once_give_up_one_thing(fast: Fast) -> None:
    settings, sizes = fast(batch=2), Sizes((32, 16), (32, 16), (32, 16))
    painter = Painter(ShortOfMemory(), None, CPU, PainterConfig("eager", "fp32", 2, 0, 0), settings, parallel=2)
    frames = np.random.default_rng(0).integers(0, 256, (4, 2, 16, 32, 3), np.uint8)
    uploaded = [painter.upload(batch) for batch in frames]
    computed = compute_in_parallel(lambda batch: painter.compute(batch, sizes, sixteen_bit=False), uploaded, 2)
    assert all(np.array_equal(painter.download(got), batch) for got, batch in zip(computed, frames, strict=True))
    assert painter.notes == ("The memory of cpu was short: 1 frames are now painted at once.",)


def test_coding_takes_little_where_painting_takes_little_and_no_preset_is_asked_for(
    fast: Fast, style_path: Path, compact_path: Path, tmp_path: Path
) -> None:
    source = make_clip(tmp_path / "in.mp4", size=(64, 48), frames=2)

    def preset(style: Path, **others: str) -> str | None:
        settings = RenderSettings(style=str(style), device="cpu", dry_run=True, **others)  # type: ignore[arg-type]
        (record,) = run(source, tmp_path / "out.mp4", settings).details["files"].values()
        options: dict[str, str] = record["encoder_options"]
        return options.get("preset")

    assert preset(compact_path) == "veryfast"
    assert preset(compact_path, preset="slow") == "slow"
    assert preset(compact_path, codec="libx265") is None
    assert preset(style_path) is None
