"""What label files of other tools need to know of a recording, from its headers only."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harstudio.errors import HarstudioError
from harstudio.labels.interchange.base import Media
from harstudio.labels.interchange.file_names import stem_of
from harstudio.labels.project import Project
from harstudio.recordings.frame_grid import FrameGrid
from harstudio.recordings.streams import PictureStream, Stream, StreamKind

SHOWN = (StreamKind.COLOR, StreamKind.INFRARED, StreamKind.DEPTH, StreamKind.AUDIO)
AFTER_NAME = "_-. "
ENDINGS = frozenset(
    ("rgb", "color", "colour", "ir", "infrared", "depth", "depth_masked", "skeleton", "audio")
)  # of the files of a recording, in the sets that we read


@dataclass(frozen=True, slots=True)
class Facts:
    """A recording: where it lies, from when to when on its clock it lasts, and its media, the video
    that others play first."""

    path: Path
    start_ns: int
    duration_ns: int
    media: tuple[Media, ...]

    @property
    def grid(self) -> FrameGrid | None:
        """The frames that other tools count: those of the video, else of the reference stream."""
        return self.media[0].grid if self.media else None

    def beside(self, folder: Path) -> tuple[Media, ...]:
        """The media with their paths as a file in that folder is to name them."""
        return tuple(replace(media, path=_relative(media.path, folder)) for media in self.media)


class Recordings:
    """The recordings of a project, each opened once when something is asked about it."""

    def __init__(self, project: Project) -> None:
        self._paths = project.recording_paths()
        self._pseudonyms = project.pseudonyms()
        self._labelled = project.labelled_recordings()
        self._facts: dict[str, Facts | None] = {}
        self.problems: list[str] = []

    def named(self, *names: str) -> str:
        """The recording that one of the names means, "" when none does.

        A name is that of a recording, of one of its files ("S001C001P001R001A001_rgb"), or the
        pseudonymous one that the project exports, where that is the name of one only.
        """
        there = dict.fromkeys([*self._paths, *self._labelled])
        for name in filter(None, names):
            if name in there:
                return name
        for name in filter(None, names):
            hidden = self._pseudonyms.hidden_in(name, there) if self._pseudonyms else ()
            alike = (one for one in there if one.casefold() == name.casefold())
            longest = max((one for one in there if self._is_file(name, one)), key=len, default="")
            if found := hidden[0] if len(hidden) == 1 else next(alike, "") or longest:
                return found
        return ""

    def shown(self, name: str) -> str:
        """The pseudonymous name of a recording, its own where there is none."""
        return self._pseudonyms.shown(name)

    def _is_file(self, stem: str, recording: str) -> bool:
        """Whether it is what a file of the recording is called, by its usual end or its media."""
        rest = stem.casefold().removeprefix(recording.casefold())
        if not recording or len(rest) == len(stem) or rest[:1] not in AFTER_NAME:
            return False
        if rest[1:] in ENDINGS:
            return True
        facts = self.facts(recording)
        return facts is not None and stem in (stem_of(media.path) for media in facts.media)

    def facts(self, name: str) -> Facts | None:
        """What is known of a recording; None, and a problem, when it cannot be opened."""
        if name not in self._facts:
            path = self._paths.get(name)
            try:
                self._facts[name] = None if path is None else read_facts(path)
            except (HarstudioError, OSError) as error:
                self.problems.append(str(error))
                self._facts[name] = None
        return self._facts[name]

    def grid_of(self, name: str) -> FrameGrid | None:
        """The frames of a recording, by its name or that of one of its files."""
        found = self.named(name, stem_of(name))
        facts = self.facts(found) if found else None
        return None if facts is None else facts.grid


def read_facts(path: Path) -> Facts:
    """Open a recording, look at its streams, close it. HarstudioError when it cannot be opened."""
    from harstudio.recordings.formats import open_recording  # every format; only needed here

    with open_recording(path) as recording:
        streams = [s for kind in SHOWN for s in recording.streams.values() if s.kind is kind]
        media = [_media(stream, where) for stream in streams if (where := _file_of(stream))]
        media = list({one.path: one for one in reversed(media)}.values())[::-1]  # a file once
        media.sort(key=lambda one: one.kind == "audio")
        reference = recording.reference
        if reference is not None and not any(one.grid for one in media):
            media.insert(0, _media(reference, recording.path))
        start_ns = recording.start_ns
        return Facts(recording.path, start_ns, recording.stop_ns - start_ns, tuple(media))


def _file_of(stream: Stream[Any]) -> Path | None:
    """The video or sound file that a stream is read from, None where it is none."""
    path = getattr(stream.reader, "path", None)
    return path if isinstance(path, Path) and path.is_file() else None


def _media(stream: Stream[Any], path: Path) -> Media:
    sound = stream.kind is StreamKind.AUDIO
    size = (stream.width, stream.height) if isinstance(stream, PictureStream) else (0, 0)
    return Media(
        stream.name,
        str(path),
        "audio" if sound else "video",
        stream.start_ns,
        None if sound or not len(stream) else FrameGrid(stream.times_ns, stream.period_ns),
        stream.rate_hz or stream.nominal_rate_hz or 0.0,
        *size,
    )


def _relative(path: str, folder: Path) -> str:
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:  # another drive
        return path
