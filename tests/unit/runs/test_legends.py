"""What the colours of maps mean, in words that screens and videos share."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from harstudio.results import Box
from harstudio.runs.recognised.legends import EVERYWHERE, NOTHING, map_words
from harstudio.runs.recognised.patches import Patch

HEAT = Patch("color", 0, np.eye(4, dtype=np.float32), Box(0, 0, 8, 8), "Grad-CAM of color", 0, 0.51)


def test_a_blank_map_has_one_end_and_says_why() -> None:
    assert map_words(HEAT) == ("Grad-CAM of colour", "", ("0.00", "0.51"))
    blank = replace(HEAT, values=np.zeros((4, 4), dtype=np.float32), high=1.0)
    assert map_words(blank)[1:] == (NOTHING, ("0.00", "0.00"))
    even = replace(blank, low=0.25, joint=6, topology="kinect_v2_25")
    assert map_words(even)[1:] == (EVERYWHERE, ("0.25", "0.25"))
    of_joint = replace(even, values=HEAT.values)
    assert map_words(of_joint).note == "where left wrist attends"
