"""A context for jobs that run in the test itself: keeps what they say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harstudio.jobs.context import Stopped


class Heard:
    """Keeps events, log and progress; stops the job at its ``stop_at``-th pause point."""

    threads = 1
    device = "cpu"

    def __init__(self, stop_at: int | None = None, at_pause: Callable[[], None] | None = None):
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.lines: list[str] = []
        self.steps: list[tuple[float, float, str]] = []
        self.pauses = 0
        self._stop_at = stop_at
        self._at_pause = at_pause

    def progress(self, done: float, total: float, text: str = "") -> None:
        self.steps.append((done, total, text))

    def tell(self, kind: str, payload: dict[str, Any]) -> None:
        self.events.append((kind, payload))

    def log(self, sentence: str) -> None:
        self.lines.append(sentence)

    def pause_point(self) -> None:
        self.pauses += 1
        if self._at_pause is not None:
            self._at_pause()
        if self.pauses == self._stop_at:
            raise Stopped

    def told(self, kind: str) -> list[dict[str, Any]]:
        return [payload for name, payload in self.events if name == kind]
