"""A frame painted in strips is the frame painted whole: no seams, and little memory."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from tests.styles import make_style
from vidstyle.models.strips import GeneratorInStrips, Moments, Window
from vidstyle.models.style_file import Style, load_style
from vidstyle.models.style_generator import StyleGenerator
from vidstyle.networks.generator_kinds import GENERATORS
from vidstyle.networks.resnet_generator import ResNetGenerator

CPU = torch.device("cpu")


def lively(channels: int, blocks: int) -> ResNetGenerator:
    """Return an untrained generator whose paintings have contrast."""
    torch.manual_seed(1)
    network = ResNetGenerator(channels, blocks).eval().requires_grad_(False)
    for weight in network.parameters():
        weight.mul_(8)
    return network


def picture(batch: int, height: int, width: int) -> Tensor:
    """Return soft shapes in [-1, 1]; neighbouring parts differ in brightness, as they do in photographs."""
    torch.manual_seed(2)
    coarse = torch.rand(batch, 3, max(height // 16, 2), max(width // 16, 2))
    return nn.functional.interpolate(coarse, (height, width), mode="bicubic").clamp(0, 1) * 2 - 1


def steps_apart(one: Tensor, other: Tensor) -> Tensor:
    """Return how far paintings in [-1, 1] are apart, pixel by pixel, in steps of 1/255 of their range."""
    return (one.float() - other.float()).abs() / 2 * 255


def noise_ratio(painted: Tensor, truth: Tensor) -> float:
    """Return the PSNR of paintings in [-1, 1], in dB."""
    return float(-10 * torch.log10(((painted.float() - truth.float()) / 2).square().mean()))


@given(
    height=st.integers(4, 20).map(lambda quarter: quarter * 4),
    width=st.integers(4, 9).map(lambda quarter: quarter * 4),
    rows=st.integers(1, 90),
    batch=st.integers(1, 2),
)
@settings(max_examples=25, deadline=None)
def test_strips_of_any_height_equal_the_whole(height: int, width: int, rows: int, batch: int) -> None:
    network, images = lively(4, 2).double(), picture(batch, height, width).double()
    torch.testing.assert_close(GeneratorInStrips(network, rows)(images), network(images), rtol=0, atol=1e-10)


@pytest.mark.parametrize("kind", list(GENERATORS))
def test_every_kind_of_generator_paints_alike_in_strips(kind: str) -> None:
    torch.manual_seed(3)
    network = GENERATORS[kind](4, 2)
    for weight in network.parameters():
        weight.data *= 4 if kind != "stylegan2" else 1
    model = StyleGenerator(Style(kind, 4, 2, 32, network.state_dict()), CPU, torch.float32)
    images = picture(1, 130, 70) / 2 + 0.5
    assert model(images).std() > 0.01
    assert (model(images) - model.in_strips(40)(images)).abs().max() < 1e-4


@pytest.mark.parametrize("rows", [8, 24, 30])
def test_a_style_paints_frames_of_odd_size_alike_in_strips(tmp_path: Path, rows: int) -> None:
    model = StyleGenerator(load_style(make_style(tmp_path / "style.safetensors")), CPU, torch.float32)
    images = torch.rand(2, 3, 75, 50)
    whole, strips = model(images), model.in_strips(rows)(images)
    assert strips.shape == images.shape
    assert (whole - strips).abs().max() < 1e-5


def test_one_row_of_surroundings_less_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    of = Window.of
    monkeypatch.setattr(
        Window, "of", lambda layers: Window(of(layers).up, of(layers).down, of(layers).receptive_radius - 1)
    )
    network, images = lively(4, 1), picture(1, 64, 32)
    assert steps_apart(GeneratorInStrips(network, 16)(images), network(images)).max() > 1


def test_in_bf16_strips_are_as_near_to_exact_arithmetic_as_the_whole() -> None:
    network, images = lively(16, 9), picture(1, 128, 96).bfloat16()
    exact = network(images.float())
    network.bfloat16()
    whole, strips = network(images), GeneratorInStrips(network, 24)(images)
    assert strips.dtype == torch.bfloat16
    assert noise_ratio(strips, exact) > max(noise_ratio(whole, exact) - 0.5, 50)
    assert steps_apart(whole, strips).mean() < 0.5


def test_the_full_network_paints_600_rows_alike_in_strips() -> None:
    network, images = lively(64, 9), picture(1, 600, 64)
    assert steps_apart(GeneratorInStrips(network, 200)(images), network(images)).max() < 0.01


def test_no_layer_sees_more_than_a_strip_and_its_surroundings() -> None:
    network, seen = lively(4, 2), []
    for layer in network.modules():
        if not list(layer.children()):
            layer.register_forward_pre_hook(lambda _, given: seen.append(given[0].shape[2]))
    GeneratorInStrips(network, 16)(picture(1, 200, 32))
    assert max(seen) <= 16 + 2 * 6
    assert len(seen) > 200 / 16 * 15


MEASURE = """
import json, re, resource, sys
from pathlib import Path
import torch
from tests.models.test_strips import lively, picture, steps_apart
from vidstyle.models.strips import GeneratorInStrips

def peak():
    if (status := Path("/proc/self/status")).is_file():  # There getrusage begins with the process that started this one.
        return int(re.search(r"VmHWM:\\s+(\\d+)", status.read_text())[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

network, images = lively(2, 3), picture(1, 2160, 960)
begin = peak()
strips = GeneratorInStrips(network, 128)(images)
after_strips = peak()
whole = network(images)
print(json.dumps([after_strips - begin, peak() - begin, steps_apart(strips, whole).max().item()]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no resource module")
def test_a_frame_of_2160_rows_in_strips_equals_the_whole_and_takes_less_than_half_the_memory() -> None:
    done = subprocess.run([sys.executable, "-c", MEASURE], capture_output=True, text=True, check=True)
    strips_bytes, whole_bytes, apart = json.loads(done.stdout)
    assert apart < 0.01
    assert strips_bytes < whole_bytes / 2


def test_moments_of_strips_are_those_of_the_whole_even_far_from_zero() -> None:
    torch.manual_seed(3)
    whole = 1000 + torch.randn(2, 3, 40, 30) * torch.tensor([1, 0.1, 10]).view(1, 3, 1, 1)
    first, second = Moments.of(whole[:, :, :7]), Moments.of(whole[:, :, 7:])
    variance, mean = torch.var_mean(whole.double(), dim=(2, 3), correction=0)
    torch.testing.assert_close(first.combine(second).mean, mean, rtol=1e-6, atol=0)
    torch.testing.assert_close(first.combine(second).variance, variance, rtol=1e-3, atol=0)


def test_a_layer_of_an_unknown_kind_is_refused() -> None:
    with pytest.raises(TypeError, match=r"^AdaptiveAvgPool2d cannot be run in strips$"):
        Window.of([nn.Conv2d(3, 3, 3, padding=1), nn.AdaptiveAvgPool2d(1)])


@pytest.mark.needs_cuda
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_gpu_paints_alike_in_strips_with_a_fraction_of_its_memory(dtype: torch.dtype) -> None:
    torch.backends.cudnn.allow_tf32 = False
    network, images = lively(64, 2).cuda().to(dtype), picture(1, 512, 768).cuda().to(dtype)
    painted, peaks = [], []
    for paint in (GeneratorInStrips(network, 32), network):
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        painted.append(paint(images).float())
        peaks.append(torch.cuda.max_memory_allocated() - before)
    assert steps_apart(*painted).mean() < (0.01 if dtype == torch.float32 else 0.5)
    assert peaks[0] < peaks[1] / 4
