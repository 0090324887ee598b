"""The legend of what lies on joints; pictures and the 3D view share it."""

from __future__ import annotations

from harstudio.recordings.overlay.heat_colors import joint_table
from harstudio.runs.recognised.legends import joint_words
from harstudio.studio.panes.legend import Meaning
from harstudio.studio.recognition.explaining import Explaining


def joint_meaning(explaining: Explaining, time_ns: int) -> Meaning | None:
    """What size and colour of the joints, or lines between them, mean at a time; None when they
    mean nothing."""
    told = joint_words(explaining, time_ns)
    if told is None:
        return None
    return Meaning(told.words, joint_table(), note=told.note, ends=told.ends)
