"""Weights are downloaded once, checked, and refused when they are something else."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from vidstyle.errors import StyleError
from vidstyle.models import weights
from vidstyle.models.download import checksum, find_or_fetch
from vidstyle.models.weights import known_weights
from vidstyle.progress import Progress, silent

CONTENT = b"weights " * 300_000
NAME = "inception-2015-12-05"


@pytest.fixture
def cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the file is to come to lie; its official address is a file on this machine."""
    (tmp_path / "official.pth").write_bytes(CONTENT)
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.delenv("VIDSTYLE_WEIGHTS", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    address, sha256 = (tmp_path / "official.pth").as_uri(), hashlib.sha256(CONTENT).hexdigest()
    monkeypatch.setattr(weights, "KNOWN", (replace(known_weights(NAME), url=address, sha256=sha256),))
    return tmp_path / "cache" / "vidstyle" / "weights" / "pt_inception-2015-12-05-6726825d.pth"


def test_a_download_is_kept_and_not_repeated(cached: Path) -> None:
    told: list[Progress] = []
    assert find_or_fetch(NAME, told.append) == cached
    assert cached.read_bytes() == CONTENT
    assert told[-1] == Progress(f"downloading {NAME}", len(CONTENT), len(CONTENT), "bytes")
    (cached.parents[3] / "official.pth").unlink()
    assert find_or_fetch(NAME, silent) == cached


def test_something_else_at_the_address_is_refused_and_not_kept(cached: Path) -> None:
    official = cached.parents[3] / "official.pth"
    official.write_bytes(b"<html>moved</html>")
    with pytest.raises(StyleError) as caught:
        find_or_fetch(NAME, silent)
    assert str(caught.value) == (
        f"{official.as_uri()} did not give the weights {NAME}: another checksum. The weights {NAME} are not on this "
        f"machine. Put {cached.name} into {cached.parent}."
    )
    assert list(cached.parent.iterdir()) == []


def test_without_a_connection_it_is_said_where_the_file_belongs(cached: Path) -> None:
    official = cached.parents[3] / "official.pth"
    official.unlink()
    with pytest.raises(StyleError) as caught:
        find_or_fetch(NAME, silent)
    assert str(caught.value).startswith(
        f"The weights {NAME} are not on this machine. Put {cached.name} into {cached.parent}. Downloading them failed: "
    )
    assert str(caught.value).endswith(f" ({official.as_uri()}).")


def test_a_checksum_is_that_of_the_whole_file_and_a_missing_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(CONTENT)
    assert checksum(tmp_path / "file") == hashlib.sha256(CONTENT).hexdigest()
    with pytest.raises(StyleError) as caught:
        checksum(tmp_path / "none")
    assert (
        str(caught.value) == f"Cannot read the weights {tmp_path / 'none'}: No such file or directory. Check the path."
    )
