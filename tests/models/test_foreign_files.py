"""A file that is no weights is named for what it is, nothing in it is run, and weights that would paint black are refused."""

import json
import pickle
import struct
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from tests.styles import make_style
from vidstyle.errors import StyleError, VidstyleError
from vidstyle.models.export import export_style
from vidstyle.models.importers.cut_and_cyclegan import read_public_generator
from vidstyle.models.style_file import FORMAT, Style, load_style, save_style
from vidstyle.models.style_generator import build_generator
from vidstyle.models.upscaler import load_upscaler
from vidstyle.models.weights import read_weights


@pytest.fixture(scope="module")
def style(tmp_path_factory: pytest.TempPathFactory) -> Style:
    """A small style."""
    return load_style(make_style(tmp_path_factory.mktemp("style") / "style.safetensors"))


POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 1234\n"


class Caller:
    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Callable[..., None], tuple[Path]]:
        return Path.touch, (self.target,)


def _refusal(path: Path) -> str:
    with pytest.raises(StyleError) as caught:
        read_weights(path)
    assert "weights_only" not in str(caught.value), "PyTorch advises to run the code in a file"
    return str(caught.value).replace(str(path), "FILE")


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
@pytest.mark.parametrize(
    ("content", "named"),
    [
        (POINTER, "a pointer of Git LFS"),
        (b"../.git/annex/objects/Xk/9j/SHA256E-s1--aa.pth\n", "a pointer of git-annex"),
        (b"\n <!DOCTYPE html><html>Not found</html>", "a web page"),
        (b'{"error": "Invalid credentials"}', "JSON"),
        (b"Access denied\n", "a text"),
        (b"\x89PNG\r\n\x1a\n" + bytes(40), "a picture"),
        (b"", "empty (0 bytes)"),
    ],
)
def test_what_a_download_left_in_the_place_of_weights_is_named(
    tmp_path: Path, content: bytes, named: str, suffix: str
) -> None:
    path = tmp_path / f"net{suffix}"
    path.write_bytes(content)
    assert f": it is {named}" in _refusal(path)
    path.rename(tmp_path / "style.safetensors")
    with pytest.raises(StyleError, match=r"Cannot read the style .*: it is "):
        load_style(tmp_path / "style.safetensors")


def test_programs_and_pickles_are_named_and_not_run(tmp_path: Path) -> None:
    torch.jit.save(torch.jit.script(torch.nn.Conv2d(3, 3, 3)), tmp_path / "program.pth")
    assert "it is a TorchScript program" in _refusal(tmp_path / "program.pth")
    trace, called = tmp_path / "trace", Caller(tmp_path / "trace")
    (tmp_path / "foreign.pth").write_bytes(pickle.dumps({"a": called}))
    assert "it is a pickle of Python objects that PyTorch did not write" in _refusal(tmp_path / "foreign.pth")
    torch.save({"net": called}, tmp_path / "objects.pth")
    assert "holds more than weights: Python objects (" in _refusal(tmp_path / "objects.pth")
    with zipfile.ZipFile(tmp_path / "plain.pth", "w") as archive:
        archive.writestr("a.txt", "x")
    assert "it is a zip archive of other files. Unpack it" in _refusal(tmp_path / "plain.pth")
    assert not trace.exists()


