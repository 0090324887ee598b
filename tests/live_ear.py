"""Keeps what a live stage says, and waits for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

PATIENCE_S = 30.0


class Ear:
    """Given to a ``Stage`` or a ``LiveSession``."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str, dict[str, Any]]] = []
        self._news = threading.Condition()

    def __call__(self, stage: str, kind: str, payload: dict[str, Any]) -> None:
        with self._news:
            self.told.append((stage, kind, payload))
            self._news.notify_all()

    def until(
        self,
        kind: str,
        true: Callable[[dict[str, Any]], Any] = lambda _payload: True,
        count: int = 1,
    ) -> dict[str, Any]:
        """The payload of this kind that is told as number ``count`` and for which it is true."""

        def found() -> list[dict[str, Any]]:
            return [payload for _, one, payload in self.told if one == kind and true(payload)]

        with self._news:
            assert self._news.wait_for(lambda: len(found()) >= count, PATIENCE_S), self.told
            return found()[count - 1]

    def wait_for(self, true: Callable[[], Any]) -> None:
        """Until something else than what is told is true."""
        end = time.monotonic() + PATIENCE_S
        while not true():
            assert time.monotonic() < end, self.told
            time.sleep(0.01)
