"""Fixtures of the studio's tests: a folder with a small clip, and the page's application over it."""

from pathlib import Path

import pytest

from tests.clips import make_clip


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a clip, a text that calls itself a video, a hidden file, and a link that leads out."""
    outside = tmp_path_factory.mktemp("outside")
    (outside / "secret.txt").write_text("secret")
    make_clip(outside / "secret.mp4", frames=2)
    place = tmp_path_factory.mktemp("place")
    make_clip(place / "clip.mp4", frames=24)
    (place / "text.mp4").write_text("no video")
    (place / ".hidden.mp4").write_text("secret")
    (place / "leads_out.mp4").symlink_to(outside / "secret.mp4")
    (place / "folder_out").symlink_to(outside, target_is_directory=True)
    return place
