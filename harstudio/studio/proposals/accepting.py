"""How open proposals become clips of the annotator: to which tier, with which labels, how long."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, cast

from harstudio.labels.editing import proposals as edits
from harstudio.labels.editing.edits import ChangeClip, Edit, EditError, Group
from harstudio.labels.model import Clip, Document

if TYPE_CHECKING:
    from harstudio.studio.labelling.labelling import Labelling


class Accepting:
    """Edits for the open document, and what is told of them; nothing here is done to it."""

    def __init__(self, labelling: Labelling) -> None:
        self._labelling = labelling

    def edit(
        self, ids: Sequence[str], label: str = "", into: str = "", document: Document | None = None
    ) -> Edit:
        """Proposals become clips; EditError where that cannot be, as where the label set lacks a
        label. into: this tier and no other. document: in place of the open one."""
        document = document or self._document
        chosen = (found[1] for one in ids if (found := document.find(one)) is not None)
        lacking = [] if label else self.lacking(chosen)
        if lacking:
            raise EditError(
                f"“{lacking[0]}” is not in your label set: press a label key, or “Add labels of "
                "the proposals”."
            )
        shortest_ns = self._labelling.clips.shortest_ns
        tier = into or self._tier_name()
        return edits.accept(document, ids, tier, label, shortest_ns, nowhere_else=bool(into))

    def edit_moved(self, clip: Clip, moved: Clip, into: str) -> Edit:
        """One becomes a clip of that tier, where ``moved`` lies. EditError as for ``edit``."""
        tier, there = edits.proposals_tier(self._document), self._document.copy()
        if tier is None or moved == clip:
            return self.edit([clip.id], into=into)
        move = ChangeClip(tier.name, clip, moved)
        move.apply(there)
        edit = self.edit([clip.id], into=into, document=there)
        return Group(edit.title, (move, edit))

    def lacking(self, clips: Iterable[Clip]) -> list[str]:
        """Labels of clips that the label set does not have."""
        names = {label.name for label in self._labelling.labels()}
        return list(dict.fromkeys(clip.label for clip in clips if clip.label not in names))

    def tell_shortened(self, before: Sequence[Clip]) -> None:
        """Say which clips took less than was proposed."""
        for was in before:
            found = self._document.find(was.id)
            if found is not None and found[1].duration_ns < was.duration_ns:
                clip = found[1]
                length = f"{clip.duration_ns / 1e9:.1f} s of {was.duration_ns / 1e9:.1f} s"
                sentence = f"“{clip.label}” took {length}: the rest is labelled already."
                self._labelling.session.message.emit("info", sentence)

    @property
    def _document(self) -> Document:
        return cast("Document", self._labelling.session.document)

    def _tier_name(self) -> str:
        """Where accepted clips go: the current tier, or the first own one that holds clips."""
        document, name = self._document, self._labelling.session.tier_name
        tier = document.tier(name)
        if tier is None or not (tier.rules.points or tier.rules.proposals):
            return name
        fitting = (tier.name for tier in document.said if not tier.rules.points)
        return next(fitting, document.annotator)
