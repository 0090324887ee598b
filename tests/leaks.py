"""Finds what a test of the studio left behind: top-level widgets and running threads."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Iterator

from PySide6.QtCore import QCoreApplication, QEvent, QThread, QThreadPool
from PySide6.QtWidgets import QApplication, QWidget
from shiboken6 import isValid

GRACE_S = 3.0
# Qt's own, kept for the next tool tip; and the hidden parents that Qt makes for itself.
NOT_OURS = ("QTipLabel", "QDesktopScreenWidget", "QComboBoxPrivateContainer")


def settle() -> None:
    """Let queued signals arrive and deferred deletions happen."""
    for _ in range(3):
        QCoreApplication.processEvents()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def _widgets() -> set[QWidget]:
    return {w for w in QApplication.topLevelWidgets() if isValid(w)}


def _threads() -> list[str]:
    """Names of running threads that Python or Qt objects of ours stand for."""
    python = [
        t.name
        for t in threading.enumerate()
        if t is not threading.main_thread() and not isinstance(t, threading._DummyThread)
    ]
    qt = [
        o.objectName() or type(o).__name__
        for o in gc.get_objects()
        if issubclass(type(o), QThread) and isValid(o) and o.isRunning()
    ]
    return python + [name for name in qt if name != "QThread"]


def _waited_for(before: list[str]) -> list[str]:
    """Threads that are new and do not end within the grace time."""
    end = time.monotonic() + GRACE_S
    while True:
        left = _threads()
        for name in before:
            if name in left:
                left.remove(name)
        if not left or time.monotonic() > end:
            return left
        settle()
        time.sleep(0.01)


def watch() -> Iterator[None]:
    """Body of a fixture: fails the test that leaves widgets or threads behind."""
    app = QApplication.instance()
    widgets = _widgets() if app is not None else set()
    threads = _threads()
    yield
    if QApplication.instance() is None:
        return
    settle()
    pool = QThreadPool.globalInstance().waitForDone(int(GRACE_S * 1000))
    running = _waited_for(threads)
    left = _widgets() - widgets
    if left:
        gc.collect()
        settle()
        left = _widgets() - widgets
    names = sorted(
        f"{type(w).__name__}({w.objectName() or w.windowTitle()})"
        for w in left
        if w.metaObject().className() not in NOT_OURS
    )
    assert pool, "a worker of the thread pool is still running"
    assert not running, f"threads still running: {', '.join(running)}"
    assert not names, f"top-level widgets left behind: {', '.join(names)}"
