"""Which run looks at the recordings: its features are what suggestions are learned on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QSettings, Signal

from harstudio.studio.recognition.run_choice import RunChoice
from harstudio.studio.training.service import TRAIN

if TYPE_CHECKING:
    from harstudio.jobs.record import JobRecord
    from harstudio.studio.recognition.recogniser import Recogniser
    from harstudio.studio.session import Session

CHOSEN = "helping/run"
USUAL = "joints-any-sensor"  # of the weights in the box: it asks for nothing but joints


class RunInUse(QObject):
    """The runs that can be chosen, and the chosen one; remembered between sessions."""

    changed = Signal()

    def __init__(self, session: Session, recogniser: Recogniser, store: QSettings) -> None:
        super().__init__(recogniser)
        self._session, self._recogniser, self._store = session, recogniser, store
        kept = str(store.value(CHOSEN, ""))
        self._wished = Path(kept) if kept else None
        self.choices: tuple[RunChoice, ...] = ()
        self.known = False  # whether it was looked which runs there are
        self._wanted: Callable[[], None] | None = None
        recogniser.listed.connect(self._take)
        session.jobs.finished.connect(self._meet_job)
        session.recording_changed.connect(self.changed)

    def look(self) -> None:
        """Read again which runs there are; ``changed`` tells."""
        self._recogniser.list_runs()

    def when_known(self, act: Callable[[], None]) -> None:
        """Do this, as soon as it is known which runs there are."""
        if self.known:
            act()
        else:
            self._wanted = act
            self.look()

    def _meet_job(self, record: JobRecord) -> None:
        """A network that was trained here can look, too."""
        if record.job == TRAIN and self.known:
            self.look()

    def _take(self, choices: tuple[RunChoice, ...]) -> None:
        own = sorted((c for c in choices if not c.bundled), key=lambda one: -one.learned)
        boxed = sorted((c for c in choices if c.bundled), key=lambda one: one.name != USUAL)
        self.choices = tuple(one for one in (*own, *boxed) if not one.problem)
        self.known = True
        self.changed.emit()
        wanted, self._wanted = self._wanted, None
        if wanted is not None:
            wanted()

    def why_none(self) -> str:
        """Why no run looks, "" while one does or nobody has looked for any."""
        none = self.known and self.chosen is None
        return "There is no run that could look at the recordings." if none else ""

    @property
    def chosen(self) -> RunChoice | None:
        """The one that was wished; else those in the box, the usual one first; else any."""
        wished = next((one for one in self.choices if one.path == self._wished), None)
        boxed = next((one for one in self.choices if one.bundled), None)
        return wished or boxed or next(iter(self.choices), None)

    def choose(self, run: Path) -> None:
        """Look with this run from now on."""
        self._wished = run
        self._store.setValue(CHOSEN, str(run))
        self.changed.emit()

    def device(self) -> str:
        """The one on which runs are asked: "auto", "cpu" or "cuda"."""
        return self._recogniser.ways.device()

    def facts(self) -> str:
        """What the chosen run is and needs, in one line; what the open recording lacks of it."""
        chosen = self.chosen
        return "" if chosen is None else chosen.facts(self._session.recording)

    def lacks(self) -> str:
        """Why the chosen run cannot say anything about the open recording, "" when it can."""
        chosen, recording = self.chosen, self._session.recording
        return "" if chosen is None or recording is None else chosen.lacks(recording)
