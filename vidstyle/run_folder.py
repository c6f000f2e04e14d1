"""The folder of one training run: the paths of the files in it, and how its logs are read."""

import csv
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class RunFolder:
    """Paths inside `runs/<name>`."""

    path: Path

    @property
    def settings(self) -> Path:
        """The settings that the run was started with."""
        return self.path / "settings.json"

    @property
    def images(self) -> Path:
        """The names and checksums of the images that the run learns from."""
        return self.path / "images.json"

    @property
    def lock(self) -> Path:
        """The lock file that the process that trains holds."""
        return self.path / ".lock"

    @property
    def log(self) -> Path:
        """The losses over the steps."""
        return self.path / "log.csv"

    @property
    def checkpoint(self) -> Path:
        """Everything that a bit-exact resume needs."""
        return self.path / "checkpoint.pt"

    @property
    def style(self) -> Path:
        """The style that the run ends with."""
        return self.path / "style.safetensors"

    @property
    def best_style(self) -> Path:
        """The style with the best score on held-out photos."""
        return self.path / "style-best.safetensors"

    @property
    def look(self) -> Path:
        """The look that a run learnt from one image, with which `render --diversify` varies pictures."""
        return self.path / "inversion.safetensors"

    @property
    def scores(self) -> Path:
        """The scores over the steps."""
        return self.path / "scores.csv"

    @property
    def warnings(self) -> Path:
        """The warnings that the user was given, each with its step."""
        return self.path / "warnings.json"

    @property
    def report(self) -> Path:
        """The page that shows the run."""
        return self.path / "report.html"

    @property
    def tensorboard(self) -> Path:
        """The folder of TensorBoard's logs."""
        return self.path / "tensorboard"

    @property
    def results(self) -> Path:
        """The pictures of a method that optimises them directly; there is no style then."""
        return self.path / "results"

    @property
    def style_image(self) -> Path:
        """The cartoon frame that a single-image method learns from."""
        return self.path / "style_image.png"

    @property
    def manifest(self) -> Path:
        """The result of the stage, written when the run has ended."""
        return self.path / "manifest.json"

    @property
    def samples(self) -> Path:
        """The folder of sample pictures."""
        return self.path / "samples"

    def sample(self, step: int) -> Path:
        """The sample pictures of a step."""
        return self.samples / f"{step:07d}.png"


def student_name(style: str) -> str:
    """Return the name of the student of a style that is given by its name, its run folder or its file."""
    path = Path(style)
    if path.suffix == ".safetensors":
        path = path.parent if path.stem.startswith("style") and path.parent.name else path.with_suffix("")
    return f"{path.name or 'style'}-fast"


def read_log(path: Path) -> list[dict[str, float]]:
    """Return the rows of a log as numbers by column; damaged rows, such as a crash leaves, are left out."""
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
    rows = csv.DictReader(line for line in lines if line.endswith("\n"))
    numbers = [_numbers(row) for row in rows if None not in row and None not in row.values()]
    return [row for row in numbers if "step" in row]


def _numbers(row: dict[str, str]) -> dict[str, float]:
    """Return the numbers of a row by column, none where one of its texts is no number."""
    try:
        return {name: float(value) for name, value in row.items() if value}
    except ValueError:
        return {}
