"""The legend of weights over joints; pictures and the 3D view share it."""

from __future__ import annotations

from harstudio.studio.panes.heat import joint_table
from harstudio.studio.panes.legend import Meaning
from harstudio.studio.recognition.explaining import Explaining


def joint_meaning(explaining: Explaining, time_ns: int) -> Meaning | None:
    """What size and colour of the joints mean at a time; None when they mean nothing."""
    found = explaining.joint_weights(time_ns)
    if found is None:
        return None
    note = "" if found[0].values.any() else "nothing speaks for it here"
    return Meaning(found[0].meaning, joint_table(), note=note)
