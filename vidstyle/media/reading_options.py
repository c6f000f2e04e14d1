"""What a user chooses about reading a video: how it is deinterlaced, and the colour below transparent pixels.

Settings take their values from here, so this module imports no heavy library.
"""

from vidstyle.errors import SettingsError

DEINTERLACE_MODES = ("auto", "on", "off")

Rgb = tuple[int, int, int]
BLACK: Rgb = (0, 0, 0)


def parse_colour(text: str) -> Rgb:
    """Return red, green and blue, 0 to 255, of a colour's name (CSS) or #rrggbb; raises SettingsError for others."""
    from PIL import ImageColor  # here, because the command line must start without an image library

    try:
        red, green, blue = ImageColor.getrgb(text)[:3]
    except ValueError as error:
        raise SettingsError(
            f"background cannot be {text!r}: it takes a colour's name, such as white, or #rrggbb."
        ) from error
    return red, green, blue
