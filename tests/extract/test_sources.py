"""Sources are found, named and recognised wherever they lie."""

from pathlib import Path

import pytest

from tests.clips import make_clip
from vidstyle.checksum import content_identity
from vidstyle.errors import InputError, SettingsError
from vidstyle.extract.manifest import Manifest, frame_settings
from vidstyle.extract.settings import ExtractSettings
from vidstyle.extract.sources import find_files, open_sources, passed_over


def test_a_name_with_pattern_signs_is_first_a_file(tmp_path: Path) -> None:
    odd = tmp_path / "show [1080p].mp4"
    odd.write_bytes(b"x")
    (tmp_path / "show 1.mp4").write_bytes(b"y")
    assert find_files([odd]) == [odd]
    assert find_files([tmp_path / "show [0-9].mp4"]) == [tmp_path / "show 1.mp4"]


def test_patterns_reach_into_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("s1/e1.mkv", "s1/e2.mkv", "s2/e1.mkv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    assert len(find_files([tmp_path / "**" / "*.mkv"])) == 3
    monkeypatch.chdir(tmp_path)
    assert find_files([Path("s1/*.mkv")]) == [Path("s1/e1.mkv"), Path("s1/e2.mkv")]


def test_what_is_passed_over_in_a_folder_is_named(tmp_path: Path) -> None:
    for name in ("e1.mkv", "e1.srt", "cover.jpg"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "extras").mkdir()
    assert find_files([tmp_path]) == [tmp_path / "e1.mkv"]
    assert passed_over([tmp_path, tmp_path / "e1.mkv"]) == (
        f"{tmp_path}: passed over cover.jpg, e1.srt, extras (a folder).",
    )


def test_nothing_found_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        find_files([tmp_path])
    assert str(caught.value) == f"The folder {tmp_path} holds no video file. Name the files, or another folder."
    with pytest.raises(InputError) as caught:
        find_files([tmp_path / "*.mp4"])
    assert str(caught.value) == f"No file matches {tmp_path / '*.mp4'}. Check the pattern."


def test_a_moved_file_is_the_same_source_and_a_changed_one_is_not(tmp_path: Path) -> None:
    first = make_clip(tmp_path / "a.mp4", frames=4)
    identity = content_identity(first)
    moved = first.rename(tmp_path / "b.mp4")
    assert content_identity(moved) == identity
    moved.write_bytes(moved.read_bytes() + b"x")
    assert content_identity(moved) != identity


def test_names_are_safe_and_stay_the_same_from_run_to_run(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "Épisode #1: \u201cstart\u201d.mp4", frames=4)
    (source,) = open_sources([path], {})
    assert source.name == "Épisode__1___start"
    assert open_sources([path], {source.name: source.identity})[0].name == source.name
    taken = open_sources([path], {source.name: "another"})[0].name
    assert taken.startswith(f"{source.name}-") and len(taken) == len(source.name) + 7


def test_a_manifest_knows_a_source_by_content_and_settings(tmp_path: Path) -> None:
    (source,) = open_sources([make_clip(tmp_path / "a.mp4", frames=4)], {})
    settings = ExtractSettings(every=2.0)
    manifest = Manifest(tmp_path)
    manifest.add(
        [
            {
                "identity": source.identity,
                "name": "a",
                "settings": frame_settings(settings),
                "frames": 4,
                "candidates": [],
            }
        ]
    )
    manifest.write(settings)
    again = Manifest.read(tmp_path)
    assert again.holds(source, settings)
    assert again.holds(source, ExtractSettings(every=2.0, dry_run=True, device="cpu"))
    assert not again.holds(source, ExtractSettings(every=3.0))
    assert again.names() == {"a": source.identity}


def test_a_range_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(SettingsError) as caught:
        ExtractSettings(start=5.0, end=5.0)
    assert str(caught.value) == "end (5 s) must lie after start (5 s)."
