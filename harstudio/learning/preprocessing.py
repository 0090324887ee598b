"""Preprocessing: from a stretch of a recording to the inputs of a network.

One object serves training, evaluation, prediction and live recognition, so that a network never
sees in use what it did not see in training. ``read`` decodes and chooses; its result can be kept.
``make`` turns that into inputs; it depends on nothing but what was read and, in training, on the
random generator that it gets.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from harstudio.errors import DataError, MissingError, UsageError
from harstudio.files import write_atomically
from harstudio.learning.evaluating.disturbing import condition, disturb
from harstudio.learning.inputs import (
    InputSettings,
    clip,
    dynamic,
    inertial,
    picture,
    regions,
)
from harstudio.learning.inputs.crops import draw
from harstudio.learning.inputs.frames import PictureSettings
from harstudio.learning.inputs.kept import Kept
from harstudio.learning.inputs.places import Made, Placement, Read, Stretch
from harstudio.learning.inputs.skeleton import SkeletonInput, make_skeleton, marks
from harstudio.learning.inputs.skeleton_changes import mirrored
from harstudio.learning.inputs.tracks import Tracks, read_tracks
from harstudio.learning.modalities import match_modalities
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import SkeletonStream, StreamKind
from harstudio.results import NetworkCard
from harstudio.skeletons.topology import topology

VERSION = 2
MAX_FILE_BYTES = 1 << 20
PEOPLE = 2  # that pictures are cut out around, where there is no skeleton input


class Kind(NamedTuple):
    """How one kind of input is made: the model of its table, and what reads and makes it."""

    settings: type[InputSettings]
    read: Callable[[Stretch, Any], Read]
    make: Callable[[Any, Any, np.random.Generator | None], Made]


KINDS: dict[str, Kind] = {
    "picture": Kind(picture.PictureInput, picture.read, picture.make),
    "clip": Kind(clip.ClipInput, clip.read, clip.make),
    "dynamic": Kind(dynamic.DynamicInput, dynamic.read, dynamic.make),
    "regions": Kind(regions.RegionsInput, regions.read, regions.make),
    "inertial": Kind(inertial.InertialInput, inertial.read, inertial.make),
}
TABLES: dict[str, type[InputSettings]] = {
    "skeleton": SkeletonInput,
    **{name: kind.settings for name, kind in KINDS.items()},
}


@dataclass(frozen=True, slots=True, eq=False)
class Raw:
    """What one clip gives, decoded and cut down; nothing in it is drawn at random.

    tracks: of the skeleton input. seen: by name, what every other input read.
    """

    tracks: Tracks | None = None
    seen: Mapping[str, Read] = field(default_factory=dict)

    @property
    def nbytes(self) -> int:
        """Bytes that it takes in memory."""
        tracks = 0 if self.tracks is None else self.tracks.nbytes
        return tracks + sum(one.nbytes for one in self.seen.values())


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """Inputs of one clip by name, without the axis of the batch, and where they come from."""

    inputs: dict[str, NDArray[np.float32]]
    placement: Placement


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """How clips become the inputs of a network.

    topology: the joints of the skeleton input. inputs: the table of every input by name, in the
    order of the network's branches. without: kinds of stream that are treated as if no recording
    had them, to measure what a missing modality costs. disturbance: the condition under which
    recordings are read (a name of ``disturbing.CONDITIONS``), "" as they are. Neither is kept in a
    file.
    """

    topology: str
    inputs: Mapping[str, InputSettings]
    without: frozenset[str] = frozenset()
    disturbance: str = ""

    @classmethod
    def for_card(
        cls,
        card: NetworkCard,
        topology: str,
        modalities: Sequence[str] = (),
        overrides: Mapping[str, Mapping[str, Any]] | None = None,
        *,
        most_bodies: int = 2,
    ) -> Preprocessing:
        """What a network needs, by its card, with other values where a person wants them.

        modalities: one a branch of the network, in any order; none = the card's default.
        overrides: tables by input as in a training configuration. most_bodies: people in a frame of
        the dataset at most; a network for two gets one where there never are two, because an empty
        place costs as much as a person. UsageError names what is wrong.
        """
        overrides = overrides or {}
        for table in overrides:
            if table not in card.preprocessing:
                raise UsageError(
                    f"{card.name} has no input {table} to prepare.",
                    remedy=_nearest(table, card.preprocessing),
                )
        made: dict[str, InputSettings] = {}
        modality = match_modalities(card, modalities)
        for name in card.branches:
            kind = card.kind_of(name)
            values = {**card.preprocessing[name], **overrides.get(name, {})}
            if values.pop("kind", kind) != kind:
                raise UsageError(f"The input {name} of {card.name} is a {kind}.")
            if kind == "skeleton" and "bodies" not in overrides.get(name, {}) and most_bodies == 1:
                values["bodies"] = 1
            if issubclass(TABLES[kind], PictureSettings):
                if values.get("appearance", modality[name]) != modality[name]:
                    raise UsageError(
                        f"The input {name} shows {modality[name]}, not {values['appearance']}.",
                        remedy="Choose it with modalities.",
                    )
                values["appearance"] = modality[name]
            made[name] = _checked(TABLES[kind], values, name)
        return cls(topology, made)

    @property
    def skeleton(self) -> SkeletonInput | None:
        """The table of the skeleton input, None where there is none."""
        found = (one for one in self.inputs.values() if isinstance(one, SkeletonInput))
        return next(found, None)

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of stream that a recording must have, pictures first."""
        found = [kind for table in self.inputs.values() for kind in _streams_of(table)]
        return tuple(sorted(dict.fromkeys(found), key=lambda kind: kind == "skeleton"))

    def leaving_out(self, kinds: Iterable[str]) -> Preprocessing:
        """The same for recordings without these kinds of stream; UsageError: nothing is left."""
        without = self.without | frozenset(kinds)
        left = {
            name: table
            for name, table in self.inputs.items()
            if without.isdisjoint(_streams_of(table))
        }
        if not left:
            raise UsageError(f"Without {' and '.join(sorted(without))} nothing is left.")
        return replace(self, inputs=left, without=without)

    def disturbed(self, name: str) -> Preprocessing:
        """The same for recordings under a condition of ``disturbing.CONDITIONS``; UsageError where
        there is none such."""
        condition(name)
        return replace(self, disturbance=name)

    def read(
        self,
        recording: Recording,
        start_ns: int,
        end_ns: int,
        person: str = "",
        kept: Kept | None = None,
    ) -> Raw:
        """Decode what ``[start_ns, end_ns)`` shows; the same whenever it is called.

        person: the body id that the clip is about, "" for whoever is seen. kept: frames that
        stretches of this recording read before. DataError where a stream is missing, damaged or
        empty there, or nobody is seen.
        """
        return self.read_stretch(self.stretch(recording, start_ns, end_ns, person, kept))

    def read_stretch(self, stretch: Stretch) -> Raw:
        """Decode what a stretch shows. DataError as ``read``."""
        tracks = stretch.tracks
        seen = {
            name: KINDS[table.kind].read(stretch, table)
            for name, table in self.inputs.items()
            if not isinstance(table, SkeletonInput)
        }
        return Raw(None if tracks is None or self.skeleton is None else tracks.bare(), seen)

    def stretch(
        self,
        recording: Recording,
        start_ns: int,
        end_ns: int,
        person: str = "",
        kept: Kept | None = None,
    ) -> Stretch:
        """What all inputs are read from: ``[start_ns, end_ns)`` with its people. Raises as read."""
        if self.disturbance:  # of frames that differ from stretch to stretch
            recording, kept = disturb(recording, self.disturbance, start_ns, end_ns), None
        tracks, joints = self._tracks(recording, start_ns, end_ns, person, kept)
        return Stretch(recording, start_ns, end_ns, tracks, joints, kept=kept)

    def _tracks(
        self, recording: Recording, start_ns: int, end_ns: int, person: str, kept: Kept | None
    ) -> tuple[Tracks | None, str]:
        """The people of a stretch and their topology; None where there is no skeleton to be had."""
        stream = recording.of_kind(StreamKind.SKELETON)
        if "skeleton" in self.without or (stream is None and self.skeleton is None):
            return None, ""
        bodies = PEOPLE if self.skeleton is None else self.skeleton.bodies
        wanted = self.topology if self.skeleton is not None else ""
        tracks = read_tracks(recording, start_ns, end_ns, person, bodies, wanted, kept)
        if tracks is None and self.skeleton is not None:
            who = f"Body {person}" if person else "Nobody"
            seen = "is not seen" if person else "is seen"
            raise DataError(f"{who} {seen} in this clip.", path=recording.path)
        own = stream.topology if isinstance(stream, SkeletonStream) else ""
        return tracks, wanted or own

    def make(self, raw: Raw, rng: np.random.Generator | None = None) -> Prepared:
        """The inputs of one clip; the same for the same raw and state of rng (None: testing).

        What is drawn for one clip is the same for all its clips and dynamic images, so that they
        are turned, cut and flipped together; whatever else may flip flips with them.
        """
        inputs: dict[str, NDArray[np.float32]] = {}
        times: dict[str, NDArray[np.int64]] = {}
        pictures = {}
        if raw.tracks is not None and self.skeleton is not None:
            name = next(n for n, one in self.inputs.items() if isinstance(one, SkeletonInput))
            inputs[name], times[name] = make_skeleton(
                raw.tracks, self.skeleton, marks(self.topology), rng
            )
        shared = None if rng is None else int(rng.integers(1 << 63))
        flips = shared is not None and draw(np.random.default_rng(shared)).mirrored
        if flips and self.skeleton is not None and self.skeleton.flip:
            for name in times:  # so far only the skeleton
                inputs[name] = mirrored(inputs[name], topology(self.topology).mirror)
        for name, one in raw.seen.items():
            table = self.inputs[name]
            drawn = None if shared is None else np.random.default_rng(shared)
            made = KINDS[table.kind].make(one, table, drawn)
            inputs[name] = made.values
            if made.picture is not None:
                pictures[name] = made.picture
                times[name] = made.picture.times_ns
            if made.times_ns is not None:
                times[name] = made.times_ns
            if name == "picture" and made.focus is not None:
                inputs["focus"] = made.focus
        persons = () if raw.tracks is None else raw.tracks.persons
        return Prepared(inputs, Placement(times, persons, pictures))

    # ---- files

    def to_dict(self) -> dict[str, Any]:
        """Builtins for JSON."""
        tables = {name: table.model_dump(mode="json") for name, table in self.inputs.items()}
        return {"version": VERSION, "topology": self.topology, "inputs": tables}

    @classmethod
    def from_dict(cls, data: Any) -> Preprocessing:
        """The reverse of ``to_dict``; ValueError or UsageError where something is wrong."""
        if not isinstance(data, dict) or not isinstance(data.get("topology"), str):
            raise ValueError("the topology is missing")
        if data.get("version") == 1:  # two tables by their kinds, null where there is none
            old = {name: data.get(name) for name in ("skeleton", "picture")}
            data = {**data, "version": VERSION, "inputs": {k: v for k, v in old.items() if v}}
        if data.get("version") != VERSION:
            raise ValueError(f"its version is {data.get('version')!r}, not {VERSION}")
        if data["topology"]:
            topology(data["topology"])
        inputs = data.get("inputs")
        if not isinstance(inputs, dict) or not inputs:
            raise ValueError("the inputs are missing")
        made: dict[str, InputSettings] = {}
        for name, table in inputs.items():
            if not isinstance(table, dict):
                raise ValueError(f"{name} is no table")
            kind = table.get("kind", name)
            if kind not in TABLES:
                raise ValueError(f"{name} is of no known kind")
            made[name] = _checked(TABLES[kind], table, name)
        return cls(data["topology"], made)

    def save(self, path: Path) -> None:
        """Write ``preprocessing.json``."""
        write_atomically(path, (json.dumps(self.to_dict(), indent=1) + "\n").encode())

    @classmethod
    def load(cls, path: Path) -> Preprocessing:
        """Read ``preprocessing.json``; MissingError or DataError name the file."""
        try:
            with path.open("rb") as file:
                text = file.read(MAX_FILE_BYTES + 1)
            if len(text) > MAX_FILE_BYTES:
                raise ValueError("it is too large")
            return cls.from_dict(json.loads(text))
        except FileNotFoundError as error:
            raise MissingError("The run has no preprocessing.json.", path=path) from error
        except OSError as error:
            raise DataError(f"It cannot be read ({error.strerror}).", path=path) from error
        except (ValueError, RecursionError, UsageError) as error:
            what = error.sentence if isinstance(error, UsageError) else str(error)
            raise DataError(
                f"The preprocessing of this run is damaged: {what}.".replace("..", "."), path=path
            ) from error


def kind_of_stream(table: InputSettings) -> str:
    """The kind of stream that an input is made of."""
    if isinstance(table, PictureSettings):
        return table.appearance
    return table.kind


def _streams_of(table: InputSettings) -> tuple[str, ...]:
    """All kinds of stream that an input cannot be made without."""
    own = kind_of_stream(table)
    return (own, "skeleton") if isinstance(table, regions.RegionsInput) else (own,)


def _checked(model: type[InputSettings], values: Mapping[str, Any], table: str) -> InputSettings:
    """A table with all its keys; UsageError names the key that is wrong."""
    for key in values:
        if key not in model.model_fields:
            raise UsageError(
                f"[preprocessing.{table}] has no key {key}.",
                remedy=_nearest(key, model.model_fields),
            )
    plain = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
    try:
        return model.model_validate(plain)
    except ValidationError as error:
        first = error.errors()[0]
        key = str(first["loc"][0])
        raise UsageError(
            f"[preprocessing.{table}] {key} is {values.get(key)!r}.",
            remedy=f"{first['msg']}.",
        ) from error


def _nearest(word: str, known: Mapping[str, object]) -> str:
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"Did you mean {near[0]}?" if near else f"Known are {', '.join(known)}."
