"""What the figures of agreement say, as rows of name, value and words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from harstudio.labels.agreement import IOUS, Agreement, PairAgreement

CHANCE = 0.005  # what is written as 0.00
# J. R. Landis and G. G. Koch, The measurement of observer agreement for categorical data,
# Biometrics 33(1), 1977, page 165.
WORDS = (
    (-CHANCE, "worse than by chance"),
    (CHANCE, "as by chance"),
    (0.2, "slight"),
    (0.4, "fair"),
    (0.6, "moderate"),
    (0.8, "substantial"),
    (1.0, "almost perfect"),
)
KAPPA_TIP = (
    "Agreement frame by frame beyond what chance gives: 1 is full agreement, 0 is chance. The "
    "words are those of Landis and Koch (1977)."
)
ALPHA_TIP = (
    "Krippendorff's alpha, frame by frame: as kappa, for any number of annotators, and where not "
    "everybody labelled everything."
)
F1_TIP = (
    "Clips of one label count as the same when what they have in common is at least 0.1, 0.25 or "
    "0.5 of what they cover together. F1 is the share of clips that have such a partner."
)
EDGES_TIP = "How far apart the starts and ends of clips are that both annotators have."


@dataclass(frozen=True, slots=True)
class FigureRow:
    """tip: what the figure means, at length."""

    name: str
    value: str
    words: str
    tip: str = ""


def kappa_words(value: float) -> str:
    """What a kappa is usually called."""
    return next(word for limit, word in WORDS if value <= limit or limit == WORDS[-1][0])


def figure_rows(agreement: Agreement) -> list[FigureRow]:
    """The figures that exist; why others do not, the remarks tell."""
    return list(_rows(agreement))


def _rows(agreement: Agreement) -> Iterator[FigureRow]:
    pairs = agreement.pairs
    if len(pairs) == 1:
        yield from _pair_rows(next(iter(pairs.values())))
        return
    if agreement.fleiss is not None:
        words = f"{kappa_words(agreement.fleiss)}, all {len(agreement.annotators)} annotators"
        yield FigureRow("Fleiss κ", f"{agreement.fleiss:.2f}", words, KAPPA_TIP)
    if agreement.alpha is not None:
        yield FigureRow("Krippendorff α", f"{agreement.alpha:.2f}", _frames(agreement), ALPHA_TIP)
    for (first, second), pair in pairs.items():
        if pair.kappa is not None:
            f1 = pair.segments[IOUS[-1]].f1
            clips = "" if f1 is None else f", clips F1 {f1:.2f}"
            words = f"{kappa_words(pair.kappa)}{clips}"
            yield FigureRow(f"{first} · {second}", f"κ {pair.kappa:.2f}", words, KAPPA_TIP)


def _pair_rows(pair: PairAgreement) -> Iterator[FigureRow]:
    if pair.kappa is not None:
        words = f"{kappa_words(pair.kappa)}, beyond chance"
        yield FigureRow("Cohen κ", f"{pair.kappa:.2f}", words, KAPPA_TIP)
    if pair.frames:
        share = pair.agreed / pair.frames
        words = f"both say the same of {pair.agreed} of {pair.frames} frames"
        yield FigureRow("Frames alike", f"{share:.0%}", words)
    f1 = [pair.segments[iou].f1 for iou in IOUS]
    known = [value for value in f1 if value is not None]
    if len(known) == len(IOUS):
        value = " · ".join(f"{one:.2f}" for one in known)
        yield FigureRow("Clips F1", value, "at an overlap of 0.1 · 0.25 · 0.5", F1_TIP)
    edges = pair.boundaries
    if edges.median_ms is not None and edges.p95_ms is not None:
        words = f"apart in the middle; 95 of 100 edges within {edges.p95_ms:.0f} ms"
        yield FigureRow("Edges", f"{edges.median_ms:.0f} ms", words, EDGES_TIP)


def _frames(agreement: Agreement) -> str:
    count = len(agreement.recordings)
    return f"{agreement.frames} frames of {count} recording{'' if count == 1 else 's'}"


def confused(agreement: Agreement, most: int = 5) -> list[tuple[str, str, int]]:
    """What is most often said by one where another says something else, both ways together.

    (one label, other label, frames), "" for no clip, the most frequent first.
    """
    counts: dict[tuple[str, str], int] = {}
    names = agreement.categories
    for pair in agreement.pairs.values():
        for row, column in zip(*pair.confusion.nonzero(), strict=True):
            if row != column:
                one, other = sorted((names[row], names[column]), key=lambda name: (not name, name))
                counts[one, other] = counts.get((one, other), 0) + int(pair.confusion[row, column])
    found = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [(one, other, frames) for (one, other), frames in found[:most]]
