"""The report shows what was kept and dropped, with reasons, in one file that stays small."""

import re
from base64 import b64decode
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.clips import make_clip
from tests.drawings import blurred, drawing
from tests.extract.conftest import BORDER, SIZE, Episode
from vidstyle.extract.manifest import Manifest
from vidstyle.extract.report import MOST_THUMBNAILS, write_report
from vidstyle.extract.settings import ExtractSettings
from vidstyle.extract.stage import run
from vidstyle.extract.staging import Staging
from vidstyle.media.images import read_image, write_image
from vidstyle.media.lossless import write_lossless
from vidstyle.report.sheets import find_embedded


def decoded(image: str) -> np.ndarray:
    (encoded,) = re.findall(r"base64,([^']+)'", image)
    return np.asarray(Image.open(BytesIO(b64decode(encoded))))


def test_every_candidate_is_shown_with_its_reason(episode: Episode, tmp_path: Path) -> None:
    result = run([episode.path], tmp_path / "b", ExtractSettings(deblur="none"))
    text = (tmp_path / "b" / "report.html").read_text(encoding="utf-8")
    shown = find_embedded(tmp_path / "b" / "report.html")
    (source,) = Manifest.read(tmp_path / "b").sources
    assert set(shown) == {one["name"] for one in source["candidates"]}
    for title in ("Kept 3", "Dropped: black 1", "Dropped: blended 1", "Dropped: near-duplicate 1"):
        assert f"<summary>{title}</summary>" in text
    assert "<th>dropped: black</th><td>1, nothing but black</td>" in text
    assert text.count("class='mark kept'") == 3
    assert not re.search(r"(?:src|href)='(?!data:)|url\(|@import|https?://", text)
    for path in result.outputs:
        picture = read_image(path).astype(int)
        assert np.abs(decoded(shown[path.name]).astype(int).mean((0, 1)) - picture.mean((0, 1))).max() < 4
    (black,) = (one["name"] for one in source["candidates"] if one["reason"] == "black")
    assert decoded(shown[black]).max() < 20


def test_a_near_duplicate_names_the_time_of_what_it_is_like(episode: Episode, tmp_path: Path) -> None:
    run([episode.path], tmp_path / "b", ExtractSettings())
    text = (tmp_path / "b" / "report.html").read_text(encoding="utf-8")
    (source,) = Manifest.read(tmp_path / "b").sources
    (one,) = (each for each in source["candidates"] if each["reason"] == "near-duplicate")
    (other,) = (each for each in source["candidates"] if each["name"] == one["similar_to"])
    minute_and_second = f"{round(one['seconds']) // 60}:{round(one['seconds']) % 60:02d}"
    assert f"{minute_and_second} · {one['sharpness']:.2f}, like 0:{round(other['seconds']):02d}</figcaption>" in text


def test_episodes_of_earlier_runs_keep_their_pictures(episode: Episode, tmp_path: Path) -> None:
    folder = tmp_path / "b"
    run([episode.path], folder, ExtractSettings())
    before = find_embedded(folder / "report.html")
    other = make_clip(tmp_path / "o.mp4", size=SIZE, frames=12, rate=12, pictures=lambda _: drawing(8, SIZE))
    run([other], folder, ExtractSettings())
    after = find_embedded(folder / "report.html")
    assert before.items() <= after.items() and len(after) == len(before) + 1
    text = (folder / "report.html").read_text(encoding="utf-8")
    assert "<h2>my show</h2>" not in text and "<h2>my_show</h2>" in text and "<h2>o</h2>" in text


def test_a_deblurred_frame_is_shown_before_and_after(tmp_path: Path) -> None:
    scene = blurred(drawing(5, (320, 240)), 1.3)
    path = make_clip(tmp_path / "soft.mp4", size=(320, 240), frames=6, rate=6, pictures=lambda _: scene)
    result = run([path], tmp_path / "b", ExtractSettings())
    shown = find_embedded(tmp_path / "b" / "report.html")
    name = result.outputs[0].name
    first, second = (decoded(shown[f"{name} {state}"]).astype(int) for state in ("before", "after"))
    assert first.shape == second.shape == (150, 220, 3)
    assert np.abs(np.diff(second, axis=1)).max() > np.abs(np.diff(first, axis=1)).max()
    text = (tmp_path / "b" / "report.html").read_text(encoding="utf-8")
    assert "<summary>Deblurred 1: before and after, 1 shown where they changed most</summary>" in text


@pytest.mark.parametrize("episodes", [1, 26])
def test_a_season_stays_below_twenty_megabytes(episodes: int, tmp_path: Path) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (9, 16, 3), dtype=np.uint8).repeat(10, 0).repeat(10, 1)
    staging = Staging(tmp_path / ".candidates")
    staging.folder.mkdir()
    frames = 3200 // episodes
    sources = []
    for number in range(episodes):
        kept = [_record(f"e{number}_{second * 1000:09d}_{second:06d}.png", second, "") for second in range(frames)]
        dropped = [_record(f"e{number}_{second * 1000:09d}_9{second:05d}.png", second, "soft") for second in range(99)]
        sources.append({"name": f"e{number}", "frames": 9, "candidates": kept + dropped})
    write_image(tmp_path / "one.png", picture)
    write_lossless(tmp_path / "one.nut", picture)
    manifest = Manifest(tmp_path, sources)
    for source in sources:
        for one in source["candidates"]:
            path = tmp_path / one["name"] if one["kept"] else staging.picture(one["name"])
            path.hardlink_to(tmp_path / f"one{path.suffix}")
    write_report(tmp_path, manifest, staging)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    shown = find_embedded(tmp_path / "report.html")
    assert 0.9 * MOST_THUMBNAILS < len(shown) <= MOST_THUMBNAILS
    assert len(text) < 20_000_000
    assert f"Kept {frames:,}, " in text and "manifest.json lists all" in text


def _record(name: str, second: int, reason: str) -> dict[str, object]:
    scores = {"sharpness": 0.4, "similarity": 0.0, "similar_to": "", "deblurred": "none", "copies": 1}
    return {"name": name, "seconds": float(second), "shot": second // 9, "reason": reason, "kept": not reason, **scores}


def test_the_border_is_not_in_the_thumbnails(episode: Episode, tmp_path: Path) -> None:
    run([episode.path], tmp_path / "b", ExtractSettings())
    for name, image in find_embedded(tmp_path / "b" / "report.html").items():
        assert abs(decoded(image).shape[0] / decoded(image).shape[1] - (SIZE[1] - 2 * BORDER) / SIZE[0]) < 0.06, name
