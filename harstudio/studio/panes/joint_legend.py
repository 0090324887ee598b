"""The legend of what lies on joints; pictures and the 3D view share it."""

from __future__ import annotations

from harstudio.recordings.overlay.heat_colors import joint_table
from harstudio.runs.recognised.patches import joint_name
from harstudio.runs.recognised.words import figure, joint_title, spoken
from harstudio.studio.panes.legend import NOTHING, Meaning
from harstudio.studio.recognition.explaining import Explaining


def joint_meaning(explaining: Explaining, time_ns: int) -> Meaning | None:
    """What size and colour of the joints, or lines between them, mean at a time; None when they
    mean nothing."""
    linked = explaining.links(time_ns)
    if linked is not None:
        links, meaning = linked
        note = "the strongest links"
        if links.joint is not None:
            note = f"where {joint_title(joint_name(links.joint, links.topology))} attends"
        if not links.links:
            note = "the same everywhere"
        return Meaning(
            spoken(meaning), joint_table(), note=note, ends=(figure(links.low), figure(links.high))
        )
    found = explaining.joint_weights(time_ns)
    if found is None:
        return None
    note = "" if found[0].values.any() else NOTHING
    return Meaning(spoken(found[0].meaning), joint_table(), note=note)
