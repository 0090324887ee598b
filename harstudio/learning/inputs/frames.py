"""Pictures of a stream as networks see them: appearance, crop, size, normalisation."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import Annotated, Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from harstudio.errors import DataError
from harstudio.learning.inputs import Chance, Factor, InputSettings, Share
from harstudio.learning.inputs.person_mask import person_mask
from harstudio.learning.inputs.places import Stretch
from harstudio.learning.inputs.registered import in_color
from harstudio.learning.inputs.tracks import Sights, sights_at
from harstudio.recordings.streams import PictureStream, StreamKind
from harstudio.results import Box

PRINTED_HEIGHT = 1080  # of the pictures whose pixels the papers print

Pixels = Annotated[float, Field(ge=0, le=2000)]
Metres = Annotated[float, Field(ge=0, le=10)]
Positive = Annotated[float, Field(gt=0)]


class PictureSettings(InputSettings):
    """What all tables of pictures have.

    appearance: the kind of picture; depth (``depth_mm`` spread over 0 to 255, 0 = no value stays 0)
    and infrared (its 1st to 99th percentile) are coloured with the jet map. mean, std: one number
    or one a channel, of values in [0, 1]: the network gets (value - mean) / std.

    person_band_m: metres before and behind the bones of people within which depth is kept, and
    what infrared and colour show there; all else is 0 (see ``person_mask``). None keeps all.

    Only in training: flip mirrors every other clip, left and right; light, the least and the
    largest factor on the light (colour only); blur_px, the largest standard deviation of a blur in
    pixels of the input (not of depth).
    """

    appearance: Literal["color", "depth", "infrared"] = "color"
    mean: float | tuple[float, float, float] = 0.5
    std: Positive | tuple[Positive, Positive, Positive] = 0.5
    depth_mm: tuple[Pixels, Annotated[float, Field(gt=0, le=65535)]] = (500.0, 4500.0)
    person_band_m: tuple[Metres, Metres] | None = None
    flip: bool = False
    light: tuple[Factor, Factor] = (1.0, 1.0)
    blur_px: float = Field(default=0.0, ge=0, le=100)


class CroppedSettings(PictureSettings):
    """Pictures that are cut out.

    train_scales, only in training: shares of which the crop's width and height are drawn, next to
    each other in the list at most (Wang et al. 2016); (1.0) is none.
    """

    train_scales: tuple[Share, ...] = Field(default=(1.0,), min_length=1)


class KeptSettings(CroppedSettings):
    """Pictures whose frames are kept one by one.

    Only in training: background, the chance of something else behind people, a room where depth
    has no value, surfaces and grain where the person mask took colour or infrared away; of depth,
    depth_shift_mm, how far all values move at most, to either side; depth_holes, the largest share
    of the picture that loses its value.
    """

    background: Chance = 0.0
    depth_shift_mm: Pixels = 0.0
    depth_holes: Annotated[float, Field(ge=0, le=0.9)] = 0.0


def picture_stream(stretch: Stretch, settings: PictureSettings) -> tuple[PictureStream, int, int]:
    """The stream of that appearance, and the indices [first, last) of its frames in the stretch;
    DataError where there is none."""
    recording = stretch.recording
    stream = recording.of_kind(StreamKind(settings.appearance))
    if not isinstance(stream, PictureStream):
        raise DataError(
            f"There is no {settings.appearance} in this recording.", path=recording.path
        )
    bounds = np.searchsorted(stream.times_ns, (stretch.start_ns, stretch.end_ns))
    first, last = (int(k) for k in bounds)
    if first == last:
        raise DataError(f"There is no {settings.appearance} in this clip.", path=recording.path)
    return stream, first, last


def frame_of(
    stretch: Stretch, stream: PictureStream, index: int, settings: PictureSettings
) -> NDArray[Any]:
    """A frame of the stretch's pictures, with people alone where ``person_band_m`` says so.

    Nothing is left out where people cannot be told from the rest: without a skeleton, in infrared
    and colour without depth at that time, in colour without both cameras. What the stretch's
    ``kept`` has is not decoded again. DataError where it cannot be decoded.
    """
    if stretch.kept is None:
        return _frame(stretch, stream, index, settings)
    time_ns, band_m = int(stream.times_ns[index]), settings.person_band_m
    sights: Sights = ()
    if band_m is not None and stretch.tracks is not None:
        sights = sights_at(stretch.tracks, time_ns)
    make = partial(_frame, stretch, stream, index, settings)
    return stretch.kept.get(time_ns, (stream.name, index, band_m, sights), make)


def _frame(
    stretch: Stretch, stream: PictureStream, index: int, settings: PictureSettings
) -> NDArray[Any]:
    frame = stream.frame(index)
    if settings.person_band_m is None:
        return frame
    masks = {} if stretch.masks is None else stretch.masks
    key = stream.name, index, settings.person_band_m
    if key not in masks:
        time_ns = int(stream.times_ns[index])
        masks[key] = mask_of(stretch, stream, time_ns, frame, settings.person_band_m)
    mask = masks[key]
    if mask is None:
        return frame
    out = frame.copy()
    out[~mask] = 0
    return out


def mask_of(
    stretch: Stretch,
    stream: PictureStream,
    time_ns: int,
    frame: NDArray[Any],
    band_m: tuple[float, float],
) -> NDArray[np.bool_] | None:
    """(h, w) where a frame shows people, None where that cannot be known."""
    recording = stretch.recording
    if stream.kind == StreamKind.DEPTH:
        return person_mask(stretch, stream.name, time_ns, frame, band_m)
    seen = recording.of_kind(StreamKind.DEPTH)
    found = seen.at(time_ns) if isinstance(seen, PictureStream) else None
    if seen is None or found is None:
        return None
    if stream.kind == StreamKind.INFRARED:
        if found.data.shape != frame.shape:
            return None
        return person_mask(stretch, seen.name, time_ns, found.data, band_m)
    cameras = recording.cameras.get(seen.name), recording.cameras.get(stream.name)
    if cameras[0] is None or cameras[1] is None:
        return None
    if (cameras[1].height, cameras[1].width) != frame.shape[:2]:
        return None
    mask = person_mask(stretch, seen.name, time_ns, found.data, band_m)
    return None if mask is None else in_color(mask, found.data, cameras[0], cameras[1])


def limits_of(frame: NDArray[Any], settings: PictureSettings) -> tuple[float, float]:
    """The values that become 0 and 255: of depth as set, of infrared percentiles of the frame."""
    if settings.appearance == "depth":
        low, high = sorted(settings.depth_mm)
        return low, high
    low, high = (float(v) for v in np.percentile(frame, (1, 99)))
    return low, high


def appear(
    frame: NDArray[Any], settings: PictureSettings, limits: tuple[float, float] | None = None
) -> NDArray[np.uint8]:
    """Colour as it is (h, w, 3); depth and infrared as places in the colour map (h, w).

    limits: of the values, where several frames share them; None = this frame's own.
    """
    if settings.appearance == "color":
        return np.asarray(frame, dtype=np.uint8)
    low, high = limits or limits_of(frame, settings)
    values = (frame.astype(np.float32) - low) * (255 / max(high - low, 1e-6))
    places: NDArray[np.uint8] = np.rint(np.clip(values, 0, 255)).astype(np.uint8)
    return places


def colored(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(h, w) places in the colour map -> (h, w, 3) RGB; (h, w, 3) as it is."""
    if pixels.ndim == 3 or not pixels.size:
        return pixels
    return np.asarray(cv2.applyColorMap(np.ascontiguousarray(pixels), _jet()), np.uint8)


