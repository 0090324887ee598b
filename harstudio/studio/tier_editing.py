"""The annotator's tiers: which one gets new clips, and tiers that come and go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from harstudio.labels import clip_edits
from harstudio.labels.edits import AddTier, Group

if TYPE_CHECKING:
    from harstudio.studio.labelling import Labelling


class TierEditing(QObject):
    """Each change is one step of undo."""

    def __init__(self, labelling: Labelling) -> None:
        super().__init__(labelling)
        self._clips = labelling.clips
        self.session = labelling.session

    def several(self) -> bool:
        document = self.session.document
        return document is not None and len(document.tiers) > 1

    def names(self) -> list[str]:
        """The own tiers from top to bottom, the current one even while it holds nothing."""
        document = self.session.document
        if document is None:
            return []
        names = [tier.name for tier in document.tiers]
        return names if self.session.tier_name in names else [self.session.tier_name, *names]

    def choose(self, step: int) -> None:
        """The tier below (1) or above (-1) gets new clips."""
        names = self.names()
        if names:
            at = names.index(self.session.tier_name) + step
            self.session.tier_name = names[min(max(at, 0), len(names) - 1)]

    def add(self, name: str) -> bool:
        """A new tier at the bottom of the own ones; new clips go there."""
        name, document = name.strip(), self.session.document
        if document is None:
            return self._clips.do()
        if not name or name in self.names():
            sentence = f"There is a tier “{name}” already." if name else "Give it a name."
            self.session.message.emit("warn", sentence)
            return False
        missing = [t for t in (*self.names(), name) if document.tier(t) is None]
        made = tuple(AddTier(t, len(document.tiers) + k) for k, t in enumerate(missing))
        added = self._clips.do(Group(f"Add tier “{name}”", made))
        if added:
            self.session.tier_name = name
        return added

    def remove_current(self) -> None:
        """The current tier goes with its clips."""
        self.remove(self.session.tier_name)

    def remove(self, name: str) -> None:
        """The tier goes with its clips; undo brings them back."""
        document = self.session.document
        if document is None or document.tier(name) is None:
            self._clips.do()
            return
        if (
            self._clips.do(clip_edits.remove_tier(document, name))
            and self.session.tier_name == name
        ):
            self.session.tier_name = (self.names() or [self.session.annotator])[0]
