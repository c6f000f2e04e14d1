"""Where the pictures of a video lie, found by decoding it without converting more than a few of them."""

from collections.abc import Iterator
from typing import Any, Self

from vidstyle.errors import InputError
from vidstyle.media.clip import Clip
from vidstyle.media.read import Position, ReadReport, VideoReader, digest


class Survey(VideoReader):
    """A reader that gives places instead of pictures: those at which readings of parts of the video begin and end.

    `first_pts` has the time of the first picture since the place before, for each place.
    """

    def places(self, segment: int) -> Iterator[Position]:
        """Yield the place after every `segment` pictures, and after the last one.

        `report` is then that of a reading of the whole range. Raises InputError when no picture can be decoded.
        """
        self.first_pts: list[int] = []
        for picture in self._source:
            if self.report.frames % segment == 0:
                self.first_pts.append(picture.pts)
            self.report.frames += 1
            if self.report.frames % segment == 0:
                yield self.position()
        self._finish()
        if self.report.frames % segment:
            yield self.position()


class ResumedReader(VideoReader):
    """A reader that goes on after `place`, a position of another reading over the same range.

    Where all went well up to there it begins at a key frame before it and makes sure that the very same picture is found;
    otherwise, and where it is not, it reads on from the front without converting. Raises InputError on entry when the
    source does not read as it did before.
    """

    def __init__(self, clip: Clip, place: Position, **range_and_background: Any) -> None:
        super().__init__(clip, **range_and_background)
        self._place = place

    def __enter__(self) -> Self:
        self._open()
        if not self._place.seekable or not self._jumps():
            self._container.close()
            self._open()
            self._seek(self._from)
            self._pass()
        return self

    def _jumps(self) -> bool:
        """Go on from a key frame; whether the picture of the place was found, as it was."""
        place = self._place
        self._seek(place.pts)
        found = next((picture for picture in self._source if picture.pts >= place.pts), None)
        if found is None or found.pts != place.pts or digest(found.rgb) != place.digest:
            return False
        self.report, self._unordered = ReadReport(frames=place.pictures), 0
        self._resized = place.resized
        self._decoder.packets = self._decoder.all_packets = place.pictures + self._decoder.ahead()
        self._decoder.plain = True
        return True

    def _pass(self) -> None:
        for _ in range(self._place.pictures):
            next(self._source, None)
        self.report.frames = self._place.pictures
        last = self._latest
        if last is None or last.pts != self._place.pts or digest(last.rgb) != self._place.digest:
            raise InputError(f"{self.clip.path} does not read as it did before. Give --restart to begin anew.")
