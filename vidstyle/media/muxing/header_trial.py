"""The trial of a result before its first frame is painted: which tracks ffmpeg refuses to write into the container.

A table of codecs does not tell all: a track may lack what the container wants to know of it.
"""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from vidstyle.errors import OutputError
from vidstyle.media import ffmpeg
from vidstyle.media.clip import Clip
from vidstyle.media.codecs import TargetContainer
from vidstyle.media.muxing.track_options import encoders, limits
from vidstyle.media.tracks import COPY, Track, TrackPlan, becomes

PACKETS_OF_SOUND = 8
"""So much of each track of sound is written: encoders are tried too, and what a muxer makes of packets."""
BEGINNING_BYTES = 1 << 25
"""So much of a file is read for tracks that may have their first packet anywhere."""
SPEAKERS = re.compile(r"^(\[[^\]]*\] )+")
"""Who writes a line of ffmpeg's, as in [mp4 @ 0x...]."""
STREAM = re.compile(r" in stream #\d+")
"""Which track of the trial a line is about, whose number says nothing outside it."""
MUXERS = {"mkv": "matroska"}
"""What ffmpeg calls containers whose name is not that of their format."""


@dataclass(frozen=True)
class Trial:
    """Tries to write tracks of `clip` into a container, of which nothing is kept; `plan` tells how the source is read."""

    clip: Clip
    plan: TrackPlan
    container: TargetContainer

    def refusals(self, tracks: Sequence[Track]) -> dict[int, str]:
        """Return why tracks are refused, by their index in the source; raises OutputError where nothing can be written."""
        if not tracks or not self.refusal(tracks):
            return {}
        if reason := self.refusal(()):
            raise OutputError(f"Cannot try what {self.container.name} holds: {reason}. Choose another container.")
        refused: dict[int, str] = {}
        for track in tracks:
            kept = [other for other in tracks[: tracks.index(track)] if other.index not in refused]
            if reason := self.refusal([*kept, track]):
                refused[track.index] = reason
        return refused

    def refusal(self, tracks: Sequence[Track]) -> str:
        """Return why these tracks cannot be written together, "" where they can."""
        sound = tuple(track for track in tracks if track.kind == "audio")
        others = tuple(track for track in tracks if track.kind != "audio" and track.encoder == COPY)
        reason = ""
        if sound or not others:
            reason = self._write(sound, {"frames:v": 1, "frames:a": PACKETS_OF_SOUND})
        return reason or (self._write(others, {"fs": 1}, BEGINNING_BYTES) if others else "")

    def _write(self, tracks: tuple[Track, ...], end: dict[str, int], first_bytes: int = 0) -> str:
        path, reading = self.clip.path, self.plan.reading
        in_front = first_bytes and self.plan.begins_in_front
        source = ffmpeg.beginning(path, first_bytes, **reading) if in_front else ffmpeg.source(path, **reading)
        streams = [ffmpeg.stand_in(), *(source[str(track.index)] for track in tracks)]
        coded = {"c": COPY, "c:v:0": self.container.video, **encoders(tracks), **limits(tracks)}
        muxer = {"format": MUXERS.get(self.container.name, self.container.name)}
        reason = ffmpeg.complaint(ffmpeg.command(streams, Path(os.devnull), **coded, **muxer, **end))
        return STREAM.sub("", SPEAKERS.sub("", reason))


def admitted(plan: TrackPlan, clip: Clip, container: TargetContainer) -> TrackPlan:
    """Return the plan without what ffmpeg refuses: sound is converted if it can be, all else left out with a warning.

    Sound whose channel layout the encoder refuses is mixed into a usual one, with a warning. Raises OutputError where
    nothing can be tried.
    """
    if not plan.tracks:
        return plan
    trial = Trial(clip, plan, container)
    not_copied = trial.refusals(plan.tracks)
    if not not_copied:
        return plan
    fallback = container.audio_fallback
    tracks = tuple(_converted(track, fallback) if track.index in not_copied else track for track in plan.tracks)
    refused = not_encoded = trial.refusals(tracks)
    if not_encoded:
        tracks = tuple(_mixed(track) if track.index in not_encoded else track for track in tracks)
        refused = trial.refusals(tracks)
    kept = tuple(track for track in tracks if track.index not in refused)
    copies = {track.index for track in plan.tracks if track.encoder == COPY}
    converted = [track for track in kept if track.index in copies and track.encoder != COPY]
    notices = [f"{clip.path}: {becomes(track.name, track.encoder, container)}" for track in converted]
    warnings = [_sentence_on(track, not_encoded, refused, container) for track in tracks if track.index in not_encoded]
    warnings = [f"{clip.path}: {warning}" for warning in warnings]
    return replace(plan, tracks=kept, notices=(*plan.notices, *notices), warnings=(*plan.warnings, *warnings))


def _sentence_on(track: Track, not_encoded: dict[int, str], refused: dict[int, str], container: TargetContainer) -> str:
    """Return what becomes of a track that could not be written as it was planned, and why."""
    if track.index in refused:
        return f"{track.name} is left out: {container.name} cannot hold it ({refused[track.index]})."
    return (
        f"{track.name} is mixed into a usual channel layout, {track.encoder} does not take its own "
        f"({not_encoded[track.index]}). Channels without a place there are left out."
    )


def _mixed(track: Track) -> Track:
    """Return a track of encoded sound as one in a usual channel layout, any other one as it is."""
    return replace(track, mixed=True) if track.kind == "audio" and track.encoder != COPY else track


def _converted(track: Track, encoder: str) -> Track:
    """Return a track of sound as it is encoded anew, any other one as it is."""
    if track.kind != "audio" or track.encoder != COPY:
        return track
    tags = {name: value for name, value in track.tags.items() if name.lower() != "encoder"}
    return replace(track, encoder=encoder, tags=tags, priming_seconds=Fraction(0))
