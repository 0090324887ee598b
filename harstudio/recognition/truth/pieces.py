"""Which cells of a heat map the network saw, where its input is a mosaic of pieces."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from harstudio.learning.inputs.places import WHOLE, PicturePlace
from harstudio.results import HeatMap


def shown_in(told: HeatMap, place: PicturePlace) -> NDArray[np.bool_] | None:
    """(t, h, w) whether the middle of a cell lies in a piece that was cut out of that frame; None
    where the input shows all of the map's boxes."""
    if all(shot.part == WHOLE for shot in place.shots):
        return None
    shown = np.zeros(told.values.shape, dtype=np.bool_)
    rows, columns = told.values.shape[1:]
    for k, (time_ns, box) in enumerate(zip(told.times_ns.tolist(), told.boxes, strict=True)):
        y = box.top + (np.arange(rows) + 0.5) * (box.bottom - box.top) / rows
        x = box.left + (np.arange(columns) + 0.5) * (box.right - box.left) / columns
        for one in (shot.box for shot in place.shots if shot.time_ns == time_ns):
            down, across = (y >= one.top) & (y < one.bottom), (x >= one.left) & (x < one.right)
            shown[k] |= down[:, None] & across[None]
    return shown
