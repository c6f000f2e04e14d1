"""The sound of the sample clips, synthesised: wind, water and a calm tune; a plucked tune with steps for the cartoon."""

import numpy as np

RATE = 48_000
A4_HERTZ = 440.0
WALK = (60, 64, 67, 72, 69, 67, 64, 62)
CHORDS = ((57, 60, 64), (53, 57, 60), (48, 55, 64), (55, 59, 62))
"""Tune and chords as MIDI note numbers."""


def hertz(note: int) -> float:
    """Return the frequency of a MIDI note in equal temperament."""
    return A4_HERTZ * 2 ** ((note - 69) / 12)


def coloured_noise(seconds: float, low_hertz: float, high_hertz: float, seed: int) -> np.ndarray:
    """Return (n,) noise of deviation 1 that falls off below and above a band."""
    count = round(seconds * RATE)
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(count))
    frequency = np.fft.rfftfreq(count, 1 / RATE)
    band = (frequency / low_hertz) ** 2 / (1 + (frequency / low_hertz) ** 2) / (1 + (frequency / high_hertz) ** 3)
    noise = np.fft.irfft(spectrum * band, count)
    return noise / noise.std()


def tone(note: int, seconds: float, attack: float, decay: float, overtones: tuple[float, ...]) -> np.ndarray:
    """Return (n,) a note that swells over `attack` seconds and dies away with the time constant `decay`."""
    t = np.arange(round(seconds * RATE)) / RATE
    wave = sum(
        share * np.sin(2 * np.pi * hertz(note) * (order + 1) * t) * np.exp(-t * order / decay)
        for order, share in enumerate(overtones)
    )
    return wave * np.minimum(t / attack, 1) * np.exp(-t / decay) * np.minimum((seconds - t) / 0.02, 1)


def add(track: np.ndarray, sound: np.ndarray, start: float, level: float, right: float) -> None:
    """Mix a mono sound into a (2, n) track at `start` seconds; `right` is its place, 0 left to 1 right."""
    begin = round(start * RATE)
    part = sound[: max(track.shape[1] - begin, 0)]
    track[:, begin : begin + len(part)] += level * np.outer((np.sqrt(1 - right), np.sqrt(right)), part)


def lake_sound(seconds: float) -> np.ndarray:
    """Return (2, n) float32 of wind over a lake, lapping water and slow soft chords."""
    track = np.zeros((2, round(seconds * RATE)))
    t = np.arange(track.shape[1]) / RATE
    gusts = 0.6 + 0.4 * np.sin(2 * np.pi * 0.13 * t) * np.sin(2 * np.pi * 0.31 * t + 1)
    laps = np.clip(np.sin(2 * np.pi * 0.55 * t) + 0.4 * np.sin(2 * np.pi * 1.27 * t), 0, None) ** 2
    for channel in (0, 1):
        track[channel] += 0.030 * gusts * coloured_noise(seconds, 120, 420, 31 + channel)
        track[channel] += 0.016 * laps * coloured_noise(seconds, 700, 2600, 41 + channel)
    for bar, chord in enumerate(CHORDS):
        for place, note in enumerate(chord):
            add(track, tone(note, 2.4, 0.5, 1.6, (1, 0.3, 0.1)), 2.0 * bar, 0.05, 0.3 + 0.2 * place)
        for beat in range(4):
            pluck = tone(chord[beat % 3] + 24, 1.4, 0.01, 0.45, (1, 0.25))
            add(track, pluck, 2.0 * bar + 0.5 * beat, 0.035, 0.35 + 0.1 * beat)
    return _finished(track)


def episode_sound(seconds: float) -> np.ndarray:
    """Return (2, n) float32 of a plucked tune over a bass, with soft steps on the beat; it fades with the picture."""
    track = np.zeros((2, round(seconds * RATE)))
    for eighth in range(int(seconds / 0.25)):
        bar = eighth // 8
        note = WALK[eighth % 8] + (0, 5, 7, 0)[bar % 4] + (12 if bar % 2 else 0)
        if eighth % 8 not in (5, 7):
            add(track, tone(note + 12, 0.5, 0.004, 0.16, (1, 0.5, 0.25, 0.12)), 0.25 * eighth, 0.11, 0.4)
        if eighth % 2 == 0:
            add(track, tone(note % 12 + 36, 0.5, 0.008, 0.22, (1, 0.4, 0.2)), 0.25 * eighth, 0.16, 0.55)
        else:
            step = coloured_noise(0.06, 900, 5000, 60 + eighth) * np.exp(-np.arange(round(0.06 * RATE)) / 600)
            add(track, step, 0.25 * eighth, 0.03, 0.6)
    return _finished(track * np.clip((seconds - np.arange(track.shape[1]) / RATE) / 1.5, 0, 1))


def _finished(track: np.ndarray) -> np.ndarray:
    return (0.7 * track / np.abs(track).max()).astype(np.float32)
