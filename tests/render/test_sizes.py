"""How large pictures are painted and how large they come out."""

import pytest

from vidstyle.render.sizes import default_side, plan_sizes


@pytest.mark.parametrize(
    ("source", "asked", "painted"),
    [
        ((960, 540), None, (456, 256)),
        ((540, 960), None, (256, 456)),
        ((960, 540), 128, (228, 128)),
        ((960, 540), "source", (960, 540)),
        ((333, 187), "source", (333, 187)),
        ((2, 2), "source", (16, 16)),
        ((64, 48), None, (340, 256)),
        ((4000, 10), 16, (6400, 16)),
    ],
)
def test_the_short_side_is_painted_at_the_asked_size_and_the_shape_is_kept(
    source: tuple[int, int], asked: int | str | None, painted: tuple[int, int]
) -> None:
    assert plan_sizes(source, asked, 256, 1).painted == painted


@pytest.mark.parametrize(
    ("source", "outscale", "result"),
    [
        ((333, 187), 1, (333, 187)),
        ((333, 187), 2, (666, 374)),
        ((333, 187), 0.5, (166, 94)),
        ((640, 360), 1.5, (960, 540)),
        ((2, 2), 0.1, (2, 2)),
    ],
)
def test_the_result_has_the_sources_size_or_an_even_multiple_of_it(
    source: tuple[int, int], outscale: float, result: tuple[int, int]
) -> None:
    assert plan_sizes(source, None, 256, outscale).result == result


def test_an_upscaler_is_called_for_when_a_resize_would_leave_the_result_soft() -> None:
    assert not plan_sizes((568, 320), None, 256, 1).asks_for_upscaler
    assert plan_sizes((960, 540), None, 256, 1).asks_for_upscaler
    assert not plan_sizes((960, 540), "source", 256, 1.5).asks_for_upscaler
    assert plan_sizes((960, 540), "source", 256, 2).asks_for_upscaler


@pytest.mark.parametrize(
    ("source", "side"),
    [
        ((640, 360), 360),
        ((360, 640), 360),
        ((432, 288), 360),
        ((320, 180), 270),
        ((852, 480), 480),
        ((1920, 1080), 480),
    ],
)
def test_a_style_without_norms_paints_at_the_scale_of_the_cartoons_strokes(source: tuple[int, int], side: int) -> None:
    assert default_side("compact", 288, source) == side
    assert default_side("resnet", 288, source) == 288
