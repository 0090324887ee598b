"""The window while a network trains: how smooth it stays, how soon a job starts and ends.

python benchmarks/training_window.py [--seconds N] [--network NAME]

A 60 Hz timer on the GUI thread of the real studio, playing the demo: its periods with an idle
worker (the peer) and with a worker that trains. Then, three times each: milliseconds from handing
the training in to its first optimisation step (a warm worker), and from asking to stop until the
state is saved and the worker idle. Needs a display, or QT_QPA_PLATFORM=offscreen.
"""

from __future__ import annotations

import argparse
import itertools
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
TICK_MS = 1000 / 60
PATIENCE_S = 120


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--network", default="st-gcn")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ["HARSTUDIO_HOME"] = home
        os.environ["HARSTUDIO_WARM"] = "0"  # warmed below, when the benchmark says so
        Measurement(Path(home), options.network, options.seconds).run()


class Measurement:
    """The studio on the demo, and what is measured on it."""

    def __init__(self, home: Path, network: str, seconds: float) -> None:
        from harstudio.studio import theme
        from harstudio.studio.app import make_application
        from harstudio.studio.session import Session
        from harstudio.studio.window import MainWindow

        self.app = make_application()
        theme.apply(self.app, "dark")
        self.home, self.network, self.seconds = home, network, seconds
        self.session = Session()
        self.window = MainWindow(self.session)
        self.window.show()
        self.told: list[tuple[float, str, Any]] = []
        self.session.jobs.told.connect(self._hear)

    def _hear(self, _record: object, kind: str, payload: Any) -> None:
        self.told.append((time.perf_counter(), kind, payload))

    def run(self) -> None:
        from harstudio.resources import resource

        self.window.open_path(resource("demo"))
        self._until(lambda: self.session.recording is not None)
        self.session.jobs.warm_up()
        self._wait(15)  # torch is being imported
        self.session.transport.set_loop((self.session.transport.start_ns, self._end()))
        self.session.transport.play()
        self._wait(3)
        idle = self._ticks()
        record = self._train(0)
        self._until(self._stepped, "the first step")
        self._wait(3)
        busy = self._ticks()
        self.session.jobs.stop(record.id)
        self._until(lambda: record.over, "the end")
        self.session.transport.pause()
        print(f"60 Hz timer, {self.seconds:g} s each, the demo playing, {os.cpu_count()} cores")
        for name, periods in (("idle", idle), (f"training {self.network}", busy)):
            print(f"  {name:18s} {_line(periods)}")
        ratio = _quantile(busy, 0.99) / _quantile(idle, 0.99)
        print(f"  p99 training / idle: {ratio:.2f}")
        self._starts_and_stops()
        self.window.close()
        self._wait(0.2)

    def _starts_and_stops(self) -> None:
        starts, stops = [], []
        for number in range(1, 4):
            self.told.clear()
            began = time.perf_counter()
            record = self._train(number)
            self._until(self._stepped, "the first step")
            first = next(at for at, kind, what in self.told if kind == "metrics")
            starts.append(first - began)
            self._wait(1.5)
            asked = time.perf_counter()
            self.session.jobs.stop(record.id)
            self._until(lambda record=record: record.over, "the end")
            stops.append(time.perf_counter() - asked)
        for name, values in (("click to first step", starts), ("stop to idle", stops)):
            shown = ", ".join(f"{1000 * value:.0f}" for value in values)
            print(f"{name}: median {1000 * statistics.median(values):.0f} ms ({shown})")

    def _train(self, number: int) -> Any:
        from harstudio.resources import resource

        config = {
            "data": {"path": str(resource("demo")), "protocol": "cross-subject"},
            "network": {"name": self.network},
            "preprocessing": {"skeleton": {"frames": 64, "bodies": 1}},
            "training": {"epochs": 1000, "batch_size": 8},
            "run": {"folder": str(self.home / f"run-{number}")},
        }
        return self.session.jobs.submit(
            "harstudio.learning.jobs:train", {"config": config, "resume": False}, title="benchmark"
        )

    def _stepped(self) -> bool:
        return any(kind == "metrics" for _, kind, _ in self.told)

    def _end(self) -> int:
        return int(self.session.recording.stop_ns)

    def _ticks(self) -> list[float]:
        """Periods of the timer in milliseconds."""
        from PySide6.QtCore import Qt, QTimer

        at: list[float] = []
        timer = QTimer(timerType=Qt.TimerType.PreciseTimer)
        timer.setInterval(round(TICK_MS))
        timer.timeout.connect(lambda: at.append(time.perf_counter()))
        timer.start()
        self._wait(self.seconds)
        timer.stop()
        return [1000 * (b - a) for a, b in itertools.pairwise(at)]

    def _wait(self, seconds: float) -> None:
        from PySide6.QtCore import QEventLoop, QTimer

        loop = QEventLoop()
        QTimer.singleShot(round(1000 * seconds), loop.quit)
        loop.exec()

    def _until(self, condition: Callable[[], bool], what: str = "") -> None:
        end = time.perf_counter() + PATIENCE_S
        while not condition():
            assert time.perf_counter() < end, f"not within {PATIENCE_S} s: {what}"
            self._wait(0.005)


def _quantile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def _line(periods: list[float]) -> str:
    return (
        f"p50 {_quantile(periods, 0.5):5.1f}  p95 {_quantile(periods, 0.95):5.1f}  "
        f"p99 {_quantile(periods, 0.99):5.1f}  max {max(periods):5.1f} ms"
    )


if __name__ == "__main__":
    main()
