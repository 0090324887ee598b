"""The ``picture`` and ``focus`` inputs: one frame, or a few, cut out around the people in them.

Pixels are those of the stream's picture: pixel (0, 0) covers [0, 1) x [0, 1).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from harstudio.learning.inputs.crops import Drawn, neighbours, part, peek
from harstudio.learning.inputs.frames import (
    PRINTED_HEIGHT,
    KeptSettings,
    Pixels,
    appear,
    cut,
    frame_of,
    normalised,
    picture_stream,
    resized,
)
from harstudio.learning.inputs.looks import Look, changed_kept, changed_pictures, draw_look
from harstudio.learning.inputs.places import Made, PicturePlace, Pointer, Shot, Stretch
from harstudio.learning.inputs.tracks import Tracks, bodies_at, nearest
from harstudio.recordings.projection import project_joints
from harstudio.recordings.recording import Recording
from harstudio.results import Box

REACH = 0.2  # of the clip, from the middle one of several frames to the first and last (MMFF)
STRAY = 0.5  # a joint farther outside than this share of the picture is a mistake


Share = Annotated[float, Field(ge=-1, le=2)]


class PictureInput(KeptSettings):
    """The table of a picture, with what ``KeptSettings`` has.

    size: height and width of the input. frame_position: which frame of the clip, 0.5 = the middle.
    frames: where it is more than one, so many evenly from 0.2 before that to 0.2 after (30, 50 and
    70 % of the clip, as MMFF prints it), all cut out alike.

    crop: ``joints`` cuts out the box of all joints with a margin (MMFF's projection crop), ``none``
    takes the whole picture. usual_box: left, top, right and bottom, as shares of the picture, of a
    box that stands for that of the joints where none are known; a training puts the median of its
    clips there. Without it such a clip is the whole picture. margin_px: what the box gains in width
    and in height in testing, half on each side. train_margin_px: the least and the most that it
    gains in training, where the crop starts at one of the box's four corners, drawn like the two
    margins, and reaches over the box and beyond. These pixels are those of a picture 1080 high, as
    printed; they are scaled with the height of other pictures. Beyond the picture all is black.

    train_scales are of the crop's own width and height.

    focus_share: side of the focus, a square in the picture, as a share of the crop's width.
    """

    kind: Literal["picture"] = "picture"
    size: int = Field(default=224, ge=8, le=2048)
    frame_position: float = Field(default=0.5, ge=0, le=1)
    frames: int = Field(default=1, ge=1, le=16)
    crop: Literal["joints", "none"] = "joints"
    usual_box: tuple[Share, Share, Share, Share] | None = None
    margin_px: Pixels = 200.0
    train_margin_px: tuple[Pixels, Pixels] = (100.0, 300.0)
    focus_share: float = Field(default=0.25, gt=0, le=2)


@dataclass(frozen=True, slots=True, eq=False)
class Still:
    """The picture of one clip, as much of it as any crop can need.

    pixels: (h, w, 3) RGB of colour, (h, w) places in the colour map of depth and infrared; uint8.
    left, top: where they lie in the stream's picture of width x height. joints: the box around
    everybody's joints, None where none are known. focus: (x, y) of the joint that moved most
    between the first frame and this one; joint: its index; person: whose it is.
    """

    stream: str
    time_ns: int
    pixels: NDArray[np.uint8]
    left: int
    top: int
    width: int
    height: int
    joints: Box | None = None
    focus: tuple[float, float] | None = None
    joint: int | None = None
    moved_m: float | None = None
    person: str = ""

    @property
    def nbytes(self) -> int:
        """Bytes of the pixels."""
        return self.pixels.nbytes


@dataclass(frozen=True, slots=True, eq=False)
class Stills:
    """Several pictures of one clip, with one box of joints around those of all."""

    frames: tuple[Still, ...]

    @property
    def nbytes(self) -> int:
        """Bytes of the pixels."""
        return sum(still.nbytes for still in self.frames)


# ---- reading


def read(stretch: Stretch, settings: PictureInput) -> Still | Stills:
    """The clip's picture or pictures; DataError where it has none or one cannot be decoded."""
    stream, first, last = picture_stream(stretch, settings)
    shares = [settings.frame_position]
    if settings.frames > 1:
        spread = settings.frame_position + np.linspace(-REACH, REACH, settings.frames)
        shares = np.clip(spread, 0, 1).tolist()
    seen = []
    for share in shares:
        index = first + min(last - first - 1, int(share * (last - first)))
        time_ns = int(stream.times_ns[index])
        picture = appear(frame_of(stretch, stream, index, settings), settings)
        seen.append(_whole(stretch, stream.name, time_ns, picture))
    box = around(np.concatenate([points for _, points in seen]))
    stills = tuple(_cut_down(still, box, settings) for still, _ in seen)
    return stills[0] if settings.frames == 1 else Stills(stills)


def box_of_people(stretch: Stretch, settings: PictureInput) -> Box | None:
    """The box of everybody's joints in the clip's picture, in shares of the picture; None where
    nobody is known. No picture is decoded."""
    stream, first, last = picture_stream(stretch, settings)
    if stretch.tracks is None:
        return None
    index = first + min(last - first - 1, int(settings.frame_position * (last - first)))
    size = stream.width, stream.height
    time_ns = int(stream.times_ns[index])
    found = around(
        project(stretch.recording, stream.name, stretch.tracks, time_ns, size)[0].reshape(-1, 2)
    )
    return None if found is None else Box(*shares(found, Box(0, 0, *size)))


def _whole(
    stretch: Stretch, stream: str, time_ns: int, picture: NDArray[np.uint8]
) -> tuple[Still, NDArray[np.float32]]:
    """The whole picture of a frame with its focus, and (k, 2) pixels of everybody's joints."""
    height, width = picture.shape[:2]
    tracks = stretch.tracks
    if tracks is None:
        still = Still(stream, time_ns, picture, 0, 0, width, height)
        return still, np.zeros((0, 2), dtype=np.float32)
    points, step = project(stretch.recording, stream, tracks, time_ns, (width, height))
    focus = _most_moved(tracks, points, step)
    return Still(stream, time_ns, picture, 0, 0, width, height, **focus), points.reshape(-1, 2)


def _cut_down(still: Still, joints: Box | None, settings: PictureInput) -> Still:
    """With the box of the joints, and no more pixels than any crop can need."""
    width, height = still.width, still.height
    region = _reach(joints, settings, width, height) if settings.crop == "joints" else None
    left, top, right, bottom = region or (0, 0, width, height)
    kept = np.ascontiguousarray(still.pixels[top:bottom, left:right])
    return replace(still, pixels=kept, left=left, top=top, joints=joints)


def project(
    recording: Recording, stream: str, tracks: Tracks, time_ns: int, size: tuple[int, int]
) -> tuple[NDArray[np.float32], int]:
    """(M, V, 2) pixels of all joints at a time, NaN where not known, and the frame of the tracks.

    A body that is away at that time is taken from its nearest frame.
    """
    step = int(nearest(tracks.times_ns, np.array([time_ns]))[0])
    _, places, joints, _ = tracks.joints.shape
    points = np.full((places, joints, 2), np.nan, dtype=np.float32)
    for m, body in enumerate(bodies_at(tracks, time_ns)):
        found = None if body is None else project_joints(recording, stream, body)
        if found is not None:
            points[m] = found
    sides = np.array(size, dtype=np.float32)
    with np.errstate(invalid="ignore"):
        stray = ((points < -STRAY * sides) | (points > (1 + STRAY) * sides)).any(axis=-1)
    points[stray] = np.nan
    return points, step


def around(points: NDArray[np.float32]) -> Box | None:
    known = points[np.isfinite(points).all(axis=-1)]
    if not len(known):
        return None
    (left, top), (right, bottom) = known.min(axis=0).tolist(), known.max(axis=0).tolist()
    return Box(left, top, right, bottom)


def _most_moved(tracks: Tracks, points: NDArray[np.float32], step: int) -> dict[str, Any]:
    """The joint that lies farthest from where it was in the clip's first frame (MMFF's j_max).

    Over all bodies, in camera coordinates, of the joints that are in the picture.
    """
    moved = np.linalg.norm(tracks.joints[step] - tracks.joints[0], axis=-1)
    moved[~np.isfinite(points).all(axis=-1)] = -1
    m, joint = (int(k) for k in np.unravel_index(int(moved.argmax()), moved.shape))
    if moved[m, joint] < 0:
        return {}
    x, y = points[m, joint].tolist()
    return {
        "focus": (x, y),
        "joint": joint,
        "moved_m": float(moved[m, joint]),
        "person": tracks.persons[m],
    }


def _reach(
    box: Box | None, settings: PictureInput, width: int, height: int
) -> tuple[int, int, int, int] | None:
    """Left, top, right and bottom of all that any crop of the box can show of the picture."""
    if box is None:
        return None
    most = max(settings.margin_px / 2, *settings.train_margin_px) * height / PRINTED_HEIGHT + 2
    left, right = (int(np.clip(x, 0, width)) for x in (box.left - most, box.right + most))
    top, bottom = (int(np.clip(y, 0, height)) for y in (box.top - most, box.bottom + most))
    return (left, top, right, bottom) if left < right and top < bottom else None


# ---- making


def make(seen: Still | Stills, settings: PictureInput, rng: np.random.Generator | None) -> Made:
    """(3, size, size) and its focus (4,), of several frames (3, F, size, size) and (F, 4): crop,
    scale and normalise; rng None as in testing."""
    drawn = None if rng is None else peek(rng)
    look = None if rng is None else draw_look(rng)
    stills = (seen,) if isinstance(seen, Still) else seen.frames
    box = crop_box(stills[0], settings, rng)
    if drawn is not None and settings.train_scales != (1.0,):
        box = _scaled(box, settings.train_scales, drawn)
    mirrored = drawn is not None and settings.flip and drawn.mirrored
    made = [_made(still, box, settings, look, mirrored) for still in stills]
    if isinstance(seen, Still):
        return made[0]
    places = [one.picture for one in made if one.picture is not None]
    place = PicturePlace(
        places[0].stream,
        tuple(shot for one in places for shot in one.shots),
        tuple(pointer for one in places for pointer in one.pointers),
    )
    focus = np.stack([one.focus for one in made if one.focus is not None])
    return Made(np.stack([one.values for one in made], axis=1), place, focus)


def _scaled(box: Box, scales: tuple[float, ...], drawn: Drawn) -> Box:
    """A part of the box whose sides are shares of its own."""
    width, height = int(box.right - box.left), int(box.bottom - box.top)
    wide, high = neighbours(scales, drawn)
    inner = part(width, height, wide * width, high * height, drawn.across, drawn.down)
    left, top = box.left, box.top
    return Box(left + inner.left, top + inner.top, left + inner.right, top + inner.bottom)


def _made(
    still: Still, box: Box, settings: PictureInput, look: Look | None, mirrored: bool
) -> Made:
    kept = changed_kept(still.pixels[None], settings, look)[0]
    pixels = resized(cut(kept, still.left, still.top, box), settings.size, settings.size)
    pixels = changed_pictures(pixels[None], settings, look)[0]
    focus = np.full(4, np.nan, dtype=np.float32)
    pointer = None
    if still.focus is not None and still.joint is not None and still.moved_m is not None:
        (x, y), half = still.focus, settings.focus_share * (box.right - box.left) / 2
        pointed = Box(x - half, y - half, x + half, y + half)
        pointer = Pointer(pointed, still.joint, still.moved_m, still.person)
        focus[:] = shares(pointed, box)
        if mirrored:
            focus[[0, 2]] = 1 - focus[[2, 0]]
    place = PicturePlace(still.stream, (Shot(still.time_ns, box),), (pointer,))
    return Made(normalised(pixels[:, ::-1] if mirrored else pixels, settings), place, focus)


def shares(inner: Box, box: Box) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of one box as shares of another's width and height."""
    width, height = box.right - box.left, box.bottom - box.top
    return (
        (inner.left - box.left) / width,
        (inner.top - box.top) / height,
        (inner.right - box.left) / width,
        (inner.bottom - box.top) / height,
    )


def crop_box(still: Still, settings: PictureInput, rng: np.random.Generator | None) -> Box:
    """The crop in pixels of the stream's picture, on whole pixels; may reach beyond it."""
    joints = still.joints
    if joints is None and settings.usual_box is not None:
        left, top, right, bottom = settings.usual_box
        wide, high = still.width, still.height
        joints = Box(left * wide, top * high, right * wide, bottom * high)
    if settings.crop == "none" or joints is None:
        return Box(0, 0, still.width, still.height)
    unit = still.height / PRINTED_HEIGHT
    if rng is None:
        half = settings.margin_px * unit / 2
        return _whole_pixels(
            joints.left - half, joints.top - half, joints.right + half, joints.bottom + half
        )
    corner = int(rng.integers(4))
    least, most = sorted(settings.train_margin_px)
    wider, higher = (rng.uniform(least, most, 2) * unit).tolist()
    left, right = joints.left, joints.right + wider
    top, bottom = joints.top, joints.bottom + higher
    if corner % 2:  # anchored on the right
        left, right = joints.left - wider, joints.right
    if corner // 2:  # anchored at the bottom
        top, bottom = joints.top - higher, joints.bottom
    return _whole_pixels(left, top, right, bottom)


def _whole_pixels(left: float, top: float, right: float, bottom: float) -> Box:
    left, top = np.floor(left), np.floor(top)
    right, bottom = max(np.ceil(right), left + 2), max(np.ceil(bottom), top + 2)
    return Box(float(left), float(top), float(right), float(bottom))
