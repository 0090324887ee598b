"""The annotator's tiers: which one gets new clips, and tiers that come and go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from harstudio.errors import HarstudioError
from harstudio.labels.editing import clip_edits
from harstudio.labels.editing.edits import AddTier, ChangeTier, Edit, Group, MoveTier, RemoveTier
from harstudio.labels.keeping.history import History
from harstudio.labels.model import PLAIN, TierRules

if TYPE_CHECKING:
    from harstudio.studio.labelling.labelling import Labelling


class TierEditing(QObject):
    """Each change is one step of undo."""

    def __init__(self, labelling: Labelling) -> None:
        super().__init__(labelling)
        self._labelling, self._clips = labelling, labelling.clips
        self.session = labelling.session
        self._history: History | None = None
        self.session.history_changed.connect(self._meet_history)

    def several(self) -> bool:
        document = self.session.document
        return document is not None and len(document.said) > 1

    def names(self) -> list[str]:
        """The own tiers from top to bottom, the current one even while it holds nothing."""
        document = self.session.document
        if document is None:
            return []
        names = [tier.name for tier in document.said]
        return names if self.session.tier_name in names else [self.session.tier_name, *names]

    def choose(self, step: int) -> None:
        """The tier below (1) or above (-1) gets new clips."""
        names = self.names()
        if names:
            at = names.index(self.session.tier_name) + step
            self.session.tier_name = names[min(max(at, 0), len(names) - 1)]

    def add(self, name: str, rules: TierRules = PLAIN) -> bool:
        """A new tier at the bottom of the own ones; new clips go there."""
        sentence = self.try_add(name, rules)
        if sentence:
            self.session.message.emit("warn", sentence)
        return not sentence

    def try_add(self, name: str, rules: TierRules = PLAIN) -> str:
        """As ``add``, and says nothing: why it cannot be, "" when it is done."""
        name, document = name.strip(), self.session.document
        sentence = self._clips.why_not() or self._why_no_name(name)
        if sentence or document is None:
            return sentence
        missing = [t for t in self.names() if document.tier(t) is None]
        made = [AddTier(t, len(document.tiers) + k) for k, t in enumerate(missing)]
        made.append(AddTier(name, len(document.tiers) + len(made), rules))
        sentence = self._try(Group(f"Add tier “{name}”", tuple(made)))
        if not sentence:
            self.session.tier_name = name
        return sentence

    def rules_of(self, name: str) -> TierRules:
        """The rules of an own tier; those of a new one while it holds nothing."""
        document = self.session.document
        tier = None if document is None else document.tier(name)
        return PLAIN if tier is None else tier.rules

    def try_change(self, before: str, after: str, rules: TierRules) -> str:
        """Another name or other rules; why they cannot be, "" when it is done."""
        document = self.session.document
        sentence = self._clips.why_not() or ("" if after == before else self._why_no_name(after))
        if sentence or document is None:
            return sentence
        old = self.rules_of(before)
        if (before, old) == (after, rules):
            return ""
        if document.tier(before) is None:  # shown, but not there before its first clip
            edit: Edit = AddTier(after, 0, rules)
        else:
            edit = ChangeTier(before, after, old, rules)
        return self._try(edit)

    def ask_rules(self) -> None:
        """Somebody should be asked for name and rules of the current tier."""
        self._labelling.tier_box_wanted.emit(self.session.tier_name)

    def can_move(self, step: int) -> bool:
        """Whether the current tier has one above (-1) or below (1) it."""
        document = self.session.document
        names = [] if document is None else [tier.name for tier in document.said]
        name = self.session.tier_name
        return name in names and 0 <= names.index(name) + step < len(names)

    def move(self, step: int) -> None:
        """The current tier changes places with the one above (-1) or below (1)."""
        document = self.session.document
        if document is not None and self.can_move(step):
            name, said = self.session.tier_name, [tier.name for tier in document.said]
            beside = said[said.index(name) + step]  # proposals may lie between
            places = {tier.name: place for place, tier in enumerate(document.tiers)}
            self._clips.do(MoveTier(name, places[name], places[beside]))

    def _why_no_name(self, name: str) -> str:
        if not name:
            return "Give it a name."
        document = self.session.document
        there = document is not None and document.tier(name) is not None
        return f"There is a tier “{name}” already." if there or name in self.names() else ""

    def _try(self, edit: Edit) -> str:
        try:
            self.session.history.do(edit)
        except (HarstudioError, OSError) as error:
            return str(error)
        return ""

    def remove_current(self) -> None:
        """The current tier goes with its clips."""
        self.remove(self.session.tier_name)

    def remove(self, name: str) -> None:
        """The tier goes with its clips; undo brings them back."""
        document = self.session.document
        if document is None or document.tier(name) is None:
            self._clips.do()
        else:
            self._clips.do(clip_edits.remove_tier(document, name))

    def _meet_history(self, history: History | None) -> None:
        if self._history is not None:
            self._history.changed.disconnect(self._follow, missing_ok=True)
        self._history = history
        if history is not None:
            history.changed.connect(self._follow)

    def _follow(self, edit: Edit) -> None:
        """The current tier was renamed, or is gone: by an edit, an undo or a redo."""
        document, session = self.session.document, self.session
        for step in edit.steps():
            if isinstance(step, ChangeTier) and step.before == session.tier_name:
                session.tier_name = step.after
            elif isinstance(step, RemoveTier) and step.name == session.tier_name:
                names = [] if document is None else [tier.name for tier in document.said]
                session.tier_name = (names or [session.annotator])[0]
