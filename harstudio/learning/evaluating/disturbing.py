"""Recordings made worse on purpose, to measure what a network can bear.

A condition is the same for a stretch whenever it is read: what is random in it follows from the
recording's name and the stretch's start. It changes recordings, not inputs: crops, masks and
everything else that is made of a stream see what a poorer sensor would have given.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from harstudio.errors import UsageError
from harstudio.learning.evaluating.disturbing_pictures import OtherRoom, in_less_light, out_of_focus
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import (
    Body,
    FrameReader,
    PictureStream,
    SkeletonFrame,
    SkeletonStream,
    Stream,
)
from harstudio.skeletons.topology import topology

if TYPE_CHECKING:
    from harstudio.learning.preprocessing import Preprocessing

T = TypeVar("T")
ARM = re.compile(r"elbow|wrist|hand|thumb|pinky|(left|right)_index", re.IGNORECASE)
OCCLUDED = 0.3  # of the joints
PICTURES = ("color", "depth", "infrared")


class Sight(NamedTuple):
    """What a condition is told of the stretch that it changes."""

    recording: Recording
    start_ns: int
    end_ns: int
    seed: int

    def rng(self, index: int = -1) -> np.random.Generator:
        """What is random in the stretch, or in one frame of it."""
        return np.random.default_rng([self.seed, index + 1])


Seen = PictureStream | SkeletonStream
Changed = Callable[[Any, Sight], Seen]


@dataclass(frozen=True, slots=True)
class Condition:
    """One way in which recordings are worse.

    title: for people. kinds: of stream that it changes. change: a stream and what is known of the
    stretch -> the stream as it is then.
    """

    title: str
    kinds: tuple[str, ...]
    change: Changed


@dataclass(frozen=True, slots=True, eq=False)
class _Reader(Generic[T]):
    """Some frames of a stream, each changed when it is asked for."""

    stream: Stream[T]
    order: range
    change: Callable[[T, int], T]

    def read(self, index: int) -> T:
        return self.change(self.stream.frame(self.order[index]), self.order[index])

    def read_run(self, index: int) -> Iterator[tuple[int, T]]:
        yield index, self.read(index)

    def close(self) -> None:
        self.stream.close()


def _same(frame: T, _: int) -> T:
    return frame


def changed(
    stream: Seen, change: Callable[[Any, int], Any] = _same, order: range | None = None
) -> Seen:
    """The stream with other frames: change, from a frame and its index; order, which of its frames
    there are."""
    kept = range(len(stream)) if order is None else order
    times_ns = stream.times_ns[kept.start : kept.stop : kept.step]
    return read_by(stream, _Reader(stream, kept, change), times_ns)


def read_by(
    stream: Seen, reader: FrameReader[Any], times_ns: NDArray[np.int64] | None = None
) -> Seen:
    """The stream with frames that another reader gives."""
    times_ns = stream.times_ns if times_ns is None else times_ns
    if isinstance(stream, SkeletonStream):
        return SkeletonStream(
            stream.name, times_ns, reader, topology=stream.topology, joints=stream.joints,
            max_bodies=stream.max_bodies,
        )  # fmt: skip
    return PictureStream(
        stream.name, stream.kind, times_ns, reader, width=stream.width, height=stream.height,
        dtype=stream.dtype,
    )  # fmt: skip


# ---- joints


def _noise(stream: SkeletonStream, sight: Sight, *, sigma_m: float) -> Seen:
    """Gaussian noise on every coordinate; pixels that the sensor gave stay."""

    def change(frame: SkeletonFrame, index: int) -> SkeletonFrame:
        rng = sight.rng(index)
        return SkeletonFrame(
            tuple(
                replace(
                    body,
                    joints=(body.joints + rng.normal(0, sigma_m, body.joints.shape)).astype(
                        np.float32
                    ),
                )
                for body in frame.bodies
            )
        )

    return changed(stream, change)


def _some(stream: SkeletonStream, rng: np.random.Generator) -> list[int]:
    count = round(OCCLUDED * stream.joints)
    return sorted(rng.permutation(stream.joints)[:count].tolist())


def _arm(stream: SkeletonStream, rng: np.random.Generator) -> list[int]:
    known = topology(stream.topology)
    side = ("left", "right")[int(rng.integers(2))]
    return [
        k
        for k, name in enumerate(known.joints)
        if known.sides[k] == side and ARM.search(name) is not None
    ]


def _occluded(
    stream: SkeletonStream,
    sight: Sight,
    *,
    which: Callable[[SkeletonStream, np.random.Generator], list[int]],
) -> Seen:
    """Joints that nobody sees in the whole stretch."""
    missing = which(stream, sight.rng())
    return changed(
        stream,
        lambda frame, _: SkeletonFrame(tuple(hidden(body, missing) for body in frame.bodies)),
    )


def hidden(body: Body, missing: Sequence[int]) -> Body:
    """The body where a tracker does not see these joints: no position, no pixel, not tracked."""
    joints = list(missing)
    other: dict[str, Any] = {"tracking": body.tracking.copy()}
    other["tracking"][joints] = 0
    for name in ("joints", "depth_px", "color_px"):
        values = getattr(body, name)
        if values is not None:
            other[name] = values.copy()
            other[name][joints] = np.nan
    return replace(body, **other)


# ---- time


def _slower(stream: Seen, sight: Sight, *, every: int) -> Seen:
    """Every second, third, ... frame, the stretch's first one among them."""
    first = int(np.searchsorted(stream.times_ns, sight.start_ns))
    return changed(stream, order=range(first % every, len(stream), every))


