"""The ``clip`` input: several frames of a stretch, all cut out alike.

Frames are kept small, as bytes, and only those that some start of the clip can ask for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from harstudio.learning.inputs import Share
from harstudio.learning.inputs.crops import (
    Drawn,
    Extent,
    draw,
    pixels_in,
    random_area,
    random_scales,
    random_sides,
    shrunk,
    square,
    turned,
)
from harstudio.learning.inputs.frames import (
    PRINTED_HEIGHT,
    KeptSettings,
    appear,
    colored,
    frame_of,
    normalised,
    picture_stream,
    resized,
)
from harstudio.learning.inputs.looks import changed_kept, changed_pictures, draw_look
from harstudio.learning.inputs.picture import around, project
from harstudio.learning.inputs.places import Made, PicturePlace, Shot, Stretch
from harstudio.learning.inputs.samplers import (
    CHOICES,
    choices_of,
    motion_passed,
    pick,
    time_passed,
)
from harstudio.recordings.streams import PictureStream
from harstudio.results import Box

MOST_STARTS = 9  # of a clip by strides
PARTS = ("random", "motion")  # samplings where each frame is drawn for itself
LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)  # of red, green and blue (BT.601)


class ClipInput(KeptSettings):
    """The table of a clip, with what ``KeptSettings`` has.

    size: height and width. frames: T. sampling, of the F frames of a stretch: ``uniform`` takes
    every floor(F/T)-th, centred (AMFI-Net); ``stride`` every ``stride``-th, centred in testing, in
    training from a random start (M-Mixer), one of at most nine; ``linspace`` spreads T frames from
    the first to the last (MFAS); ``random`` and ``motion`` take one of each of T parts, any in
    training and the middle in testing, parts that are equal in time or in the way that the joints
    go (``samplers``). A stretch that is too short shows frames again.

    scaling: ``mean-std`` as of pictures, or ``min-max``: the least value of the clip becomes 0 and
    the largest 1. crop: ``center`` scales the picture so that its shorter side is ``resize`` and
    cuts out size x size pixels, the middle in testing, anywhere in training; ``person`` cuts out a
    square of ``crop_px`` around everybody's joints, moved so that it lies in the picture, in its
    middle where no joints are known. crop_px is of a picture 1080 high, as printed, and scaled with
    the height of other pictures.

    Only in training: train_scale, where it is not (1, 1), the least and the largest share that a
    random crop takes of the picture or the person's square; train_scale_of says of what: ``area``,
    with sides from 3:4 to 4:3, or ``sides``, of both alike, which distorts nothing; train_scales
    are of the shorter side and give way to train_scale. flip_vertical turns every other clip upside
    down as a mirror does; rotate_quarters turns by 0, 90, 180 or 270 degrees; color_jitter, how far
    factors of brightness, contrast and saturation go from 1 (colour only).
    """

    kind: Literal["clip"] = "clip"
    size: int = Field(default=224, ge=8, le=2048)
    frames: int = Field(default=16, ge=1, le=512)
    sampling: Literal["uniform", "stride", "linspace", "random", "motion"] = "uniform"
    stride: int = Field(default=8, ge=1, le=1000)
    scaling: Literal["mean-std", "min-max"] = "mean-std"
    crop: Literal["center", "person"] = "center"
    resize: int = Field(default=256, ge=8, le=2048)
    crop_px: Annotated[float, Field(ge=8, le=2000)] = 1000.0
    train_scale: tuple[Share, Share] = (1.0, 1.0)
    train_scale_of: Literal["area", "sides"] = "area"
    flip_vertical: bool = False
    rotate_quarters: bool = False
    color_jitter: float = Field(default=0.0, ge=0, le=1)


@dataclass(frozen=True, slots=True, eq=False)
class Frames:
    """The frames that a clip can show.

    times_ns: (k,) of the frames. pixels: (k, h, w, 3) of colour, (k, h, w) places in the colour map
    of depth and infrared; uint8. extent: what they show of the stream's picture. rows: (s, T)
    indices of the frames of every start, or those that each of T parts can give; middle: the row
    of testing.
    """

    stream: str
    times_ns: NDArray[np.int64]
    pixels: NDArray[np.uint8]
    extent: Extent
    rows: NDArray[np.intp]
    middle: int

    @property
    def nbytes(self) -> int:
        """Bytes of the pixels."""
        return self.pixels.nbytes


# ---- reading


def read(stretch: Stretch, settings: ClipInput) -> Frames:
    """The clip's frames; DataError where it has none or one cannot be decoded."""
    stream, first, last = picture_stream(stretch, settings)
    rows, middle = _rows(stretch, stream.times_ns[first:last], settings)
    wanted, back = np.unique(rows, return_inverse=True)
    times_ns = stream.times_ns[first + wanted]
    short, region = settings.resize, Box(0, 0, 0, 0)
    small: list[NDArray[Any]] = []
    for index in wanted.tolist():
        frame = frame_of(stretch, stream, first + index, settings)
        if not small:
            region = _region(stretch, stream, times_ns, settings, *frame.shape[:2])
        if settings.crop == "person":
            frame = frame[
                int(region.top) : int(region.bottom), int(region.left) : int(region.right)
            ]
            least = min(settings.train_scale)
            short = round(settings.size / (least**0.5 if _by_area(settings) else least))
        small.append(shrunk(frame, short, nearest=settings.appearance == "depth"))
    limits = None
    if settings.appearance == "infrared":
        low, high = (float(v) for v in np.percentile(np.stack(small), (1, 99)))
        limits = low, high
    pixels = np.stack([appear(one, settings, limits) for one in small])
    extent = Extent(region, pixels.shape[2], pixels.shape[1])
    return Frames(stream.name, times_ns, pixels, extent, back.reshape(rows.shape), middle)


