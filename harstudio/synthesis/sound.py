"""Sound of a take: claps, steps, thuds and a few spoken-like syllables, synthesised."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from harstudio.synthesis.take import Sound

SAMPLE_RATE = 16000

Wave = NDArray[np.float64]

_VOWELS = {"a": (750, 1250, 2500), "e": (480, 1900, 2550), "o": (480, 850, 2450)}


def soundtrack(
    sounds: Sequence[Sound], seconds: float, seed: Sequence[int], pitch: float = 130.0
) -> NDArray[np.int16]:
    """(n, 1) int16 at 16 kHz: the room's hum with every sound at its time."""
    rng = np.random.default_rng([*seed, 8191])
    count = round(seconds * SAMPLE_RATE)
    mixed = lfilter((0.002,), (1, -0.97), rng.standard_normal(count))
    for sound in sounds:
        wave = _render(sound.kind, rng, pitch) * sound.loudness
        start = max(0, round(sound.time * SAMPLE_RATE))
        room = min(len(wave), count - start)
        if room > 0:
            mixed[start : start + room] += wave[:room]
    return np.asarray(np.clip(mixed, -1, 1) * 32000, dtype=np.int16)[:, None]


def _render(kind: str, rng: np.random.Generator, pitch: float) -> Wave:
    if kind == "voice":
        return _voice(rng, pitch)
    if kind == "ring":
        return _ring()
    length, decay, dull = {
        "clap": (0.12, 55.0, 0.25),
        "step": (0.15, 38.0, 0.93),
        "thud": (0.3, 16.0, 0.97),
        "knock": (0.08, 70.0, 0.7),
        "whoosh": (0.4, 0.0, 0.8),
    }[kind]
    time = np.arange(round(length * SAMPLE_RATE)) / SAMPLE_RATE
    noise = lfilter((1 - dull,), (1, -dull), rng.standard_normal(len(time)))
    shape = np.sin(np.pi * time / length) ** 2 if kind == "whoosh" else np.exp(-decay * time)
    wave = noise * shape
    if kind in ("thud", "step"):
        wave = wave + 0.5 * np.sin(2 * np.pi * 75 * time) * shape
    return np.asarray(0.8 * wave / np.abs(wave).max())


def _ring() -> Wave:
    time = np.arange(round(0.5 * SAMPLE_RATE)) / SAMPLE_RATE
    tone = np.sin(2 * np.pi * 880 * time) + 0.6 * np.sin(2 * np.pi * 1320 * time)
    trill = 0.5 + 0.5 * np.sign(np.sin(2 * np.pi * 12 * time))
    return np.asarray(0.35 * tone * trill * np.minimum(1, (0.5 - time) * 30))


def _voice(rng: np.random.Generator, pitch: float) -> Wave:
    """Two or three syllables: a buzzing throat behind three resonances."""
    parts = []
    for _ in range(int(rng.integers(2, 4))):
        count = round(rng.uniform(0.12, 0.2) * SAMPLE_RATE)
        falling = pitch * np.linspace(1.08, 0.92, count) * rng.uniform(0.95, 1.1)
        phase = np.cumsum(falling) / SAMPLE_RATE
        source = np.diff(np.floor(phase), prepend=0) + 0.01 * rng.standard_normal(count)
        wave = source
        for formant in _VOWELS["aeo"[rng.integers(3)]]:
            radius = np.exp(-np.pi * 90 / SAMPLE_RATE)
            turn = 2 * radius * np.cos(2 * np.pi * formant / SAMPLE_RATE)
            wave = lfilter((1,), (1, -turn, radius**2), wave)
        wave = wave / np.abs(wave).max() * np.sin(np.linspace(0, np.pi, count)) ** 0.5
        parts += [wave, np.zeros(round(0.04 * SAMPLE_RATE))]
    return np.asarray(0.7 * np.concatenate(parts))