# ---- pictures


def _dark(stream: PictureStream, _: Sight, *, factor: float) -> Seen:
    return changed(stream, lambda frame, _: in_less_light(frame, factor))


def _blurred(stream: PictureStream, _: Sight) -> Seen:
    return changed(stream, lambda frame, _: out_of_focus(frame))


def _elsewhere(stream: PictureStream, sight: Sight) -> Seen:
    recording, start_ns, end_ns, seed = sight
    return changed(stream, OtherRoom(recording, stream, start_ns, end_ns, seed).behind)


CONDITIONS: Mapping[str, Condition] = {
    "joint-noise-0.02": Condition(
        "Joints 2 cm off at random", ("skeleton",), partial(_noise, sigma_m=0.02)
    ),
    "joint-noise-0.05": Condition(
        "Joints 5 cm off at random", ("skeleton",), partial(_noise, sigma_m=0.05)
    ),
    "occluded-joints": Condition(
        "30 % of the joints hidden", ("skeleton",), partial(_occluded, which=_some)
    ),
    "occluded-arm": Condition("One arm hidden", ("skeleton",), partial(_occluded, which=_arm)),
    "half-rate": Condition(
        "Half the frame rate", ("skeleton", *PICTURES), partial(_slower, every=2)
    ),
    "third-rate": Condition(
        "A third of the frame rate", ("skeleton", *PICTURES), partial(_slower, every=3)
    ),
    "dark-0.5": Condition("Half the light", ("color", "infrared"), partial(_dark, factor=0.5)),
    "dark-0.25": Condition(
        "A quarter of the light", ("color", "infrared"), partial(_dark, factor=0.25)
    ),
    "blur": Condition("Out of focus", ("color", "infrared"), _blurred),
    "background": Condition("Another room behind people", ("color", "depth"), _elsewhere),
}


def applies(name: str, preprocessing: Preprocessing) -> bool:
    """Whether a condition changes what a network sees; UsageError where there is none such."""
    return not set(condition(name).kinds).isdisjoint(preprocessing.kinds)


def condition(name: str) -> Condition:
    """The condition of that name; UsageError names the known ones."""
    found = CONDITIONS.get(name)
    if found is None:
        raise UsageError(
            f"There is no condition {name}.", remedy=f"Known are {', '.join(CONDITIONS)}."
        )
    return found


def disturb(recording: Recording, name: str, start_ns: int, end_ns: int) -> Recording:
    """The recording under a condition, for its stretch ``[start_ns, end_ns)``.

    Its streams read from those of the recording, which stays as it is.
    """
    made = condition(name)
    seed = zlib.crc32(f"{name} {recording.name} {start_ns}".encode())
    sight = Sight(recording, start_ns, end_ns, seed)
    streams = {
        stream.name: made.change(stream, sight)
        if isinstance(stream, Seen) and stream.kind in made.kinds
        else stream
        for stream in recording.streams.values()
    }
    return replace(recording, streams=streams)
