"""Which clips of a project are flagged, and what others say there; for a worker thread."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from harstudio.errors import HarstudioError
from harstudio.labels.comparing import is_model, same_stretch
from harstudio.labels.keeping.renaming import document_paths
from harstudio.labels.model import Clip, Document
from harstudio.labels.project import Project
from harstudio.labels.team.policy import GOLD
from harstudio.studio.documents import DocumentReader

WhyHidden = Callable[[str, bool], str]


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody else says about the stretch of a doubt."""

    annotator: str
    label: str
    comment: str


@dataclass(frozen=True, slots=True)
class Doubt:
    """A flagged clip; the question is its comment. answers: the gold one first."""

    recording: str
    annotator: str
    clip: Clip
    answers: tuple[Answer, ...] = ()


@dataclass(frozen=True, slots=True)
class Queue:
    """hidden: recordings whose labels of others may not be seen. problems: sentences."""

    doubts: tuple[Doubt, ...] = ()
    hidden: int = 0
    problems: tuple[str, ...] = ()


class Gatherer:
    """Reads documents again only when their files changed."""

    def __init__(self) -> None:
        self._documents = DocumentReader()

    def gather(
        self,
        project: Project,
        me: str,
        why_hidden: WhyHidden,
        cancelled: Callable[[], bool],
    ) -> Queue:
        """Every doubt that this annotator may see, by recording and time."""
        by_recording: dict[str, list[Document]] = {}
        problems: list[str] = []
        for path in document_paths(project.folder):
            if cancelled():
                return Queue()
            try:
                document = self._documents.read(path)
            except HarstudioError as error:
                problems.append(str(error))
            else:
                by_recording.setdefault(document.recording, []).append(document)
        doubts: list[Doubt] = []
        hidden = 0
        for recording in sorted(by_recording):
            documents = by_recording[recording]
            done = any(d.done for d in documents if d.annotator == me)
            if why_hidden(recording, done):
                hidden += any(d.annotator != me for d in documents)
                documents = [d for d in documents if d.annotator == me]
            doubts += _doubts(documents)
        return Queue(tuple(doubts), hidden, tuple(problems))


def _doubts(documents: Iterable[Document]) -> list[Doubt]:
    documents = sorted(documents, key=lambda d: (d.annotator != GOLD, d.annotator))
    found = [
        Doubt(document.recording, document.annotator, clip, _answers(clip, document, documents))
        for document in documents
        for tier in document.said
        for clip in tier.clips
        if clip.unsure
    ]
    return sorted(found, key=lambda doubt: (doubt.clip.start_ns, doubt.annotator))


def _answers(clip: Clip, document: Document, documents: Iterable[Document]) -> tuple[Answer, ...]:
    answers = []
    for other in documents:
        said = None if other is document or is_model(other) else same_stretch(other, clip)
        if said is not None and not said.unsure:
            answers.append(Answer(other.annotator, said.label, said.comment))
    return tuple(answers)
