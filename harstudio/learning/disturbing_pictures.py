"""Changes of pictures for ``disturbing``: less light, out of focus, another room behind people."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from harstudio.learning.inputs.looks import darker
from harstudio.learning.inputs.person_mask import person_mask
from harstudio.learning.inputs.places import Stretch
from harstudio.learning.inputs.tracks import read_tracks
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import PictureStream, SkeletonStream, StreamKind
from harstudio.skeletons.cameras import Camera
from harstudio.synthesis.room import Room
from harstudio.synthesis.viewpoint import make_viewpoint

BLUR = 0.01  # standard deviation as a share of the picture's height
ROOMS = 8
ROOM_MM = 3100.0  # from the camera to where someone stands in a room as it is made
REMOVED = 0.5  # share of pixels without a value from which a background counts as removed
BAND_M = (0.45, 0.3)
FOCAL = 0.9  # of a camera that is not known, as a share of the width
PEOPLE = 2


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
    """Depth pictures of a stretch with a furnished room behind the people in them.

    People are what has a value where most pixels have none, else those that the person mask finds;
    where it finds nobody the picture stays as it is. The room is the same in all frames, as large
    as puts its middle where the people of the stretch's first picture are.
    """

    def __init__(
        self, recording: Recording, stream: PictureStream, start_ns: int, end_ns: int, seed: int
    ) -> None:
        self._stream = stream
        self._stretch = Stretch(recording, start_ns, end_ns, None)
        skeleton = recording.of_kind(StreamKind.SKELETON)
        if isinstance(skeleton, SkeletonStream):
            tracks = read_tracks(recording, start_ns, end_ns, "", PEOPLE, "")
            self._stretch = Stretch(recording, start_ns, end_ns, tracks, skeleton.topology)
        camera = recording.cameras.get(stream.name)
        if camera is None:
            focal = FOCAL * stream.width
            middle = stream.width / 2, stream.height / 2
            camera = Camera(stream.width, stream.height, focal, focal, *middle)
        lens = camera.fx, camera.fy, camera.cx, camera.cy
        room = _room_mm(seed % ROOMS, stream.width, stream.height, *lens)
        first = min(int(np.searchsorted(stream.times_ns, start_ns)), len(stream) - 1)
        depth = stream.frame(first)
        people = self._people(depth, first)
        away = ROOM_MM if people is None or not people.any() else float(np.median(depth[people]))
        self._room = np.rint(room * (away / ROOM_MM)).clip(1, 65535).astype(np.uint16)

    def behind(self, depth: NDArray[np.uint16], index: int) -> NDArray[np.uint16]:
        """A frame (h, w), millimetres, with the room where there are no people."""
        people = self._people(depth, index)
        return depth if people is None else np.where(people, depth, self._room)

    def _people(self, depth: NDArray[np.uint16], index: int) -> NDArray[np.bool_] | None:
        there = depth > 0
        if there.mean() < 1 - REMOVED:
            return there
        time_ns = int(self._stream.times_ns[index])
        return person_mask(self._stretch, self._stream.name, time_ns, depth, BAND_M)


@lru_cache(maxsize=ROOMS)
def _room_mm(
    seed: int, width: int, height: int, fx: float, fy: float, cx: float, cy: float
) -> NDArray[np.float32]:
    """(height, width) millimetres of an empty room with a chair and a table."""
    camera = Camera(width, height, fx, fy, cx, cy)
    room = Room(seed, frozenset({"chair", "table"}))
    return room.seen(camera, make_viewpoint(1, seed)).depth * np.float32(1000)
