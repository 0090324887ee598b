"""Preprocessing: from a stretch of a recording to the inputs of a network.

One object serves training, evaluation, prediction and live recognition, so that a network never
sees in use what it did not see in training. ``read`` decodes and chooses; its result can be kept.
``make`` turns that into inputs; it depends on nothing but what was read and, in training, on the
random generator that it gets.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ValidationError

from harstudio.errors import DataError, MissingError, UsageError
from harstudio.files import write_atomically
from harstudio.learning.picture_input import PictureInput, Still, make_picture, read_still
from harstudio.learning.skeleton_input import (
    SkeletonInput,
    Tracks,
    make_skeleton,
    origin_joint,
    read_tracks,
)
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import StreamKind
from harstudio.results import Box, NetworkCard
from harstudio.skeletons.topology import topology

VERSION = 1
MAX_FILE_BYTES = 1 << 20
TABLES: dict[str, type[BaseModel]] = {"skeleton": SkeletonInput, "picture": PictureInput}

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True, eq=False)
class Raw:
    """What one clip gives, decoded and cut down; nothing in it is drawn at random."""

    tracks: Tracks | None
    still: Still | None

    @property
    def nbytes(self) -> int:
        """Bytes that it takes in memory."""
        tracks = 0 if self.tracks is None else self.tracks.nbytes
        return tracks + (0 if self.still is None else self.still.pixels.nbytes)


@dataclass(frozen=True, slots=True, eq=False)
class Placement:
    """Where the inputs come from in the recording.

    skeleton_times_ns: (T,) int64, the time of every frame of the skeleton input, (0,) without one.
    persons: (M,) body ids, "" where nobody is. picture_stream: name of the picture's stream, ""
    without one; box is its crop and focus the square around the joint that moved most, both in
    pixels of the stream; joint, moved_m and focus_person tell which joint, how far and whose.
    """

    skeleton_times_ns: NDArray[np.int64]
    persons: tuple[str, ...] = ()
    picture_stream: str = ""
    picture_time_ns: int = 0
    box: Box | None = None
    focus: Box | None = None
    joint: int | None = None
    moved_m: float | None = None
    focus_person: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """Inputs of one clip by name, without the axis of the batch, and where they come from."""

    inputs: dict[str, NDArray[np.float32]]
    placement: Placement


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """How clips become inputs: ``skeleton`` (3, T, V, M), ``picture`` (3, H, W), ``focus`` (4,).

    topology: the joints of the skeleton input. skeleton, picture: None where the network has no
    such input; ``focus`` comes with a picture.
    """

    topology: str
    skeleton: SkeletonInput | None = None
    picture: PictureInput | None = None

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
        made: dict[str, Any] = {}
        kinds = match_modalities(card, modalities)
        for name, defaults in card.preprocessing.items():
            values = {**defaults, **overrides.get(name, {})}
            if name == "skeleton" and "bodies" not in overrides.get(name, {}) and most_bodies == 1:
                values["bodies"] = 1
            if name == "picture":
                if values.get("appearance", kinds[name]) != kinds[name]:
                    raise UsageError(
                        f"The picture shows {kinds[name]}, not {values['appearance']}.",
                        remedy="Choose it with modalities.",
                    )
                values["appearance"] = kinds[name]
            made[name] = _checked(TABLES[name], values, name)
        return cls(topology, **made)

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of stream that a recording must have."""
        picture = () if self.picture is None else (self.picture.appearance,)
        return (*picture, *(() if self.skeleton is None else ("skeleton",)))

    def read(self, recording: Recording, start_ns: int, end_ns: int, person: str = "") -> Raw:
        """Decode what ``[start_ns, end_ns)`` shows; the same whenever it is called.

        person: the body id that the clip is about, "" for whoever is seen. DataError where a
        stream is missing, damaged or empty there, or nobody is seen.
        """
        tracks = self._tracks(recording, start_ns, end_ns, person)
        still = None
        if self.picture is not None:
            still = read_still(recording, tracks, start_ns, end_ns, self.picture)
        return Raw(None if tracks is None or self.skeleton is None else tracks.bare(), still)

    def _tracks(
        self, recording: Recording, start_ns: int, end_ns: int, person: str
    ) -> Tracks | None:
        if self.skeleton is None and recording.of_kind(StreamKind.SKELETON) is None:
            return None
        bodies = 2 if self.skeleton is None else self.skeleton.bodies
        wanted = self.topology if self.skeleton is not None else ""
        tracks = read_tracks(recording, start_ns, end_ns, person, bodies, wanted)
        if tracks is None and self.skeleton is not None:
            who = f"Body {person}" if person else "Nobody"
            seen = "is not seen" if person else "is seen"
            raise DataError(f"{who} {seen} in this clip.", path=recording.path)
        return tracks

    def make(self, raw: Raw, rng: np.random.Generator | None = None) -> Prepared:
        """The inputs of one clip; the same for the same raw and state of rng (None: testing)."""
        inputs: dict[str, NDArray[np.float32]] = {}
        where: dict[str, Any] = {"skeleton_times_ns": np.zeros(0, dtype=np.int64)}
        if self.skeleton is not None and raw.tracks is not None:
            inputs["skeleton"], where["skeleton_times_ns"] = make_skeleton(
                raw.tracks, self.skeleton, origin_joint(self.topology), rng
            )
            where["persons"] = raw.tracks.persons
        still = raw.still
        if self.picture is not None and still is not None:
            shown = make_picture(still, self.picture, rng)
            inputs |= {"picture": shown.picture, "focus": shown.focus}
            where |= {
                "picture_stream": still.stream,
                "picture_time_ns": still.time_ns,
                "box": shown.box,
                "focus": shown.focus_box,
                "joint": still.joint,
                "moved_m": still.moved_m,
                "focus_person": still.person,
            }
        return Prepared(inputs, Placement(**where))

    # ---- files

    def to_dict(self) -> dict[str, Any]:
        """Builtins for JSON."""
        tables = {"skeleton": self.skeleton, "picture": self.picture}
        dumped = {
            name: None if table is None else table.model_dump(mode="json")
            for name, table in tables.items()
        }
        return {"version": VERSION, "topology": self.topology, **dumped}

    @classmethod
    def from_dict(cls, data: Any) -> Preprocessing:
        """The reverse of ``to_dict``; ValueError or UsageError where something is wrong."""
        if not isinstance(data, dict) or not isinstance(data.get("topology"), str):
            raise ValueError("the topology is missing")
        if data.get("version") != VERSION:
            raise ValueError(f"its version is {data.get('version')!r}, not {VERSION}")
        if data["topology"]:
            topology(data["topology"])
        made: dict[str, Any] = {}
        for name, model in TABLES.items():
            table = data.get(name)
            if table is not None and not isinstance(table, dict):
                raise ValueError(f"{name} is no table")
            made[name] = None if table is None else _checked(model, table, name)
        return cls(data["topology"], **made)

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


def match_modalities(card: NetworkCard, modalities: Sequence[str] = ()) -> dict[str, str]:
    """For every branch of a network the modality that feeds it; UsageError where one is open."""
    if not modalities:
        return {branch: allowed[0] for branch, allowed in card.branches.items()}
    left = list(modalities)
    matched: dict[str, str] = {}
    for branch, allowed in card.branches.items():
        fits = next((modality for modality in left if modality in allowed), None)
        if fits is None:
            raise UsageError(
                f"{card.name} needs {' or '.join(allowed)} for its {branch} branch; "
                f"{', '.join(modalities)} has none left.",
                remedy=f"Its default is {', '.join(card.modalities)}.",
            )
        left.remove(fits)
        matched[branch] = fits
    if left:
        raise UsageError(
            f"{card.name} has no branch for {left[0]}.",
            remedy=f"Its default is {', '.join(card.modalities)}.",
        )
    return matched


def _checked(model: type[Model], values: Mapping[str, Any], table: str) -> Model:
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
