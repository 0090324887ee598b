"""Demo mode: what comes and goes, on which display, with what behind it."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QScreen
from PySide6.QtWidgets import QFileDialog

from harstudio.studio.demo_mode.awake import NOTHING, Awake
from harstudio.studio.demo_mode.displays import Displays
from harstudio.studio.live.watch.watch import Watch

if TYPE_CHECKING:
    from harstudio.studio.demo_mode.attract import AttractService
    from harstudio.studio.demo_mode.showing import Showing
    from harstudio.studio.demo_mode.shown import Mirror, Shown
    from harstudio.studio.demo_mode.stage import Stage
    from harstudio.studio.live.service import LiveService
    from harstudio.studio.live.watch.alarm import Alarm
    from harstudio.studio.window import MainWindow

LOST_S, AGAIN_S = 2.0, 10.0
LOOK_MS, GIVEN_BACK_MS = 400, 400
NO_SOURCE = "No camera is chosen: hold Esc, and choose one in the workspace Live."


class DemoMode(QObject):
    """One for a window. Both the workspace Live and the stage show the window's live session."""

    changed = Signal()  # it came or went

    def __init__(self, window: MainWindow, service: LiveService, watch: Watch) -> None:
        super().__init__(window)
        self._window, self._service, self.watch = window, service, watch
        self.displays = Displays(window, window.store)
        self.awake = Awake()
        self.stage: Stage | None = None
        self.live: Showing | None = None
        self.attract: AttractService | None = None
        self.recorded: Showing | None = None
        self._began_it = False  # the session runs only since demo mode was entered
        self._lost_since: float | None = None
        self._tried = 0.0
        self._why = ""
        self._classes: tuple[str, ...] = ()  # whose figures the stage has
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self._look)
        watch.rang.connect(self._tell_operator)

    # ---- coming and going

    @property
    def on(self) -> bool:
        return self.stage is not None

    def toggle(self) -> None:
        if self.on:
            self.leave()
        else:
            self.enter()

    def enter(self) -> None:
        """On the display of the visitors; what was chosen last goes live if nothing is."""
        if self.on:
            return
        from harstudio.studio.demo_mode.showing import Showing  # not before they are needed
        from harstudio.studio.demo_mode.stage import Stage

        service = self._service
        self.stage = stage = Stage(still=self._window.session.settings.reduce_motion)
        stage.left.connect(self.leave)
        stage.seen.connect(self.watch.seen)
        self.live = Showing(service, self)
        self.live.words.connect(self._show_words)
        self.live.picture.connect(partial(self._show_picture, self.live))
        self.watch.changed.connect(self._show_words)
        self._classes = ()
        self._lost_since, self._why, self._tried = None, "", time.monotonic()
        self._began_it = not service.on
        if self._began_it and not service.why_not():
            service.start()
        self.live.begin()
        self._place()
        self._show_words()
        app = QGuiApplication.instance()
        app.screenAdded.connect(self._displays_changed)
        app.screenRemoved.connect(self._displays_changed)
        self.awake.keep()
        if not self.awake.means:
            self._window.session.message.emit("warn", NOTHING)
        self._timer.start()
        self._look()
        self.changed.emit()

    def leave(self) -> None:
        """Back to the operator's window; the session goes on where it ran before."""
        stage, self.stage = self.stage, None
        if stage is None:
            return
        app = QGuiApplication.instance()
        app.screenAdded.disconnect(self._displays_changed)
        app.screenRemoved.disconnect(self._displays_changed)
        self._timer.stop()
        self.watch.changed.disconnect(self._show_words)
        self._end_attract()
        self.live.end()
        self.live.deleteLater()
        self.live = None
        self.awake.let_go()
        stage.hide()
        stage.deleteLater()
        if self._began_it and self._window.arrangement.workspace != "view.live":
            self._service.stop()
        if not self._window.isHidden():
            self._window.activateWindow()
        self.changed.emit()

    def shut(self) -> None:
        """The window closes."""
        self.leave()
        if self.attract is not None:
            self.attract.shut()

    # ---- displays

    def _place(self) -> None:
        screen = self.displays.chosen()
        alone = screen is self.displays.own()
        self.stage.fill(screen, active=alone)
        if not alone:  # some window managers give the keyboard to whatever is new
            QTimer.singleShot(GIVEN_BACK_MS, self._window, self._window.activateWindow)

    def _displays_changed(self, _screen: QScreen) -> None:
        QTimer.singleShot(0, self, self._place_again)

    def _place_again(self) -> None:
        if self.on:
            self._place()

    def next_display(self) -> None:
        """Visitors look at another display from now on."""
        screen = self.displays.choose_next()
        self._window.session.message.emit(
            "info", f"Demo mode is shown on {self.displays.words(screen)}."
        )
        self._place_again()

    def has_displays(self) -> bool:
        return len(self.displays.all()) > 1

    def display_words(self) -> str:
        return f"(now {self.displays.words(self.displays.chosen())})"

    # ---- what is shown

    @property
    def front(self) -> Showing | None:
        """What visitors see: the recording while the sensor is away, and is ready to be seen."""
        if self.recorded is not None and self.recorded.mirror is not None:
            return self.recorded
        return self.live

    def _show_picture(self, whose: Showing, mirror: Mirror) -> None:
        if self.on and whose is self.front:
            self.stage.show_mirror(mirror)

    def _show_words(self, *_: object) -> None:
        if not self.on:
            return
        shown = self.words()
        self.stage.show_words(shown)
        if shown.classes != self._classes:
            from harstudio.studio.demo_mode.acted import acted

            self._classes = shown.classes
            self.stage.show_acted(acted(shown.classes))

    def words(self) -> Shown:
        """All that stands beside the picture now."""
        front = self.front.shown
        sentence = self.live.shown.sentence or (self._why if self.recorded is not None else "")
        if not self._service.choice.source:
            sentence = NO_SOURCE
        watch = self.watch
        return replace(
            front, sentence=sentence, recording_s=self.live.shown.recording_s,
            alarm=watch.unseen, alarms=watch.alarms, watching=", ".join(watch.labels),
        )  # fmt: skip

    def _tell_operator(self, alarm: Alarm) -> None:
        """Where no visitors' screen turns red."""
        words = f"Alarm: {alarm.name} at {alarm.at}. Ctrl+Shift+Enter when you have seen it."
        self._window.session.message.emit("bad" if not self.on else "warn", words)

    # ---- while the sensor is away

    def _look(self) -> None:
        """Whether the sensor is away or there again."""
        now, live = time.monotonic(), self.live
        if live.runs and live.mirror is not None:
            self._lost_since, self._why = None, ""
            self._end_attract()
            return
        self._why = live.sentence() or self._why
        away = live.lost or not self._service.on
        if away and self._lost_since is None:
            self._lost_since = now
        elif not away and self.recorded is None:
            self._lost_since = None
        if self._lost_since is not None and now - self._lost_since >= LOST_S:
            self._begin_attract()
        if self._stays_away() and now - self._tried >= AGAIN_S and not self._service.why_not():
            self._tried = now
            self._service.start()

    def _stays_away(self) -> bool:
        """Whether the session failed and will not come back by itself; one that the operator ended
        is not begun again."""
        told, off = self._service.told, self._service.state == "off"
        return (off and "session" in told.troubles) or "capture" in told.failed

    def _begin_attract(self) -> None:
        if self.recorded is not None:
            return
        from harstudio.studio.demo_mode.attract import AttractService
        from harstudio.studio.demo_mode.showing import Showing

        if self.attract is None:
            self.attract = AttractService(self._window.session, self)
        self.recorded = Showing(self.attract, self, recorded=True)
        self.recorded.words.connect(self._show_words)
        self.recorded.picture.connect(partial(self._show_picture, self.recorded))
        self.recorded.begin()
        self.attract.start()

    def _end_attract(self) -> None:
        showing, self.recorded = self.recorded, None
        if showing is None:
            return
        showing.end()
        showing.deleteLater()
        self.attract.stop()
        self._show_words()
        if self.on and self.live.mirror is not None:
            self.stage.show_mirror(self.live.mirror)

    def choose_recording(self) -> None:
        """Which recording plays while the sensor is away."""
        settings = self._window.session.settings
        start = settings.demo_recording or str(self._service.choice.folder)
        told = QFileDialog.getExistingDirectory(
            self._window, "A recording, or a folder of them, for when the camera is away", start
        )
        if told:
            self.set_recording(Path(told))

    def set_recording(self, path: Path) -> None:
        """A recording or a folder of them; remembered."""
        self._window.session.settings.demo_recording = str(path)
        self._window.save_settings()
        self._window.session.message.emit("info", f"{path.name} plays while the camera is away.")
