"""Painting on a GPU, whose streams, graphs and memory a stand-in plays: everything in order, and the same bits."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from tests.clips import make_clip
from tests.cuda_stand_in import DEVICE, StandIn, cuda_stand_in
from tests.packets import pictures
from vidstyle.errors import DeviceError
from vidstyle.models import cuda_graphs
from vidstyle.models.runtime import Runtime, prepare
from vidstyle.models.style_file import load_style
from vidstyle.models.style_generator import StyleGenerator
from vidstyle.models.upscaler import Upscaler
from vidstyle.networks.srvgg import SRVGGNetCompact
from vidstyle.render.device_copies import OnDevice
from vidstyle.render.flicker import reduce_flicker
from vidstyle.render.painter import Painter, batch_that_fits
from vidstyle.render.painter_config import PainterConfig
from vidstyle.render.settings import RenderSettings
from vidstyle.render.sizes import Sizes
from vidstyle.render.stage import run
from vidstyle.render.threads import pipeline

Fast = Callable[..., RenderSettings]
SIZES = Sizes((32, 24), (32, 24), (64, 48))
CPU = torch.device("cpu")


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    with cuda_stand_in(monkeypatch) as found:
        yield found


def painter(style: Path, settings: RenderSettings, device: torch.device, batch: int = 2) -> Painter:
    """Return a painter with a generator and an upscaler, with what `--flicker` asks for."""
    runtime = Runtime(device, "fp32")
    made = StyleGenerator(load_style(style), device, torch.float32, partial(prepare, runtime=runtime))
    torch.manual_seed(3)
    network = SRVGGNetCompact(convolutions=2, features=8, scale=2)
    radius = network.receptive_radius
    upscaler = Upscaler(prepare(network, runtime, channels_last=True), 2, radius, device, torch.float32)
    config = PainterConfig("eager", "fp32", batch, 0, 0)
    return Painter(reduce_flicker(made, settings.flicker), upscaler, device, config, settings)


def batches_of(counts: tuple[int, ...] = (2, 2, 1)) -> list[np.ndarray]:
    random = np.random.default_rng(3)
    coarse = random.integers(0, 256, (sum(counts), 6, 8, 3), np.uint8).repeat(4, 1).repeat(4, 2)
    return np.split(coarse, np.cumsum(counts)[:-1])


def painted(made: Painter, batches: list[np.ndarray]) -> np.ndarray:
    """Return all frames, painted on three threads as a render does it."""
    uploaded = (made.upload(batch, reset=number == 0) for number, batch in enumerate(batches))
    compute = partial(made.compute, sizes=SIZES, sixteen_bit=False)
    return np.concatenate(list(pipeline(uploaded, partial(map, compute), made.download)))


def one_by_one(made: Painter, batches: list[np.ndarray]) -> np.ndarray:
    return np.concatenate([made.paint(batch, SIZES, sixteen_bit=False, reset=not n) for n, batch in enumerate(batches)])


@pytest.mark.parametrize("flicker", ["off", "flow"])
def test_three_threads_keep_the_order_of_a_gpus_work_and_paint_what_a_cpu_paints(
    fast: Fast, style_path: Path, monkeypatch: pytest.MonkeyPatch, flicker: str
) -> None:
    settings, batches = fast(flicker=flicker), batches_of()
    wanted = one_by_one(painter(style_path, settings, CPU), batches)
    with cuda_stand_in(monkeypatch) as stand_in:
        given = painted(painter(style_path, settings, DEVICE), batches)
    assert set(stand_in.faults) == set()
    assert np.abs(given.astype(int) - wanted).max() <= 1


def test_frames_travel_on_streams_of_their_own_and_only_the_last_copy_is_waited_for(
    fast: Fast, style_path: Path, stand_in: StandIn
) -> None:
    made = painter(style_path, fast(), DEVICE)
    stand_in.journal.clear()
    uploaded = made.upload(batches_of()[0], reset=True)
    assert stand_in.journal == ["copy on stream 1"]
    stand_in.journal.clear()
    assert uploaded.distinct is not None
    result = made.compute(uploaded, SIZES, sixteen_bit=False)
    assert [entry for entry in stand_in.journal if "default" not in entry] == []
    stand_in.journal.clear()
    made.download(result)
    assert stand_in.journal == ["copy on stream 2"]
    assert set(stand_in.faults) == set()


def test_it_would_be_noticed_if_nothing_waited_for_the_frames(
    fast: Fast, style_path: Path, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = painter(style_path, fast(), DEVICE)
    monkeypatch.setattr(OnDevice, "wait", lambda frames: frames.pixels)
    painted(made, batches_of())
    assert any("reads what stream" in fault for fault in stand_in.faults)
    assert any("is free while" in fault for fault in stand_in.faults)


def test_a_whole_render_keeps_the_order_and_shows_what_a_cpu_paints(
    fast: Fast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = make_clip(tmp_path / "a.mkv", size=(32, 24), frames=7, codec="ffv1")
    wanted = {"codec": "ffv1", "flicker": "flow", "backend": "eager", "segment": 4, "size": "source"}
    run(source, tmp_path / "cpu.mkv", fast(**wanted))
    with cuda_stand_in(monkeypatch) as stand_in:
        run(source, tmp_path / "gpu.mkv", fast(**wanted, device="cuda", batch=2))
    assert set(stand_in.faults) == set()
    assert stand_in.allocations > 0
    pairs = zip(pictures(tmp_path / "gpu.mkv"), pictures(tmp_path / "cpu.mkv"), strict=True)
    assert [np.abs(given.astype(int) - shown).max() <= 1 for given, shown in pairs] == [True] * 7


def test_as_many_frames_are_painted_at_once_as_fit_the_free_memory(
    fast: Fast, style_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for memory in (1 << 30, 6 << 20, 1 << 20):
        with cuda_stand_in(monkeypatch, memory) as stand_in:
            found.append(batch_that_fits(painter(style_path, fast(), DEVICE), SIZES))
        assert set(stand_in.faults) == set()
    assert found[0] == 16 and found[0] > found[1] > found[2] == 1


class Brighter(nn.Module):
    """A network that computes each value by itself, so that frames at once do not change a bit of it."""

    scale, multiple_of, half_ok, receptive_radius = 1, 1, True, 0

    def __init__(self, device: torch.device, scale: int = 1) -> None:
        super().__init__()
        self.scale, self.share = scale, nn.Parameter(torch.tensor(0.75))
        self.recorded = prepare(nn.Sequential(nn.Upsample(scale_factor=scale)), Runtime(device, "fp32"))
        self.to(device)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.recorded(images * self.share) + 0.25

    def in_strips(self, rows: int) -> "Brighter":
        return self


@pytest.mark.parametrize("flicker", ["off", "flow"])
def test_memory_that_is_short_at_any_allocation_changes_no_bit_of_the_result(
    fast: Fast, monkeypatch: pytest.MonkeyPatch, flicker: str
) -> None:
    monkeypatch.setattr(cuda_graphs, "WARM_UP_CALLS", 1)
    settings, batches = fast(flicker=flicker), batches_of((2, 1))

    def attempt(number: int) -> tuple[np.ndarray, int, list[str]]:
        """Return all frames, the allocations, and the faults, where the allocation of that number finds no memory."""
        with cuda_stand_in(monkeypatch) as stand_in:
            generator = reduce_flicker(Brighter(DEVICE), flicker)
            config = PainterConfig("eager", "fp32", 2, 0, 0)
            made = Painter(generator, Brighter(DEVICE, 2), DEVICE, config, settings)
            before = stand_in.allocations
            stand_in.fails_at = before + number if number else 0
            frames = one_by_one(made, batches)
            return frames, stand_in.allocations - before, stand_in.faults

    wanted, count, faults = attempt(0)
    assert faults == []
    for number in range(1, count + 1):
        frames, _, faults = attempt(number)
        assert faults == [], f"allocation {number} of {count}"
        assert np.array_equal(frames, wanted), f"allocation {number} of {count}"


def test_memory_that_never_suffices_is_one_clear_error(fast: Fast, style_path: Path, stand_in: StandIn) -> None:
    made = painter(style_path, fast(), DEVICE)
    stand_in.fails_at, stand_in.stays_short = stand_in.allocations + 1, True
    with pytest.raises(DeviceError, match=r"^The memory of cuda:0 does not suffice for one frame \(CUDA out of memory"):
        made.paint(batches_of()[0], SIZES, sixteen_bit=False)
