"""There is a cache folder that can be written wherever the program runs, and one that can only be read is read."""

import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from vidstyle import user_cache as module
from vidstyle.models.weights import VARIABLE, find, folders
from vidstyle.user_cache import home_folder, user_cache


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder for temporary files, of this test alone."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setattr("os.access", _access)
    for name in ("XDG_CACHE_HOME", VARIABLE):
        monkeypatch.delenv(name, raising=False)
    module._temporary_cache.cache_clear()
    yield folder
    module._temporary_cache.cache_clear()


def _access(path: Path, mode: int) -> bool:
    """Stand in for os.access, which lets the tests' own user do everything where that is root."""
    return bool(Path(path).stat().st_mode & stat.S_IWUSR) if mode & os.W_OK else True


def test_without_a_home_folder_the_cache_is_among_the_temporary_files(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr("pwd.getpwuid", _raise_key_error)
    cache = user_cache()
    assert cache.parent == temporary
    assert stat.S_IMODE(cache.stat().st_mode) == 0o700
    assert user_cache() == cache
    assert folders() == (cache / "weights",)


def _raise_key_error(number: int) -> None:
    raise KeyError(number)


@pytest.mark.parametrize("kind", ["read-only", "a file"])
def test_a_home_folder_that_cannot_be_written_is_only_read(
    tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    home = tmp_path / "home"
    if kind == "read-only":
        weights = home / ".cache" / "vidstyle" / "weights"
        weights.mkdir(parents=True)
        (weights / "vgg16_features.safetensors").touch()
        for folder in (weights, *weights.parents[:3]):
            folder.chmod(0o555)
    else:
        home.touch()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setattr("sys.platform", "linux")
    assert user_cache().parent == temporary
    assert folders()[-1] == user_cache() / "weights"
    if kind == "read-only":
        assert find("vgg16") == weights / "vgg16_features.safetensors"


def test_a_folder_that_another_user_could_fill_is_not_used(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/dev/null")
    planted = temporary / f"vidstyle-{os.getuid()}"
    planted.mkdir(mode=0o777)
    planted.chmod(0o777)
    assert user_cache().parent == temporary
    assert user_cache() != planted
    assert user_cache() == user_cache()


def test_the_usual_cache_is_used_where_it_can_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "new" / "cache"))
    monkeypatch.setattr("sys.platform", "linux")
    assert user_cache() == tmp_path / "new" / "cache" / "vidstyle"


def test_libraries_that_need_a_home_folder_are_given_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr("pwd.getpwuid", _raise_key_error)
    cache = user_cache()
    with home_folder():
        assert Path.home() == cache
    assert "HOME" not in os.environ
