"""How many clips of each label the annotator has in the open recording; kept, not counted anew."""

from __future__ import annotations

from collections import Counter

from PySide6.QtCore import QObject, Signal

from harstudio.labels.editing.edits import AddClip, ChangeClip, Edit, RemoveClip
from harstudio.labels.editing.proposal_steps import ProposalSteps
from harstudio.labels.keeping.history import History
from harstudio.studio.session import Session


class LabelCounts(QObject):
    """``changed`` names the labels whose count is another now; ``replaced`` means all of them.

    An edit costs as much as it has steps, however many clips there are.
    """

    changed = Signal(object)  # set of names
    replaced = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.counts: Counter[str] = Counter()
        self._history: History | None = None
        self._proposals = ProposalSteps()
        session.history_changed.connect(self._meet)
        self._meet(session.history)

    def _meet(self, history: History | None) -> None:
        if self._history is not None:
            self._history.changed.disconnect(self._take, missing_ok=True)
        self._history = history
        if history is not None:
            history.changed.connect(self._take)
        document = None if history is None else history.document
        self._proposals = ProposalSteps(document)
        tiers = [] if document is None else document.said
        self.counts = Counter(clip.label for tier in tiers for clip in tier.clips)
        self.replaced.emit()

    def _take(self, edit: Edit) -> None:
        touched: set[str] = set()
        for step in edit.steps():
            if self._proposals.is_one(step):
                continue  # nobody has said it
            if isinstance(step, AddClip):
                self._add(step.clip.label, 1, touched)
            elif isinstance(step, RemoveClip):
                self._add(step.clip.label, -1, touched)
            elif isinstance(step, ChangeClip) and step.before.label != step.after.label:
                self._add(step.before.label, -1, touched)
                self._add(step.after.label, 1, touched)
        if touched:
            self.changed.emit(touched)

    def _add(self, label: str, by: int, touched: set[str]) -> None:
        self.counts[label] += by
        touched.add(label)
