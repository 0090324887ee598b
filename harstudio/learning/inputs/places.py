"""What an input is made from, what it is, and where in the recording it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from harstudio.learning.inputs.kept import Kept
from harstudio.learning.inputs.tracks import Tracks
from harstudio.recordings.recording import Recording
from harstudio.results import Box

Masks = dict[tuple[str, int, tuple[float, float]], NDArray[np.bool_] | None]
WHOLE = Box(0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """``[start_ns, end_ns)`` of a recording, with the people in it (None where nobody is known).

    topology: of the tracks' joints, "" without. masks: where frames show people, by stream, frame
    and band, kept for who reads the same stretch again; None keeps nothing. kept: frames that
    stretches beside this one read.
    """

    recording: Recording
    start_ns: int
    end_ns: int
    tracks: Tracks | None
    topology: str = ""
    masks: Masks | None = None
    kept: Kept | None = None


class Read(Protocol):
    """What one input reads; it can be kept in memory."""

    @property
    def nbytes(self) -> int:
        """Bytes that it takes."""
        ...


@dataclass(frozen=True, slots=True)
class Shot:
    """One frame that an input shows.

    box: the part of the stream's picture, in its pixels; may reach beyond it. part: where the
    input shows it, in shares of the input's width and height. of: what the box lies around
    ("right hand"), "" for nothing named.
    """

    time_ns: int
    box: Box
    part: Box = WHOLE
    of: str = ""


@dataclass(frozen=True, slots=True)
class Pointer:
    """Where the skeleton pointed the network to: a square in pixels of the stream, around the joint
    that moved most, how far, and whose it is."""

    box: Box
    joint: int
    moved_m: float
    person: str


@dataclass(frozen=True, slots=True)
class PicturePlace:
    """Where a picture-like input comes from: name of the stream and all that it shows, in order.

    A shot that is not ``WHOLE`` is a piece of a mosaic. pointers: one a shot or none.
    """

    stream: str
    shots: tuple[Shot, ...]
    pointers: tuple[Pointer | None, ...] = ()

    @property
    def times_ns(self) -> NDArray[np.int64]:
        """(t,) times of the shots."""
        return np.array([shot.time_ns for shot in self.shots], dtype=np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """One input: values float32, and where they come from.

    focus: of a picture, float32 (4,), the square that the skeleton points to as shares of the
    input, NaN = none. times_ns: (T,) int64, of the frames of an input that is no picture.
    """

    values: NDArray[np.float32]
    picture: PicturePlace | None = None
    focus: NDArray[np.float32] | None = None
    times_ns: NDArray[np.int64] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Placement:
    """Where the inputs of one clip come from in the recording.

    times_ns: by input (T,) int64, the time of every frame that it shows. persons: (M,) body ids of
    the skeleton input, "" where nobody is. pictures: by input, what picture-like ones show.
    """

    times_ns: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)
    persons: tuple[str, ...] = ()
    pictures: Mapping[str, PicturePlace] = field(default_factory=dict)
