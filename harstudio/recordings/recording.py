"""Recording: several streams on one clock, and what is known about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from harstudio.files import Mark, mark
from harstudio.recordings.streams import MAX_PICTURE_TOLERANCE_NS, Stream, StreamKind
from harstudio.skeletons.cameras import Camera

REFERENCE_ORDER = (
    StreamKind.SKELETON,
    StreamKind.DEPTH,
    StreamKind.COLOR,
    StreamKind.INFRARED,
    StreamKind.INERTIAL,
    StreamKind.AUDIO,
)
SEEN = REFERENCE_ORDER[:4]  # kinds that a person looks at


@dataclass(frozen=True, slots=True)
class Action:
    """The action that a dataset's file name tells: its code, 0-based label and name."""

    code: str
    label: int
    name: str


class Streams(dict[str, Stream[Any]]):
    """Streams by name; a name that is not there is told together with those that are."""

    def __missing__(self, name: str) -> Stream[Any]:
        there = ", ".join(self) or "none"
        raise KeyError(f"There is no stream {name!r}; there are: {there}.")


@dataclass(eq=False)
class Recording:
    """What one folder, file or trial holds; opened lazily.

    streams: by name, sorted by name. cameras: by picture stream name, in the depth camera's
    frame. problems: sentences about what is wrong with this recording but does not stop it.
    files: all files and folders that it lies in, where they are more than its path.
    """

    name: str
    format: str
    path: Path
    streams: Mapping[str, Stream[Any]]
    subject: int | None = None
    view: int | None = None
    repetition: int | None = None
    action: Action | None = None
    cameras: Mapping[str, Camera] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()

    def __post_init__(self) -> None:
        self.streams = Streams(sorted(self.streams.items()))

    def mark(self) -> Mark:
        """Another one when a file changed that the recording lies in."""
        return mark(self.path, *(file for file in self.files if file != self.path))

    def of_kind(self, kind: StreamKind) -> Stream[Any] | None:
        """The first stream of a kind, None when the recording has none."""
        return next((s for s in self.streams.values() if s.kind == kind), None)

    @property
    def reference(self) -> Stream[Any] | None:
        """The stream whose frames are counted: skeleton, else depth, else colour, ..."""
        found = (self.of_kind(kind) for kind in REFERENCE_ORDER)
        return next((stream for stream in found if stream is not None and len(stream)), None)

    @property
    def start_ns(self) -> int:
        """Time of the earliest sample."""
        return min((s.start_ns for s in self.streams.values() if len(s)), default=0)

    @property
    def end_ns(self) -> int:
        """Time of the latest sample."""
        return max((s.end_ns for s in self.streams.values() if len(s)), default=0)

    @property
    def duration_ns(self) -> int:
        """From the earliest to the latest sample."""
        return self.end_ns - self.start_ns

    @property
    def last_frame_ns(self) -> int:
        """Time of the last picture or skeleton; signals may go on after it."""
        seen = [s for s in self.streams.values() if s.kind in SEEN and len(s)]
        return max((s.end_ns for s in seen), default=self.end_ns)

    @property
    def stop_ns(self) -> int:
        """Where a clip over everything ends: one reference period after the last sample."""
        reference = self.reference
        return self.end_ns + (reference.period_ns if reference is not None else 0)

    def tolerance_ns(self, stream: Stream[Any]) -> int:
        """Half the slower period of the stream and the reference, at most 50 ms."""
        reference = self.reference or stream
        slower = max(stream.period_ns, reference.period_ns)
        return min(slower // 2 + 1, MAX_PICTURE_TOLERANCE_NS)

    def describe(self) -> dict[str, Any]:
        """The document of ``harstudio info --json``; builtins only."""
        action = self.action
        return {
            "name": self.name,
            "format": self.format,
            "path": str(self.path),
            "duration_ns": self.duration_ns,
            "subject": self.subject,
            "view": self.view,
            "repetition": self.repetition,
            "action": None
            if action is None
            else {"code": action.code, "label": action.label, "name": action.name},
            "streams": [stream.describe() for stream in self.streams.values()],
            "problems": list(self.problems),
        }

    def close(self) -> None:
        """Let go of every file and decoder."""
        for stream in self.streams.values():
            stream.close()

    def __enter__(self) -> Recording:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
