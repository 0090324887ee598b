"""Steps of edits that concern proposals alone, told from those about what is said."""

from __future__ import annotations

from harstudio.labels.editing.edits import (
    AddClip,
    AddTier,
    ChangeClip,
    ChangeTier,
    RemoveClip,
    RemoveTier,
    Step,
)
from harstudio.labels.model import Document


class ProposalSteps:
    """Tells the steps of edits that concern proposals alone from those about what is said.

    Every step that is applied must be shown to it, in order. document: as it is before the first.
    """

    def __init__(self, document: Document | None = None) -> None:
        tiers = [] if document is None else document.tiers
        self._names = {tier.name for tier in tiers if tier.rules.proposals}

    def is_one(self, step: Step) -> bool:
        """Whether it concerns proposals alone."""
        match step:
            case AddTier(name, _, rules) if rules.proposals:
                self._names.add(name)
                return True
            case RemoveTier(name) if name in self._names:
                self._names.discard(name)
                return True
            case ChangeTier(before, after) if before in self._names:
                self._names.discard(before)
                self._names.add(after)
                return True
            case AddClip(tier, _) | RemoveClip(tier, _) | ChangeClip(tier, _, _):
                return tier in self._names
        return False
