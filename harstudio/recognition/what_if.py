"""What if: one window of a recording with something taken away, and what a network says then."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from harstudio.errors import DataError, UsageError
from harstudio.learning.evaluating.disturbing import Seen, read_by
from harstudio.learning.inputs import InputSettings
from harstudio.learning.inputs.dynamic import DynamicInput
from harstudio.learning.inputs.frames import PictureSettings
from harstudio.learning.inputs.inertial import InertialInput
from harstudio.learning.inputs.kept import Kept
from harstudio.learning.inputs.places import Masks, Read, Stretch
from harstudio.learning.inputs.skeleton import SkeletonInput
from harstudio.learning.preprocessing import Preprocessing, Raw, kind_of_stream
from harstudio.networks.network import streams_with
from harstudio.recognition.one_window import Said, say
from harstudio.recognition.removing import Changes, removed
from harstudio.recognition.trained import TrainedNetwork
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import (
    Stream,
    StreamKind,
)
from harstudio.results import Recognition, whole

KEPT_BYTES = 384 << 20  # decoded frames of one window; more are decoded again
INPUTS_KEPT = 4  # of one input, as changes made it
TITLE = "what if"


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
        memory = Kept(KEPT_BYTES)
        streams = {s.name: _kept(s, memory) for s in recording.streams.values()}
        self._recording = replace(recording, streams=streams)
        self._mark = recording.mark()
        self._inputs: dict[tuple[str, object], Read] = {}
        self._masks: dict[object, Masks] = {}
        there = {str(s.kind) for s in recording.streams.values() if len(s)}
        self.lacking = frozenset(trained.preprocessing.kinds) - there
        self.kinds = tuple(k for k in trained.preprocessing.kinds if k in there)
        self.before = self.ask(Changes()).window

    @property
    def has_changed(self) -> bool:
        """Whether a file of the recording is another one than when the window was read first."""
        return self._recording.mark() != self._mark

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


# ---- frames in memory


@dataclass(frozen=True, slots=True, eq=False)
class _Remembering:
    """Gives a stream's frames, from memory where they were asked for before."""

    stream: Stream[Any]
    memory: Kept

    def read(self, index: int) -> Any:
        key = self.stream.name, index
        return self.memory.get(0, key, partial(self.stream.frame, index))

    def read_run(self, index: int) -> Iterator[tuple[int, Any]]:
        yield index, self.read(index)

    def close(self) -> None:
        self.stream.close()


def _kept(stream: Stream[Any], memory: Kept) -> Stream[Any]:
    if isinstance(stream, Seen):
        return read_by(stream, _Remembering(stream, memory))
    return stream
