"""The guided filter by OpenCV gives what the plain one gives, at borders and where strips meet too."""

import pytest
import torch

from vidstyle.analysis import smoothing as room
from vidstyle.analysis.smoothing import guided_smoothing
from vidstyle.networks.guided_filter import guided_filter


@pytest.mark.parametrize("radius", [0, 1, 2, 4])
@pytest.mark.parametrize(("height", "width"), [(75, 40), (16, 17), (7, 30)])
def test_it_equals_the_plain_filter(monkeypatch: pytest.MonkeyPatch, radius: int, height: int, width: int) -> None:
    monkeypatch.setattr(room, "LEAST_ROWS", 9)
    monkeypatch.setattr(room, "STRIP_PIXELS", 360)
    torch.manual_seed(0)
    guide = torch.rand(2, height, width, 3).permute(0, 3, 1, 2)
    image = (0.5 * guide + 0.5 * torch.rand(2, 3, height, width)).contiguous()
    plain = guided_filter(guide, image, radius, 5e-3 / 4)
    assert guided_smoothing(guide, image, radius, 5e-3 / 4).sub(plain).abs().max() < 1e-5
