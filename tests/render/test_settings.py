"""What `render` accepts."""

import pytest

from vidstyle.errors import SettingsError
from vidstyle.render.settings import RenderSettings


def test_the_defaults_are_those_of_the_documentation() -> None:
    settings = RenderSettings()
    assert (settings.style, settings.outscale, settings.crf, settings.blend) == ("default", 1.0, 18, 1.0)
    assert (settings.audio, settings.subtitles, settings.strict, settings.overwrite) == (True, True, False, False)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"crf": 64}, "crf cannot be 64: it takes N, at least 0 and at most 63."),
        ({"blend": 1.5}, "blend cannot be 1.5: it takes NUMBER, at least 0 and at most 1."),
        ({"size": "big"}, "size cannot be 'big': it takes source|N, at least 16."),
        (
            {"upscaler": "mine.pth", "finish": "guided"},
            "--finish guided uses no upscaler, but --upscaler names mine.pth. Use --finish both, or leave --upscaler out.",
        ),
        (
            {"upscaler": "realesrgan-x4plus", "finish": "none"},
            "--finish none uses no upscaler, but --upscaler names realesrgan-x4plus. Use --finish upscaler, or leave "
            "--upscaler out.",
        ),
        (
            {"upscaler": "none", "finish": "upscaler"},
            "--finish upscaler needs an upscaler, but --upscaler is none. Use --finish none, or name one.",
        ),
        (
            {"upscaler": "none", "finish": "both"},
            "--finish both needs an upscaler, but --upscaler is none. Use --finish guided, or name one.",
        ),
        ({"calm": 2}, "calm cannot be 2: it takes NUMBER, at least 0 and at most 1."),
        ({"tile": 8}, "tile cannot be 8: it takes auto, 0, or at least 32."),
        ({"start": 3.0, "end": 2.0}, "The end, 2 s, is not after the start, 3 s. Raise --end."),
        ({"end": 0.0}, "The end, 0 s, is not after the start, 0 s. Raise --end."),
    ],
)
def test_what_cannot_be_is_refused_with_what_can(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        RenderSettings(**wrong)  # type: ignore[arg-type]
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("given", "decided"),
    [
        ({}, "guided"),
        ({"upscaler": "none"}, "none"),
        ({"upscaler": "realesr-animevideov3"}, "upscaler"),
        ({"upscaler": "mine.pth"}, "upscaler"),
        ({"finish": "upscaler"}, "upscaler"),
        ({"finish": "both", "upscaler": "mine.pth"}, "both"),
        ({"finish": "guided", "upscaler": "none"}, "guided"),
        ({"finish": "none"}, "none"),
    ],
)
def test_the_source_guides_the_finish_unless_an_upscaler_is_chosen(given: dict[str, str], decided: str) -> None:
    settings = RenderSettings(**given)  # type: ignore[arg-type]
    assert settings.decided_finish == decided
    assert (settings.is_guided, settings.is_upscaled) == (
        decided in ("guided", "both"),
        decided in ("upscaler", "both"),
    )
