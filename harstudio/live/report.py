"""What a live session measured of itself: frames, what was dropped, latency by stage, labels."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable
from typing import Any

import numpy as np

LATEST = 20_000  # values that quantiles are taken of: more than ten minutes at 30 a second
MOST_LABELS = 10_000
PICTURES = ("color", "depth", "infrared", "skeleton")  # the first that is there is counted
DROPPED = ""  # beside the names of streams
Payload = dict[str, Any]


class LiveReport:
    """Listens to a session; memory does not grow with its length. Safe from threads."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._network = ""
        self._begun_ns = self._ended_ns = 0
        self._captured: dict[str, int] = {}
        self._dropped: dict[str, int] = {}
        self._before: dict[str, dict[str, int]] = {}  # by stage, of its processes that died
        self._answers = 0
        self._first_answer_ns: int | None = None
        self._before_ns = 0  # when the answer was heard that no silence followed, 0 = none
        self._moving_s, self._next = 0.0, 0  # between answers of one movement; how many followed
        self._whole_ms: deque[float] = deque(maxlen=LATEST)
        self._stages_ms: dict[str, deque[float]] = {}
        self._labels: deque[Payload] = deque(maxlen=MOST_LABELS)
        self._lock = threading.Lock()

    def begin(self, now_ns: int) -> None:
        self._begun_ns = now_ns

    def end(self, now_ns: int) -> None:
        self._ended_ns = now_ns

    def hear(self, stage: str, kind: str, payload: Payload) -> None:
        """What a stage said."""
        with self._lock:
            if kind == "captured":
                streams, before = payload.get("streams", {}), self._before.get("capture", {})
                for name, one in streams.items():
                    self._captured[name] = before.get(name, 0) + int(one["frames"])
                dropped = sum(int(one["dropped"]) for one in streams.values())
                self._drop("capture", dropped)
            elif kind == "posed":
                self._drop("pose", int(payload.get("skipped", 0)))
            elif kind == "died":
                captured = self._captured if stage == "capture" else {}
                self._before[stage] = {**captured, DROPPED: self._dropped.get(stage, 0)}
            elif kind == "ready" and stage == "recogniser":
                self._network = str(payload.get("network", ""))
            elif kind == "said":
                self._hear_said(payload)
            elif kind == "segment" and not payload.get("open"):
                self._labels.append(
                    {
                        "time_ns": payload["start_ns"] - self._begun_ns,
                        "label": payload["label"],
                        "name": payload["name"],
                        "confidence": payload["confidence"],
                    }
                )

    def _hear_said(self, said: Payload) -> None:
        """Who stands still is not asked about: that says nothing of speed, and is not counted."""
        now = time.monotonic_ns()
        self._drop("recogniser", int(said.get("skipped", 0)))
        if said.get("moving") is False:
            self._before_ns = 0
            return
        self._answers += 1
        if self._first_answer_ns is None:
            self._first_answer_ns = now
        if self._before_ns:
            self._moving_s += (now - self._before_ns) / 1e9
            self._next += 1
        self._before_ns = now
        if said.get("captured_ns"):
            self._whole_ms.append((now - said["captured_ns"]) / 1e6)
        for name, value in said.get("stages", {}).items():
            if value is not None:
                self._stages_ms.setdefault(name, deque(maxlen=LATEST)).append(float(value))

    def _drop(self, stage: str, count: int) -> None:
        self._dropped[stage] = self._before.get(stage, {}).get(DROPPED, 0) + count

    def to_dict(self) -> Payload:
        """The document of ``harstudio live --headless --json``. recognised_frames: answers of the
        network; recognised_fps: a second of movement, which is what lies between two answers
        without a rest; latency: of answers alone. labels: what was done, times from the start.
        first_label_s: from the start to the first answer, None where there was none."""
        with self._lock:
            end_ns = self._ended_ns or time.monotonic_ns()
            seconds = max(1e-9, (end_ns - self._begun_ns) / 1e9)
            first = self._first_answer_ns
            counted = next((name for name in PICTURES if name in self._captured), "")
            return {
                "source": self._source,
                "network": self._network,
                "seconds": round(seconds, 3),
                "captured_frames": self._captured.get(counted, 0),
                "recognised_frames": self._answers,
                "recognised_fps": round(self._next / self._moving_s, 2) if self._next else 0.0,
                "moving_s": round(self._moving_s, 2),
                "dropped": dict(self._dropped),
                "latency_ms": {
                    **quantiles(self._whole_ms),
                    "stages": {name: quantiles(ms) for name, ms in self._stages_ms.items()},
                },
                "first_label_s": None if first is None else (first - self._begun_ns) / 1e9,
                "labels": list(self._labels),
            }


def quantiles(values: Iterable[float]) -> dict[str, float | None]:
    """The median and the 95th percentile; None of nothing."""
    known = np.fromiter(values, dtype=np.float64)
    if not len(known):
        return {"p50": None, "p95": None}
    p50, p95 = np.quantile(known, (0.5, 0.95))
    return {"p50": round(float(p50), 2), "p95": round(float(p95), 2)}
