"""What a project holds of help: suggestions that wait, and the learning curve; for a worker
thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harstudio.errors import HarstudioError
from harstudio.files import Mark, mark
from harstudio.labels.comparing import is_model, same_stretch
from harstudio.labels.editing.proposals import admitted, open_proposals
from harstudio.labels.keeping.renaming import document_paths
from harstudio.labels.model import Clip, Document
from harstudio.labels.project import Project
from harstudio.labels.suggested import (
    count_actions,
    suggestions_folder,
    suggestions_path,
    teaching,
)
from harstudio.runs.seen import Seen, load_seen
from harstudio.runs.suggestions import Learned, Suggestions, load_learned, load_suggestions
from harstudio.studio.documents import DocumentReader
from harstudio.studio.proposals.fitting import as_clip
from harstudio.studio.proposals.orders import Order, dispute_of_people, uncertainty

WhyHidden = Callable[[str, bool], str]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A recording for which something was suggested.

    open: suggestions that nobody has settled. put: whether they lie in the labels already. done:
    whether the annotator is done with the recording. uncertain, rare, disputed: means over the
    open ones, in [0, 1]: how unsure the network is, how seldom its labels are, how many others say
    something else. suggestions: None where only proposals of another source lie in the labels.
    """

    recording: str
    path: Path
    open: int
    put: bool
    done: bool
    uncertain: float = 0.0
    rare: float = 0.0
    disputed: float = 0.0
    suggestions: Suggestions | None = None

    @property
    def finished(self) -> bool:
        """Whether nothing is left to say about its suggestions."""
        return self.done or not self.open

    def urgency(self, order: Order) -> float:
        """What an order sorts by, the highest first; by time all are equal."""
        by: dict[Order, float] = {
            "uncertainty": self.uncertain,
            "rarity": self.rare,
            "disagreement": self.disputed,
        }
        return by.get(order, 0.0)


@dataclass(frozen=True, slots=True)
class Helped:
    """annotator: whose it is. recordings: how many the project has. labelled: clips that can be
    learned from; what several people say alike counts once. hidden: recordings of which nothing may
    be suggested yet. problems: sentences.
    """

    annotator: str = ""
    waiting: tuple[Waiting, ...] = ()
    curve: tuple[Learned, ...] = ()
    recordings: int = 0
    labelled: int = 0
    hidden: int = 0
    problems: tuple[str, ...] = ()
    seen: Seen = field(default_factory=Seen)


def in_order(waiting: Iterable[Waiting], order: Order) -> list[Waiting]:
    """Those that wait first, as ``order`` says; then the finished ones; equal
    ones by name."""
    return sorted(waiting, key=lambda one: (one.finished, -one.urgency(order), one.recording))


class HelpReader:
    """Reads again only what changed."""

    def __init__(self) -> None:
        self._documents = DocumentReader()
        self._suggestions: dict[Path, tuple[Mark, Suggestions]] = {}
        self._one_at_a_time = threading.Lock()

    def read(
        self, project: Project, me: str, why_hidden: WhyHidden, cancelled: Callable[[], bool]
    ) -> Helped:
        """Everything of one annotator; what is damaged is told and left out."""
        with self._one_at_a_time:
            return self._read(project, me, why_hidden, cancelled)

    def _read(
        self, project: Project, me: str, why_hidden: WhyHidden, cancelled: Callable[[], bool]
    ) -> Helped:
        problems: list[str] = []
        folder = suggestions_folder(project.folder, me)
        people: dict[str, list[Document]] = {}
        for path in document_paths(project.folder):
            if cancelled():
                return Helped()
            try:
                read = self._documents.read(path)
            except HarstudioError as error:
                problems.append(str(error))
            else:
                people.setdefault(read.recording, []).append(read)
        seen, waiting, hidden, labelled = load_seen(folder), [], 0, 0
        paths = project.recording_paths()
        for recording, path in sorted(paths.items()):
            everybody = people.get(recording, [])
            mine = next((one for one in everybody if one.annotator == me), None)
            document = Document(recording, me) if mine is None else mine
            hides = bool(why_hidden(recording, document.done))
            others = [] if hides else [one for one in everybody if one is not mine]
            lessons = teaching([document, *others], me)
            labelled += count_actions(lessons)
            if hides:
                hidden += 1
                continue
            try:
                found = self._suggested(suggestions_path(project.folder, me, recording))
            except HarstudioError as error:
                problems.append(str(error))
                continue
            people_else = [one for one in others if not is_model(one)]
            one = _waiting(path, document, people_else, found, seen)
            if one is not None:
                waiting.append(one)
        try:
            curve = load_learned(folder)
        except HarstudioError as error:
            problems.append(str(error))
            curve = ()
        told = tuple(problems)
        return Helped(me, tuple(waiting), curve, len(paths), labelled, hidden, told, seen)

    def _suggested(self, path: Path) -> Suggestions | None:
        now = mark(path)
        if now == ((0, 0),):
            return None
        kept = self._suggestions.get(path)
        if kept is None or kept[0] != now:
            kept = now, load_suggestions(path)
            self._suggestions[path] = kept
        return kept[1]


def _waiting(
    path: Path,
    document: Document,
    others: Sequence[Document],
    found: Suggestions | None,
    seen: Seen,
) -> Waiting | None:
    """What waits for a recording, None where nothing was suggested."""
    put = found is None or seen.put.get(document.recording, 0.0) >= found.made
    clips = open_proposals(document) if put else list(left(document, found))
    if found is None and not clips:
        return None
    rare = {} if found is None else {clip.label: clip.rarity for clip in found.clips}

    def dispute(clip: Clip) -> float:
        return dispute_of_people(clip, [(one, same_stretch(one, clip)) for one in others])

    return Waiting(
        document.recording,
        path,
        len(clips),
        put,
        document.done,
        _mean(map(uncertainty, clips)),
        _mean(rare.get(clip.label, 0.0) for clip in clips),
        _mean(map(dispute, clips)),
        found,
    )


def left(document: Document, found: Suggestions | None) -> tuple[Clip, ...]:
    """The suggestions that a document has neither labelled nor rejected, as clips."""
    return () if found is None else admitted(document, map(as_clip, found.clips)).clips


def _mean(values: Iterable[float]) -> float:
    told = list(values)
    return sum(told) / len(told) if told else 0.0
