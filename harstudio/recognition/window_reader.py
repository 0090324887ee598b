"""What the windows of a recording show, read ahead of the network."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple, TypeVar

import numpy as np

from harstudio.errors import DataError
from harstudio.learning.inputs.kept import Kept
from harstudio.learning.inputs.tracks import skeleton_frames
from harstudio.learning.preprocessing import Prepared, Preprocessing
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import SkeletonStream, StreamKind

AHEAD = 2  # windows that wait for the network
SEEN_SHARE = 0.5  # of a window's frames in which a person must be seen to be asked about
Span = tuple[int, int]
S = TypeVar("S")
T = TypeVar("T")


class Shown(NamedTuple):
    """What a window shows of a person ("" for whoever is seen), or why that cannot be told."""

    person: str
    prepared: Prepared | DataError


class WindowReader:
    """Reads windows that begin later and later; what they share is decoded once. For one thread.

    person: the body id that all are about, "" for whoever is seen. each_person: every body by
    itself that is seen in half of a window's frames.
    """

    def __init__(
        self, preprocessing: Preprocessing, recording: Recording, person: str, each_person: bool
    ) -> None:
        self._preprocessing, self._recording = preprocessing, recording
        self._person, self._each_person = person, each_person
        self._kept = Kept()

    def read(self, span: Span) -> list[Shown]:
        """What a window shows, one a person."""
        self._kept.forget_before(span[0])
        if not self._each_person:
            return [Shown(self._person, self._prepared(span, self._person))]
        try:
            persons = self._persons(span)
        except DataError as error:
            return [Shown("", error)]
        if not persons:
            nobody = DataError("Nobody is seen in this clip.", path=self._recording.path)
            return [Shown("", nobody)]
        return [Shown(person, self._prepared(span, person)) for person in persons]

    def _prepared(self, span: Span, person: str) -> Prepared | DataError:
        try:
            raw = self._preprocessing.read(self._recording, *span, person, self._kept)
            return self._preprocessing.make(raw, None)
        except DataError as error:
            return error

    def _persons(self, span: Span) -> list[str]:
        """The bodies that are seen long enough, in the order of their ids."""
        stream = self._recording.of_kind(StreamKind.SKELETON)
        if not isinstance(stream, SkeletonStream):
            return [""]
        frames = skeleton_frames(stream, *span, self._kept)
        seen: dict[str, int] = {}
        for frame in frames:
            for body in frame.bodies:
                if np.isfinite(body.joints).any():
                    seen[body.id] = seen.get(body.id, 0) + 1
        return sorted(body for body, count in seen.items() if count >= SEEN_SHARE * len(frames))


def ahead(items: Iterable[S], work: Callable[[S], T]) -> Generator[tuple[S, T]]:
    """Every item with what ``work`` makes of it, in order; a thread works on the next ones while
    the caller looks at one. To be closed."""
    with ThreadPoolExecutor(1, "reading") as reader:
        waiting: deque[tuple[S, Future[T]]] = deque()
        try:
            for item in items:
                waiting.append((item, reader.submit(work, item)))
                if len(waiting) > AHEAD:
                    first, future = waiting.popleft()
                    yield first, future.result()
            while waiting:
                first, future = waiting.popleft()
                yield first, future.result()
        finally:
            for _, future in waiting:
                future.cancel()
