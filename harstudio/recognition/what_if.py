"""What if: one window of a recording with something taken away, and what a network says then.

The change is made to the recording's streams, before preprocessing, as a sensor that sees less
would give them: crops, person masks and dynamic images are made of what is left.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from harstudio.errors import DataError, UsageError
from harstudio.learning.evaluating.disturbing import Seen, changed, hidden, read_by
from harstudio.learning.inputs import InputSettings
from harstudio.learning.inputs.dynamic import DynamicInput
from harstudio.learning.inputs.frames import PictureSettings
from harstudio.learning.inputs.inertial import InertialInput
from harstudio.learning.inputs.places import Masks, Read, Stretch
from harstudio.learning.inputs.skeleton import SkeletonInput
from harstudio.learning.preprocessing import Preprocessing, Raw, kind_of_stream
from harstudio.networks.network import streams_with
from harstudio.recognition.saying import Said, say
from harstudio.recognition.trained import TrainedNetwork
from harstudio.recordings.formats import open_recording
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import (
    PictureStream,
    SkeletonFrame,
    SkeletonStream,
    Stream,
    StreamKind,
)
from harstudio.results import Box, Recognition, whole
from harstudio.skeletons.topology import topology

KEPT_BYTES = 384 << 20  # decoded frames of one window; more are decoded again
INPUTS_KEPT = 4  # of one input, as changes made it
TITLE = "what if"
SIDES = ("left", "top", "right", "bottom")


class Region(NamedTuple):
    """A rectangle in pixels of a picture stream; pixel k covers [k, k + 1)."""

    stream: str
    box: Box


@dataclass(frozen=True, slots=True)
class Changes:
    """What is taken away, for the whole window.

    without: kinds of stream that are treated as if the recording lacked them. masked: rectangles
    in which pictures show nothing. joints: names of the recording's topology that a tracker does
    not see, of everybody.
    """

    without: frozenset[str] = frozenset()
    masked: tuple[Region, ...] = ()
    joints: frozenset[str] = frozenset()


class WindowAtHand:
    """One window as a run sees it, read once; ``ask`` then answers from memory.

    Decoded frames are kept up to ``KEPT_BYTES``, and so is every input that a change leaves as it
    was. Files are let go of after each answer.
    """

    def __init__(
        self, trained: TrainedNetwork, recording: Recording, start_ns: int, end_ns: int, person: str
    ) -> None:
        """DataError where the run can say nothing about the window, UsageError where it ends
        before it starts."""
        if start_ns >= end_ns:
            raise UsageError("The window ends before it starts.")
        self._trained = trained
        self._span, self._person = (start_ns, end_ns), person
        memory = _Memory(KEPT_BYTES)
        streams = {s.name: _kept(s, memory) for s in recording.streams.values()}
        self._recording = replace(recording, streams=streams)
        self._inputs: dict[tuple[str, object], Read] = {}
        self._masks: dict[object, Masks] = {}
        there = {str(s.kind) for s in recording.streams.values() if len(s)}
        self.lacking = frozenset(trained.preprocessing.kinds) - there
        self.kinds = tuple(k for k in trained.preprocessing.kinds if k in there)
        self.before = self.ask(Changes()).window

    def recognition(self, said: Said, changes: Changes) -> Recognition:
        """What was said of the changed window, as files keep it."""
        label, confidence = whole((said.window,))
        return Recognition(
            run=str(self._trained.folder),
            network=self._trained.name,
            classes=self._trained.classes,
            recording=self._recording.name,
            path=str(self._recording.path),
            windows=(said.window,),
            segments=(),
            label=label,
            confidence=confidence,
            explanations=(said.explanations,),
            without=tuple(sorted(changes.without | self.lacking)),
        )

    def can_drop(self, without: frozenset[str]) -> tuple[str, ...]:
        """The kinds that can be dropped beside those: something answers without them."""
        return tuple(k for k in self.kinds if self._streams_left(without | {k}))

    def ask(self, changes: Changes, *, explaining: bool = False) -> Said:
        """What the network says about the changed window.

        explaining: also what it looked at, for the class that it says then. DataError where it can
        say nothing: nobody is seen any more, no stream is left that answers. UsageError where a
        region or a joint is named that is not there.
        """
        preprocessing = self._left(changes.without)
        recording = removed(self._recording, changes)
        try:
            stretch = preprocessing.stretch(recording, *self._span, self._person)
            stretch = replace(stretch, masks=self._person_masks(changes))
            tracks = stretch.tracks
            raw = Raw(
                None if tracks is None or preprocessing.skeleton is None else tracks.bare(),
                {
                    name: self._read(preprocessing, stretch, name, table, changes)
                    for name, table in preprocessing.inputs.items()
                    if not isinstance(table, SkeletonInput)
                },
            )
        finally:
            self._recording.close()
        return say(
            self._trained,
            preprocessing.make(raw, None),
            self._span,
            explaining=explaining,
            title=f"{self._trained.network.card.title}, {TITLE}",
        )

    # ---- what is left

    def _streams_left(self, without: frozenset[str]) -> tuple[str, ...]:
        """The network's streams that answer without these kinds."""
        gone = without | self.lacking
        inputs = self._trained.preprocessing.inputs
        left = [name for name, table in inputs.items() if gone.isdisjoint(_needs(table))]
        return streams_with(self._trained.network.card, dict.fromkeys(left))

    def _left(self, without: frozenset[str]) -> Preprocessing:
        gone = without | self.lacking
        if not gone:
            return self._trained.preprocessing
        if not self._streams_left(without):
            raise DataError(
                f"Without {' and '.join(sorted(gone))} nothing of {self._trained.name} answers.",
                path=self._recording.path,
            )
        return self._trained.preprocessing.leaving_out(gone)

    # ---- reading

    def _read(
        self,
        preprocessing: Preprocessing,
        stretch: Stretch,
        name: str,
        table: InputSettings,
        changes: Changes,
    ) -> Read:
        """One input; the one of before where the changes do not touch it."""
        key = name, self._touched(table, changes)
        if key not in self._inputs:
            alone = replace(preprocessing, inputs={name: table})
            made = alone.read_stretch(stretch).seen[name]
            same = [one for one in self._inputs if one[0] == name]
            for old in same[1 : len(same) - INPUTS_KEPT + 2]:  # the first is of nothing changed
                del self._inputs[old]
            self._inputs[key] = made
        return self._inputs[key]

    def _person_masks(self, changes: Changes) -> Masks:
        """Where people are seen, as known for these joints. What depth a region takes away is no
        part of any mask, so that masks of whole depth serve it too; those of other pictures are
        made from depth and do not."""
        people = "skeleton" in changes.without, changes.joints
        if people not in self._masks:
            for old in list(self._masks)[1:]:  # the first is of nothing changed
                del self._masks[old]
            self._masks[people] = {}
        masks = self._masks[people]
        depth = {r.stream for r in changes.masked if self._kind(r.stream) == StreamKind.DEPTH}
        return {key: masks[key] for key in masks if key[0] in depth} if depth else masks

    def _kind(self, stream: str) -> str:
        found = self._recording.streams.get(stream)
        return "" if found is None else str(found.kind)

    def _touched(self, table: InputSettings, changes: Changes) -> object:
        """What of the changes an input depends on; equal for inputs that come out alike."""
        if isinstance(table, InertialInput):
            return ()
        people: object = ()
        if _sees_people(table):
            people = "skeleton" in changes.without, changes.joints
        regions = frozenset(
            region for region in changes.masked if self._reaches(region.stream, table)
        )
        return people, regions

    def _reaches(self, stream: str, table: InputSettings) -> bool:
        """Whether a picture stream has a part in an input."""
        kind = self._kind(stream)
        masked = isinstance(table, PictureSettings) and table.person_band_m is not None
        return kind == kind_of_stream(table) or (masked and kind == StreamKind.DEPTH)


