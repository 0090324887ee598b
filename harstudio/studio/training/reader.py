"""Follows runs on disks: two threads, so that a slow or missing disk never holds the window."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from harstudio.errors import HarstudioError
from harstudio.runs import reading
from harstudio.runs.folder import RunFolder
from harstudio.studio.training.growth import Growth
from harstudio.studio.training.looks import RunDetail, RunLook, take_look

logger = logging.getLogger(__name__)
LIST_EVERY_S, FOLLOW_EVERY_S, ASLEEP_S = 2.0, 1.0, 3600.0
SHARE = 10  # a slow disk is left alone for so many times as long as it was read
SHUT_S = 2.0  # a thread that hangs in a dead mount is left behind; it is a daemon


class _Follower:
    """Reads one run again and again, only what is new in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._tail = reading.MetricsTail(RunFolder(path).metrics)
        self._tables: dict[str, tuple[int, Mapping[str, Any]]] = {}
        self.growth = Growth()

    def look(self) -> RunLook:
        """What the run is now; the curves grow by what is new."""
        lines = self._tail.new()
        if self._tail.restarted:  # resumed: lines after the last checkpoint were taken back
            self.growth = Growth()
        self.growth.take(lines)
        return take_look(self.path, self.growth, self.table("config"), self.table("evaluation"))

    def table(self, name: str) -> Mapping[str, Any]:
        """A file of the run as tables, read again when it was written again; {} without one."""
        file = getattr(RunFolder(self.path), name)
        try:
            stamp = file.stat().st_mtime_ns
            if stamp != self._tables.get(name, (0, {}))[0]:
                self._tables[name] = (stamp, _READ[name](self.path))
        except (HarstudioError, OSError) as error:
            logger.info("%s cannot be read: %s", file, error)
            self._tables.pop(name, None)
        return self._tables.get(name, (0, {}))[1]


_READ: dict[str, Callable[[Path], Mapping[str, Any]]] = {
    "config": reading.read_config,
    "environment": lambda path: _tables(reading.read_json(RunFolder(path).environment)),
    "evaluation": lambda path: _summary(reading.read_evaluation(path)),
    "data": lambda path: _counted(reading.read_data(path)),
}


def _tables(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _summary(evaluation: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Without what one clip or class says."""
    left_out = ("samples", "confusion", "per_class")
    return {k: v for k, v in (evaluation or {}).items() if k not in left_out}


def _counted(data: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """How many classes and clips there are, instead of all of them."""
    told = {k: v for k, v in (data or {}).items() if not isinstance(v, (list, Mapping))}
    classes, parts = (data or {}).get("classes"), _tables((data or {}).get("parts"))
    told["classes"] = len(classes) if isinstance(classes, list) else 0
    told["clips"] = {name: len(one) for name, one in parts.items() if isinstance(one, list)}
    return told


class _Loop(threading.Thread):
    """Calls ``work`` again after the seconds that it returns, or at once when it is woken."""

    def __init__(self, name: str, work: Callable[[], float]) -> None:
        super().__init__(name=name, daemon=True)
        self._work = work
        self._wake = threading.Event()
        self._ending = False

    def run(self) -> None:
        while not self._ending:
            self._wake.clear()
            try:
                pause = self._work()
            except Exception:
                logger.exception("a run could not be read")
                pause = LIST_EVERY_S
            if not self._ending:
                self._wake.wait(pause)

    def wake(self) -> None:
        self._wake.set()

    def end(self) -> None:
        self._ending = True
        self._wake.set()


class RunsReader(QObject):
    """The runs below some folders, and one of them in full. Reads only while it is awake."""

    listed = Signal(object)  # tuple[RunLook, ...], the newest first
    read = Signal(object)  # RunDetail of the chosen run, whenever it changed

    _listed = Signal(object)
    _read = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lock = threading.Lock()
        self._folders: tuple[Path, ...] = ()
        self._chosen: Path | None = None
        self._awake = False
        self._closed = False
        self._loops: list[_Loop] = []
        self._followers: dict[Path, _Follower] = {}  # the list thread's
        self._follower: _Follower | None = None  # the follow thread's
        self._last: tuple[RunLook, list[float], int] | None = None
        self._listed.connect(self._deliver_list)
        self._read.connect(self._deliver_run)

    # ---- asked by the window

    def watch(self, folders: Sequence[Path]) -> None:
        """Look for runs in these folders; a folder may be a run itself."""
        with self._lock:
            self._folders = tuple(dict.fromkeys(folders))
        self._wake()

    def choose(self, path: Path | None) -> None:
        """Read this run in full from now on."""
        with self._lock:
            self._chosen = path
        self._wake()

    def set_awake(self, awake: bool) -> None:
        """Whether anybody looks; asleep nothing is read."""
        self._awake = awake and not self._closed
        if self._awake and not self._loops:
            self._loops = [
                _Loop("harstudio-run-list", self._list_runs),
                _Loop("harstudio-run", self._follow),
            ]
            for loop in self._loops:
                loop.start()
        self._wake()

    def look_now(self) -> None:
        """Something happened: do not wait for the next turn."""
        self._wake()

    def close(self) -> None:
        """End the threads."""
        self._closed, self._awake = True, False
        loops, self._loops = self._loops, []
        for loop in loops:
            loop.end()
        for loop in loops:
            loop.join(SHUT_S)

    def _wake(self) -> None:
        for loop in self._loops:
            loop.wake()

    # ---- in the threads

    def _list_runs(self) -> float:
        if not self._awake:
            return ASLEEP_S
        with self._lock:
            folders = self._folders
        began = time.monotonic()
        found = reading.find_runs(folders)
        kept = {path: self._followers.get(path) or _Follower(path) for path in found}
        self._followers = kept
        looks = sorted((f.look() for f in kept.values()), key=lambda look: -look.changed)
        self._emit(self._listed, tuple(looks))
        return max(LIST_EVERY_S, SHARE * (time.monotonic() - began))

    def _follow(self) -> float:
        with self._lock:
            chosen = self._chosen
        if not self._awake or chosen is None:
            self._follower = None
            return ASLEEP_S
        if self._follower is None or self._follower.path != chosen:
            self._follower, self._last = _Follower(chosen), None
        follower = self._follower
        look = follower.look()
        growth = follower.growth
        seen = (look, growth.step_at[-1:], len(growth.epochs))
        if seen != self._last:
            self._last = seen
            self._emit(self._read, _detail(follower, look))
        return FOLLOW_EVERY_S

    def _emit(self, signal: Any, value: object) -> None:
        try:
            signal.emit(value)
        except RuntimeError:  # the window went away meanwhile
            self._closed = True

    # ---- on the window's thread

    def _deliver_list(self, looks: tuple[RunLook, ...]) -> None:
        if not self._closed:
            self.listed.emit(looks)

    def _deliver_run(self, detail: RunDetail) -> None:
        if not self._closed and detail.look.path == self._chosen:
            self.read.emit(detail)


def _detail(follower: _Follower, look: RunLook) -> RunDetail:
    return RunDetail(
        look,
        config=follower.table("config"),
        evaluation=follower.table("evaluation"),
        environment=follower.table("environment"),
        data=follower.table("data"),
        growth=follower.growth.copy(),
    )
