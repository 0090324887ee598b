"""One frame of a recording with everything that is drawn over it: for videos and pictures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harstudio.errors import MissingError
from harstudio.recordings.overlay.drawing import SkeletonBrush, draw_time
from harstudio.recordings.overlay.explained import ExplainedBrush
from harstudio.recordings.overlay.ground import Ground
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import SkeletonStream, StreamKind
from harstudio.runs.recognised.explained import Explained

OVERLAYS = ("skeleton", "time")


class Painter:
    """Paints frames of a ground with its overlays, names of ``OVERLAYS``.

    explained: what of a recognition is drawn; title: what the recording is called below it.
    Raises MissingError where the skeleton that is asked for is missing or has no known place; for
    an explanation it is drawn where it can be.
    """

    def __init__(
        self,
        recording: Recording,
        ground: Ground,
        overlays: Sequence[str],
        explained: Explained | None = None,
        title: str = "",
    ) -> None:
        self._ground = ground
        self._with_time = "time" in overlays
        self._explained: ExplainedBrush | None = None
        if explained is not None:
            stream = "" if ground.bare else ground.name
            self._explained = ExplainedBrush(recording, explained, stream, title)
        self._skeleton = _brush(recording, ground, overlays, self._explained)

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of a whole picture, both even."""
        ground = self._ground
        foot = 0 if self._explained is None else self._explained.foot_height(ground.height)
        return ground.width, ground.height + foot

    def paint(self, index: int) -> NDArray[np.uint8]:
        """(height, width, 3) RGB; DataError where the frame cannot be read."""
        time_ns, explained = int(self._ground.times_ns[index]), self._explained
        below_map = explained is not None and explained.has_map(time_ns)
        canvas = self._ground.paint(index, below_map=below_map)
        if explained is not None:
            explained.draw_map(canvas, time_ns)
        if self._skeleton is not None:
            self._skeleton.draw(canvas, time_ns)
        if explained is not None:
            explained.draw_marks(canvas, time_ns)
        if self._with_time:
            draw_time(canvas, time_ns, index)
        if explained is None:
            return canvas.pixels
        foot = explained.foot(self._ground.width, self._ground.height, time_ns)
        return np.concatenate([canvas.pixels, foot])


def _brush(
    recording: Recording,
    ground: Ground,
    overlays: Sequence[str],
    explained: ExplainedBrush | None,
) -> SkeletonBrush | None:
    """What draws the skeleton, None when it is not wanted."""
    if "skeleton" not in overlays and not ground.bare:
        return None
    skeleton = recording.of_kind(StreamKind.SKELETON)
    if not isinstance(skeleton, SkeletonStream) or not len(skeleton):
        raise MissingError("This recording has no skeleton to draw.", path=recording.path)
    bodies = (b for k in range(len(skeleton)) for b in skeleton.frame(k).bodies)
    first = next(bodies, None)
    if first is not None and ground.place(first) is None:
        raise MissingError(
            f"Where the skeleton lies in {ground.name} is not known: there is no camera for it.",
            path=recording.path,
            remedy="Choose another picture stream with --stream.",
        )
    tolerance_ns = recording.tolerance_ns(skeleton)
    return SkeletonBrush(skeleton, ground.place, tolerance_ns, explained)
