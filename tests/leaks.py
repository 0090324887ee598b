"""Finds what a test of the studio left behind: top-level widgets and running threads."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Iterator
from pathlib import Path

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


def _python_threads() -> list[str]:
    """Names of running threads that Python objects stand for."""
    return [
        t.name
        for t in threading.enumerate()
        if t is not threading.main_thread() and not isinstance(t, threading._DummyThread)
    ]


def _qt_threads() -> list[str]:
    """Names of running threads of ours that Qt objects stand for; looks at every object."""
    found = [
        o.objectName() or type(o).__name__
        for o in gc.get_objects()
        if issubclass(type(o), QThread) and isValid(o) and o.isRunning()
    ]
    return [name for name in found if name != "QThread"]


def _native_threads() -> int | None:
    """How many threads the process has; None where the system does not tell."""
    try:
        return sum(1 for _ in Path("/proc/self/task").iterdir())
    except OSError:
        return None


def _threads(native_before: int | None) -> list[str]:
    """Names of running threads. Qt's are looked for only where there are more threads than
    before: looking at every object takes longer than most tests."""
    native = _native_threads()
    if native is None or native_before is None or native > native_before:
        return _python_threads() + _qt_threads()
    return _python_threads()


def _waited_for(before: list[str], native_before: int | None) -> list[str]:
    """Threads that are new and do not end within the grace time."""
    end = time.monotonic() + GRACE_S
    while True:
        left = _threads(native_before)
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
    native = _native_threads()
    threads = _python_threads()
    yield
    if QApplication.instance() is None:
        return
    settle()
    pool = QThreadPool.globalInstance().waitForDone(int(GRACE_S * 1000))
    running = _waited_for(threads, native)
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
