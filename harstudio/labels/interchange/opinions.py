"""One opinion on each recording, for files that are trained on: else every clip is there twice."""

from __future__ import annotations

from dataclasses import replace

from harstudio.errors import UsageError
from harstudio.labels.interchange.base import Bundle
from harstudio.labels.model import Document
from harstudio.labels.team.policy import GOLD


def one_opinion(bundle: Bundle) -> tuple[Bundle, tuple[str, ...]]:
    """Of each recording the agreed labels, else those of the only annotator.

    Returns the sentence about what is left out. UsageError where several have labelled a
    recording and nothing is agreed.
    """
    open_ones: dict[str, None] = {}
    left_out: dict[str, None] = {}
    recordings = []
    for one in bundle.recordings:
        chosen = _agreed(one.documents)
        if len(chosen) > 1:
            open_ones |= dict.fromkeys(document.annotator for document in chosen)
        left_out |= dict.fromkeys(d.annotator for d in one.documents if d not in chosen)
        recordings.append(replace(one, documents=chosen))
    if open_ones:
        raise UsageError(
            f"{', '.join(open_ones)} have labelled the same recordings: trained on, every clip "
            "would be there more than once.",
            remedy="Settle them (gold), or export the labels of one person (--annotator).",
        )
    if not left_out:
        return bundle, ()
    said = f"Where labels are agreed only these are written, not those of {', '.join(left_out)}."
    return replace(bundle, recordings=tuple(recordings)), (said,)


def _agreed(documents: tuple[Document, ...]) -> tuple[Document, ...]:
    return tuple(one for one in documents if one.annotator == GOLD) or documents
