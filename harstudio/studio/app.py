"""Starts the studio: the window first, everything heavy after it."""

from __future__ import annotations

import faulthandler
import logging
import logging.handlers
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QObject, Qt, QTimer, QtMsgType, qInstallMessageHandler
from PySide6.QtWidgets import QApplication

from harstudio.settings import Settings, data_dir, load_settings
from harstudio.studio import icons, theme
from harstudio.studio.dialogs.crash import CrashReporter
from harstudio.studio.garbage import GarbageCollector
from harstudio.studio.live.commands import LIVE
from harstudio.studio.problem_bar import Trouble
from harstudio.studio.session import Session
from harstudio.studio.window import MainWindow

if TYPE_CHECKING:
    from harstudio.live.session import LiveOptions
    from harstudio.studio.live.told import Said

logger = logging.getLogger(__name__)
LOG_BYTES, LOGS_KEPT = 1_000_000, 3
LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}
# Said by the media back end on every seek in an AVI file, and by no fault of anybody's.
FLOODS = ("AV_NOPTS_VALUE", "[AVHWDeviceContext", "QFFmpeg", "pipewire")


@dataclass
class StartUp:
    """When what was there, in seconds since the process began to start the studio."""

    began: float = field(default_factory=time.perf_counter)
    marks: dict[str, float] = field(default_factory=dict)

    def mark(self, name: str) -> None:
        """Note the first time that something happened."""
        if name not in self.marks:
            self.marks[name] = time.perf_counter() - self.began
            logger.info("start-up: %s after %.0f ms", name, 1000 * self.marks[name])


@dataclass(frozen=True)
class LiveStart:
    """Go live at once. options: their empty fields stay as they were chosen last. visitors: in
    demo mode."""

    options: LiveOptions
    visitors: bool = False


class Starter(QObject):
    """Shows the window, then furnishes it, then opens what was asked for."""

    def __init__(
        self,
        paths: Sequence[Path],
        demo: bool,
        start_up: StartUp,
        settings: Settings | None = None,
        live: LiveStart | None = None,
    ) -> None:
        super().__init__()
        self._live = live
        self._paths = list(paths)
        self._demo = demo
        self.start_up = start_up
        self.session = Session(settings)
        self.window = MainWindow(self.session, furnish=False)
        self.session.recording_changed.connect(self._recording_shown)

    def start(self) -> None:
        self.window.show()
        QTimer.singleShot(0, self._furnish)

    def _furnish(self) -> None:
        self.start_up.mark("window")
        visitors = self._live is not None and self._live.visitors
        if self._live is not None and visitors:  # they wait; the workspaces may come later
            self._go_live(self._live)
            QTimer.singleShot(0, self._furnish_rest)
            return
        self._furnish_rest()

    def _furnish_rest(self) -> None:
        self._open()  # parses in its own thread while the panes are imported here
        self.window.furnish()
        self.start_up.mark("usable")
        if self._live is not None and not self._live.visitors:
            self._go_live(self._live)
        self.window.desk.warm_up_soon()
        for sentence in self.session.settings.problems:
            self.window.problem_bar.tell(Trouble(sentence, level="warn"))

    def _go_live(self, live: LiveStart) -> None:
        window = self.window
        window.live.said.connect(self._said)
        window.live.choice.take(live.options)
        if live.visitors:
            window.demo_mode.enter()
        else:
            window.set_workspace(LIVE)
        if not window.live.on:
            window.live.start()

    def _said(self, said: Said) -> None:
        self.start_up.mark("answer")
        if said.label >= 0:
            self.start_up.mark("label")

    def _open(self) -> None:
        first_time = not self.session.settings.recent and self._live is None
        if self._paths:
            self.window.open_paths(self._paths)
        elif self._demo or first_time:
            self.window.open_demo()

    def _recording_shown(self, recording: object) -> None:
        if recording is not None:
            self.start_up.mark("recording")


def run_studio(
    paths: Sequence[Path] = (), demo: bool = False, live: LiveStart | None = None
) -> int:
    """Run the studio until its window is closed; the exit status.

    paths: recordings, folders or projects, the first is opened. demo: open the demo project,
    which also the very first start does. live: go live at once.
    """
    start_up = StartUp()
    app = make_application()
    collector = GarbageCollector()
    start_logging()
    settings = load_settings()
    theme.apply(app, settings.theme)  # before the window: it measures itself by the style
    starter = Starter(paths, demo, start_up, settings, live)
    reporter = CrashReporter(starter.window)
    visitors = starter.window.demo_mode
    reporter.waits = lambda: visitors.on
    visitors.changed.connect(reporter.show_now)
    sys.excepthook = reporter.hook
    threading.excepthook = lambda args: reporter.hook(
        args.exc_type, args.exc_value or args.exc_type(), args.exc_traceback
    )
    app.setWindowIcon(icons.icon("logo", 64, theme.current().accent))
    starter.start()
    try:
        return app.exec()
    finally:
        collector.deleteLater()
        sys.excepthook = sys.__excepthook__
        threading.excepthook = threading.__excepthook__
        qInstallMessageHandler(None)


def make_application() -> QApplication:
    """The one QApplication, with what has to be set before it is made."""
    app = QApplication.instance()
    if isinstance(app, QApplication):
        return app
    # A floated 3D pane keeps its OpenGL context only when contexts are shared.
    QCoreApplication.setAttribute(Qt.ApplicationAttribute.AA_ShareOpenGLContexts)
    QCoreApplication.setApplicationName("HARStudio")
    QCoreApplication.setOrganizationName("HARStudio")
    app = QApplication(sys.argv[:1])
    app.setDesktopFileName("harstudio")
    return app


def start_logging() -> None:
    """Qt's messages, Python's and crashes of native code go to files in the data folder."""
    folder = data_dir() / "logs"
    root = logging.getLogger()
    qInstallMessageHandler(_qt_message)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handler = logging.handlers.RotatingFileHandler(
            folder / "studio.log", maxBytes=LOG_BYTES, backupCount=LOGS_KEPT, encoding="utf-8"
        )
        faults = (folder / "faults.log").open("a", encoding="utf-8")
    except OSError as error:
        logging.basicConfig(level=logging.INFO)
        faulthandler.enable()
        logger.warning("no log file: %s", error)
        return
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    faulthandler.enable(faults)


def _qt_message(kind: QtMsgType, context: object, text: str) -> None:
    level = LEVELS.get(kind, logging.WARNING)
    if any(flood in text for flood in FLOODS):
        level = logging.DEBUG
    category = getattr(context, "category", None) or "default"
    logging.getLogger(f"harstudio.qt.{category}").log(level, "%s", text)
    if kind == QtMsgType.QtFatalMsg:
        print(text, file=sys.stderr)  # noqa: T201 - the process ends now
