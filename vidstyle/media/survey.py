"""Where the pictures of a video lie, found by decoding it without converting more than a few of them."""

from collections.abc import Iterator

from vidstyle.media.position import Position
from vidstyle.media.read import VideoReader


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
