"""Changes of pictures for ``disturbing``: less light, out of focus, another room behind people."""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from harstudio.learning.inputs.frames import mask_of
from harstudio.learning.inputs.looks import darker
from harstudio.learning.inputs.places import Stretch
from harstudio.learning.inputs.tracks import read_tracks
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import PictureStream, SkeletonStream, StreamKind
from harstudio.skeletons.cameras import Camera
from harstudio.synthesis.room import Background, Room
from harstudio.synthesis.viewpoint import make_viewpoint

Lens = tuple[int, int, float, float, float, float]  # width, height, fx, fy, cx, cy

BLUR = 0.01  # standard deviation as a share of the picture's height
ROOMS = 8
ROOM_MM = 3100.0  # from the camera to where someone stands in a room as it is made
REMOVED = 0.5  # share of pixels without a value from which a background counts as removed
BAND_M = (0.45, 0.3)
FOCAL = 0.9  # of a camera that is not known, as a share of the width
PEOPLE = 2
RENDERED = 640  # pixels across of a room in colour


def in_less_light(picture: NDArray[Any], factor: float) -> NDArray[Any]:
    """Colour (h, w, 3) bytes or infrared (h, w), whose values are light itself."""
    if picture.ndim == 3:
        return darker(picture, factor)
    return np.rint(picture * factor).astype(picture.dtype)


def out_of_focus(picture: NDArray[Any]) -> NDArray[Any]:
    """The picture through a Gaussian."""
    out: NDArray[Any] = cv2.GaussianBlur(
        np.ascontiguousarray(picture), (0, 0), BLUR * picture.shape[0]
    )
    return out


class OtherRoom:
    """Depth or colour pictures of a stretch with a furnished room behind the people in them.

    People are what has a value where most pixels of depth have none, else what the person mask
    finds; where it finds nobody the picture stays as it is. The room is the same in all frames, as
    large as puts its middle where the people of the stretch's first depth picture are.
    """

    def __init__(
        self, recording: Recording, stream: PictureStream, start_ns: int, end_ns: int, seed: int
    ) -> None:
        self._recording, self._stream = recording, stream
        self._start_ns, self._end_ns, self._seed = start_ns, end_ns, seed % ROOMS

    @cached_property
    def _stretch(self) -> Stretch:
        recording, start_ns, end_ns = self._recording, self._start_ns, self._end_ns
        skeleton = recording.of_kind(StreamKind.SKELETON)
        if not isinstance(skeleton, SkeletonStream):
            return Stretch(recording, start_ns, end_ns, None)
        tracks = read_tracks(recording, start_ns, end_ns, "", PEOPLE, "")
        return Stretch(recording, start_ns, end_ns, tracks, skeleton.topology)

    @cached_property
    def _behind(self) -> NDArray[Any]:
        if self._stream.kind == StreamKind.COLOR:
            return self._colored()
        return self._at_their_distance()

    def behind(self, picture: NDArray[Any], index: int) -> NDArray[Any]:
        """A frame with the room where there are no people."""
        people = self._people(picture, index)
        if people is None or people.shape != self._behind.shape[:2]:
            return picture
        out = self._behind.copy()
        out[people] = picture[people]
        return out

    def _people(self, picture: NDArray[Any], index: int) -> NDArray[np.bool_] | None:
        there = picture > 0
        if picture.ndim == 2 and there.mean() < 1 - REMOVED:
            return there
        time_ns = int(self._stream.times_ns[index])
        return mask_of(self._stretch, self._stream, time_ns, picture, BAND_M)

    def _at_their_distance(self) -> NDArray[np.uint16]:
        """(h, w) millimetres."""
        stream = self._stream
        first = min(int(np.searchsorted(stream.times_ns, self._start_ns)), len(stream) - 1)
        depth = stream.frame(first)
        people = self._people(depth, first)
        away = ROOM_MM if people is None or not people.any() else float(np.median(depth[people]))
        room_mm = _depth_mm(self._seed, self._camera()) * (away / ROOM_MM)
        return np.asarray(np.rint(room_mm).clip(1, 65535), dtype=np.uint16)

    def _colored(self) -> NDArray[np.uint8]:
        """(h, w, 3) RGB; a room that is farther away and larger looks the same."""
        pixels = _color(self._seed, self._camera())
        size = self._stream.width, self._stream.height
        return np.asarray(cv2.resize(pixels, size), dtype=np.uint8)

    def _camera(self) -> Lens:
        """Width, height and lens of the stream's camera; a usual one where it is not known."""
        stream = self._stream
        known = self._recording.cameras.get(stream.name)
        if known is not None:
            return known.width, known.height, known.fx, known.fy, known.cx, known.cy
        focal = FOCAL * stream.width
        return stream.width, stream.height, focal, focal, stream.width / 2, stream.height / 2


@lru_cache(maxsize=ROOMS)
def _depth_mm(seed: int, lens: Lens) -> NDArray[np.float32]:
    """(height, width) millimetres of an empty room with a chair and a table."""
    return _seen(seed, Camera(*lens)).depth * np.float32(1000)


@lru_cache(maxsize=ROOMS)
def _color(seed: int, lens: Lens) -> NDArray[np.uint8]:
    """The same room in colour (h, w, 3), ``RENDERED`` pixels across at most."""
    width, height, fx, fy, cx, cy = lens
    share = min(1.0, RENDERED / width)
    wide, high = max(1, round(width * share)), max(1, round(height * share))
    camera = Camera(wide, high, fx * share, fy * share, cx * share, cy * share)
    light = _seen(seed, camera).light
    return np.asarray(np.rint(255 * np.sqrt(np.clip(light, 0, 1))), dtype=np.uint8)


def _seen(seed: int, camera: Camera) -> Background:
    room = Room(seed, frozenset({"chair", "table"}))
    return room.seen(camera, make_viewpoint(1, seed))
