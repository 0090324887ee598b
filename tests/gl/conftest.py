"""Tests that need OpenGL: skipped, visibly, where Qt cannot make a context."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtGui import QGuiApplication, QOpenGLContext
from PySide6.QtWidgets import QApplication

import leaks
from harstudio.studio.garbage import GarbageCollector

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.gl)


def _why_not() -> str:
    """Why there is no OpenGL here, "" when there is."""
    platform = QGuiApplication.platformName()
    if platform in ("offscreen", "minimal", "vnc"):
        return f"Qt's {platform} platform has no OpenGL"
    return "" if QOpenGLContext().create() else "Qt cannot make an OpenGL context here"


@pytest.fixture(autouse=True, scope="session")
def garbage(qapp: QApplication) -> GarbageCollector:
    """As in the studio: no thread but this one destroys widgets."""
    return GarbageCollector(qapp)


@pytest.fixture(autouse=True)
def nothing_left_behind(qapp: object) -> Iterator[None]:
    reason = _why_not()
    if reason:
        pytest.skip(reason)
    yield from leaks.watch()
