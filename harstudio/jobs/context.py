"""What a running job may say and must ask; the same in a worker and in the foreground."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

Payload = dict[str, Any]  # builtins that JSON can carry


class Stopped(Exception):  # noqa: N818 - not an error: what was asked for
    """Raised by ``Context.pause_point`` when the person asked to stop; the job saves and ends."""


class Context(Protocol):
    """A job's only way to the outside; safe to call from the job's own threads.

    threads: how many a job may use; device: "auto", "cpu", "cuda" or "cuda:1".
    """

    threads: int
    device: str

    def progress(self, done: float, total: float, text: str = "") -> None:
        """``done`` of ``total``, with a few words ("stage fusion, epoch 3 of 30")."""
        ...

    def tell(self, kind: str, payload: Payload) -> None:
        """An event of the job's own: "device", "metrics", "remark" (a sentence), ..."""
        ...

    def log(self, sentence: str) -> None:
        """A line for the log that a person may read."""
        ...

    def pause_point(self) -> None:
        """Where the job can wait or stop: blocks while it is paused, raises Stopped when it is to
        end. Called at least once a second; what must be kept is saved after Stopped is caught."""
        ...


class ListeningContext(Context, Protocol):
    """Of a job that lives on while a person changes their mind; only a worker gives one."""

    def heard(self) -> list[tuple[str, Payload]]:
        """What the program said since this was last asked, in order: (kind, payload)."""
        ...


Job = Callable[[Payload, Context], Payload]