def cut(pixels: NDArray[np.uint8], left: int, top: int, box: Box) -> NDArray[np.uint8]:
    """(h, w, 3) RGB of a box on whole pixels, black beyond the picture.

    pixels: as ``appear`` gives them; left, top: where their corner lies in the stream's picture.
    """
    x0, y0 = int(box.left) - left, int(box.top) - top
    x1, y1 = int(box.right) - left, int(box.bottom) - top
    height, width = pixels.shape[:2]
    inside = colored(pixels[max(y0, 0) : max(y1, 0), max(x0, 0) : max(x1, 0)])
    if x0 >= 0 and y0 >= 0 and x1 <= width and y1 <= height:
        return inside
    out = np.zeros((y1 - y0, x1 - x0, 3), dtype=np.uint8)
    if inside.size:
        y, x = max(-y0, 0), max(-x0, 0)
        out[y : y + inside.shape[0], x : x + inside.shape[1]] = inside
    return out


def resized(picture: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """(height, width, ...): means over pixels on an axis that shrinks, linear on one that grows."""
    high, wide = picture.shape[:2]
    out: NDArray[Any] = picture
    if high > height or wide > width:
        out = cv2.resize(out, (min(wide, width), min(high, height)), interpolation=cv2.INTER_AREA)
    if out.shape[:2] != (height, width):
        out = cv2.resize(out, (width, height), interpolation=cv2.INTER_LINEAR)
    return out


def normalised(picture: NDArray[np.uint8], settings: PictureSettings) -> NDArray[np.float32]:
    """(H, W, 3) uint8 -> (3, H, W) float32, (value / 255 - mean) / std."""
    mean = np.broadcast_to(np.asarray(settings.mean, dtype=np.float64), 3)
    std = np.broadcast_to(np.asarray(settings.std, dtype=np.float64), 3)
    out = np.empty((3, *picture.shape[:2]), dtype=np.float32)
    for channel in range(3):
        np.multiply(
            picture[..., channel], np.float32(1 / (255 * std[channel])), out=out[channel],
            dtype=np.float32,
        )  # fmt: skip
        out[channel] -= np.float32(mean[channel] / std[channel])
    return out


@lru_cache(maxsize=1)
def _jet() -> NDArray[np.uint8]:
    """(256, 1, 3) the jet colour map as RGB."""
    places = np.arange(256, dtype=np.uint8)[:, None]
    return np.ascontiguousarray(cv2.applyColorMap(places, cv2.COLORMAP_JET)[..., ::-1])
