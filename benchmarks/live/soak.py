"""Demo mode for an hour: whether memory and latency stay as they are.

    xvfb-run -s "-screen 0 1920x1080x24" python benchmarks/live/soak.py [--minutes 60]
        [--source replay:FOLDER] [--run RUN] [--out soak.json]

The real studio in demo mode, with its capture, pose and recogniser processes. Every minute one row:
memory of all processes in MiB (resident, shared memory counted in each; Linux only), latency from a
picture's arrival to its being painted and to its label (ms, median and 95 %), recognised frames a
second. The last lines compare the first and the last tenth, after a warm-up of five minutes (less
where the run is short). Without --source: the recordings of the demo, one after the other.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path

import numpy as np

TICK_MS = 100
WARM_UP_SHARE, WARM_UP_S = 0.1, 300.0


def memory_mib(pids: dict[str, int]) -> dict[str, float]:
    """Resident memory by stage, from /proc."""
    told: dict[str, float] = {}
    for name, pid in pids.items():
        try:
            text = Path(f"/proc/{pid}/status").read_text()
        except OSError:
            continue
        lines = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
        told[name] = int(lines["VmRSS"].split()[0]) / 1024
    return told


class Soak:
    """Samples the studio while its event loop runs."""

    def __init__(self, starter: object, seconds: float, row_s: float) -> None:
        self.service = starter.window.live  # type: ignore[attr-defined]
        self.rows: list[dict[str, object]] = []
        self.first_label_s: float | None = None
        self._began = time.monotonic()
        self._row_began = self._began
        self._seconds, self._row_s = seconds, row_s
        self._label_ms: list[float] = []
        self._said = 0
        self.service.said.connect(self._hear)

    def _hear(self, said: object) -> None:
        now = time.monotonic_ns()
        if self.first_label_s is None:
            self.first_label_s = time.monotonic() - self._began
        self._said += 1
        if said.captured_ns:  # type: ignore[attr-defined]
            self._label_ms.append((now - said.captured_ns) / 1e6)  # type: ignore[attr-defined]

    def tick(self) -> bool:
        """Whether it is over."""
        now = time.monotonic()
        if now - self._row_began >= self._row_s:
            self._end_row(now)
        return now - self._began >= self._seconds

    def _end_row(self, now: float) -> None:
        told, live = self.service.told, self.service.live
        pids = {"studio": os.getpid(), **(live.pids() if live is not None else {})}
        memory = memory_mib(pids)
        painted = sorted(told.latencies_ms)
        labels = sorted(self._label_ms)
        row = {
            "minute": round((now - self._began) / 60, 2),
            "mib": {name: round(one, 1) for name, one in memory.items()},
            "total_mib": round(sum(memory.values()), 1),
            "painted_ms": _quantiles(painted),
            "label_ms": _quantiles(labels),
            "recognised_fps": round(self._said / (now - self._row_began), 1),
            "skeleton_fps": round(told.pose_fps, 1),
            "state": self.service.state,
        }
        self.rows.append(row)
        print(json.dumps(row), flush=True)
        self._row_began, self._said, self._label_ms = now, 0, []


def _quantiles(values: list[float]) -> list[float] | None:
    return [round(float(q), 1) for q in np.quantile(values, (0.5, 0.95))] if values else None


def verdict(rows: list[dict[str, object]]) -> dict[str, object]:
    """The first tenth against the last, after the warm-up."""
    whole = float(rows[-1]["minute"])  # type: ignore[arg-type]
    warm = min(WARM_UP_SHARE * whole, WARM_UP_S / 60)
    kept = [row for row in rows if float(row["minute"]) > warm]  # type: ignore[arg-type]
    tenth = max(1, len(kept) // 10)

    def mean(part: list[dict[str, object]], key: str, at: int | None = None) -> float:
        values = [row[key] if at is None else row[key][at] for row in part if row[key]]  # type: ignore[index]
        return round(float(np.mean(values)), 1) if values else float("nan")

    first, last = kept[:tenth], kept[-tenth:]
    minutes = np.array([float(row["minute"]) for row in kept])  # type: ignore[arg-type]
    total = np.array([float(row["total_mib"]) for row in kept])  # type: ignore[arg-type]
    slope = float(np.polyfit(minutes, total, 1)[0] * 60) if len(kept) > 2 else float("nan")
    return {
        "total_mib": [mean(first, "total_mib"), mean(last, "total_mib")],
        "mib_an_hour": round(slope, 1),
        "painted_p50_ms": [mean(first, "painted_ms", 0), mean(last, "painted_ms", 0)],
        "painted_p95_ms": [mean(first, "painted_ms", 1), mean(last, "painted_ms", 1)],
        "label_p50_ms": [mean(first, "label_ms", 0), mean(last, "label_ms", 0)],
        "label_p95_ms": [mean(first, "label_ms", 1), mean(last, "label_ms", 1)],
        "recognised_fps": [mean(first, "recognised_fps"), mean(last, "recognised_fps")],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--row", type=float, default=60, help="seconds of a row")
    parser.add_argument("--source", default="")
    parser.add_argument("--run", default="synthetic-all-views")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ["HARSTUDIO_HOME"] = home
        from PySide6.QtCore import QTimer

        from harstudio.live.session import LiveOptions
        from harstudio.resources import resource
        from harstudio.settings import Settings
        from harstudio.studio.app import LiveStart, Starter, StartUp, make_application

        source = given.source or f"replay:{resource('demo', 'recordings')}"
        app = make_application()
        start = LiveStart(LiveOptions(source, run=given.run), visitors=True)
        starter = Starter((), demo=False, start_up=StartUp(), settings=Settings(), live=start)
        soak = Soak(starter, 60 * given.minutes, given.row)
        starter.start()
        timer = QTimer()
        timer.timeout.connect(lambda: starter.window.close() if soak.tick() else None)
        timer.start(TICK_MS)
        app.exec()
    result = {
        "source": given.source or "the demo's recordings",
        "run": given.run,
        "first_label_s": soak.first_label_s,
        "rows": soak.rows,
        "verdict": verdict(soak.rows),
    }
    print(json.dumps({"first_label_s": soak.first_label_s, **result["verdict"]}, indent=1))  # type: ignore[dict-item]
    if given.out is not None:
        given.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
