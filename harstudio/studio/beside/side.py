"""One side of two: a recording that is looked at and never changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QThreadPool, Signal

from harstudio.errors import HarstudioError
from harstudio.labels.project import Project
from harstudio.results import Recognition
from harstudio.studio.background import NewestTask
from harstudio.studio.beside.asked import ComparedClip, Question
from harstudio.studio.beside.finding import Found, find
from harstudio.studio.beside.follower import Follower
from harstudio.studio.looks import Looks
from harstudio.studio.team.rules import TeamFacts
from harstudio.studio.viewing import Viewing

if TYPE_CHECKING:
    from harstudio.studio.session import Session
    from harstudio.studio.transport import Transport


class Side(Viewing):
    """Shows a clip of any recording, by the rules of the project that the recording is in."""

    ready = Signal()  # the clip is there, or ``problem`` says why not
    answered = Signal()  # what the run says, or is to be asked, is another

    def __init__(self, session: Session, clock: Transport, parent: QObject | None = None) -> None:
        self._session = session
        super().__init__(Follower(clock), session.cache, parent)
        self.transport: Follower
        self.compared: ComparedClip | None = None
        self.label: int | None = None  # the class that is explained, None for what the run says
        self.problem = ""
        self.trouble = ""  # why there is no explanation
        self.path: Path | None = None  # of the recording that is open
        self._opened_for: Path | None = None  # the path by which it was asked for
        self._opens = NewestTask(self)
        self._closing = QThreadPool(self)

    @property
    def annotator(self) -> str:
        return self._session.annotator

    @property
    def recognition(self) -> Recognition | None:
        """What the run says about the clip, with what it looked at."""
        opinion = self.explaining.opinion
        return None if opinion is None else opinion.recognition

    @property
    def question(self) -> Question | None:
        """What the run is to be asked; None while the recording is not open."""
        if self.compared is None or self.path is None or self.compared.path != self._opened_for:
            return None
        return self.compared.question(self.path, self.label)

    def path_of(self, path: Path) -> Path | None:
        """Where the recording lies that was asked for by this path; None while it is not open."""
        return self.path if self.recording is not None and path == self._opened_for else None

    # ---- opening

    def show_clip(self, compared: ComparedClip | None, roots: Sequence[Path] = ()) -> None:
        """Show this; ``ready`` tells when it is there. A recording that is open stays so."""
        self.compared = compared
        self.label = None if compared is None else compared.label
        self.trouble = ""
        self.explaining.take(None)
        self._opens.stop()
        if compared is None:
            self._put_up(None)
            self.project = None
            self.team.take(TeamFacts())
            self.problem = ""
            self.ready.emit()
        elif self.recording is not None and compared.path == self._opened_for:
            self._place()
        else:
            work = partial(
                _work, compared.path, tuple(roots), self._session.project, self.annotator
            )
            self._opens.start(work, self._show, self._fail)

    def _show(self, found: Found | HarstudioError) -> None:
        if isinstance(found, HarstudioError):
            self._fail(found)
            return
        self.project = found.project
        self.team.take(found.facts)
        hidden = self.team.why_hidden(found.recording.name, found.done)
        if hidden:
            self._closing.start(found.recording.close)
            self._put_up(None)
            self.problem = hidden
            self.ready.emit()
            return
        self._put_up(found)
        self._place()

    def _fail(self, error: Exception) -> None:
        self._put_up(None)
        self.problem = self._session.team.shown(str(error))
        self.ready.emit()

    def _put_up(self, found: Found | None) -> None:
        old, prefetcher = self.recording, self.prefetcher
        self.looks = Looks() if found is None else found.looks
        self.path = None if found is None else found.path
        asked = None if self.compared is None else self.compared.path
        self._opened_for = None if found is None else asked
        self._take_recording(None if found is None else found.recording)
        if found is None:
            self.transport.show_clip(0, 0, 0)
        else:
            self._follow_clip()  # before panes ask which frame is now
        self.recording_changed.emit(self.recording)
        if old is not None:
            self._closing.start(self._disposal(old, prefetcher))

    def _place(self) -> None:
        self._follow_clip()
        self.problem = ""
        self.ready.emit()

    def _follow_clip(self) -> None:
        recording, compared = self.recording, self.compared
        if recording is None or compared is None:
            return
        start = max(compared.start_ns, recording.start_ns)
        stop = min(compared.end_ns, recording.stop_ns)
        self.transport.show_clip(start, stop, min(recording.last_frame_ns, stop - 1))
        self._look_again()

    @property
    def length_ns(self) -> int:
        """Of the clip."""
        return self.transport.stop_ns - self.transport.start_ns

    # ---- what the run says

    def explain(self, label: int | None) -> None:
        """Another class is to be explained; None for what the clip was said to be."""
        chosen = self.compared.label if label is None and self.compared is not None else label
        if chosen != self.label:
            self.label, self.trouble = chosen, ""
            self.answered.emit()

    def take(self, answer: Recognition | str | None) -> None:
        """What the run answered to ``question``; a sentence where it could not."""
        self.trouble = answer if isinstance(answer, str) else ""
        told = answer if isinstance(answer, Recognition) else None
        if told is not self.recognition:
            self.explaining.take(told)

    def shut(self) -> None:
        """Let go of the recording and wait for every thread."""
        self._opens.shut()
        self.compared = None
        self._put_up(None)
        self.team.take(TeamFacts())
        self._closing.waitForDone()


def _work(
    path: Path,
    roots: tuple[Path, ...],
    project: Project | None,
    who: str,
    _progress: object,
    cancelled: Callable[[], bool],
) -> Found | HarstudioError:
    try:
        found = find(path, roots, project, who)
    except HarstudioError as error:
        return error
    if cancelled():  # nobody takes it
        found.recording.close()
    return found
