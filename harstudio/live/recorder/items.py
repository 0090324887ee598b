"""What the recorder hands from thread to thread: encoded pictures, skeletons, samples, sound."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

from harstudio.jobs.launcher import cores
from harstudio.recordings.formats.harrec_header import PICTURE_KINDS, StreamSpec
from harstudio.recordings.formats.harrec_tracks import PictureEncoder

PRESET, CRF = "ultrafast", 21  # measured: docs/reference/recorder.md
ONE_THREAD_PIXELS = 1920 * 1088  # an encoder of larger pictures needs more than one core
MOST_THREADS = 4
USUAL_RATE_HZ = 30.0  # of a sensor that does not tell


class Item(NamedTuple):
    """One frame of a stream on its way to the disk.

    data: Encoded, SkeletonFrame, (channels,) float32 or, sound, (n, channels) int16. key: of
    pictures, whether they can be seen without those before. size: about so many bytes of memory.
    lost: frames of the stream that were overwritten before they were read, since the last item.
    """

    stream: str
    time_ns: int
    data: Any
    key: bool
    size: int
    lost: int


class Mark(NamedTuple):
    """A stream has handed on all that is older than what was asked for."""

    stream: str
    token: int


Out = Callable[["Item | Mark"], bool]  # False: there is no room, and it was thrown away


def live_spec(spec: StreamSpec) -> StreamSpec:
    """As a stream is written live: fast, nothing held back, a key frame every second."""
    rate = spec.rate_hz if spec.rate_hz > 0 else USUAL_RATE_HZ
    if spec.kind not in PICTURE_KINDS or spec.chosen_codec != "h264":
        return replace(spec, rate_hz=rate)
    every = max(1, round(rate))
    return replace(spec, rate_hz=rate, preset=PRESET, crf=CRF, lookahead=0, key_interval=every)


def live_encoder(spec: StreamSpec) -> PictureEncoder | None:
    """For a picture stream as ``live_spec`` gave it; None for other streams."""
    if spec.kind not in PICTURE_KINDS:
        return None
    small = spec.width * spec.height <= ONE_THREAD_PIXELS
    return PictureEncoder(spec, threads=1 if small else min(MOST_THREADS, cores()))
