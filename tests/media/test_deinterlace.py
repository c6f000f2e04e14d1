"""Interlaced video is read whole: each frame at its time, without combs, and progressive frames as they are."""

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.clicks import program
from tests.clips import make_clip, moving_square
from vidstyle.errors import SettingsError
from vidstyle.media.deinterlace import Deinterlacer
from vidstyle.media.probe import probe
from vidstyle.media.read import VideoReader

SIZE = (128, 96)


def woven(top_first: bool) -> Any:
    """Return pictures whose two fields show a moving square at two moments, the first field the earlier one."""
    whole = moving_square(SIZE, step=4)

    def picture(index: int) -> np.ndarray:
        first, second = whole(2 * index), whole(2 * index + 1)
        rows = np.arange(SIZE[1])[:, None, None] % 2 == (0 if top_first else 1)
        return np.where(rows, first, second)

    return picture


def make_interlaced(
    path: Path, top_first: bool = True, frames: int = 12, key_every: int = 12, b_frames: int = 2
) -> Path:
    drawn = make_clip(path.with_suffix(".drawn.mkv"), codec="ffv1", size=SIZE, frames=frames, pictures=woven(top_first))
    order = f"setfield={'tff' if top_first else 'bff'}"
    coded = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "8", "-g", str(key_every), "-bf", str(b_frames)]
    program("-i", str(drawn), "-vf", order, *coded, "-flags", "+ildct+ilme", "-pix_fmt", "yuv420p", str(path))
    return path


def read(path: Path, **how: Any) -> tuple[np.ndarray, list[int]]:
    with VideoReader(probe(path), **how) as reader:
        batches = list(reader.batches(5))
        assert reader.report.frames == reader.report.packets
        assert reader.report.warnings == []
    return np.concatenate([batch.frames for batch in batches]), [pts for batch in batches for pts in batch.pts]


def combs(frames: np.ndarray) -> float:
    """Return how much each line differs from those above and below it."""
    lines = frames.astype(int)
    return float(np.abs(2 * lines[:, 1:-1] - lines[:, :-2] - lines[:, 2:]).mean())


@pytest.mark.parametrize("top_first", [True, False])
@pytest.mark.parametrize("name", ["a.mp4", "a.ts"])
def test_each_interlaced_frame_becomes_one_whole_frame_of_its_first_field(
    tmp_path: Path, name: str, top_first: bool
) -> None:
    path = make_interlaced(tmp_path / name, top_first)
    raw, times = read(path, deinterlace="off")
    whole, same_times = read(path)
    assert same_times == times and len(times) == 12
    assert combs(whole) < 0.4 * combs(raw)
    square = moving_square(SIZE, step=4)
    first, second = (
        np.abs(whole.astype(int) - np.stack([square(2 * index + place) for index in range(12)])).mean()
        for place in (0, 1)
    )
    assert first < 0.75 * second


def test_progressive_video_is_left_alone_unless_told_otherwise(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.mp4", size=SIZE)
    plain, _ = read(path, deinterlace="off")
    assert (read(path)[0] == plain).all()
    filtered, times = read(path, deinterlace="on")
    assert len(times) == 24 and (filtered != plain).any()


def test_of_mixed_video_only_flagged_frames_change(tmp_path: Path) -> None:
    parts = [
        make_clip(tmp_path / "film.ts", size=SIZE, frames=8),
        make_interlaced(tmp_path / "studio.ts", frames=8, b_frames=0),
    ]
    mixed = tmp_path / "mixed.ts"
    mixed.write_bytes(b"".join(part.read_bytes() for part in parts) + parts[0].read_bytes())
    with av.open(str(mixed)) as container:
        decoded = list(container.decode(video=0))
    flags = [frame.interlaced_frame for frame in decoded]
    given = [frame for frame, _ in Deinterlacer("auto").frames((frame, []) for frame in decoded)]
    assert flags == [False] * 8 + [True] * 8 + [False] * 8
    changed = [(old.to_ndarray() != new.to_ndarray()).any() for old, new in zip(decoded, given, strict=True)]
    assert not any(changed[:8] + changed[16:]) and all(changed[8:16])
    assert not any(frame.interlaced_frame for frame in given)


def test_a_frame_is_the_same_wherever_reading_began(tmp_path: Path) -> None:
    path = make_interlaced(tmp_path / "a.mp4", frames=100, key_every=10)
    whole, times = read(path)
    part, part_times = read(path, start_seconds=3.0)
    place = times.index(part_times[0])
    assert 0 < place < 99
    assert (part == whole[place:]).all()


def test_another_size_midway_loses_no_frame(tmp_path: Path) -> None:
    path = make_interlaced(tmp_path / "a.ts", b_frames=0)
    with av.open(str(path)) as container:
        large = list(container.decode(video=0))
    small = [frame.reformat(width=64, height=48) for frame in large]
    timed = [(frame, [number]) for number, frame in enumerate([*large, *small, *large[:1]])]
    given = list(Deinterlacer("on").frames(timed))
    assert [lost for _, lost in given] == [lost for _, lost in timed]
    assert [(frame.width, frame.pts) for frame, _ in given] == [(frame.width, frame.pts) for frame, _ in timed]


def test_a_picture_too_small_to_be_interlaced_passes(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.mp4", size=(2, 2), frames=3)
    assert (read(path, deinterlace="on")[0] == read(path, deinterlace="off")[0]).all()


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(SettingsError) as caught:
        Deinterlacer("perhaps")
    assert str(caught.value) == "deinterlace cannot be perhaps: it takes auto, on, off."