@pytest.mark.parametrize(
    "content",
    [
        {0: torch.zeros(3)},
        {"params": {0: torch.zeros(3)}},
        {"params_ema": None},
        {"a": torch.empty(3, device="meta")},
        {"a": torch.eye(3).to_sparse()},
        {"a": torch.zeros(3, dtype=torch.complex64)},
        [1, 2],
    ],
)
def test_entries_that_are_no_named_numbers_are_no_weights(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / "net.pth")
    assert _refusal(tmp_path / "net.pth").startswith("The file FILE holds no weights of a network.")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_weights_that_are_no_finite_numbers_are_refused_by_all_who_read_them(
    tmp_path: Path, style: Style, value: float
) -> None:
    last = list(style.weights)[-1]
    weights = {**style.weights, last: style.weights[last].clone()}
    weights[last].view(-1)[-1] = value
    torch.save(weights, tmp_path / "net.pth")
    save_style(replace(style, weights=weights), tmp_path / "style.safetensors")
    for read in (
        lambda: read_public_generator(tmp_path / "net.pth", 256),
        lambda: load_upscaler(str(tmp_path / "net.pth"), torch.device("cpu"), torch.float32),
        lambda: load_style(tmp_path / "style.safetensors"),
    ):
        with pytest.raises(StyleError, match=rf"hold values that are no finite numbers, in {last}\."):
            read()


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"style": "{}", "history": "{}"},
        {"style": "nojson", "history": "{}"},
        {"style": "[1]", "history": "{}"},
        {"style": '{"kind": "resnet", "channels": "4", "blocks": 1, "size": 16}', "history": "{}"},
        {"style": '{"kind": [], "channels": 4, "blocks": 1, "size": 16}', "history": "{}"},
        {"style": '{"kind": "resnet", "channels": 4, "blocks": 1, "size": 1e99}', "history": "{}"},
        {"style": '{"kind": "resnet", "channels": 4, "blocks": 1, "size": 16}', "history": "5"},
    ],
)
def test_a_style_whose_description_is_missing_or_of_another_kind_is_refused(
    tmp_path: Path, metadata: dict[str, str]
) -> None:
    save_file({"a": torch.zeros(1)}, tmp_path / "style.safetensors", {"format": FORMAT, **metadata})
    with pytest.raises(StyleError, match=r"style\.safetensors"):
        load_style(tmp_path / "style.safetensors")


def test_a_style_that_describes_a_huge_generator_takes_no_memory_for_it(style: Style) -> None:
    for changed in (replace(style, channels=60_000), replace(style, blocks=60_000)):
        with pytest.raises(StyleError, match="do not fit its own description"):
            build_generator(changed)


@pytest.mark.parametrize("to", ["torchscript", "onnx"])
def test_an_export_into_a_folder_that_cannot_be_written_names_it(tmp_path: Path, style: Style, to: str) -> None:
    if to == "onnx":
        pytest.importorskip("onnx")
    (tmp_path / "file").write_text("")
    with pytest.raises(VidstyleError, match=r"^Cannot write .*file/net\.pt: "):
        export_style(style, tmp_path / "file" / "net.pt", to)
    export_style(style, tmp_path / "Fu\udcdf [v2].pt", to)
    assert (tmp_path / "Fu\udcdf [v2].pt").stat().st_size > 1000


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_damaged_files_raise_nothing_but_what_a_user_can_read(
    data: st.DataObject, style: Style, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.getbasetemp()
    header = json.dumps({"__metadata__": {"format": FORMAT, "style": "{}", "history": "{}"}}).encode()
    whole = folder / "whole.pth"
    if not whole.exists():
        torch.save(style.weights, whole, _use_new_zipfile_serialization=False)
        save_style(style, folder / "whole.safetensors")
    kind = data.draw(st.sampled_from([".pth", ".safetensors", "header"]))
    content = bytearray(
        struct.pack("<Q", len(header)) + header if kind == "header" else (folder / f"whole{kind}").read_bytes()
    )
    for place, value in data.draw(st.lists(st.tuples(st.integers(0, min(len(content), 900) - 1), st.integers(0, 255)))):
        content[place] = value
    path = folder / f"damaged{'.pth' if kind == '.pth' else '.safetensors'}"
    path.write_bytes(bytes(content[: data.draw(st.integers(0, len(content)))]))
    for read in (read_weights, load_style, lambda path: read_public_generator(path, 256)):
        try:
            read(path)
        except VidstyleError as error:
            assert "weights_only" not in str(error)
