"""A session on recordings in memory, for tests of what listens to it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pytestqt.qtbot import QtBot

from harstudio.errors import DataError
from harstudio.recordings.recording import Recording
from harstudio.settings import Settings
from harstudio.studio import opening
from harstudio.studio.session import Session


class SessionBench:
    """Opens whatever recording the test puts under a file's name."""

    def __init__(self, qtbot: QtBot, folder: Path, monkeypatch) -> None:
        self.qtbot = qtbot
        self.folder = folder
        self.made: dict[str, Callable[[], Recording]] = {}
        monkeypatch.setattr(opening, "open_recording", self._open)
        self.session = Session(Settings(annotator="alice"))
        self.said: list[tuple[str, str]] = []
        self.failures: list[Exception] = []
        self.session.message.connect(self._hear)
        self.session.failed.connect(self.failures.append)

    def _hear(self, level: str, sentence: str) -> None:
        self.said.append((level, sentence))

    def _open(self, path: Path) -> Recording:
        if path.name not in self.made:
            raise DataError("It is damaged.", path=path)
        return self.made[path.name]()

    def add(self, name: str, make: Callable[[], Recording]) -> Path:
        """Put a recording under a name; its path."""
        self.made[name] = make
        path = self.folder / name
        path.touch()
        return path

    def open(self, path: Path) -> None:
        """Open and wait until it is shown."""
        with self.qtbot.waitSignal(self.session.history_changed, timeout=5000):
            self.session.open(path)

    def show(self, recording: Recording) -> None:
        """Open this recording."""
        recording.path = self.folder / recording.name
        self.open(self.add(recording.name, lambda: recording))

    def close(self) -> None:
        self.session.close()
        self.session.deleteLater()
