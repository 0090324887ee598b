"""How far annotators agree, by frames and by clips, and where they do not."""

from harstudio.labels.agreement.figures import (
    Agreement,
    Disagreement,
    LabelAgreement,
    Pair,
    PairAgreement,
)
from harstudio.labels.agreement.frames import Compared
from harstudio.labels.agreement.measure import measure, measure_all
from harstudio.labels.agreement.segments import IOUS, Boundaries, Score
from harstudio.labels.agreement.tracks import Tracks, person_of

__all__ = [
    "IOUS",
    "Agreement",
    "Boundaries",
    "Compared",
    "Disagreement",
    "LabelAgreement",
    "Pair",
    "PairAgreement",
    "Score",
    "Tracks",
    "measure",
    "measure_all",
    "person_of",
]
