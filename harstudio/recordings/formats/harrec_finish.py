"""A recording whose writer was killed, made whole: what is in it is counted and told.

Nothing is encoded again and no picture is touched; half a last line of a table goes, and the
times of pictures that were not yet on the disk.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from harstudio.errors import HarstudioError
from harstudio.files import write_atomically
from harstudio.recordings.audio import AudioStream
from harstudio.recordings.formats.harrec import open_recording
from harstudio.recordings.formats.harrec_header import (
    HEADER_FILE,
    INERTIAL_FILE,
    PICTURE_KINDS,
    PICTURES_FILE,
    SKELETON_FILE,
    TIMES_FILE,
    Header,
    StreamHeader,
    read_header,
    write_header,
)
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import SkeletonStream

TAIL = 1 << 20  # bytes; no line is longer


def finish(folder: Path, why: str) -> Header:
    """Count what is there and close the recording; its header as it is then.

    why: a sentence that is kept among its problems, "" for none. A recording that was closed
    stays as it is. DataError where it cannot be read, HarstudioError where nothing can be
    written there.
    """
    header = read_header(folder / HEADER_FILE)
    if header.clean_close:
        return header
    try:
        for name in (SKELETON_FILE, INERTIAL_FILE):
            _cut_half_line(folder / name)
        with open_recording(folder) as recording:
            write_atomically(folder / TIMES_FILE, _times(header, recording))
            counted = tuple(_counted(stream, recording) for stream in header.streams)
        pictures = folder / PICTURES_FILE
        whole = replace(
            header,
            streams=counted,
            clean_close=True,
            pictures_bytes=pictures.stat().st_size if pictures.exists() else 0,
            problems=tuple(dict.fromkeys((*header.problems, *([why] if why else [])))),
        )
        write_header(folder, whole)
    except OSError as error:
        raise HarstudioError(
            f"The recording cannot be finished ({error.strerror or error}).",
            path=folder,
            remedy="It can be opened as it is; free some space and try again.",
        ) from error
    return whole


def _cut_half_line(path: Path) -> None:
    if not path.exists():
        return
    with path.open("r+b") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - TAIL))
        tail = file.read()
        if tail and not tail.endswith(b"\n"):
            file.truncate(size - len(tail) + tail.rfind(b"\n") + 1)


def _times(header: Header, recording: Recording) -> bytes:
    """``times.jsonl`` of the pictures and sound that are there."""
    lines: list[str] = []
    for described in header.streams:
        stream = recording.streams.get(described.name)
        if stream is None:
            continue
        if isinstance(stream, AudioStream):
            times = [stream.start_ns]
        elif described.kind in PICTURE_KINDS:
            times = stream.times_ns.tolist()
        else:
            continue
        for place, time_ns in enumerate(times):
            line = {"s": described.track, "i": place, "t": time_ns}
            lines.append(json.dumps(line, separators=(",", ":"), ensure_ascii=False))
    return "".join(f"{line}\n" for line in lines).encode()


def _counted(described: StreamHeader, recording: Recording) -> StreamHeader:
    stream = recording.streams.get(described.name)
    if stream is None:
        return replace(described, frames=0)
    if isinstance(stream, SkeletonStream):
        joints, bodies = stream.joints, stream.max_bodies
        return replace(described, frames=len(stream), joints=joints, bodies=bodies)
    return replace(described, frames=len(stream))
