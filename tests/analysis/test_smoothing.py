"""The guided filter by OpenCV gives what the plain one gives, at borders and where strips meet too."""

import pytest
import torch
from torch import Tensor

from vidstyle.analysis import smoothing as room
from vidstyle.networks import guided_filter as plain

EPSILON = 5e-3 / 4


@pytest.fixture(autouse=True)
def small_strips(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "LEAST_ROWS", 9)
    monkeypatch.setattr(room, "STRIP_PIXELS", 360)


def guide_and_image(height: int, width: int) -> tuple[Tensor, Tensor]:
    torch.manual_seed(0)
    guide = torch.rand(2, height, width, 3).permute(0, 3, 1, 2)
    return guide, (0.5 * guide + 0.5 * torch.rand(2, 3, height, width)).contiguous()


@pytest.mark.parametrize("radius", [0, 1, 2, 4])
@pytest.mark.parametrize(("height", "width"), [(75, 40), (16, 17), (7, 30)])
def test_it_equals_the_plain_filter(radius: int, height: int, width: int) -> None:
    guide, image = guide_and_image(height, width)
    expected = plain.guided_filter(guide, image, radius, EPSILON)
    assert room.guided_filter(guide, image, radius, EPSILON).sub(expected).abs().max() < 1e-5
    for lines, others in zip(
        room.mean_lines(guide, image, radius, EPSILON), plain.mean_lines(guide, image, radius, EPSILON), strict=True
    ):
        assert lines.sub(others).abs().max() < 1e-5


@pytest.mark.parametrize("size", [(120, 90), (75, 40), (61, 33)])
@pytest.mark.parametrize("largest", [1, 1 << 20], ids=["in strips", "whole"])
def test_lines_are_enlarged_as_the_plain_filter_does(
    size: tuple[int, int], largest: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "LARGEST_WHOLE", largest)
    lines, _ = guide_and_image(75, 40)
    rows, expected = room.enlarged(lines, *size), plain.enlarged(lines, *size)
    for start, stop in room.row_strips(2, *size):
        assert rows(start, stop).sub(expected(start, stop)).abs().max() < 1e-5
