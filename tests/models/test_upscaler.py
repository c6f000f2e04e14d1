"""Upscalers by name and by file: official networks, exact numbers, clear refusals."""

import importlib.util
import sys
import types
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch.nn import functional

from benchmarks.torchvision_operators import declare_torchvisions_operators
from vidstyle.errors import DependencyError, StyleError
from vidstyle.models.upscaler import load_upscaler
from vidstyle.models.weights import load_weights
from vidstyle.networks.rrdb import RRDBNet
from vidstyle.networks.srvgg import SRVGGNetCompact

CPU = torch.device("cpu")
NAMES = ("realesr-animevideov3", "realesrgan-x4plus-anime", "realesrgan-x4plus")


@pytest.mark.parametrize("name", NAMES)
def test_each_named_upscaler_enlarges_four_times_and_keeps_the_picture(name: str) -> None:
    upscaler = load_upscaler(name, CPU, torch.float32)
    ramp = torch.linspace(0.2, 0.8, 24).expand(1, 3, 16, 24).contiguous()
    enlarged = upscaler(ramp)
    assert (upscaler.scale, upscaler.multiple_of, upscaler.half_ok) == (4, 1, True)
    assert enlarged.shape == (1, 3, 64, 96)
    assert enlarged.is_contiguous()
    assert (functional.avg_pool2d(enlarged, 4) - ramp).abs().max() < 0.06


def test_values_stay_within_the_range_and_inputs_are_left_alone() -> None:
    upscaler = load_upscaler("realesr-animevideov3", CPU, torch.float32)
    images = (torch.rand(2, 3, 9, 7, generator=torch.Generator().manual_seed(0)) > 0.5).float()
    kept = images.clone()
    enlarged = upscaler(images)
    assert (enlarged.min().item(), enlarged.max().item()) == (0, 1)
    assert torch.equal(images, kept)


def test_half_precision_keeps_the_picture() -> None:
    images = functional.interpolate(torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(1)), scale_factor=4)
    exact = load_upscaler("realesr-animevideov3", CPU, torch.float32)(images)
    half = load_upscaler("realesr-animevideov3", CPU, torch.bfloat16)(images)
    assert half.dtype == torch.bfloat16
    assert (half.float() - exact).abs().mean() < 1 / 255


@pytest.mark.parametrize(
    ("network", "key"),
    [
        (SRVGGNetCompact(convolutions=3, features=8, scale=2), "params"),
        (RRDBNet(blocks=2, features=8, growth=4), "params_ema"),
        (RRDBNet(blocks=1, features=8, growth=4, scale=2), "params_ema"),
    ],
    ids=["compact", "deep", "deep x2"],
)
def test_the_network_in_a_file_is_read_from_its_parameters(
    tmp_path: Path, network: SRVGGNetCompact | RRDBNet, key: str
) -> None:
    torch.save({key: network.state_dict()}, tmp_path / "net.pth")
    save_file(network.state_dict(), tmp_path / "net.safetensors")
    images = torch.rand(1, 3, 6, 8)
    expected = network(images).detach().clamp(0, 1)
    for name in ("net.pth", "net.safetensors"):
        upscaler = load_upscaler(str(tmp_path / name), CPU, torch.float32)
        torch.testing.assert_close(upscaler(images), expected, rtol=0, atol=1e-5)
        assert (upscaler.scale, upscaler.receptive_radius) == (network.scale, network.receptive_radius)


def test_a_network_that_needs_even_sides_takes_odd_ones(tmp_path: Path) -> None:
    network = RRDBNet(blocks=1, features=4, growth=4, scale=2)
    save_file(network.state_dict(), tmp_path / "net.safetensors")
    images = torch.rand(1, 3, 5, 7)
    padded = torch.cat((images, images[..., -1:]), 3)
    padded = torch.cat((padded, padded[..., -1:, :]), 2)
    enlarged = load_upscaler(str(tmp_path / "net.safetensors"), CPU, torch.float32)(images)
    expected = network(padded).detach().clamp(0, 1)[..., :10, :14]
    torch.testing.assert_close(enlarged, expected, rtol=0, atol=1e-5)


def test_a_file_that_lacks_parameters_is_refused(tmp_path: Path) -> None:
    state = load_weights("realesr-animevideov3")
    del state["body.4.bias"]
    save_file(state, tmp_path / "net.safetensors")
    with pytest.raises(StyleError, match=r"net\.safetensors are incomplete \(.*Missing key.*body\.4\.bias.*\)\. Copy"):
        load_upscaler(str(tmp_path / "net.safetensors"), CPU, torch.float32)


def test_weights_of_another_kind_are_refused() -> None:
    with pytest.raises(StyleError) as caught:
        load_upscaler("vgg16", CPU, torch.float32)
    assert str(caught.value) == ("The weights 'vgg16' are no upscaler. Name an upscaler, or give the path of a file.")


