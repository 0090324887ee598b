"""The pictures of an example clip, read beside everything else and kept small."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage

from harstudio.errors import DataError, MissingError
from harstudio.labels.label_sets.label_set import Example
from harstudio.labels.project import Project
from harstudio.recordings.faces import FaceMask
from harstudio.recordings.formats import open_recording, scan
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import SECOND_NS, Body, SkeletonStream, Stream, StreamKind

PICTURES = (StreamKind.COLOR, StreamKind.DEPTH, StreamKind.INFRARED)
HIGH_PX = 240  # of a kept picture
MOST_FRAMES = 300  # at HIGH_PX some 85 MB
LONGEST_NS = 30 * SECOND_NS


@dataclass(frozen=True, slots=True)
class Shot:
    """One frame: a picture, or the people where the recording has no pictures."""

    time_ns: int
    image: QImage | None = None
    bodies: tuple[Body, ...] = ()


@dataclass(frozen=True, slots=True)
class Film:
    """An example as it is shown: frames in order of time, each until the next, within the span.

    topology: of the bodies. cut: only the beginning of a long example is there.
    """

    example: Example
    shots: tuple[Shot, ...]
    topology: str = ""
    cut: bool = False

    @property
    def length_ns(self) -> int:
        end = min(self.example.end_ns, self.example.start_ns + LONGEST_NS)
        return end - self.example.start_ns

    def at(self, since_start_ns: int) -> Shot:
        """The frame at a time after the start, which goes round and round."""
        time_ns = self.example.start_ns + since_start_ns % max(1, self.length_ns)
        times = [shot.time_ns for shot in self.shots]
        return self.shots[max(0, int(np.searchsorted(times, time_ns, side="right")) - 1)]


def read_film(
    project: Project,
    example: Example,
    known: Mapping[str, Path],
    cancelled: Callable[[], bool],
) -> Film:
    """Read an example of a project. known: paths of recordings by name, to be asked first.

    MissingError when the recording is not there, DataError when it has nothing to show then.
    """
    with open_recording(_find(project, example.recording, known, cancelled)) as recording:
        stream = _shown_stream(recording)
        if stream is None:
            raise DataError("It has no picture and no skeleton to show.", path=recording.path)
        end_ns = min(example.end_ns, example.start_ns + LONGEST_NS)
        indices = _indices(stream, example.start_ns, end_ns)
        if not len(indices):
            raise DataError(
                "The example lies where the recording has no frames.", path=recording.path
            )
        shots = []
        picture = _pictures(recording, stream, project.policy.blur_faces)
        for index in indices:
            if cancelled():
                break
            shots.append(picture(int(index)))
    topology = stream.topology if isinstance(stream, SkeletonStream) else ""
    return Film(example, tuple(shots), topology, end_ns < example.end_ns)


def _find(
    project: Project, name: str, known: Mapping[str, Path], cancelled: Callable[[], bool]
) -> Path:
    if name in known and known[name].exists():
        return known[name]
    for folder in project.recording_folders:
        if folder.exists():
            for found in scan(folder, cancelled=cancelled).recordings:
                if found.name == name:
                    return found.path
    raise MissingError(f"The recording “{name}” of the example is not in the project.")


def _shown_stream(recording: Recording) -> Stream[object] | None:
    for kind in (*PICTURES, StreamKind.SKELETON):
        stream = recording.of_kind(kind)
        if stream is not None and len(stream):
            return stream
    return None


def _indices(stream: Stream[object], start_ns: int, end_ns: int) -> NDArray[np.int64]:
    """Frames of a span, every second or third of them where there are too many."""
    first, last = np.searchsorted(stream.times_ns, (start_ns, end_ns))
    step = max(1, -(-int(last - first) // MOST_FRAMES))
    return np.arange(first, last, step)


def _pictures(recording: Recording, stream: Stream[object], blur: bool) -> Callable[[int], Shot]:
    if isinstance(stream, SkeletonStream):
        return lambda k: Shot(int(stream.times_ns[k]), bodies=stream.frame(k).bodies)
    from harstudio.studio.panels.thumbnails import in_colors

    mask = FaceMask(recording, stream.name) if blur else None

    def shot(k: int) -> Shot:
        import cv2

        time_ns, frame = int(stream.times_ns[k]), np.asarray(stream.frame(k))
        if mask is not None:
            frame = mask.masked(frame, time_ns)
        pixels = in_colors(frame, stream.kind)
        scale = min(1.0, HIGH_PX / pixels.shape[0])
        size = max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale))
        small = np.ascontiguousarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))
        form = QImage.Format.Format_RGB888
        return Shot(time_ns, QImage(small.data, *size, small.strides[0], form).copy())

    return shot
