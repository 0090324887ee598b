"""A map of a picture on the points that the depth camera saw."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from harstudio.recordings.overlay.heat_colors import finer
from harstudio.recordings.projection import shares_pixels
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import PictureStream
from harstudio.runs.recognised.patches import Patch
from harstudio.studio.panes.scene import Cloud

GRAY = 0.62  # of the brightness, under a map


class CloudHeat:
    """Lays maps on the points of one recording: each point has the weight of the pixel that it
    comes from, or, for a map on a picture of another camera, of the pixel where that camera sees
    it. What is asked again stays the same object."""

    def __init__(self, recording: Recording, depth: PictureStream) -> None:
        self._recording = recording
        self._depth = depth
        self._asked: tuple[object, ...] = ()
        self._made: Cloud | None = None
        self._cells: tuple[Patch, NDArray[np.intp]] | None = None

    def reaches(self, stream: str) -> bool:
        """Whether it is known where the pixels of a stream lie on the points."""
        return shares_pixels(self._recording, stream, self._depth.name) or (
            stream in self._recording.cameras
        )

    def on(self, cloud: Cloud, patch: Patch, table: NDArray[np.uint8], strength: float) -> Cloud:
        """The cloud under the map; the cloud itself where none of its points lies in it. Points
        coloured by their distance turn grey: two scales of colour at once cannot be read. table:
        (256, 4) uint8 premultiplied BGRA by weight. strength: of the map, in [0, 1]."""
        asked = (cloud, patch, table, strength)
        same = len(self._asked) == len(asked) and all(
            a is b or (isinstance(a, float) and a == b)
            for a, b in zip(self._asked, asked, strict=True)
        )
        if not same or self._made is None:
            self._asked, self._made = asked, self._painted(cloud, patch, table, strength)
        return self._made

    def _painted(
        self, cloud: Cloud, patch: Patch, table: NDArray[np.uint8], strength: float
    ) -> Cloud:
        box, cells = patch.box, self._finer(patch)
        pixels = self._pixels(cloud, patch.stream)
        rows, columns = cells.shape
        x = (pixels[:, 0] + np.float32(0.5 - box.left)) * np.float32(
            columns / (box.right - box.left)
        )
        y = (pixels[:, 1] + np.float32(0.5 - box.top)) * np.float32(rows / (box.bottom - box.top))
        with np.errstate(invalid="ignore"):
            inside = np.flatnonzero((x >= 0) & (x < columns) & (y >= 0) & (y < rows))
        levels = cells[y[inside].astype(np.intp), x[inside].astype(np.intp)]
        seen = table[:, 3] > 0
        inside, levels = inside[seen[levels]], levels[seen[levels]]
        if not inside.size:
            return cloud
        over = table.astype(np.float32) * np.float32(strength)
        left = 1 - over[:, 3:] / 255
        colors = cloud.colors.copy() if cloud.photo else gray(cloud.colors)
        colors[inside] = np.rint(colors[inside] * left[levels] + over[levels, 2::-1])
        return replace(cloud, colors=colors)

    def _finer(self, patch: Patch) -> NDArray[np.intp]:
        """Its cells as the pictures show them; kept while the map stays."""
        if self._cells is None or self._cells[0] is not patch:
            self._cells = patch, finer(patch.values)
        return self._cells[1]

    def _pixels(self, cloud: Cloud, stream: str) -> NDArray[np.float32]:
        """(N, 2) where the points lie in a picture, NaN behind its camera."""
        if shares_pixels(self._recording, stream, self._depth.name):
            return cloud.pixels()
        placed = self._recording.cameras[stream].project(cloud.points)
        return np.asarray(placed, dtype=np.float32)


def gray(colors: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(N, 3) RGB as bright as the colours, and darker than the brightest of a map."""
    bright = colors @ np.array([0.3, 0.59, 0.11], dtype=np.float32) * np.float32(GRAY)
    return np.repeat(bright.astype(np.uint8)[:, None], 3, axis=1)