def test_a_network_of_another_kind_asks_for_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "spandrel", None)
    path = tmp_path / "other.safetensors"
    save_file({"layer.weight": torch.ones(2)}, path)
    with pytest.raises(DependencyError) as caught:
        load_upscaler(str(path), CPU, torch.float32)
    assert str(caught.value) == (
        f"To use the network in {path}, install the extra for other models: pip install 'vidstyle[models]'."
    )


def test_an_extra_that_cannot_start_is_named_with_its_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "spandrel.py").write_text("raise RuntimeError('operator torchvision::nms does not exist')")
    monkeypatch.delitem(sys.modules, "spandrel", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    save_file({"layer.weight": torch.ones(2)}, tmp_path / "other.safetensors")
    with pytest.raises(DependencyError) as caught:
        load_upscaler(str(tmp_path / "other.safetensors"), CPU, torch.float32)
    assert str(caught.value) == (
        "spandrel is installed and cannot start: operator torchvision::nms does not exist. "
        "Install builds of torch and torchvision that fit."
    )


def test_spandrel_runs_a_network_that_only_it_knows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    skip_without("spandrel", "models")
    shim_torchvision(monkeypatch)
    network = importlib.import_module("spandrel.architectures.SPAN.__arch.span").SPAN(
        num_in_ch=3, num_out_ch=3, feature_channels=8, upscale=2
    )
    save_file(network.state_dict(), tmp_path / "span.safetensors")
    upscaler = load_upscaler(str(tmp_path / "span.safetensors"), CPU, torch.float32)
    images = torch.rand(1, 3, 9, 11)
    assert (upscaler.scale, upscaler.receptive_radius) == (2, 64)
    with torch.inference_mode():
        expected = network.eval()(images).clamp(0, 1)
    torch.testing.assert_close(upscaler(images), expected, rtol=0, atol=1e-5)
    save_file({"layer.weight": torch.ones(2)}, tmp_path / "other.safetensors")
    with pytest.raises(StyleError, match=r"other\.safetensors holds a network of a kind that is not known\."):
        load_upscaler(str(tmp_path / "other.safetensors"), CPU, torch.float32)


def skip_without(package: str, extra: str) -> None:
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"the extra `{extra}` is not installed")


def shim_torchvision(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a torchvision build for another torch be imported, and give back a module that it no longer has."""
    declare_torchvisions_operators()
    functional_tensor = types.ModuleType("torchvision.transforms.functional_tensor")
    functional_tensor.rgb_to_grayscale = None
    monkeypatch.setitem(sys.modules, "torchvision.transforms.functional_tensor", functional_tensor)


def official_network(name: str) -> torch.nn.Module:
    """Build the package's own network for one of our names."""
    from basicsr.archs.rrdbnet_arch import RRDBNet as OfficialDeep
    from realesrgan.archs.srvgg_arch import SRVGGNetCompact as OfficialCompact

    if name == "realesr-animevideov3":
        return OfficialCompact(3, 3, num_feat=64, num_conv=16, upscale=4, act_type="prelu")
    return OfficialDeep(3, 3, num_feat=64, num_block=6 if name.endswith("anime") else 23, num_grow_ch=32, scale=4)


def official_helper(name: str, path: Path) -> object:
    from realesrgan import RealESRGANer

    torch.save({"params_ema": load_weights(name)}, path)
    return RealESRGANer(scale=4, model_path=str(path), model=official_network(name), tile=0, pre_pad=0, half=False)


def real_frame(folder: Path) -> np.ndarray:
    """Return a piece of a live frame, (96, 128, 3) uint8 RGB."""
    with av.open(str(folder / "live" / "tears_of_steel_70s.webm")) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number == 120:
                return np.ascontiguousarray(frame.to_ndarray(format="rgb24")[100:196, 200:328])
    raise AssertionError("the clip is shorter than it should be")


@pytest.mark.parametrize("name", NAMES)
def test_it_equals_the_real_esrgan_package(
    name: str, real_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    skip_without("realesrgan", "realesrgan")
    shim_torchvision(monkeypatch)
    frame = real_frame(real_data)
    theirs, _ = official_helper(name, tmp_path / "official.pth").enhance(frame[..., ::-1])
    images = torch.from_numpy(frame).permute(2, 0, 1)[None].float() / 255
    ours = load_upscaler(name, CPU, torch.float32)(images)[0].permute(1, 2, 0).mul(255).round().byte().numpy()
    difference = np.abs(ours.astype(int) - theirs[..., ::-1].astype(int))
    assert theirs.shape == (384, 512, 3)
    assert difference.max() <= 1
