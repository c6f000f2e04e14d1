"""Timecode, the time of day or of a tape that a recording states: HH:MM:SS:FF, or with a semicolon where numbers are dropped.

Source: SMPTE ST 12-1. At 30000/1001 pictures a second, drop frame leaves out the numbers 0 and 1 of each minute but the tenth.
"""

import re
from fractions import Fraction

TIMECODE = re.compile(r"(\d\d):(\d\d):(\d\d)([:;.,])(\d\d+)")
DROP_SIGNS = ";.,"
HOURS_A_DAY = 24


def advanced(timecode: str, frames: int, rate: Fraction) -> str:
    """Return the timecode that many frames later, at `rate` frames a second; what is no timecode stays as it is."""
    parts = TIMECODE.fullmatch(timecode.strip())
    if parts is None or frames == 0:
        return timecode
    hours, minutes, seconds, number = (int(parts[group]) for group in (1, 2, 3, 5))
    second = max(1, round(rate))
    dropped = second // 15 if parts[4] in DROP_SIGNS and second % 30 == 0 else 0
    minute_of_day = hours * 60 + minutes
    count = (minute_of_day * 60 + seconds) * second + number - dropped * (minute_of_day - minute_of_day // 10)
    count = (count + frames) % _frames_a_day(second, dropped)
    count += _dropped_before(count, second, dropped)
    clock, number = divmod(count, second)
    digits = len(parts[5])
    return f"{clock // 3600:02d}:{clock // 60 % 60:02d}:{clock % 60:02d}{parts[4]}{number:0{digits}d}"


def _frames_a_day(second: int, dropped: int) -> int:
    minutes = HOURS_A_DAY * 60
    return minutes * 60 * second - dropped * (minutes - minutes // 10)


def _dropped_before(count: int, second: int, dropped: int) -> int:
    """Return how many numbers were left out before frame `count` of the day."""
    if not dropped:
        return 0
    tens, rest = divmod(count, 600 * second - 9 * dropped)
    # The first minute of ten is whole, the others begin with what they leave out.
    minutes = max(0, rest - dropped) // (60 * second - dropped)
    return dropped * (9 * tens + minutes)
