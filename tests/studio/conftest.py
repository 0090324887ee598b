"""Tests of the studio's parts without a display: always on Qt's offscreen platform.

A Qt warning fails the test (``qt_log_level_fail`` in pyproject.toml), and so does a widget or a
thread that the test leaves behind.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

import leaks
from harstudio.labels.model import Clip
from harstudio.studio.garbage import GarbageCollector
from harstudio.studio.session import Session
from harstudio.studio.window import MainWindow
from studio.label_bench import Bench, make_bench, moving_recording, shown

# Under a display of the caller's the same tests may also run on it: QT_QPA_PLATFORM=xcb.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


@pytest.fixture(autouse=True, scope="session")
def garbage(qapp: QApplication) -> GarbageCollector:
    """As in the studio: no thread but this one destroys widgets."""
    return GarbageCollector(qapp)


@pytest.fixture(autouse=True)
def nothing_left_behind(qapp: object) -> Iterator[None]:
    yield from leaks.watch()


@pytest.fixture
def window(qtbot) -> Iterator[MainWindow]:
    """The whole window, without a recording."""
    session = Session()
    made = MainWindow(session)
    qtbot.addWidget(made)
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.close()
    session.deleteLater()


@pytest.fixture
def others() -> dict[str, list[Clip]]:
    """Labels of other annotators on the bench, by their name; modules may say otherwise."""
    return {}


@pytest.fixture
def bench_size() -> tuple[int, int]:
    return 1000, 320


@pytest.fixture
def bench(
    qtbot, tmp_path: Path, others: dict[str, list[Clip]], bench_size: tuple[int, int]
) -> Iterator[Bench]:
    """Timeline and label panels over ten seconds of movement, annotated by alice."""
    made = make_bench(tmp_path / "project", moving_recording(300), others, size=bench_size)
    yield shown(qtbot, made)
    made.session.close()