def _rows(
    stretch: Stretch, times_ns: NDArray[np.int64], settings: ClipInput
) -> tuple[NDArray[np.intp], int]:
    """(s, T) frames of the stretch that training can ask for, and the row of testing."""
    if settings.sampling not in PARTS:
        return starts(len(times_ns), settings)
    passed, tracks = time_passed(len(times_ns)), stretch.tracks
    if settings.sampling == "motion" and tracks is not None:
        passed = motion_passed(tracks.joints, tracks.times_ns, times_ns)
    return choices_of(passed, settings.frames), CHOICES // 2


def starts(count: int, settings: ClipInput) -> tuple[NDArray[np.intp], int]:
    """(s, T) frames of a stretch of ``count`` for every start, and the row of testing.

    Starts by strides lie half a stride apart, so that they share frames.
    """
    frames = settings.frames
    if settings.sampling == "linspace":
        spread = np.rint(np.linspace(0, count - 1, frames)).astype(np.intp)
        return spread[None], 0
    step = settings.stride if settings.sampling == "stride" else max(1, count // frames)
    spare = max(0, count - ((frames - 1) * step + 1))
    middle = spare // 2
    at = np.array([middle])
    if settings.sampling == "stride":
        apart = max(1, step // 2)
        at = np.arange(middle % apart, spare + 1, apart)
        evenly = np.rint(np.linspace(0, len(at) - 1, min(len(at), MOST_STARTS - 1)))
        at = np.unique(np.append(at[evenly.astype(np.intp)], middle))
    rows = np.minimum(at[:, None] + np.arange(frames) * step, count - 1)
    return rows, int(np.searchsorted(at, middle))


def _region(
    stretch: Stretch, stream: PictureStream, times_ns: NDArray[np.int64], settings: ClipInput,
    height: int, width: int,
) -> Box:  # fmt: skip
    """What of the stream's picture is kept."""
    if settings.crop == "center":
        return Box(0, 0, width, height)
    x, y = width / 2, height / 2
    if stretch.tracks is not None:
        points = [
            project(stretch.recording, stream.name, stretch.tracks, int(t), (width, height))[0]
            for t in times_ns
        ]
        person = around(np.concatenate(points).reshape(-1, 2))
        if person is not None:
            x, y = (person.left + person.right) / 2, (person.top + person.bottom) / 2
    side = round(settings.crop_px * height / PRINTED_HEIGHT)
    side = int(np.clip(side, 1, min(width, height)))
    left = int(np.clip(round(x - side / 2), 0, width - side))
    top = int(np.clip(round(y - side / 2), 0, height - side))
    return Box(left, top, left + side, top + side)


# ---- making


def make(seen: Frames, settings: ClipInput, rng: np.random.Generator | None) -> Made:
    """(3, T, size, size): crop, scale, turn and normalise; rng None as in testing."""
    look = None if rng is None else draw_look(rng)
    drawn = None if rng is None else draw(rng)
    row = seen.rows[seen.middle if drawn is None else int(drawn.time * len(seen.rows))]
    if rng is not None and settings.sampling in PARTS:
        row = pick(seen.rows, rng)
    shown, back = np.unique(row, return_inverse=True)
    box = _box(seen.extent, settings, drawn)
    kept = changed_kept(seen.pixels[shown], settings, look)
    pictures = np.stack(
        [resized(colored(pixels_in(one, box)), settings.size, settings.size) for one in kept]
    )
    pictures = turned(
        pictures,
        drawn,
        flip=settings.flip,
        quarters=settings.rotate_quarters,
        vertical=settings.flip_vertical,
    )
    if rng is not None and settings.color_jitter and settings.appearance == "color":
        pictures = jittered(pictures, settings.color_jitter, rng)
    pictures = changed_pictures(pictures, settings, look)
    where = seen.extent.box(box)
    shots = tuple(Shot(int(seen.times_ns[k]), where) for k in row)
    return Made(_scaled(pictures, settings)[:, back], PicturePlace(seen.stream, shots))


def _box(extent: Extent, settings: ClipInput, drawn: Drawn | None) -> Box:
    width, height = extent.width, extent.height
    if drawn is not None and settings.train_scale != (1.0, 1.0):
        crop = random_area if _by_area(settings) else random_sides
        return crop(width, height, settings.train_scale, drawn)
    if drawn is not None and settings.train_scales != (1.0,):
        return random_scales(width, height, settings.train_scales, drawn)
    if settings.crop == "person":
        return Box(0, 0, width, height)
    return square(width, height, min(1.0, settings.size / settings.resize), drawn)


def _by_area(settings: ClipInput) -> bool:
    return settings.train_scale_of == "area"


def jittered(
    pictures: NDArray[np.uint8], most: float, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """(T, H, W, 3) with other brightness, contrast (about the clip's mean grey) and saturation;
    one factor each for all frames."""
    bright, contrast, saturation = rng.uniform(1 - most, 1 + most, 3).astype(np.float32).tolist()
    values: NDArray[Any] = pictures.astype(np.float32)
    values *= bright
    mean = np.float32((values @ LUMA).mean())
    values = (values - mean) * np.float32(contrast) + mean
    grey = (values @ LUMA)[..., None]
    values = grey + (values - grey) * np.float32(saturation)
    return np.rint(np.clip(values, 0, 255)).astype(np.uint8)


def _scaled(pictures: NDArray[np.uint8], settings: ClipInput) -> NDArray[np.float32]:
    """(T, H, W, 3) uint8 -> (3, T, H, W) float32."""
    if settings.scaling == "mean-std":
        return np.stack([normalised(one, settings) for one in pictures], axis=1)
    values = np.ascontiguousarray(pictures.transpose(3, 0, 1, 2), dtype=np.float32)
    low, high = float(values.min()), float(values.max())
    values -= np.float32(low)
    values /= np.float32(max(high - low, 1.0))
    return values
