"""What a reader of agreement figures has to know, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from itertools import combinations

from harstudio.labels.agreement.figures import Agreement, Pair, PairAgreement


def remarks(
    agreement: Agreement,
    frames_of_all: int,
    undone: Sequence[tuple[str, str]],
    stepped: Sequence[str],
) -> tuple[str, ...]:
    """Why figures are missing, and what they rest on.

    frames_of_all: that all annotators judged. undone: annotator and recording of the documents
    that are not marked as done. stepped: recordings whose frames are not known.
    """
    return tuple(_sentences(agreement, frames_of_all, undone, stepped))


def apart_sentence(used: Mapping[str, Set[str]]) -> str:
    """A sentence where two annotators label tiers that are not taken for the same, "" else.

    used: whom each annotator's clips are about.
    """
    for (first, ours), (second, theirs) in combinations(used.items(), 2):
        if ours and theirs and not ours & theirs:
            return (
                f"{first} labels {_named(ours)}, {second} {_named(theirs)}: tiers of other "
                "names are taken for other people, so nothing of it is alike. Give them one "
                "name, or one person."
            )
    return ""


def revised_sentence(revised: Sequence[tuple[str, str]]) -> str:
    """A sentence about annotator and recording of documents that were changed too late, or ""."""
    if not revised:
        return ""
    many = "1 document was" if len(revised) == 1 else f"{len(revised)} documents were"
    return (
        f"Blind annotation: {many} changed after being marked as done, when what others say is "
        f"shown, as {revised[0][0]}'s of “{revised[0][1]}”."
    )


def _named(tiers: Set[str]) -> str:
    return ", ".join(f"the tier “{name}”" if name else "the own tier" for name in sorted(tiers))


def _sentences(
    agreement: Agreement,
    frames_of_all: int,
    undone: Sequence[tuple[str, str]],
    stepped: Sequence[str],
) -> Iterator[str]:
    annotators = agreement.annotators
    if len(annotators) < 2:
        who = f"Only {annotators[0]} has labels" if annotators else "Nobody has labels"
        yield f"{who} here, so there is nothing to compare."
        return
    if not agreement.recordings:
        yield "No recording was labelled by two of them, so there is nothing to compare."
        return
    for pair in combinations(sorted(annotators), 2):
        yield from _of_pair(pair, agreement.pairs.get(pair))
    if len(annotators) > 2:
        yield from _of_all(agreement, frames_of_all)
    if agreement.frames and agreement.alpha is None:
        yield "Krippendorff alpha is not defined: the same is said of every frame."
    if undone:
        yield (
            f"{len(undone)} of the documents are not marked as done, as {undone[0][0]}'s of "
            f"“{undone[0][1]}”: what is not labelled yet counts as no clip."
        )
    if stepped:
        yield (
            f"The frames of {len(stepped)} recordings are not known, as of “{stepped[0]}”: "
            "they are compared at equal steps from the first to the last edge."
        )
    if any(one.points.first or one.points.second for one in agreement.pairs.values()):
        yield "Point events are in no figure about frames; they match within 250 ms."


def _of_pair(pair: Pair, one: PairAgreement | None) -> Iterator[str]:
    who = " and ".join(pair)
    if one is None:
        yield f"{who} have no recording in common."
    elif not one.frames:
        yield f"{who} have no frame in common."
    elif one.kappa is None:
        yield f"{who}: kappa is not defined, because both say the same of every frame."


def _of_all(agreement: Agreement, frames_of_all: int) -> Iterator[str]:
    if not frames_of_all:
        yield (
            f"Fleiss kappa is left out: no recording was labelled by all "
            f"{len(agreement.annotators)}. Krippendorff alpha copes with that."
        )
    elif agreement.fleiss is None:
        yield "Fleiss kappa is not defined: all say the same of every frame."
