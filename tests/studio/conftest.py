"""Tests of the studio's parts without a display: always on Qt's offscreen platform.

A Qt warning fails the test (``qt_log_level_fail`` in pyproject.toml), and so does a widget or a
thread that the test leaves behind.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QApplication

import leaks
from harstudio.studio.garbage import GarbageCollector

# Under a display of the caller's the same tests may also run on it: QT_QPA_PLATFORM=xcb.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


@pytest.fixture(autouse=True, scope="session")
def garbage(qapp: QApplication) -> GarbageCollector:
    """As in the studio: no thread but this one destroys widgets."""
    return GarbageCollector(qapp)


@pytest.fixture(autouse=True)
def nothing_left_behind(qapp: object) -> Iterator[None]:
    yield from leaks.watch()
