"""Going from clip to clip, and to what still wants doing."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from harstudio.labels.editing.gaps import gap_at, gaps
from harstudio.labels.label_sets.attributes import missing
from harstudio.labels.model import Clip, Document
from harstudio.studio.labelling.other_labels import any_clips

if TYPE_CHECKING:
    from harstudio.studio.labelling.labelling import Labelling

LOW_CONFIDENCE = 0.6  # below it a clip is worth a look
SLIVER_NS = 200_000_000  # edges of one action that lie closer are no disagreement to stop at


class ClipJumps(QObject):
    """The playhead goes to where the next or previous one begins, and that clip is selected."""

    def __init__(self, labelling: Labelling) -> None:
        super().__init__(labelling)
        self._labelling = labelling
        self._clips = labelling.clips
        self.session = labelling.session
        self._disputed: tuple[object, list[tuple[int, str]]] = (None, [])  # of what; when, words
        self.in_list: Callable[[int], bool] = lambda _direction: False  # walks a list that is seen

    def _say(self, sentence: str) -> None:
        self.session.message.emit("info", sentence)

    def select_if_any(self) -> None:
        """Select the clip under the playhead if there is one."""
        clip = self._clips.under_playhead(self._clips.tier())
        self.session.select(None if clip is None else clip.id)

    def select_here(self) -> None:
        """Select the clip under the playhead."""
        tier = self._clips.tier()
        clip = self._clips.under_playhead(tier)
        self.session.select(None if clip is None else clip.id)
        if clip is None:
            self._say("No clip of this tier is under the playhead.")

    def jump(self, direction: int) -> None:
        """Go to the start of the next (1) or previous (-1) clip of the tier and select it; from a
        proposal to the next one in their order."""
        proposals = self._labelling.proposals
        if proposals.is_open(self.session.selection):
            proposals.next(direction=direction)
            return
        tier, now = self._clips.tier(), self.session.transport.position_ns
        clips = [] if tier is None else tier.clips
        selected = None if tier is None else tier.find(self.session.selection or "")
        over = selected is not None and (
            selected.start_ns <= now < selected.end_ns or selected.start_ns == now
        )
        if selected is not None and over:
            at = bisect_left(clips, selected.start_ns, key=lambda c: c.start_ns) + direction
        elif direction > 0:
            at = bisect_right(clips, now, key=lambda c: c.start_ns)
        else:
            at = bisect_left(clips, now, key=lambda c: c.start_ns) - 1
        if not 0 <= at < len(clips):
            where = "after" if direction > 0 else "before"
            self._say(f"There is no clip {where} this.")
            return
        self.session.transport.seek(clips[at].start_ns)
        self.session.select(clips[at].id)

    def gap(self, direction: int) -> None:
        """Go to the next (1) or previous (-1) stretch of the tier that has no label."""
        tier, grid = self._clips.tier(), self._labelling.grid
        if grid is None:
            return
        if tier is not None and tier.rules.points:
            self._say("Points leave nothing unlabelled between them.")
            return
        now = self.session.transport.position_ns
        starts = [start for start, _ in gaps([] if tier is None else tier.clips, grid)]
        ahead = [s for s in starts if s > now] if direction > 0 else [s for s in starts if s < now]
        if not ahead:
            where = "after" if direction > 0 else "before"
            self._say(f"Everything {where} this is labelled.")
            return
        self.session.select(None)
        self.session.transport.seek(ahead[0] if direction > 0 else ahead[-1])

    def mark_gap(self) -> None:
        """In and out points around the unlabelled stretch under the playhead."""
        grid = self._labelling.grid
        if grid is None:
            return
        found = gap_at(self._clips.tier(), self.session.transport.position_ns, grid)
        if found is None:
            self._say("There is a clip under the playhead; Ctrl+G goes to what is unlabelled.")
        else:
            self._labelling.set_marks(*found)

    # ---- what wants a look

    def unsure(self, direction: int) -> None:
        """The next (1) or previous (-1) clip about which somebody is to be asked."""
        self._go(direction, self._own(lambda clip: clip.unsure), "flagged as unsure")

    def incomplete(self, direction: int) -> None:
        """The next or previous clip that lacks a required attribute."""
        asked = self._labelling.label_set.attributes
        lacking = self._own(lambda clip: bool(missing(clip, asked)))
        self._go(direction, lacking, "that lacks a required attribute")

    def low_confidence(self, direction: int) -> None:
        """The next or previous clip below LOW_CONFIDENCE, networks' proposals among them."""
        found = self._own(_is_low)
        waiting = filter(_is_low, self._labelling.proposals.open())
        found += [(self.session.tier_name, clip) for clip in waiting]
        for document in self._labelling.others.documents:
            found += _chosen(document, _is_low)
        self._go(direction, found, f"with a confidence below {LOW_CONFIDENCE:g}")

    def disputed(self, direction: int) -> None:
        """The next (1) or previous (-1) stretch about which somebody whose labels are shown says
        something else, in the list of disagreements when that is seen; who says what is told."""
        if self.in_list(direction):
            return
        now, found = self.session.transport.position_ns, self._disagreements()
        ahead = [one for one in found if (one[0] - now) * direction > 0]
        if not self._labelling.others.documents:
            self._say(self._labelling.others.hidden or "Nobody else has labelled this recording.")
        elif not ahead:
            where = "after" if direction > 0 else "before"
            self._say(f"Everybody agrees on all {where} this.")
        else:
            start_ns, words = ahead[0] if direction > 0 else ahead[-1]
            self.session.transport.pause()
            self.session.transport.seek(start_ns)
            self.select_if_any()
            self._say(words)

    def _disagreements(self) -> list[tuple[int, str]]:
        """When each begins, and who says what."""
        document, grid = self.session.document, self._labelling.grid
        others = self._labelling.others.documents
        if document is None or grid is None:
            return []
        known = (document.annotator, document.revision, tuple(map(id, others)))
        if self._disputed[0] != known:
            from harstudio.labels.agreement.frames import Compared, disputes, said

            silent = not any_clips(document) and len(others) > 1  # whoever only looks says nothing
            documents = others if silent else (document, *others)
            found = {
                stretch.start_ns: who_says_what(
                    {
                        one.annotator: said(opinion)
                        for one, opinion in zip(documents, stretch.opinions, strict=True)
                    }
                )
                for stretch in disputes(Compared(document.recording, documents, grid), SLIVER_NS)
            }
            self._disputed = (known, sorted(found.items()))
        return self._disputed[1]

    def _own(self, wanted: Callable[[Clip], bool]) -> list[tuple[str, Clip]]:
        document = self.session.document
        return [] if document is None else list(_chosen(document, wanted))

    def _go(self, direction: int, found: list[tuple[str, Clip]], said: str) -> None:
        found.sort(key=lambda one: (one[1].start_ns, one[1].id))
        now, chosen = self.session.transport.position_ns, self.session.selection
        keys = [(clip.start_ns, clip.id) for _, clip in found]
        here = next((key for key in keys if key[1] == chosen and key[0] == now), None)
        if direction > 0:
            at = bisect_right(keys, here or (now, "~"))
        else:
            at = bisect_left(keys, here or (now, "")) - 1
        if not 0 <= at < len(found):
            where = "after" if direction > 0 else "before"
            self._say(f"There is no clip {where} this {said}.")
            return
        tier, clip = found[at]
        self.session.transport.seek(clip.start_ns)
        document = self.session.document
        if document is not None and document.find(clip.id) is not None:
            self.session.tier_name = tier
        self.session.select(clip.id)


def _is_low(clip: Clip) -> bool:
    return clip.confidence is not None and clip.confidence < LOW_CONFIDENCE


def _chosen(document: Document, wanted: Callable[[Clip], bool]) -> Iterator[tuple[str, Clip]]:
    return ((tier.name, clip) for tier in document.said for clip in tier.clips if wanted(clip))


def who_says_what(opinions: Mapping[str, str]) -> str:
    """Labels by annotator in words: "alice: hand waving, bob: nothing"."""
    return ", ".join(f"{name}: {label or 'nothing'}" for name, label in opinions.items())
