"""The colour that lies under transparent pixels."""

from vidstyle.errors import SettingsError

Rgb = tuple[int, int, int]
BLACK: Rgb = (0, 0, 0)


def parse_colour(text: str) -> Rgb:
    """Return red, green and blue, 0 to 255, of a colour's name (CSS) or #rrggbb; raises SettingsError for others."""
    from PIL import ImageColor

    try:
        red, green, blue = ImageColor.getrgb(text)[:3]
    except ValueError as error:
        raise SettingsError(
            f"background cannot be {text!r}: it takes a colour's name, such as white, or #rrggbb."
        ) from error
    return red, green, blue
