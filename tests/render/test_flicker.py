"""Pictures are kept steady: flicker goes, while motion, cuts, sharpness and the way frames are batched show no trace."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from tests.analysis.test_flow import texture
from tests.clips import make_clip
from tests.render.test_painter import painter
from tests.renders import painter_of
from vidstyle.analysis.temporal_consistency import WarpingError, WarpingMeter
from vidstyle.errors import DependencyError, SettingsError
from vidstyle.media.clip import Clip
from vidstyle.media.probe import probe
from vidstyle.media.read import VideoReader
from vidstyle.models.style_file import load_style
from vidstyle.models.style_generator import StyleGenerator
from vidstyle.networks.norms import SMOOTHED_FRAMES
from vidstyle.pixels import to_device, to_host
from vidstyle.render.engine import Engine
from vidstyle.render.flicker import (
    AlongFlow,
    SmoothStatistics,
    SteadyGenerator,
    frame_weights,
    reduce_flicker,
    warped,
)
from vidstyle.render.painter import Painter, batch_that_fits
from vidstyle.render.settings import RenderSettings
from vidstyle.render.sizes import Sizes, plan_sizes
from vidstyle.render.stage import run

Fast = Callable[..., RenderSettings]
CPU = torch.device("cpu")


class Noisy:
    """A generator that darkens its pictures and adds noise of its own to every frame: pure flicker."""

    scale, multiple_of, half_ok = 1, 1, True

    def __init__(self, levels: float = 8.0) -> None:
        self.levels, self.draws = levels, torch.Generator().manual_seed(5)

    def __call__(self, images: Tensor) -> Tensor:
        coarse = [torch.randn((3, 12, 16), generator=self.draws) for _ in images]
        noise = functional.interpolate(torch.stack(coarse), images.shape[-2:], mode="bilinear")
        return (images * 0.8 + 0.1 + noise * self.levels / 255).clamp(0, 1)

    def in_strips(self, rows: int) -> "Noisy":
        return self


def tensors(pictures: list[np.ndarray]) -> Tensor:
    return to_device(np.stack(pictures), CPU)


def in_batches(model: SteadyGenerator, images: Tensor, size: int) -> Tensor:
    return torch.cat([model(batch) for batch in images.split(size)])


def error_of(source: Tensor, painted: Tensor) -> WarpingError:
    meter = WarpingMeter()
    for frame, painting in zip(to_host(source, sixteen_bit=False), to_host(painted, sixteen_bit=False), strict=True):
        meter.update(frame, painting)
    return meter.result()


@pytest.fixture(scope="module")
def generator(style_path: Path) -> StyleGenerator:
    return StyleGenerator(load_style(style_path), CPU, torch.float32)


@pytest.fixture(params=["flow", "statistics"], scope="module")
def make(request: pytest.FixtureRequest, style_path: Path) -> Callable[[], SteadyGenerator]:
    """Return a maker of steady generators, all alike, of each mode."""
    style = load_style(style_path)
    return lambda: reduce_flicker(StyleGenerator(style, CPU, torch.float32), request.param)  # type: ignore[return-value]


@pytest.fixture
def smooth(style_path: Path) -> SmoothStatistics:
    return SmoothStatistics(StyleGenerator(load_style(style_path), CPU, torch.float32))


@pytest.fixture
def clip(tmp_path: Path) -> Clip:
    """A clip of the size of the two shots; that there is one says that frames follow each other."""
    return probe(make_clip(tmp_path / "clip.mp4", size=(128, 96), frames=1))


@pytest.fixture(scope="module")
def two_shots() -> Tensor:
    """Seven frames of a pan, then five of another, whose colours are others."""
    first, second = texture(96, 160), 255 - texture(96, 160, seed=2) // 3
    return tensors(
        [first[:, 3 * k : 3 * k + 128] for k in range(7)] + [second[:, 2 * k : 2 * k + 128] for k in range(5)]
    )


@pytest.fixture(scope="module")
def whole(make: Callable[[], SteadyGenerator], two_shots: Tensor) -> Tensor:
    """The two shots, painted in one batch by each mode."""
    return make()(two_shots)


@pytest.fixture(scope="module")
def one_by_one(make: Callable[[], SteadyGenerator], two_shots: Tensor) -> Tensor:
    """The two shots, painted frame by frame by each mode."""
    return in_batches(make(), two_shots, 1)


def test_noise_that_a_generator_adds_to_a_still_picture_is_reduced_to_less_than_half() -> None:
    still = tensors([texture()] * 12)
    raw, steady = Noisy()(still), AlongFlow(Noisy())(still)
    assert error_of(still, steady).video < 0.45 * error_of(still, raw).video
    assert error_of(still, steady).video_squared < 0.2 * error_of(still, raw).video_squared


def test_noise_on_a_moving_picture_is_reduced_along_its_motion() -> None:
    wide = texture(96, 200)
    pan = tensors([wide[:, 3 * k : 3 * k + 128] for k in range(12)])
    raw, steady = Noisy()(pan), AlongFlow(Noisy())(pan)
    assert error_of(pan, steady).excess < 0.5 * error_of(pan, raw).excess


def test_what_does_not_flicker_stays_sharp() -> None:
    wide = texture(96, 200)
    pan = tensors([wide[:, 3 * k : 3 * k + 128] for k in range(8)])
    quiet = Noisy(levels=0)
    change = (AlongFlow(quiet)(pan) - quiet(pan))[..., 8:-8, 8:-8].abs()
    assert change.mean() < 1 / 255


def test_a_moving_square_leaves_no_ghost() -> None:
    pictures = []
    for number in range(8):
        picture = texture() // 3
        picture[30:60, 10 + 9 * number : 40 + 9 * number] = (230, 40, 40)
        pictures.append(picture)
    source = tensors(pictures)
    quiet = Noisy(levels=0)
    change = (AlongFlow(quiet)(source) - quiet(source)).abs() * 255
    assert change.max() < 12 and change.mean() < 0.3


def test_the_first_frame_of_a_shot_is_what_the_generator_paints(
    whole: Tensor, generator: StyleGenerator, two_shots: Tensor
) -> None:
    change = (whole - generator(two_shots)).abs().amax((1, 2, 3))
    assert change[0] < 1e-4 and change[7] < 1e-4
    assert (change[[2, 3, 4, 5, 6, 8, 9, 10, 11]] > 1 / 255).all()


@pytest.mark.parametrize("size", [2, 3, 5, 12])
def test_the_result_does_not_depend_on_how_frames_are_batched(
    make: Callable[[], SteadyGenerator], two_shots: Tensor, one_by_one: Tensor, size: int
) -> None:
    assert (one_by_one - in_batches(make(), two_shots, size)).abs().max() < 1e-4


@pytest.mark.parametrize("stop", [0, 1, 2, 6, 7, 8, 11])
def test_a_render_that_goes_on_from_a_state_equals_one_that_never_stopped(
    make: Callable[[], SteadyGenerator], two_shots: Tensor, whole: Tensor, stop: int
) -> None:
    first, second = make(), make()
    before = [first(two_shots[:stop])] if stop else []
    second.load_state({name: value.clone() for name, value in first.state().items()})
    assert (torch.cat([*before, second(two_shots[stop:])]) - whole).abs().max() < 1e-4


def test_strips_change_nothing_and_remember_the_same(
    make: Callable[[], SteadyGenerator], two_shots: Tensor, whole: Tensor
) -> None:
    strips = make()
    before = strips(two_shots[:4])
    after = strips.in_strips(16)(two_shots[4:])
    assert (torch.cat([before, after]) - whole).abs().max() < 1 / 255


def test_loading_an_empty_state_forgets_everything(make: Callable[[], SteadyGenerator], two_shots: Tensor) -> None:
    model = make()
    model(two_shots[:3])
    model.load_state({})
    assert model.state() == {}
    fresh = make()
    assert (model(two_shots[3:6]) - fresh(two_shots[3:6])).abs().max() < 1e-4
    states = model.state(), fresh.state()
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0].keys() | states[1].keys())


@pytest.mark.parametrize("flicker", ["flow", "statistics"])
def test_measuring_the_memory_leaves_no_trace_in_what_is_remembered(
    fast: Fast, two_shots: Tensor, clip: Clip, flicker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    figures = {"memory_allocated": 0, "max_memory_allocated": 1 << 20, "mem_get_info": (1 << 23, 1 << 30)}
    for name, figure in figures.items():
        monkeypatch.setattr(torch.cuda, name, lambda _, figure=figure: figure)
    monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", lambda _: None)
    engine, frames = Engine(fast(flicker=flicker)), to_host(two_shots, sixteen_bit=False)
    measured, fresh = (painter_of(clip, engine) for _ in range(2))
    sizes = engine.sizes((128, 96))
    assert batch_that_fits(measured, sizes) == 4
    assert measured.state() == {}
    painted = [made.paint(frames, sizes, sixteen_bit=False) for made in (measured, fresh)]
    assert np.array_equal(*painted)
    states = measured.state(), fresh.state()
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0].keys() | states[1].keys())


@pytest.mark.needs_cuda
@pytest.mark.parametrize("flicker", ["off", "flow", "statistics"])
def test_the_memory_is_measured_of_the_generator_that_paints(
    fast: Fast, clip: Clip, flicker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured: list[Any] = []

    def measure(trial: Painter, sizes: Sizes) -> int:
        measured.append(trial.generator)
        return batch_that_fits(trial, sizes)

    monkeypatch.setattr("vidstyle.render.engine.batch_that_fits", measure)
    made = painter_of(clip, Engine(fast(flicker=flicker, device="cuda")))
    assert measured == [made.generator] and made.state() == {}


def test_statistics_take_the_share_of_a_passing_thing_out_of_the_rest_of_the_picture(
    generator: StyleGenerator, smooth: SmoothStatistics
) -> None:
    pictures = [texture(48, 320) // 2 for _ in range(8)]
    for picture in pictures[1::2]:
        picture[:, :16] = 255
    source = tensors(pictures)
    plain, steady = generator(source), smooth(source)
    raw, left = ((images[4:, :, :, 224:].diff(dim=0)).abs().mean().item() for images in (plain, steady))
    assert raw > 4 / 255 and left < 0.6 * raw


def test_statistics_of_one_frame_are_those_of_the_plain_norm(
    generator: StyleGenerator, smooth: SmoothStatistics, two_shots: Tensor
) -> None:
    assert (smooth(two_shots[:1]) - generator(two_shots[:1])).abs().max() < 1e-5


def test_a_network_without_instance_norms_has_no_statistics_to_smooth(style_path: Path) -> None:
    generator = StyleGenerator(load_style(style_path), CPU, torch.float32)
    generator.network = torch.nn.Conv2d(3, 3, 1)
    with pytest.raises(SettingsError) as caught:
        SmoothStatistics(generator)
    assert str(caught.value) == "The style's network has no statistics to smooth. Use --flicker flow."


def test_int8_networks_cannot_smooth_their_statistics(fast: Fast) -> None:
    with pytest.raises(SettingsError) as caught:
        fast(flicker="statistics", precision="int8")
    assert str(caught.value) == "int8 networks have their statistics fixed. Use --flicker flow, or another --precision."


def test_statistics_are_the_mean_over_the_frames_of_the_shot_so_far() -> None:
    weights, known = frame_weights([False, True, False], known=2)
    past = SMOOTHED_FRAMES
    assert weights[0].nonzero().flatten().tolist() == [past - 2, past - 1, past]
    assert weights[1].nonzero().flatten().tolist() == [past + 1]
    assert weights[2].nonzero().flatten().tolist() == [past + 1, past + 2]
    assert weights.sum(1).tolist() == pytest.approx([1, 1, 1]) and known == 2


def test_warping_by_whole_pixels_moves_pictures_without_a_trace() -> None:
    picture = tensors([texture()])
    flow = torch.tensor([2.0, -1.0]).view(1, 2, 1, 1).expand(1, 2, 96, 128)
    assert (warped(picture, flow)[..., 1:, :-2] - picture[..., :-1, 2:]).abs().max() < 1e-3


def test_large_paintings_are_steadied_along_a_flow_found_on_a_smaller_copy() -> None:
    large = texture(280, 420)
    pan = tensors([large[:, 4 * k : 4 * k + 404] for k in range(4)])
    raw, steady = Noisy()(pan), AlongFlow(Noisy())(pan)
    assert error_of(pan, steady).excess < 0.6 * error_of(pan, raw).excess


def test_short_memory_does_not_steady_a_frame_twice(fast: Fast, two_shots: Tensor) -> None:
    class Tight(Noisy):
        """Has memory for three frames at once, and notices only in the enlarging."""

        scale, receptive_radius = 1, 1

        def __call__(self, images: Tensor) -> Tensor:
            if len(images) > 3:
                raise torch.OutOfMemoryError("CUDA out of memory.")
            return images

    frames, sizes = to_host(two_shots, sixteen_bit=False), plan_sizes((128, 96), "source", 96, 1)
    tight, roomy = (painter(AlongFlow(Noisy(levels=0)), Tight(), fast(batch=size)) for size in (12, 1))
    assert np.array_equal(tight.paint(frames, sizes, sixteen_bit=False), roomy.paint(frames, sizes, sixteen_bit=False))
    assert tight.progress().batch == 3


def test_a_painter_goes_on_from_the_state_of_another(fast: Fast, two_shots: Tensor, clip: Clip) -> None:
    engine, frames = Engine(fast(flicker="flow")), to_host(two_shots, sixteen_bit=False)
    sizes = engine.sizes((128, 96))
    straight, first, second = (painter_of(clip, engine) for _ in range(3))
    before = first.paint(frames[:5], sizes, sixteen_bit=False)
    second.load_state(first.state())
    after = second.paint(frames[5:], sizes, sixteen_bit=False)
    assert np.array_equal(np.concatenate([before, after]), straight.paint(frames, sizes, sixteen_bit=False))


def test_single_pictures_and_off_are_painted_frame_by_frame(fast: Fast, two_shots: Tensor, clip: Clip) -> None:
    frames = to_host(two_shots, sixteen_bit=False)
    stills = [Engine(fast(flicker=flicker)) for flicker in ("flow", "denoise")]
    off = Engine(fast(flicker="off"))
    sizes = off.sizes((128, 96))
    plain = [off.picture_painter(sizes).paint(frame[None], sizes, sixteen_bit=False)[0] for frame in frames]
    for made in (*(still.picture_painter(sizes) for still in stills), painter_of(clip, off)):
        assert np.array_equal(made.paint(frames, sizes, sixteen_bit=False), np.stack(plain))
        assert made.state() == {}


def test_a_video_is_steadier_with_flow_than_without(fast: Fast, tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(-12, 13, (10, 96, 128, 3))
    wide = np.clip(texture(96, 160), 20, 230).astype(int)
    draw = lambda k: (wide[:, 2 * k : 2 * k + 128] + noise[k]).astype(np.uint8)  # noqa: E731
    off, flow = _errors_of_renders(fast, tmp_path, draw, "off", "flow")
    assert flow.excess < 0.7 * off.excess


def _errors_of_renders(fast: Fast, folder: Path, draw: Callable[[int], np.ndarray], *modes: str) -> list[WarpingError]:
    """Return the warping error of ten drawn frames as each mode renders them."""
    source = make_clip(folder / "a.mp4", size=(128, 96), frames=10, pictures=draw, options={"crf": "10"})
    errors = []
    for flicker in modes:
        target = folder / f"{flicker}.mkv"
        run(source, target, fast(size="source", flicker=flicker, codec="ffv1"))
        errors.append(error_of(*(_frames(path) for path in (source, target))))
    return errors


def _frames(path: Path) -> Tensor:
    with VideoReader(probe(path)) as reader:
        return torch.cat([to_device(batch.frames, CPU) for batch in reader.batches(8)])


def test_a_still_scene_is_painted_without_the_noise_of_its_source(fast: Fast, tmp_path: Path) -> None:
    noise, scene = np.random.default_rng(4).normal(0, 3, (10, 96, 128, 3)), texture(96, 128)
    draw = lambda k: np.clip(scene + noise[k], 0, 255).astype(np.uint8)  # noqa: E731
    off, denoise = _errors_of_renders(fast, tmp_path, draw, "off", "denoise")
    assert denoise.video < 0.75 * off.video


def test_without_steadying_opencv_is_never_loaded(fast: Fast, style_path: Path, tmp_path: Path) -> None:
    source = make_clip(tmp_path / "a.mp4", frames=2)
    lines = "import sys; from vidstyle.cli.main import main; "
    arguments = ["render", str(source), "-o", str(tmp_path / "b.mp4"), "--style", str(style_path), "--upscaler", "none"]
    program = f"{lines}sys.argv[1:] = {[*arguments, '--flicker', 'off']!r}\ntry: main()\nexcept SystemExit as left:\n"
    program += "    print(left.code, 'cv2' in sys.modules)"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stdout.split() == ["0", "False"]


@pytest.mark.parametrize("flicker", ["flow", "denoise"])
def test_missing_opencv_is_one_clear_error(
    flicker: str, fast: Fast, clip: Clip, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "vidstyle.render.flicker", None)
    with pytest.raises(DependencyError) as caught:
        painter_of(clip, Engine(fast(flicker=flicker)))
    assert str(caught.value).startswith("Steadying the picture needs OpenCV, which cannot be loaded here (")
    assert str(caught.value).endswith(". Use --flicker off, or install it: pip install opencv-python-headless")


@pytest.mark.needs_cuda
@pytest.mark.parametrize("flicker", ["flow", "statistics"])
def test_a_gpu_steadies_as_a_cpu_does(fast: Fast, two_shots: Tensor, clip: Clip, flicker: str) -> None:
    frames = to_host(two_shots, sixteen_bit=False)
    painted = []
    for device in ("cpu", "cuda"):
        engine = Engine(fast(flicker=flicker, device=device, batch=5))
        sizes = engine.sizes((128, 96))
        painted.append(painter_of(clip, engine).paint(frames, sizes, sixteen_bit=False).astype(int))
    assert np.abs(painted[0] - painted[1]).mean() < 0.5


@pytest.mark.needs_cuda
@pytest.mark.parametrize("flicker", ["flow", "statistics"])
def test_a_gpu_goes_on_from_a_state_that_was_kept_in_a_file(
    fast: Fast, two_shots: Tensor, clip: Clip, flicker: str
) -> None:
    frames, engine = to_host(two_shots, sixteen_bit=False), Engine(fast(flicker=flicker, device="cuda", batch=5))
    sizes = engine.sizes((128, 96))
    straight, first, second = (painter_of(clip, engine) for _ in range(3))
    before = first.paint(frames[:5], sizes, sixteen_bit=False)
    second.load_state({name: value.cpu() for name, value in first.state().items()})
    after = second.paint(frames[5:], sizes, sixteen_bit=False)
    whole = straight.paint(frames, sizes, sixteen_bit=False)
    assert np.abs(np.concatenate([before, after]).astype(int) - whole).max() <= 1
