"""The colour picture."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from harstudio.recordings.streams import StreamKind
from harstudio.studio.panes.picture import PicturePane


class ColorPane(PicturePane):
    """RGB as recorded."""

    pane_id = "color"
    title = "Colour"
    kind = StreamKind.COLOR
    words = "colour video"

    def value_text(self, data: NDArray[Any], x: int, y: int) -> str:
        red, green, blue = (int(v) for v in data[y, x, :3])
        return f"#{red:02X}{green:02X}{blue:02X}"
