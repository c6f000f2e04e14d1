"""Pictures come upright and in their shape, mirrored, turned and of changing shape as the file may be."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from tests.clips import make_clip, moving_square, still
from vidstyle.media.probe import probe
from vidstyle.media.read import VideoReader

MATRICES = {
    "plain": ((1, 0, 0, 1), lambda p: p),
    "left to right": ((-1, 0, 0, 1), lambda p: p[:, ::-1]),
    "top to bottom": ((1, 0, 0, -1), lambda p: p[::-1]),
    "half a turn": ((-1, 0, 0, -1), lambda p: p[::-1, ::-1]),
    "quarter clockwise": ((0, 1, -1, 0), lambda p: np.rot90(p, -1)),
    "quarter back": ((0, -1, 1, 0), lambda p: np.rot90(p)),
    "over the diagonal": ((0, 1, 1, 0), lambda p: p.transpose(1, 0, 2)),
    "over the other": ((0, -1, -1, 0), lambda p: np.rot90(p, 2).transpose(1, 0, 2)),
}
"""Display matrices as (a, b, c, d), and what they do: x' = a x + c y, y' = b x + d y."""


def first_picture(path: Path) -> np.ndarray:
    with VideoReader(probe(path)) as reader:
        return next(reader.batches(1)).frames[0]


def with_matrix(path: Path, target: Path, matrix: tuple[int, int, int, int]) -> Path:
    a, b, c, d = (value * 65536 for value in matrix)
    with av.open(str(path)) as source, av.open(str(target), "w") as written:
        stream = written.add_stream_from_template(source.streams.video[0])
        stream.set_display_matrix([a, b, 0, c, d, 0, 0, 0, 1 << 30])
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                written.mux(packet)
    return target


@pytest.mark.parametrize("name", MATRICES)
def test_every_display_matrix_is_followed(tmp_path: Path, name: str) -> None:
    matrix, move = MATRICES[name]
    plain = make_clip(tmp_path / "plain.mp4", frames=2)
    moved = with_matrix(plain, tmp_path / "moved.mp4", matrix)
    wanted = move(first_picture(plain))
    assert first_picture(moved).shape == wanted.shape
    assert (first_picture(moved) == wanted).all()


def joined(tmp_path: Path, *shapes: tuple[tuple[int, int], Fraction, tuple[int, int, int]]) -> Path:
    target = tmp_path / "joined.ts"
    parts = [
        make_clip(
            tmp_path / f"{number}.ts",
            codec="mpeg2video",
            rate=25,
            size=size,
            frames=15,
            sample_aspect=aspect,
            pictures=still(colour, size),
        )
        for number, (size, aspect, colour) in enumerate(shapes)
    ]
    target.write_bytes(b"".join(part.read_bytes() for part in parts))
    return target


def black_edges(picture: np.ndarray) -> tuple[int, int]:
    dark = picture.max(-1) < 24
    return int(dark.all(1).sum()), int(dark.all(0).sum())


@pytest.mark.parametrize(
    ("first", "second", "edges"),
    [
        (((64, 48), Fraction(1)), ((32, 24), Fraction(1)), (0, 0)),
        (((64, 48), Fraction(1)), ((64, 36), Fraction(1)), (12, 0)),
        (((64, 36), Fraction(1)), ((64, 48), Fraction(1)), (0, 16)),
        (((64, 48), Fraction(1)), ((64, 48), Fraction(4, 3)), (12, 0)),
        (((64, 48), Fraction(4, 3)), ((64, 48), Fraction(1)), (0, 16)),
        (((72, 48), Fraction(8, 9)), ((64, 48), Fraction(1)), (0, 0)),
    ],
)
def test_a_shape_that_changes_midway_is_kept_within_the_first(
    tmp_path: Path,
    first: tuple[tuple[int, int], Fraction],
    second: tuple[tuple[int, int], Fraction],
    edges: tuple[int, int],
) -> None:
    path = joined(tmp_path, (*first, (200, 40, 40)), (*second, (40, 200, 40)))
    clip = probe(path)
    with VideoReader(clip) as reader:
        frames = np.concatenate([batch.frames for batch in reader.batches(8)])
        assert reader.report.frames == reader.report.packets == 30
    assert (clip.width, clip.height, clip.sample_aspect) == (*first[0], first[1])
    assert frames.shape == (30, first[0][1], first[0][0], 3)
    assert [black_edges(frame) for frame in frames] == [(0, 0)] * 15 + [edges] * 15
    centre = frames[:, frames.shape[1] // 2, frames.shape[2] // 2].astype(int)
    assert np.abs(centre[:15] - (200, 40, 40)).max() < 8 and np.abs(centre[15:] - (40, 200, 40)).max() < 8


def test_a_plain_clip_is_not_touched(tmp_path: Path) -> None:
    drawn = moving_square()(0).astype(int)
    assert np.abs(first_picture(make_clip(tmp_path / "a.mp4", frames=2)) - drawn).mean() < 9
