"""Which modality feeds which branch of a network."""

from __future__ import annotations

from collections.abc import Sequence

from harstudio.errors import UsageError
from harstudio.results import NetworkCard


def match_modalities(card: NetworkCard, modalities: Sequence[str] = ()) -> dict[str, str]:
    """For every branch of a network the modality that feeds it; UsageError where one is open.

    The published ones in any order; others in the order of the branches where each takes the one at
    its place, else each branch has what it would rather have.
    """
    published = {branch: allowed[0] for branch, allowed in card.branches.items()}
    if not modalities or sorted(modalities) == sorted(published.values()):
        return published
    branches = card.branches.items()
    if len(modalities) == len(branches) and all(
        modality in allowed for modality, (_, allowed) in zip(modalities, branches, strict=True)
    ):
        return dict(zip(card.branches, modalities, strict=True))
    left = list(modalities)
    matched: dict[str, str] = {}
    for branch, allowed in card.branches.items():
        fits = next((modality for modality in allowed if modality in left), None)
        if fits is None:
            raise UsageError(
                f"{card.name} needs {' or '.join(allowed)} for its {branch} branch; "
                f"{', '.join(modalities)} has none left.",
                remedy=f"Its default is {', '.join(card.modalities)}.",
            )
        left.remove(fits)
        matched[branch] = fits
    if left:
        raise UsageError(
            f"{card.name} has no branch for {left[0]}.",
            remedy=f"Its default is {', '.join(card.modalities)}.",
        )
    return matched
