"""What may be learned from: what people said, and where they looked and said nothing.

Only labels of people teach: clips of tiers without proposals whose origin is no network. An
annotator learns from the own labels, from gold, and from those of others that the project's policy
lets him see; where gold is, it stands for the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harstudio.errors import HarstudioError
from harstudio.labels.editing.proposals import open_proposals, rejected_proposals
from harstudio.labels.model import Clip, Document
from harstudio.labels.project import Project
from harstudio.labels.suggested import said_clips, teaching
from harstudio.recognition.helping.features import Stretch

SECOND_NS = 1_000_000_000
SURELY_SEEN_NS = 5 * SECOND_NS  # before the first clip
LONGEST_GAP_NS = 30 * SECOND_NS  # what lies between two clips and is longer was perhaps left out
LEAST_NS = 300_000_000
REPLACED = 0.25  # of a rejected proposal that clips cover: it was not refused but replaced


@dataclass(frozen=True, slots=True)
class SaidClip:
    """A clip that a person labelled."""

    recording: str
    path: Path
    annotator: str
    stretch: Stretch
    label: str
    clip_id: str


@dataclass(frozen=True, slots=True)
class Said:
    """What one annotator says about one recording.

    clips: labelled, by start. open: proposals that nobody answered; rejected: those that were
    answered with no. done: everything was looked at.
    """

    recording: str
    path: Path
    annotator: str
    clips: tuple[SaidClip, ...]
    open: tuple[Stretch, ...] = ()
    rejected: tuple[Stretch, ...] = ()
    done: bool = False

    def persons(self) -> tuple[str, ...]:
        """Whom the clips are about, sorted."""
        return tuple(sorted({clip.stretch.person for clip in self.clips}))

    def nothing(self, start_ns: int, end_ns: int) -> list[Stretch]:
        """Stretches of a recording over ``[start_ns, end_ns)`` that were looked at and in which
        nothing was labelled.

        They lie between clips no more than 30 s apart, and before the first clip where that comes
        within 5 s; after the last one where what is left is shorter than any clip, and everywhere
        where the recording is done. Where a proposal is open nobody decided yet; where one was
        rejected, and no clip lies, there is nothing.
        """
        found = [
            gap
            for person in self.persons()
            for gap in self._gaps(person, start_ns, end_ns)
            if gap.end_ns - gap.start_ns >= LEAST_NS
        ]
        return found + [one for one in self.rejected if covered(one, self.stretches()) < REPLACED]

    def stretches(self) -> list[Stretch]:
        """Those of the clips."""
        return [clip.stretch for clip in self.clips]

    def _gaps(self, person: str, start_ns: int, end_ns: int) -> Iterator[Stretch]:
        own = [clip.stretch for clip in self.clips if clip.stretch.person == person]
        taken = sorted([*own, *(one for one in self.open if one.person in ("", person))])
        least = min(one.end_ns - one.start_ns for one in own)
        from_ns, to_ns = own[0].start_ns, max(one.end_ns for one in own)
        if self.done or from_ns - start_ns <= SURELY_SEEN_NS:
            from_ns = start_ns
        if self.done or end_ns - to_ns < least:
            to_ns = end_ns
        at = from_ns
        for one in [*taken, Stretch(to_ns, to_ns)]:
            until = min(one.start_ns, to_ns)
            if until > at and (self.done or until - at <= LONGEST_GAP_NS):
                yield Stretch(at, until, person)
            at = max(at, one.end_ns)


def what_people_said(
    project: Project,
    annotator: str,
    on_problem: Callable[[HarstudioError], None],
) -> list[Said]:
    """All that an annotator may learn from, by recording; of "" all that anybody said.

    A damaged document is handed to on_problem, and the others go on.
    """
    found: list[Said] = []
    paths = project.recording_paths()
    for recording in project.labelled_recordings():
        path = paths.get(recording)
        if path is None:
            continue
        documents = project.documents(recording, on_problem)
        visible = project.policy.visible(recording, annotator, documents)
        found += [said_in(document, path) for document in teaching(visible, annotator)]
    return [said for said in found if said.clips or said.rejected]


def said_in(document: Document, path: Path) -> Said:
    """What a document says about its recording, which lies at ``path``."""
    clips = sorted(said_clips(document), key=lambda one: one[1].start_ns)
    return Said(
        document.recording,
        path,
        document.annotator,
        tuple(
            SaidClip(
                document.recording,
                path,
                document.annotator,
                Stretch(clip.start_ns, clip.end_ns, person),
                clip.label,
                clip.id,
            )
            for person, clip in clips
        ),
        open=tuple(map(_stretch, open_proposals(document))),
        rejected=tuple(map(_stretch, rejected_proposals(document))),
        done=document.done,
    )


def covered(stretch: Stretch, others: Sequence[Stretch]) -> float:
    """The share of a stretch that others about the same person cover together."""
    at, inside = stretch.start_ns, 0
    for one in sorted(others):
        if one.person in ("", stretch.person) or not stretch.person:
            start, end = max(at, one.start_ns), min(stretch.end_ns, one.end_ns)
            inside += max(0, end - start)
            at = max(at, end)
    return inside / max(1, stretch.end_ns - stretch.start_ns)


def _stretch(clip: Clip) -> Stretch:
    return Stretch(clip.start_ns, clip.end_ns, clip.person)
