"""The page on formats says truly which sound each container copies."""

from pathlib import Path

import pytest

from tests.clicks import program
from vidstyle.media.codecs import CONTAINERS
from vidstyle.media.muxing.header_trial import admitted
from vidstyle.media.probe import probe
from vidstyle.media.tracks import COPY, plan_tracks

PAGE = Path(__file__).parents[3] / "docs" / "formats.md"
NAMES = {"AC-3": "ac3", "E-AC-3": "eac3", "A-law": "pcm_alaw", "mu-law": "pcm_mulaw"}
FAMILIES = {"AMR": ("amr_nb", "amr_wb")}
ENCODERS = {"mp3": "libmp3lame", "dts": "dca", "opus": "libopus", "vorbis": "libvorbis"}


def row(name: str) -> list[str]:
    """Return the cells of a row of the table of containers, by container."""
    line = next(line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith(f"| {name} |"))
    return [cell.strip() for cell in line.split("|")[2:-1]]


@pytest.mark.parametrize(("number", "suffix"), [(0, ".mp4"), (1, ".mov"), (3, ".webm")])
def test_the_page_names_the_sound_that_is_copied_and_what_other_sound_becomes(number: int, suffix: str) -> None:
    container = CONTAINERS[suffix]
    named = {
        codec
        for word in row("sound that is copied")[number].split(", ")
        for codec in FAMILIES.get(word, (NAMES.get(word, word.lower()),))
    }
    plain = {
        "pcm" if codec.startswith("pcm_") and codec[4:] not in ("alaw", "mulaw") else codec for codec in container.audio
    }
    assert named == plain
    assert container.audio_fallback.endswith(row("other sound becomes")[number].lower())


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Files with a track of each kind of sound: PCM in mov, all others in mkv."""
    folder = tmp_path_factory.mktemp("sounds")
    codecs = sorted({codec for container in CONTAINERS.values() for codec in container.audio} - set(FAMILIES["AMR"]))
    found = {}
    for name, kinds in {
        "a.mov": [codec for codec in codecs if codec.startswith("pcm_")],
        "a.mkv": [codec for codec in codecs if not codec.startswith("pcm_")],
    }.items():
        inputs = ("-f", "lavfi", "-i", "color=s=16x16:d=0.1:r=10", "-f", "lavfi", "-i", "sine=r=48000:d=0.1")
        tracks = [text for number, kind in enumerate(kinds) for text in (f"-c:a:{number}", ENCODERS.get(kind, kind))]
        program(
            *inputs, "-map", "0", *("-map", "1") * len(kinds), "-ac", "2", *tracks, "-strict", "-2", str(folder / name)
        )
        found[name] = folder / name
    return found


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
@pytest.mark.parametrize("name", ["a.mov", "a.mkv"])
def test_ffmpeg_takes_all_sound_that_is_to_be_copied(sources: dict[str, Path], name: str, suffix: str) -> None:
    clip, container = probe(sources[name]), CONTAINERS[suffix]
    plan = plan_tracks(clip, container, audio=True, subtitles=False)
    copied = [track.codec for track in plan.tracks if track.encoder == COPY]
    after = [track.codec for track in admitted(plan, clip, container).tracks if track.encoder == COPY]
    big_endian = ("pcm_s8", "pcm_f32be", "pcm_f64be") if suffix == ".mkv" else ()
    assert after == [codec for codec in copied if codec not in big_endian]
