"""What the user names to be measured, and what it is compared with."""

from dataclasses import dataclass
from pathlib import Path

from vidstyle.errors import InputError, SettingsError

RUN, PICTURES, VIDEO = "a run", "pictures", "a video"
COMPARED_WITH = {RUN: ("photos", "target"), PICTURES: ("source", "target"), VIDEO: ("source",)}
"""Which of the other inputs each kind of subject is compared with."""


@dataclass(frozen=True)
class Inputs:
    """What the user named, and what to compare it with.

    The subject is a run folder, a folder of pictures or a video. Instead of it, folders of pictures can be named as
    `generated`: several hold several results of each source.
    """

    subject: Path | None = None
    generated: tuple[Path, ...] = ()
    target: Path | None = None
    source: Path | None = None
    photos: Path | None = None

    @property
    def measured(self) -> tuple[Path, ...]:
        """What is measured, without what it is compared with."""
        return self.generated if self.subject is None else (self.subject,)

    def kind(self) -> str:
        """Return what is measured: RUN, PICTURES or VIDEO.

        Raises SettingsError when too little or too much is named, InputError when the subject does not exist.
        """
        if (self.subject is None) == (not self.generated):
            raise SettingsError(
                "Name one thing to evaluate: a run folder, a video, or pictures with --generated FOLDER."
            )
        kind, named = _kind_of(self.subject), ", ".join(map(str, self.measured))
        if kind == RUN and self.photos is None:
            raise SettingsError(f"{named} is a run, and a run paints photos: give --photos FOLDER.")
        if kind == VIDEO and self.source is None:
            raise SettingsError(f"{named} is measured beside its source: give --source VIDEO.")
        given = [name for name in ("photos", "source", "target") if getattr(self, name) is not None]
        if unused := [name for name in given if name not in COMPARED_WITH[kind]]:
            used = " and ".join(f"--{name}" for name in COMPARED_WITH[kind])
            raise SettingsError(f"{named}: {kind}, measured with {used} alone. Leave --{unused[0]} out.")
        return kind


def _kind_of(subject: Path | None) -> str:
    if subject is None:
        return PICTURES
    if not subject.exists():
        raise InputError(f"There is no {subject}. Name a run folder, a folder of pictures or a video.")
    if not subject.is_dir():
        return VIDEO
    return RUN if (subject / "settings.json").is_file() else PICTURES
