"""The one live session of the window: the workspace Live and the demo mode both show it.

``LiveService`` starts and stops it beside the window, hears what its stages say, keeps the newest
of everything in ``told`` and its pictures in ``viewing``. Signals come on the GUI thread.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from harstudio.errors import HarstudioError
from harstudio.results import Recognition
from harstudio.runs.recognitions import load_recognition
from harstudio.settings import data_dir
from harstudio.studio.background import NewestTask, Task
from harstudio.studio.live.choosing.choice import RECORDINGS, LiveChoice
from harstudio.studio.live.reading import Feed
from harstudio.studio.live.recording.microphone import NAME, NO_MICROPHONE, Microphone
from harstudio.studio.live.told import LiveTold
from harstudio.studio.live.viewing import LiveViewing

if TYPE_CHECKING:
    from harstudio.live.session import LiveOptions, LiveSession
    from harstudio.studio.session import Session

logger = logging.getLogger(__name__)
OFF, STARTING, RUNNING, STOPPING = "off", "starting", "running", "stopping"
NOT_RUNNING = "Nothing is live; start it first."
EARLY = 0.7  # of the run's own threshold; what that costs is in docs/reference/live.md


class LiveService(QObject):
    """state: "off", "starting" (until the first picture), "running" or "stopping".

    ``heard`` carries every message of every stage after ``told`` has taken it.
    """

    state_changed = Signal(str)
    heard = Signal(str, str, object)  # stage, kind, payload (builtins)
    said = Signal(object)  # told.Said
    segments_changed = Signal()
    message = Signal(str, str)  # level, sentence
    _arrived = Signal(int, str, str, object)

    def __init__(
        self, session: Session, keep_settings: Callable[[], None], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session = session
        self.choice = LiveChoice(session.settings, keep_settings, self)
        self.told = LiveTold()
        self.state = OFF
        self.live: LiveSession | None = None
        self.viewing = LiveViewing(self._feed, lambda: session.annotator, self)
        self.viewing.message.connect(self.message)
        self.viewing.measured.connect(self._measure)
        self.viewing.followed.connect(self._first_picture)
        self.microphone = Microphone(self)
        self.microphone.failed.connect(partial(self.message.emit, "warn"))
        self._ticket = 0
        self._starts = NewestTask(self)
        self._explains = NewestTask(self)
        self._stops: list[Task] = []
        self._again = False  # start when what stops has stopped
        self._arrived.connect(self._hear)
        self.choice.changed.connect(self._tell_labels)
        self._labels = self.choice.labels

    # ---- life

    @property
    def on(self) -> bool:
        """Whether a session is there or begins."""
        return self.state in (STARTING, RUNNING)

    def toggle(self) -> None:
        """Start what was chosen last, or stop."""
        if self.on:
            self.stop()
        else:
            self.start()

    def why_not(self) -> str:
        """Why nothing can be started, "" when something can."""
        return "" if self.choice.source else "Choose a source first."

    def start(self) -> None:
        """Begin with what is chosen; a session that runs is ended first."""
        reason = self.why_not()
        if reason:
            self.message.emit("info", reason)
            return
        if self.on:
            self.stop()
        if self.state == STOPPING:
            self._again = True
            return
        self._ticket += 1
        self.told = LiveTold()
        self._set_state(STARTING)
        options, ticket = self._options(), self._ticket
        self._labels = options.labels

        def work(_progress: object, cancelled: Callable[[], bool]) -> LiveSession | None:
            from harstudio.live.session import LiveSession

            live = LiveSession(options, partial(self._on_message, ticket))
            live.start()
            if cancelled():  # nobody takes it
                live.stop()
                return None
            return live

        self._starts.start(work, self._started, self._not_started)

    def _options(self) -> LiveOptions:
        """As chosen; recordings go into the open project where no folder was chosen."""
        options, project = self.choice.options(), self._session.project
        if project is None or options.record_folder != data_dir() / RECORDINGS:
            return options
        own = project.folder.is_relative_to(data_dir())  # of recordings without a project
        return options if own else replace(options, record_folder=project.folder)

    def _started(self, live: LiveSession) -> None:
        self.live = live
        self.viewing.begin()
        if live.streams:
            self._listen()

    def _not_started(self, error: Exception) -> None:
        sentence = str(error) if isinstance(error, HarstudioError | OSError) else repr(error)
        self.told.troubles["session"] = sentence
        self._set_state(OFF)
        self.message.emit("warn", sentence)

    def stop(self) -> None:
        """End it beside the window: a recording that runs is finished first."""
        self._again = False
        if not self.on:
            return
        self._ticket += 1
        self._starts.stop()
        self._explains.stop()
        self.viewing.end()
        self.microphone.stop()
        live, self.live = self.live, None
        self._set_state(STOPPING)

        def work(_progress: object, _cancelled: object) -> None:
            if live is not None:
                live.stop()

        task = Task(work, self)
        self._stops = [one for one in self._stops if one.running] + [task]
        task.finished.connect(self._stopped)
        task.failed.connect(self._stopped)
        task.start()

    def _stopped(self, _result: object) -> None:
        self._set_state(OFF)
        if self._again:
            self._again = False
            self.start()

    def _set_state(self, state: str) -> None:
        if state != self.state:
            self.state = state
            self.state_changed.emit(state)

    def shut(self) -> None:
        """End everything and wait for it; no worker and no shared memory is left."""
        self.stop()
        self._again = False
        self._starts.shut()
        self._explains.shut()
        self.viewing.end()
        for task in self._stops:
            task.wait()

    # ---- what stages say

    def _feed(self) -> Feed | None:
        """In the reading thread."""
        live = self.live
        if live is None:
            return None
        return Feed(dict(live.streams), dict(live.cameras), live.start_ns, self.choice.source)

    def _on_message(self, ticket: int, stage: str, kind: str, payload: dict[str, Any]) -> None:
        """In a thread of a worker."""
        if kind in ("log", "line"):
            logger.info("%s: %s", stage, payload.get("sentence") or payload.get("text"))
            return
        try:
            self._arrived.emit(ticket, stage, kind, payload)
        except RuntimeError:  # the window went away meanwhile
            logger.debug("nobody is left to hear of %s", stage)

    def _hear(self, ticket: int, stage: str, kind: str, payload: dict[str, Any]) -> None:
        if ticket != self._ticket:
            if kind == "kept" or (kind == "recording" and payload.get("state") == "done"):
                self.heard.emit(stage, kind, payload)  # the last words of one that stops
            return
        self.told.take(stage, kind, payload)
        if (stage, kind) == ("session", "streams"):
            self._listen()
        elif kind == "said" and self.told.said is not None:
            self.said.emit(self.told.said)
        elif kind == "segment":
            self.segments_changed.emit()
        elif kind == "explained":
            self._explain(Path(str(payload["path"])))
        elif (stage, kind) == ("recogniser", "ready") and self.choice.early:
            self._tell_early()
        elif kind in ("failed", "died"):
            self.message.emit("warn", self.told.troubles[stage])
        self.heard.emit(stage, kind, payload)

    def _listen(self) -> None:
        """The microphone fills its ring; the stages have new rings after another start."""
        if not self.choice.sound or self.live is None:
            return
        stream = self.live.streams.get(NAME)
        if stream is None:
            self.message.emit("warn", NO_MICROPHONE)
        else:
            self.microphone.start(stream)

    def set_sound(self, on: bool) -> None:
        """Whether the microphone is recorded, too; from the next start on."""
        self.choice.set_sound(on)
        if self.on:
            when = "is recorded" if on else "is left out"
            self.message.emit("info", f"The microphone {when} from the next start on.")

    def _first_picture(self) -> None:
        if self.state == STARTING:
            self._set_state(RUNNING)

    def _measure(self, milliseconds: float) -> None:
        self.told.latencies_ms.append(milliseconds)

    def _explain(self, path: Path) -> None:
        """What the newest window looked at; one that is still being read is given up."""

        def work(_progress: object, _cancelled: object) -> Recognition | None:
            try:
                return load_recognition(path)
            except HarstudioError:  # a newer one has taken its place
                return None

        def show(found: Recognition | None) -> None:
            if found is not None and self.on:
                self.viewing.explaining.take(found)

        self._explains.start(work, show, lambda _error: None)

    # ---- what a person does while it runs

    def say(self, stage: str, kind: str, payload: dict[str, Any]) -> bool:
        """To a stage; False, said why, where nothing is live."""
        if self.live is None:
            self.message.emit("info", NOT_RUNNING)
            return False
        self.live.say(stage, kind, payload)
        return True

    def _tell_labels(self) -> None:
        """Other labels need no new start."""
        if self.choice.labels != self._labels:
            self._labels = self.choice.labels
            if self.live is not None:
                self.live.say("recogniser", "labels", {"names": list(self._labels)})

    def name_early(self, on: bool) -> None:
        """Actions are named as soon as they look a little like what the run knows, or when it is
        surer."""
        self.choice.set_early(on)
        self._tell_early()

    def _tell_early(self) -> None:
        own = self.told.network.get("threshold")
        if self.live is None or own is None:
            return
        least = EARLY * float(own) if self.choice.early else self.live.options.known
        self.live.say("recogniser", "known", {"least": least})

    def explain(self, on: bool) -> None:
        """What the network looks at, or not: it takes time of every window."""
        self.choice.set_explain(on)
        if self.live is not None:
            self.live.say("recogniser", "explain", {"on": on})
        if not on:
            self.viewing.explaining.take(None)
