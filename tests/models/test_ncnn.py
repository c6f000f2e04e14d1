"""Networks stored for ncnn are read in full, or refused with the reason."""

import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from vidstyle.errors import StyleError
from vidstyle.models.ncnn import read_ncnn
from vidstyle.models.weights import KNOWN, load_weights

TEXT = """7767517
4 4
Input            data   0 1 data
Convolution      first  1 1 data a 0=2 1=3 4=1 5=1 6=54
PReLU            second 1 1 a b 0=2
Convolution      third  1 1 b out 0=3 1=3 4=1 5=1 6=54
"""
HALF = struct.pack("<I", 0x01306B47)
SINGLE = struct.pack("<I", 0)


def numbers() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    sizes = ((2, 3, 3, 3), (2,), (2,), (3, 2, 3, 3), (3,))
    return tuple(generator.normal(size=size).astype(np.float16).astype(np.float32) for size in sizes)


def store(folder: Path, text: str = TEXT, *, cut: int | None = None, more: bytes = b"", mark: bytes = HALF) -> Path:
    weight, bias, slopes, last, last_bias = numbers()
    content = mark + weight.astype("<f2").tobytes() + bias.tobytes() + slopes.tobytes()
    content += SINGLE + last.tobytes() + last_bias.tobytes() + more
    (folder / "net.param").write_text(text)
    (folder / "net.bin").write_bytes(content[:cut])
    return folder / "net.param"


def test_weights_of_both_precisions_come_back_under_their_official_names(tmp_path: Path) -> None:
    state = read_ncnn(store(tmp_path))
    names = ["body.0.weight", "body.0.bias", "body.1.weight", "body.2.weight", "body.2.bias"]
    assert list(state) == names
    for name, values in zip(names, numbers(), strict=True):
        torch.testing.assert_close(state[name], torch.from_numpy(values), rtol=0, atol=0)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"cut": -1}, "the file of numbers is too short"),
        ({"cut": 0}, "the file of numbers is too short"),
        ({"more": b"1234"}, "4 bytes of numbers are left over"),
        ({"mark": b"\x01\x02\x03\x04"}, "weights are stored in a form that is not known (flag 0x04030201)"),
        ({"text": "<html>"}, "the text does not begin as an ncnn network"),
        ({"text": TEXT.replace("6=54", "")}, "a layer does not state its option 6"),
        ({"text": TEXT[: TEXT.index(" 1 1 data a")]}, "the layer 'Convolution first' is cut off"),
        ({"text": "7767517\n0 0\n", "cut": 0}, "0 convolutions are no RRDBNet"),
    ],
)
def test_damaged_files_are_refused_with_the_reason(tmp_path: Path, changes: dict, reason: str) -> None:
    path = store(tmp_path, **changes)
    with pytest.raises(StyleError) as caught:
        read_ncnn(path)
    assert str(caught.value) == f"The ncnn weights {path} cannot be used: {reason}. Install their package again."


def test_a_missing_file_of_numbers_is_named(tmp_path: Path) -> None:
    path = store(tmp_path)
    path.with_suffix(".bin").unlink()
    with pytest.raises(StyleError, match=r"Cannot read the ncnn weights .*net\.bin: No such file or directory"):
        read_ncnn(path)


@pytest.mark.parametrize("row", [row for row in KNOWN if row.kind == "upscaler"], ids=lambda row: row.name)
def test_the_package_holds_the_official_weights(
    row, real_weights: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("VIDSTYLE_WEIGHTS")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    packaged, official = load_weights(row.name), load_file(real_weights / row.files[0])
    assert packaged.keys() == official.keys()
    assert all(torch.equal(packaged[name], official[name]) for name in official)
