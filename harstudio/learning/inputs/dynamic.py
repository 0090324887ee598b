"""The ``dynamic`` input: a stretch as one picture, by approximate rank pooling.

H. Bilen, B. Fernando, E. Gavves, A. Vedaldi: Action Recognition with Dynamic Image Networks, TPAMI
2018. The frames are summed as they are decoded; no more than one is held.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from harstudio.learning.inputs.crops import (
    Extent,
    draw,
    pixels_in,
    random_scales,
    shrunk,
    square,
    turned,
)
from harstudio.learning.inputs.frames import (
    CroppedSettings,
    appear,
    colored,
    frame_of,
    limits_of,
    normalised,
    picture_stream,
    resized,
)
from harstudio.learning.inputs.looks import changed_pictures, draw_look
from harstudio.learning.inputs.places import Made, PicturePlace, Shot, Stretch
from harstudio.learning.inputs.tracks import Sights, sights_at
from harstudio.recordings.streams import PictureStream
from harstudio.results import Box

MOST_SHOTS = 64  # frames of a picture that are told
STILL = 1e-6  # a sum that spreads less shows nothing that moved


class DynamicInput(CroppedSettings):
    """The table of a dynamic image, with what ``CroppedSettings`` has.

    size: height and width. segments: equal parts of the stretch that become one picture each.
    coloring: whether depth and infrared are ``gray``, the same in all three channels, or in the
    ``jet`` map. Frames are summed at a shorter side of ``resize``; the middle size x size of that
    is seen in testing. Infrared is spread as in the stretch's first frame.
    train_scales are of the shorter side.
    """

    kind: Literal["dynamic"] = "dynamic"
    size: int = Field(default=224, ge=8, le=2048)
    segments: int = Field(default=1, ge=1, le=64)
    coloring: Literal["gray", "jet"] = "gray"
    resize: int = Field(default=256, ge=8, le=2048)


@dataclass(frozen=True, slots=True, eq=False)
class DynamicImages:
    """pixels: (S, h, w, 3), of grey ones (S, h, w), uint8. times_ns: of the frames that they show,
    64 at most. extent: what they show of the stream's picture."""

    stream: str
    times_ns: NDArray[np.int64]
    pixels: NDArray[np.uint8]
    extent: Extent

    @property
    def nbytes(self) -> int:
        """Bytes of the pixels."""
        return self.pixels.nbytes


def rank_pooling(count: int) -> NDArray[np.float64]:
    """(N,) the weights of N frames: a_t = sum over i = t..N of (2i - N - 1) / i; 1 for one frame.

    They sum to 0, so that whatever stands still is the same grey everywhere.
    """
    if count == 1:
        return np.ones(1)
    i = np.arange(1, count + 1)
    return np.cumsum(((2 * i - count - 1) / i)[::-1])[::-1]


# ---- reading


def read(stretch: Stretch, settings: DynamicInput) -> DynamicImages:
    """The stretch's dynamic images; DataError where a frame is missing or cannot be decoded."""
    stream, first, last = picture_stream(stretch, settings)
    count, parts = last - first, settings.segments
    limits, images = None, []
    height, width = stream.height, stream.width
    for k in range(parts):
        start = min(k * count // parts, count - 1)
        stop = max((k + 1) * count // parts, start + 1)
        weights = rank_pooling(stop - start)
        total: Any = 0.0
        for t, weight in enumerate(weights.tolist()):
            (height, width), small = small_frame(stretch, stream, first + start + t, settings)
            if limits is None and settings.appearance != "color":
                limits = limits_of(small, settings)
            total = total + weight * _values(small, settings, limits)
        images.append(_bytes(total))
    pixels = np.stack(images)
    told = np.unique(np.rint(np.linspace(first, last - 1, min(count, MOST_SHOTS))).astype(np.intp))
    extent = Extent(Box(0, 0, width, height), pixels.shape[2], pixels.shape[1])
    return DynamicImages(stream.name, stream.times_ns[told], pixels, extent)


def small_frame(
    stretch: Stretch, stream: PictureStream, index: int, settings: DynamicInput
) -> tuple[tuple[int, int], NDArray[Any]]:
    """Height and width of a frame, and the frame at a shorter side of ``resize``, as ``frame_of``
    and ``shrunk`` give it. Where the stretch keeps frames, the small one is kept alone."""
    if stretch.kept is None:
        return _small_frame(stretch, stream, index, settings)
    time_ns, band_m = int(stream.times_ns[index]), settings.person_band_m
    sights: Sights = ()
    if band_m is not None and stretch.tracks is not None:
        sights = sights_at(stretch.tracks, time_ns)
    key = stream.name, index, band_m, sights, settings.appearance, settings.resize
    make = partial(_small_frame, replace(stretch, kept=None), stream, index, settings)
    return stretch.kept.get(time_ns, key, make)


def _small_frame(
    stretch: Stretch, stream: PictureStream, index: int, settings: DynamicInput
) -> tuple[tuple[int, int], NDArray[Any]]:
    frame = frame_of(stretch, stream, index, settings)
    height, width = frame.shape[:2]
    nearest = settings.appearance == "depth"
    return (height, width), shrunk(frame, settings.resize, nearest=nearest)


def _values(
    frame: NDArray[Any], settings: DynamicInput, limits: tuple[float, float] | None
) -> NDArray[np.float64]:
    seen = appear(frame, settings, limits)
    return (colored(seen) if settings.coloring == "jet" else seen).astype(np.float64)


def _bytes(total: NDArray[np.float64]) -> NDArray[np.uint8]:
    """From the least value to the largest, over all channels, to 0 to 255."""
    low, high = float(total.min()), float(total.max())
    if high - low < STILL:
        return np.zeros(total.shape, dtype=np.uint8)
    return np.rint((total - low) * (255 / (high - low))).astype(np.uint8)


# ---- making


def make(seen: DynamicImages, settings: DynamicInput, rng: np.random.Generator | None) -> Made:
    """(3, size, size), of several segments (3, S, size, size); rng None as in testing."""
    look = None if rng is None else draw_look(rng)
    drawn = None if rng is None else draw(rng)
    width, height = seen.extent.width, seen.extent.height
    if drawn is None:
        box = square(width, height, min(1.0, settings.size / settings.resize), None)
    else:
        box = random_scales(width, height, settings.train_scales, drawn)
    cut = [resized(pixels_in(one, box), settings.size, settings.size) for one in seen.pixels]
    pictures = np.stack([np.dstack([one] * 3) if one.ndim == 2 else one for one in cut])
    pictures = turned(pictures, drawn, flip=settings.flip, quarters=False)
    pictures = changed_pictures(pictures, settings, look)
    values = np.stack([normalised(one, settings) for one in pictures], axis=1)
    where = seen.extent.box(box)
    told, parts = len(seen.times_ns), len(pictures)
    of = [f"part {k * parts // told + 1} of {parts}" if parts > 1 else "" for k in range(told)]
    times = seen.times_ns.tolist()
    shots = tuple(Shot(at, where, of=part) for at, part in zip(times, of, strict=True))
    place = PicturePlace(seen.stream, shots)
    return Made(values if settings.segments > 1 else values[:, 0], place)
