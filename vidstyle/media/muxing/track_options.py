"""The options of ffmpeg for the tracks of a result: their encoders, and the filters that keep them inside a cut."""

from fractions import Fraction

from vidstyle.media.tracks import COPY, Track

LETTERS = {"audio": "a", "subtitle": "s", "attachment": "t", "video": "v"}
LAYOUTS = {"libopus": ("mono", "stereo", "3.0", "quad", "5.0", "5.1", "6.1", "7.1")}
"""Encoders that take only these channel layouts, in ffmpeg's names."""
USUAL_LAYOUTS = ("mono", "stereo", "3.0", "4.0", "5.0", "5.1", "6.1(back)", "7.1")
"""Channel layouts that AAC and FLAC take. AAC has a number for each: ISO/IEC 14496-3, 1.6.3.5, and 23091-3."""
FILL_GAPS = "aresample=async=1:min_hard_comp=0.001"
"""The filter that fills a gap of a millisecond and more with silence, and drops what overlaps."""

IN_MILLISECONDS = "setts=time_base=1/1000"
"""The packet filter for encoded subtitles of mp4 and mov. They would be in microseconds, and then none may last 36 minutes."""


def encoders(tracks: tuple[Track, ...]) -> dict[str, str]:
    """Return the options that name the encoder of each track that is not copied."""
    return {f"c:{name}": track.encoder for name, track in specified(tracks) if track.encoder != COPY}


def limits(tracks: tuple[Track, ...], begin: Fraction | None = None, end: Fraction | None = None) -> dict[str, str]:
    """Return what keeps each track between `begin` and `end`, in seconds of the result; None: no limit.

    Packets outside are dropped, or samples where sound is encoded. Subtitles are counted in what the container can hold.
    """
    limits = {} if end is None else {"to": decimal(end)}
    for name, track in specified(tracks):
        if track.kind == "subtitle":
            cut = [] if (begin, end) == (None, None) else [_subtitle_filter(begin, end)]
            if filters := [*cut, *([IN_MILLISECONDS] if track.encoder == "mov_text" else [])]:
                limits[f"bsf:{name}"] = ",".join(filters)
        elif track.kind == "audio" and track.encoder != COPY:
            if filters := _audio_filters(track, begin, end):
                limits[f"filter:{name}"] = ",".join(filters)
        elif track.kind == "audio" and begin is not None:
            limits[f"bsf:{name}"] = f"noise=drop='lt(pts*tb,{decimal(begin - track.priming_seconds)})'"
    return limits


def _subtitle_filter(begin: Fraction | None, end: Fraction | None) -> str:
    """Return the packet filter that cuts each subtitle to the time between `begin` and `end`."""
    first, last = decimal(begin or Fraction(0)), decimal(Fraction(10**9) if end is None else end)
    starts, ends = f"max(PTS,{first}/TB)", f"min(PTS+DURATION,{last}/TB)"
    moved = f"setts=pts='{starts}':dts='{starts}':duration='max(0,{ends}-{starts})'"
    return f"noise=drop='lte((pts+d)*tb,{first})*gt(d,0)+lt(pts*tb,{first})*eq(d,0)',{moved}"


def _audio_filters(track: Track, begin: Fraction | None, end: Fraction | None) -> list[str]:
    """Return the filters for sound that is encoded: cut to the sample, in a channel layout that the encoder takes.

    A gap becomes silence: an encoder would draw together what lies before and after it.
    """
    filters = [FILL_GAPS] if track.in_pieces else []
    edges = [f"{edge}={decimal(time)}" for edge, time in (("start", begin), ("end", end)) if time is not None]
    if edges:
        filters.append(f"atrim={':'.join(edges)}")
    if layouts := USUAL_LAYOUTS if track.mixed else LAYOUTS.get(track.encoder):
        filters.append(f"aformat=channel_layouts={'|'.join(layouts)}")
    return filters


def specified(tracks: tuple[Track, ...]) -> list[tuple[str, Track]]:
    """Return each track with its stream specifier in the output, such as a:0; the painted video is v:0."""
    counts = {"video": 1}
    specified = []
    for track in tracks:
        number = counts.get(track.kind, 0)
        counts[track.kind] = number + 1
        specified.append((f"{LETTERS[track.kind]}:{number}", track))
    return specified


def decimal(seconds: Fraction) -> str:
    """Return seconds as ffmpeg reads them, to the microsecond."""
    return f"{round(seconds * 1_000_000) / 1_000_000:.6f}"