def _needs(table: InputSettings) -> tuple[str, ...]:
    """All kinds of stream that an input cannot be made without."""
    return Preprocessing("", {"": table}).kinds


def _sees_people(table: InputSettings) -> bool:
    """Whether the joints have a part in an input that is no skeleton: crops, moments, masks."""
    return not isinstance(table, DynamicInput) or table.person_band_m is not None


# ---- streams with less in them


def removed(recording: Recording, changes: Changes) -> Recording:
    """The recording with what is left in its streams; kinds are left out by preprocessing.

    UsageError where a region or a joint is named that is not there.
    """
    streams: dict[str, Stream[Any]] = dict(recording.streams)
    for name in dict.fromkeys(region.stream for region in changes.masked):
        stream = streams.get(name)
        if not isinstance(stream, PictureStream):
            raise UsageError(f"The recording has no picture stream {name}.", path=recording.path)
        boxes = [region.box for region in changes.masked if region.stream == name]
        streams[name] = changed(stream, _Mask(stream, boxes))
    skeleton = recording.of_kind(StreamKind.SKELETON)
    if changes.joints:
        if not isinstance(skeleton, SkeletonStream):
            raise UsageError("The recording has no joints to hide.", path=recording.path)
        missing = _places(skeleton, changes.joints)
        streams[skeleton.name] = changed(skeleton, partial(_without_joints, missing))
    return replace(recording, streams=streams)


