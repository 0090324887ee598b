"""In which order proposals are looked at: by time, or what teaches most first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import numpy as np

from harstudio.labels.editing.proposals import proposed
from harstudio.labels.model import Clip, Document
from harstudio.results import Recognition

Order = Literal["time", "uncertainty", "disagreement", "rarity"]
ORDERS: dict[Order, str] = {
    "time": "by time",
    "uncertainty": "least sure first",
    "disagreement": "most disputed first",
    "rarity": "rarest label first",
}


def in_order(
    clips: Sequence[Clip],
    order: Order,
    *,
    counts: Mapping[str, int],
    dispute: Callable[[Clip], float],
) -> list[Clip]:
    """The clips in an order; equal ones by time.

    counts: how many clips of each label the annotator has. dispute: how far others disagree, in
    [0, 1].
    """
    keys: dict[Order, Callable[[Clip], float]] = {
        "time": lambda clip: clip.start_ns,
        "uncertainty": lambda clip: -uncertainty(clip),
        "disagreement": lambda clip: -dispute(clip),
        "rarity": lambda clip: counts.get(clip.label, 0),
    }
    key = keys[order]
    return sorted(clips, key=lambda clip: (key(clip), clip.start_ns, clip.end_ns, clip.id))


def uncertainty(clip: Clip) -> float:
    """How unsure the network is, in [0, 1]: 1 - margin, the margin being how much likelier the
    label is than the next one (Scheffer, Decomain and Wrobel, 2001); 1 - confidence where no
    next one is known, and 1 where nothing is."""
    if clip.confidence is None:
        return 1.0
    second = proposed(clip).second_confidence
    return 1.0 - max(clip.confidence - (second or 0.0), 0.0)


def dispute_of_people(clip: Clip, opinions: Sequence[tuple[Document, Clip | None]]) -> float:
    """The share of others who say something else about that time, in [0, 1]; who says nothing
    disagrees if the recording is finished."""
    said = [other.label != clip.label for _, other in opinions if other is not None]
    said += [True for document, other in opinions if other is None and document.done]
    return sum(said) / len(said) if said else 0.0


def dispute_of_streams(clip: Clip, recognition: Recognition | None) -> float:
    """How far the streams of a network disagree over that time, in [0, 1]: the Jensen-Shannon
    divergence of what they say (query by committee; McCallum and Nigam, 1998), of the windows
    over the clip the mean."""
    if recognition is None:
        return 0.0
    found = [
        _divergence(np.stack(list(window.by_stream.values())))
        for window in recognition.windows
        if window.start_ns < clip.end_ns
        and window.end_ns > clip.start_ns
        and len(window.by_stream) > 1
        and window.person in ("", clip.person)
    ]
    return float(np.mean(found)) if found else 0.0


def _divergence(probabilities: np.ndarray[tuple[int, int], np.dtype[np.float32]]) -> float:
    """probabilities: (S, K), rows sum to 1. In [0, 1]: in units of log S."""
    shares = probabilities.astype(np.float64)
    gained = _entropy(shares.mean(axis=0)) - np.mean([_entropy(row) for row in shares])
    return float(np.clip(gained / np.log(len(shares)), 0.0, 1.0))


def _entropy(shares: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    some = shares[shares > 0]
    return float(-(some * np.log(some)).sum())
