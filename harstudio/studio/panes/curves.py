"""The signals of a recording as curves: computed beside the window, drawn by the signals pane."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harstudio.recordings.audio import AudioStream
from harstudio.recordings.motion import joint_speeds
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import SECOND_NS, SampledStream, SkeletonStream, StreamKind

ENVELOPE_BINS = 4000
AUDIO_CHUNK_S = 1  # short, because the sound that plays waits for the same decoder


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """Everything drawn over time; seconds on the recording's clock.

    speed_s (T,), speeds (T, V) float32 m/s: per joint the fastest person's. inertial: (T,)
    seconds and (T, C) values with channel names. sound_s (B,), sound (B, 2) low and high in
    [-1, 1]. Empty arrays where the recording has none.
    """

    speed_s: NDArray[np.float64]
    speeds: NDArray[np.float32]
    inertial_s: NDArray[np.float64]
    inertial: NDArray[np.float32]
    channels: tuple[str, ...]
    sound_s: NDArray[np.float64]
    sound: NDArray[np.float32]


def make_curves(recording: Recording, cancelled: Callable[[], bool]) -> Curves:
    """Compute all curves; stops early, with what there is, when cancelled."""
    speed_s, speeds = _speeds(recording)
    inertial = recording.of_kind(StreamKind.INERTIAL)
    inertial_s, values = np.empty(0), np.empty((0, 0), dtype=np.float32)
    channels: tuple[str, ...] = ()
    if isinstance(inertial, SampledStream) and len(inertial):
        inertial_s, values = inertial.times_ns / SECOND_NS, inertial.values
        channels = inertial.channels
    sound_s, sound = _envelope(recording, cancelled)
    return Curves(speed_s, speeds, inertial_s, values, channels, sound_s, sound)


def _speeds(recording: Recording) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    skeleton = recording.of_kind(StreamKind.SKELETON)
    if not isinstance(skeleton, SkeletonStream) or not len(skeleton):
        return np.empty(0), np.empty((0, 0), dtype=np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a joint that nobody has: all NaN
        fastest = np.nanmax(joint_speeds(skeleton), axis=1)
    return skeleton.times_ns / SECOND_NS, fastest


def _envelope(
    recording: Recording, cancelled: Callable[[], bool]
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    audio = recording.of_kind(StreamKind.AUDIO)
    if not isinstance(audio, AudioStream) or not len(audio):
        return np.empty(0), np.empty((0, 2), dtype=np.float32)
    step = max(1, len(audio) // ENVELOPE_BINS)
    chunk = max(step, audio.sample_rate * AUDIO_CHUNK_S // step * step)
    parts: list[NDArray[np.float32]] = []
    for start in range(0, len(audio), chunk):
        if cancelled():
            break
        samples = audio.samples(start, min(start + chunk, len(audio)))
        whole = samples[: len(samples) // step * step].reshape(-1, step * audio.channels)
        parts.append(np.stack([whole.min(axis=1), whole.max(axis=1)], axis=1) / np.float32(32768))
    sound = np.concatenate(parts) if parts else np.empty((0, 2), dtype=np.float32)
    seconds = audio.start_ns / SECOND_NS + (np.arange(len(sound)) + 0.5) * step / audio.sample_rate
    return seconds, sound