def _places(stream: SkeletonStream, names: frozenset[str]) -> list[int]:
    joints = topology(stream.topology).joints
    unknown = sorted(names - set(joints))
    if unknown:
        raise UsageError(
            f"{stream.topology} has no joint {unknown[0]}.", remedy=f"It has {', '.join(joints)}."
        )
    return [joints.index(name) for name in sorted(names)]


def _without_joints(missing: Sequence[int], frame: SkeletonFrame, _: int) -> SkeletonFrame:
    return SkeletonFrame(tuple(hidden(body, missing) for body in frame.bodies))


class _Mask:
    """Rectangles of a picture in which nothing is seen.

    Depth has no value there (0). Colour and infrared have no such thing: there is the mean of what
    is seen of the same frame outside, the flattest thing that could be there.
    """

    def __init__(self, stream: PictureStream, boxes: Sequence[Box]) -> None:
        self._depth = stream.kind == StreamKind.DEPTH
        self._corners: list[tuple[tuple[int, int], tuple[int, int]]] = []
        seen = np.ones((stream.height, stream.width), dtype=np.uint8)
        for box in boxes:
            left, right = sorted((round(box.left), round(box.right)))
            top, bottom = sorted((round(box.top), round(box.bottom)))
            if left < right and top < bottom:
                self._corners.append(((left, top), (right - 1, bottom - 1)))
        self._fill(seen, (0,))
        self._share = float(seen.mean())  # of the picture that is still seen

    def __call__(self, frame: NDArray[Any], _: int) -> NDArray[Any]:
        out = np.ascontiguousarray(frame).copy()
        self._fill(out, (0, 0, 0))
        if not self._depth and self._share > 0:
            self._fill(out, [round(mean / self._share) for mean in cv2.mean(out)])
        return out

    def _fill(self, out: NDArray[Any], value: Sequence[int]) -> None:
        for first, last in self._corners:
            cv2.rectangle(out, first, last, value, cv2.FILLED)


# ---- frames in memory


class _Memory:
    """Decoded frames up to a number of bytes, the first that come."""

    def __init__(self, most: int) -> None:
        self._left = most
        self._frames: dict[tuple[str, int], Any] = {}

    def frame(self, stream: Stream[Any], index: int) -> Any:
        key = stream.name, index
        if key not in self._frames:
            frame = stream.frame(index)
            size = _bytes(frame)
            if size > self._left:
                return frame
            self._left -= size
            self._frames[key] = frame
        return self._frames[key]


def _bytes(frame: Any) -> int:
    if isinstance(frame, SkeletonFrame):
        return sum(body.joints.nbytes * 3 for body in frame.bodies)
    return int(np.asarray(frame).nbytes)


@dataclass(frozen=True, slots=True, eq=False)
class _Remembering:
    """Gives a stream's frames, from memory where they were asked for before."""

    stream: Stream[Any]
    memory: _Memory

    def read(self, index: int) -> Any:
        return self.memory.frame(self.stream, index)

    def read_run(self, index: int) -> Iterator[tuple[int, Any]]:
        yield index, self.read(index)

    def close(self) -> None:
        self.stream.close()


def _kept(stream: Stream[Any], memory: _Memory) -> Stream[Any]:
    if isinstance(stream, Seen):
        return read_by(stream, _Remembering(stream, memory))
    return stream


_at_hand: tuple[object, WindowAtHand] | None = None


def window_at_hand(
    trained: TrainedNetwork, path: Path, start_ns: int, end_ns: int, person: str = ""
) -> WindowAtHand:
    """The window, read now or when it was asked for before; one is kept, the newest. Raises as
    ``WindowAtHand``, and as ``open_recording``."""
    global _at_hand
    key = trained, path, _written(path), start_ns, end_ns, person
    if _at_hand is None or _at_hand[0] != key:
        _at_hand = None  # let go of the old one first
        with open_recording(path) as recording:
            _at_hand = key, WindowAtHand(trained, recording, start_ns, end_ns, person)
    return _at_hand[1]


def _written(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:  # opening it says what is wrong
        return 0


def changes_of(payload: Mapping[str, Any]) -> Changes:
    """``without`` (kinds), ``masked`` (tables of stream, left, top, right, bottom) and ``joints``
    (names) of a job's payload; each may be missing."""
    masked = [
        Region(str(one["stream"]), Box(*(float(one[side]) for side in SIDES)))
        for one in payload.get("masked") or ()
    ]
    return Changes(
        frozenset(map(str, payload.get("without") or ())),
        tuple(masked),
        frozenset(map(str, payload.get("joints") or ())),
    )
