"""How far annotators agree, by frames and by clips, and where they do not."""

from harstudio.labels.agreement.figures import (
    Agreement,
    Disagreement,
    LabelAgreement,
    Pair,
    PairAgreement,
)
from harstudio.labels.agreement.frames import Compared, person_of
from harstudio.labels.agreement.measure import measure, measure_all
from harstudio.labels.agreement.segments import IOUS, Boundaries, Score

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
    "measure",
    "measure_all",
    "person_of",
]
