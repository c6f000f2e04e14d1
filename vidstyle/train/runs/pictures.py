"""A run that optimises pictures one by one, and keeps them instead of a style."""

from collections import Counter
from pathlib import Path

from vidstyle.media.images import write_image
from vidstyle.report.contact_sheet import evenly_spaced
from vidstyle.report.page import embed_file, embed_pixels
from vidstyle.report.sheets import Card, pairs
from vidstyle.run_folder import RunFolder
from vidstyle.train.checkpoint import TrainingState
from vidstyle.train.health import check_weights
from vidstyle.train.log import RunWarnings
from vidstyle.train.methods.cmd import MomentMatching
from vidstyle.train.runs.base import Run, RunPlan
from vidstyle.train.samples import to_picture

_MOST_SHOWN = 12


class PictureRun(Run):
    """A run of a method without a generator, which changes each photo for `settings.steps` steps."""

    def __init__(self, plan: RunPlan, state: TrainingState, warnings: RunWarnings) -> None:
        assert isinstance(state.method, MomentMatching)
        super().__init__(plan, state, warnings)
        self.method = state.method

    def after_step(self) -> None:
        """Write the result after the last step of a photo; raises TrainingError where it is not finite."""
        photos_done, steps_of_next = divmod(self.state.step, self.method.steps)
        if not steps_of_next:
            check_weights(self.method.picture, self.state.step, self.folder)
            write_image(self._result(photos_done - 1), to_picture(self.method.picture.detach()[0].float()))

    def report_pictures(self) -> dict[str, str]:
        """Return what the report shows: the style image, and some photos beside what became of them."""
        photos, photos_done = self.dataset.photos, self.state.step // self.method.steps
        shown = []
        for number in evenly_spaced(photos_done, _MOST_SHOWN):
            name = photos.names[number]
            card = Card(embed_pixels(photos.image(number), name), name)
            shown.append((card, embed_file(self._result(number), f"{name}, changed")))
        return {**super().report_pictures(), "Photos and what became of them": pairs(shown)}

    def _result(self, number: int) -> Path:
        """Return where the result of photo `number` goes: under its name, with its suffix where another has that name."""
        names = self.dataset.photos.names
        stems = Counter(Path(name).stem for name in names)
        name = Path(names[number])
        return self.folder.results / f"{name.stem if stems[name.stem] == 1 else name.name}.png"

    @staticmethod
    def output(folder: RunFolder) -> Path:
        """Return the folder of the pictures."""
        return folder.results
