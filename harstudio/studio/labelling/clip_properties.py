"""What clips say besides label and time: person, confidence, attributes, doubt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from harstudio.labels.editing import bulk_edits
from harstudio.labels.model import AttributeValue, Clip

if TYPE_CHECKING:
    from harstudio.studio.labelling.labelling import Labelling

STEP = 0.1  # of confidence, by key


class ClipProperties(QObject):
    """For all selected clips, or the one under the playhead, as one step of undo each.

    Every method says in ``session.message`` why it could not; True when something changed.
    """

    def __init__(self, labelling: Labelling) -> None:
        super().__init__(labelling)
        self._clips = labelling.clips
        self.session = labelling.session

    def clips(self) -> tuple[Clip, ...]:
        """The selected own clips, the primary one first; () where none is."""
        document = self.session.document
        if document is None:
            return ()
        found = (document.find(one) for one in self.session.selected)
        return tuple(one[1] for one in found if one is not None)

    def set_person(self, person: str) -> bool:
        """Whom they are about; "" for whoever is seen."""
        ids = self._clips.targets()
        return bool(ids) and self._clips.attempt(
            lambda: bulk_edits.set_person(self.session.document, ids, person)
        )

    def set_confidence(self, confidence: float | None) -> bool:
        """How sure the annotator is, in [0, 1]; None takes it away."""
        ids = self._clips.targets()
        return bool(ids) and self._clips.attempt(
            lambda: bulk_edits.set_confidence(self.session.document, ids, confidence)
        )

    def set_attribute(self, name: str, value: AttributeValue | None) -> bool:
        """The answer to one question of the label set; None takes it away."""
        ids = self._clips.targets()
        return bool(ids) and self._clips.attempt(
            lambda: bulk_edits.set_attribute(self.session.document, ids, name, value)
        )

    def set_comment(self, clip_ids: Sequence[str], comment: str) -> bool:
        """Write to these clips, selected or not: a comment is written when it is left."""
        document = self.session.document
        there = [one for one in clip_ids if document is not None and document.find(one)]
        return bool(there) and self._clips.attempt(
            lambda: bulk_edits.set_comment(self.session.document, there, comment)
        )

    def set_unsure(self, unsure: bool) -> bool:
        """Whether somebody else is to be asked."""
        ids = self._clips.targets()
        return bool(ids) and self._clips.attempt(
            lambda: bulk_edits.set_unsure(self.session.document, ids, unsure)
        )

    # ---- by key

    def is_unsure(self) -> bool:
        """Whether the selected clip, or the one under the playhead, is flagged."""
        found = self.session.selected_clip()
        clip = found[1] if found else self._clips.under_playhead(self._clips.tier())
        return clip is not None and clip.unsure

    def toggle_unsure(self) -> None:
        """Flag them all, or none of them any more."""
        unsure = not self.is_unsure()
        if self.set_unsure(unsure):
            said = "Flagged as unsure; Ctrl+Enter writes the question." if unsure else "Settled."
            self.session.message.emit("info", said)

    def change_confidence(self, steps: int) -> None:
        """Surer (1) or less sure (-1) by a step; where nothing was said, 1 is where it begins."""
        found = self._clips.target()
        if found is None:
            return
        now = found[1].confidence
        confidence = round(min(max((1.0 if now is None else now) + steps * STEP, 0.0), 1.0), 2)
        if self.set_confidence(confidence):
            self.session.message.emit("info", f"Confidence {confidence:g}")
