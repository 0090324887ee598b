"""The legend of a map; pictures and the points of the 3D view share it."""

from __future__ import annotations

from collections.abc import Callable

from harstudio.recordings.overlay.heat_colors import heat_table
from harstudio.runs.recognised.explained import Explained
from harstudio.runs.recognised.legends import map_words
from harstudio.runs.recognised.patches import Patch
from harstudio.studio.panes.legend import Meaning
from harstudio.studio.timecode import clock_text


def map_meaning(
    explained: Explained, patch: Patch, on_frame: bool, start_ns: int, go: Callable[[], None]
) -> Meaning:
    """What the colours of a map mean. on_frame: whether it belongs to the frame on screen, else
    the legend says when it was seen and ``go`` goes there."""
    table = heat_table(explained.threshold, explained.opacity)
    words, note, ends = map_words(patch)
    if on_frame:
        return Meaning(words, table, note=note, ends=ends)
    seen = clock_text(patch.time_ns - start_ns)
    tip = "Go to the frame that was seen"
    return Meaning(words, table, f"seen at {seen}", tip, go, note, ends)
