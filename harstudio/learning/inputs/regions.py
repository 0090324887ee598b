"""The ``regions`` input: MMNet's mosaic of what surrounds a person's head, hands and ankles.

B. X. B. Yu, Y. Liu, X. Zhang, S. Zhong, K. C. C. Chan: MMNet: A Model-Based Multimodal Network for
Human Action Recognition in RGB-D Videos, TPAMI 2022. A row a region, a column a frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from harstudio.errors import DataError
from harstudio.learning.inputs.crops import peek
from harstudio.learning.inputs.frames import (
    PRINTED_HEIGHT,
    PictureSettings,
    appear,
    cut,
    frame_of,
    normalised,
    picture_stream,
    resized,
)
from harstudio.learning.inputs.looks import changed_pictures, draw_look
from harstudio.learning.inputs.picture import project
from harstudio.learning.inputs.places import Made, PicturePlace, Shot, Stretch
from harstudio.learning.inputs.tracks import Tracks, nearest
from harstudio.results import Box
from harstudio.skeletons.regions import REGIONS, mosaic_joints
from harstudio.skeletons.topology import topology

PIECE = 96  # pixels of a piece's side before the mosaic is scaled
MOST_KEPT = 16  # frames beside those of testing that training can choose from
OTHER_SIDE = (0, 2, 1, 4, 3)  # the region that a mirror shows in the place of each
MOST_AWAY_NS = 100_000_000  # a pose that was seen longer ago or later is not the frame's


class RegionsInput(PictureSettings):
    """The table of a mosaic, with what ``PictureSettings`` has.

    size: height and width. frames: n columns; of the F frames of a stretch those at ``interval``,
    2 ``interval`` and so on with interval = floor(F / (n + 1)), in training from a random start
    with a random interval up to that one; the middles of n equal parts where F is n or less. A
    frame without a pose gives its column to the next with one, and stays black where there is none.
    region_px: side of a square around a joint, in pixels of a picture 1080 high, as printed.
    people: ``auto`` shows two bodies where the stretch has two, each in one half of a piece of half
    the width; ``one`` shows the first only. flip exchanges the rows of left and right too.
    """

    kind: Literal["regions"] = "regions"
    size: int = Field(default=225, ge=10, le=2048)
    frames: int = Field(default=5, ge=1, le=32)
    region_px: Annotated[float, Field(ge=2, le=2000)] = 96.0
    people: Literal["auto", "one"] = "auto"


class Piece(NamedTuple):
    """Where a piece of a column comes from, and which part of the column it is."""

    box: Box
    part: Box


@dataclass(frozen=True, slots=True, eq=False)
class Mosaic:
    """The columns that a mosaic can have.

    count: F. steps: (c,) the frames of the stretch that columns are known for; column: (c,) index
    of the column of each, -1 = black. times_ns: (k,), pixels: (k, 5 * 96, 96, 3) uint8 RGB and
    pieces of every column.
    """

    stream: str
    count: int
    steps: NDArray[np.intp]
    column: NDArray[np.intp]
    times_ns: NDArray[np.int64]
    pixels: NDArray[np.uint8]
    pieces: tuple[tuple[Piece, ...], ...]

    @property
    def nbytes(self) -> int:
        """Bytes of the pixels."""
        return self.pixels.nbytes


# ---- reading


def read(stretch: Stretch, settings: RegionsInput) -> Mosaic:
    """The stretch's columns; DataError where there is no picture or nobody is known."""
    stream, first, last = picture_stream(stretch, settings)
    tracks = stretch.tracks
    if tracks is None:
        raise DataError(
            "There is nobody in this clip to show regions of.", path=stretch.recording.path
        )
    joints = list(mosaic_joints(topology(stretch.topology)))
    count = last - first
    places = [m for m, person in enumerate(tracks.persons) if person]
    places = places[: 2 if settings.people == "auto" else 1]
    seen = _seen(tracks, stream.times_ns[first:last])[:, places]
    spread = np.rint(np.linspace(0, count - 1, min(count, MOST_KEPT))).astype(np.intp)
    steps = np.unique(np.concatenate([columns(count, settings.frames, None), spread]))
    with_pose = np.flatnonzero(seen.any(axis=1))
    after = np.searchsorted(with_pose, steps)
    found = after < len(with_pose)
    shown, column = np.unique(with_pose[after[found]], return_inverse=True)
    column_of = np.full(len(steps), -1, dtype=np.intp)
    column_of[found] = column
    pixels = np.zeros((len(shown), len(REGIONS) * PIECE, PIECE, 3), dtype=np.uint8)
    pieces = []
    for k, step in enumerate(shown.tolist()):
        picture = appear(frame_of(stretch, stream, first + step, settings), settings)
        height, width = picture.shape[:2]
        time_ns = int(stream.times_ns[first + step])
        points, _ = project(stretch.recording, stream.name, tracks, time_ns, (width, height))
        around = points[places][:, joints]
        around[~seen[step]] = np.nan
        side = settings.region_px * height / PRINTED_HEIGHT
        pieces.append(_column(picture, around, side, pixels[k]))
    times_ns = stream.times_ns[first + shown]
    return Mosaic(stream.name, count, steps, column_of, times_ns, pixels, tuple(pieces))


