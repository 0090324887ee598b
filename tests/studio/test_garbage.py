"""Widgets in reference cycles must be destroyed on the GUI thread, whoever allocates."""

from __future__ import annotations

import gc
import threading

from PySide6.QtCore import QObject

from harstudio.studio.garbage import GarbageCollector


class InACycle(QObject):
    destroyed_on: list[str] = []  # noqa: RUF012 - shared on purpose

    def __init__(self) -> None:
        super().__init__()
        self.me = self

    def __del__(self) -> None:
        self.destroyed_on.append(threading.current_thread().name)


def allocate_a_lot() -> None:
    for _ in range(200):
        rows = [[] for _ in range(1000)]
        rows.append(rows)


def test_another_threads_allocations_destroy_nothing(qtbot):
    collector = GarbageCollector()
    assert not gc.isenabled()
    InACycle.destroyed_on.clear()
    gc.collect()
    InACycle()
    worker = threading.Thread(target=allocate_a_lot, name="worker")
    worker.start()
    worker.join()
    assert InACycle.destroyed_on == []
    assert collector.collect_due() is not None
    assert InACycle.destroyed_on == ["MainThread"]
    collector.deleteLater()


def test_nothing_due_costs_nothing(qtbot):
    collector = GarbageCollector()
    gc.collect()
    assert collector.collect_due() is None
    collector.deleteLater()
