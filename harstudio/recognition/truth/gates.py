"""How steady a modality's share is: its variance over clips, as recorded and under conditions.

X. Zhao et al. (AMFI-Net, JVCIR 2025) print the variance of the skeleton's gate over the test clips
(0.03) as a sign that the background does not disturb it. A clip's share is the mean of its gate
over all features. The conditions are those of robustness; the same clips are read again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from harstudio.learning.evaluating.disturbing import applies, condition
from harstudio.learning.preprocessing import Preprocessing
from harstudio.recognition.truth.summing import drawn

CONDITIONS = ("background", "dark-0.25", "blur")
FEWEST = 2  # clips that vary

Shares = Mapping[str, Mapping[int, float]]  # explanation -> number of the clip -> share


def conditions_of(preprocessing: Preprocessing) -> list[str]:
    """The conditions that change what a network sees."""
    return [name for name in CONDITIONS if applies(name, preprocessing)]


def steadiness(
    modality: str, plain: Shares, disturbed: Mapping[str, Shares], seed: int
) -> list[dict[str, Any]]:
    """One row for every share and condition, "" = as recorded. change: mean of how far a clip's
    share goes, of the clips read either way; None as recorded."""
    rows = []
    for name, shares in plain.items():
        rows.append(_row(name, modality, "", "As recorded", list(shares.values()), None, seed))
        for key, found in disturbed.items():
            both = [k for k in found.get(name, {}) if k in shares]
            now = [found[name][k] for k in both]
            moved = [abs(found[name][k] - shares[k]) for k in both]
            title = condition(key).title
            rows.append(_row(name, modality, key, title, now, moved, seed))
    return [row for row in rows if row is not None]


def _row(
    name: str,
    modality: str,
    key: str,
    title: str,
    shares: Sequence[float],
    moved: Sequence[float] | None,
    seed: int,
) -> dict[str, Any] | None:
    if len(shares) < FEWEST:
        return None
    values = np.array(shares, dtype=np.float64)
    spread: Callable[..., Any] = np.var
    return {
        "name": name,
        "modality": modality,
        "condition": key,
        "title": title,
        "clips": len(values),
        "mean": float(values.mean()),
        "variance": float(values.var()),
        "ci95": drawn(spread, seed, values),
        "change": None if moved is None else float(np.mean(moved)),
    }
