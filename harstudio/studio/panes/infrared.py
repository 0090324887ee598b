"""The infrared picture, stretched between its recording's percentiles."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harstudio.recordings.streams import StreamKind
from harstudio.studio.panes.picture import PicturePane


@lru_cache(maxsize=8)
def stretch(low: int, high: int) -> NDArray[np.uint8]:
    """(65536,) uint8: grey for every count, black up to low, white from high on."""
    steps = (np.arange(65536) - low) * (255 / max(1, high - low))
    return np.clip(np.rint(steps), 0, 255).astype(np.uint8)


class InfraredPane(PicturePane):
    """Infrared, 8 or 16 bits."""

    pane_id = "infrared"
    title = "Infrared"
    kind = StreamKind.INFRARED
    words = "infrared"

    def picture(self, data: NDArray[Any]) -> NDArray[Any]:
        grey = data[..., 0] if data.ndim == 3 else data
        return np.take(stretch(*self.session.looks.ranges.get(self.stream.name, (0, 255))), grey)

    def value_text(self, data: NDArray[Any], x: int, y: int) -> str:
        return f"{int(np.atleast_1d(data[y, x])[0])} counts"
