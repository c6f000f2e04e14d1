"""Timecode is advanced by frames, with and without numbers that are dropped."""

from fractions import Fraction

import pytest

from vidstyle.media.muxing.timecode import advanced

NTSC = Fraction(30000, 1001)


@pytest.mark.parametrize(
    ("before", "frames", "rate", "after"),
    [
        ("01:00:00:00", 50, Fraction(25), "01:00:02:00"),
        ("01:00:00:24", 1, Fraction(25), "01:00:01:00"),
        ("01:00:00;00", 60, NTSC, "01:00:02;00"),
        ("00:00:59;29", 1, NTSC, "00:01:00;02"),
        ("00:09:59;29", 1, NTSC, "00:10:00;00"),
        ("00:00:00;00", 17982, NTSC, "00:10:00;00"),
        ("00:00:00;00", 1800, NTSC, "00:01:00;02"),
        ("00:00:59;59", 1, Fraction(60000, 1001), "00:01:00;04"),
        ("00:00:59:29", 1, NTSC, "00:01:00:00"),
        ("23:59:59:23", 1, Fraction(24000, 1001), "00:00:00:00"),
        ("23:59:59;29", 1, NTSC, "00:00:00;00"),
        ("no timecode", 5, NTSC, "no timecode"),
    ],
)
def test_a_timecode_is_advanced(before: str, frames: int, rate: Fraction, after: str) -> None:
    assert advanced(before, frames, rate) == after


@pytest.mark.parametrize("start", ["00:00:00;00", "23:55:00;02", "12:34:56;07"])
def test_each_frame_has_the_number_after_that_of_the_one_before(start: str) -> None:
    one_by_one = start
    for number in range(1, 40_000):
        seconds = one_by_one[6:8]
        one_by_one = advanced(one_by_one, 1, NTSC)
        assert one_by_one[-2:] not in ("00", "01") or one_by_one[6:8] != "00" or one_by_one[4] == "0"
        assert seconds != one_by_one[6:8] or one_by_one[-2:] != "00"
        if number % 1009 == 0:
            assert one_by_one == advanced(start, number, NTSC)
