"""Any recording, written in the native format: exact times, depth and infrared lossless."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from heapq import merge
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harstudio.errors import ConflictError, DataError
from harstudio.recordings.audio import AudioStream
from harstudio.recordings.formats.harrec_header import PICTURE_KINDS, StreamSpec
from harstudio.recordings.formats.harrec_writer import HarrecWriter
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import (
    SECOND_NS,
    PictureStream,
    SampledStream,
    SkeletonStream,
    Stream,
    StreamKind,
)

CONVERT_CRF = 18
LOOKAHEAD = 20
AUDIO_BLOCK_S = 0.5


def write_harrec(
    recording: Recording,
    folder: Path,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Path:
    """Write ``recording`` to ``folder`` and return it; frames that cannot be read are told.

    progress: called with (frames done, frames in all). When ``cancelled`` says so, what was
    written is removed again. ConflictError where the folder holds something already.
    """
    folder = Path(folder)
    if folder.exists() and any(folder.iterdir()):
        raise ConflictError(
            "Is there already.", path=folder, remedy="Choose a new name or remove it."
        )
    unreadable: Counter[str] = Counter()
    streams = {name: s for name, s in recording.streams.items() if len(s)}
    total = sum(1 for stream in streams.values() for _ in _steps(stream))
    try:
        with HarrecWriter(
            folder,
            name=recording.name,
            streams=[_spec(stream) for stream in streams.values()],
            subject=recording.subject,
            view=recording.view,
            repetition=recording.repetition,
            action=recording.action,
            cameras=recording.cameras,
            problems=recording.problems,
        ) as writer:
            steps = merge(*(_steps(stream) for stream in streams.values()))
            for done, (time_ns, name, place) in enumerate(steps):
                if cancelled is not None and cancelled():
                    raise _CancelledError
                try:
                    _copy(writer, streams[name], time_ns, place)
                except DataError:
                    unreadable[name] += 1
                if progress is not None:
                    progress(done + 1, total)
            for name, count in unreadable.items():
                writer.note_problem(f"{count} frames of stream {name} could not be read.")
    except _CancelledError:
        shutil.rmtree(folder, ignore_errors=True)
    return folder


class _CancelledError(Exception):
    """Somebody no longer wants the copy."""


def _spec(stream: Stream[Any]) -> StreamSpec:
    rate = stream.nominal_rate_hz or stream.rate_hz or 30.0
    if isinstance(stream, PictureStream):
        color = stream.kind == StreamKind.COLOR
        return StreamSpec(
            stream.name,
            stream.kind,
            stream.width,
            stream.height,
            rate_hz=rate,
            dtype=stream.dtype,
            crf=CONVERT_CRF,
            lookahead=LOOKAHEAD if color else 0,
        )
    if isinstance(stream, SkeletonStream):
        return StreamSpec(stream.name, stream.kind, rate_hz=rate, topology=stream.topology)
    if isinstance(stream, AudioStream):
        sides = ("left", "right") if stream.channels == 2 else ("mono",)
        return StreamSpec(stream.name, stream.kind, channels=sides, sample_rate=stream.sample_rate)
    if isinstance(stream, SampledStream):
        return StreamSpec(stream.name, stream.kind, rate_hz=rate, channels=stream.channels)
    raise TypeError(f"stream {stream.name} is a {type(stream).__name__}")


def _steps(stream: Stream[Any]) -> Iterator[tuple[int, str, int]]:
    """(time, stream, frame or first sample), in order."""
    if isinstance(stream, AudioStream):
        block = max(1, round(stream.sample_rate * AUDIO_BLOCK_S))
        for start in range(0, len(stream), block):
            yield stream.start_ns + start * SECOND_NS // stream.sample_rate, stream.name, start
        return
    for index, time_ns in enumerate(stream.times_ns.tolist()):
        yield time_ns, stream.name, index


def _copy(writer: HarrecWriter, stream: Stream[Any], time_ns: int, place: int) -> None:
    if isinstance(stream, AudioStream):
        block = max(1, round(stream.sample_rate * AUDIO_BLOCK_S))
        writer.audio(stream.name, stream.samples(place, place + block), stream.start_ns)
    elif stream.kind in PICTURE_KINDS:
        writer.picture(stream.name, time_ns, stream.frame(place))
    elif isinstance(stream, SkeletonStream):
        writer.skeleton(stream.name, time_ns, stream.frame(place))
    else:
        values: NDArray[np.float32] = stream.frame(place)
        writer.inertial(stream.name, time_ns, values)