def columns(count: int, frames: int, rng: np.random.Generator | None) -> NDArray[np.intp]:
    """(frames,) which of ``count`` frames are the columns; rng None as in testing."""
    largest = count // (frames + 1)
    if largest < 1:
        return ((np.arange(frames) + 0.5) * count / frames).astype(np.intp)
    if rng is None:
        return np.arange(1, frames + 1) * largest
    interval = int(rng.integers(1, largest + 1))
    start = int(rng.integers(count - interval * (frames - 1)))
    return start + np.arange(frames) * interval


def _seen(tracks: Tracks, times_ns: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(F, M) whether a pose of each body is known near each time."""
    out = np.zeros((len(times_ns), tracks.present.shape[1]), dtype=np.bool_)
    for m in range(out.shape[1]):
        there = tracks.times_ns[tracks.present[:, m]]
        if len(there):
            out[:, m] = np.abs(there[nearest(there, times_ns)] - times_ns) <= MOST_AWAY_NS
    return out


def _column(
    picture: NDArray[np.uint8], points: NDArray[np.float32], side: float, out: NDArray[np.uint8]
) -> tuple[Piece, ...]:
    """Cut out the (P, 5, 2) points' surroundings into one column, which is black elsewhere."""
    people = len(points)
    wide = PIECE // people
    across, high = max(1, round(side / people)), max(1, round(side))
    pieces = []
    for p, row in np.argwhere(np.isfinite(points).all(axis=-1)):
        x, y = points[p, row].tolist()
        left, top = round(x - across / 2), round(y - high / 2)
        box = Box(left, top, left + across, top + high)
        piece = resized(cut(picture, 0, 0, box), wide, PIECE)
        out[row * PIECE : (row + 1) * PIECE, p * wide : (p + 1) * wide] = piece
        rows = len(REGIONS)
        pieces.append(Piece(box, Box(p / people, row / rows, (p + 1) / people, (row + 1) / rows)))
    return tuple(pieces)


# ---- making


def make(seen: Mosaic, settings: RegionsInput, rng: np.random.Generator | None) -> Made:
    """(3, size, size); rng None as in testing. What is black throughout comes from nowhere."""
    mirrored = rng is not None and settings.flip and peek(rng).mirrored
    look = None if rng is None else draw_look(rng)
    chosen = columns(seen.count, settings.frames, rng)
    known = np.abs(seen.steps[None] - chosen[:, None]).argmin(axis=1)  # testing: itself
    whole = np.zeros((len(REGIONS) * PIECE, settings.frames * PIECE, 3), dtype=np.uint8)
    shots = []
    for k, column in enumerate(seen.column[known].tolist()):
        if column < 0:
            continue
        whole[:, k * PIECE : (k + 1) * PIECE] = seen.pixels[column]
        time_ns = int(seen.times_ns[column])
        for box, place in seen.pieces[column]:
            part = _mirrored_part(place) if mirrored else place
            left, right = ((k + x) / settings.frames for x in (part.left, part.right))
            around = REGIONS[round(place.top * len(REGIONS))]
            shots.append(Shot(time_ns, box, Box(left, part.top, right, part.bottom), around))
    if mirrored:
        rows = whole.reshape(len(REGIONS), PIECE, settings.frames, PIECE, 3)
        whole = rows[list(OTHER_SIDE), :, :, ::-1].reshape(whole.shape)
    whole = resized(whole, settings.size, settings.size)
    values = normalised(changed_pictures(whole[None], settings, look)[0], settings)
    return Made(values, PicturePlace(seen.stream, tuple(shots)) if shots else None)


def _mirrored_part(part: Box) -> Box:
    """Where a piece of a column lies once left and right are exchanged."""
    rows = len(REGIONS)
    top = OTHER_SIDE[round(part.top * rows)]
    return Box(1 - part.right, top / rows, 1 - part.left, (top + 1) / rows)
