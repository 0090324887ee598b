"""The demo project: a copy of the bundled one, so that its labels can be changed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from harstudio.errors import HarstudioError, MissingError
from harstudio.resources import resource
from harstudio.settings import data_dir
from harstudio.studio.background import Task
from harstudio.studio.session import Session


def own_demo(
    progress: Callable[[int], None] | None = None, cancelled: Callable[[], bool] | None = None
) -> Path:
    """Folder of the person's own copy, made when it is not there yet.

    Raises MissingError when the program came without its demo or the disk refuses a copy.
    """
    source, target = resource("demo"), data_dir() / "demo"
    if target.is_dir():
        return target
    if not (source / "project.toml").is_file():
        raise MissingError(
            "The demo project is not there.",
            path=source,
            remedy="Install HARStudio again, or open recordings of your own.",
        )
    half = target.with_name("demo.part")
    try:
        shutil.rmtree(half, ignore_errors=True)
        half.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, half)
        half.replace(target)
    except OSError as error:
        raise MissingError(
            f"The demo project could not be copied ({error.strerror}).",
            path=target,
            remedy="Free some space, or open recordings of your own.",
        ) from error
    return target


class Demo(QObject):
    """Opens the demo project and plays it once it is there."""

    failed = Signal(object)

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._task: Task | None = None
        self._waiting = False
        session.recording_changed.connect(self._play)
        session.failed.connect(self._give_up)

    def open(self) -> None:
        if self._task is not None and self._task.running:
            return
        self._task = Task(own_demo, self)
        self._task.finished.connect(self._open)
        self._task.failed.connect(self.failed)
        self._task.start()

    def _open(self, folder: Path) -> None:
        self._waiting = True
        self._session.open(folder)

    def _play(self, recording: object) -> None:
        if not self._waiting or recording is None:
            return
        self._waiting = False
        transport = self._session.transport
        transport.set_loop((transport.start_ns, transport.stop_ns))
        transport.play()

    def _give_up(self, _error: HarstudioError) -> None:
        self._waiting = False

    def shut(self) -> None:
        """Wait for a copy that is under way."""
        self._waiting = False
        if self._task is not None:
            self._task.cancel(wait_s=20)
