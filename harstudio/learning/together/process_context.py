"""What a job may say and must ask, and its status, where several processes are one training."""

from __future__ import annotations

from harstudio.jobs.context import Context, Payload, Stopped
from harstudio.runs.status import StatusWriter


class Patient:
    """A context whose pause points only remember that the person asked to stop, but for a time
    (``with``) when each process may stop by itself."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.threads, self.device = context.threads, context.device
        self.asked = False
        self._alone = False

    def __enter__(self) -> None:
        self._alone = True

    def __exit__(self, *_: object) -> None:
        self._alone = False

    def pause_point(self) -> None:
        try:
            self._context.pause_point()
        except Stopped:
            self.asked = True
            if self._alone:
                raise

    def progress(self, done: float, total: float, text: str = "") -> None:
        self._context.progress(done, total, text)

    def tell(self, kind: str, payload: Payload) -> None:
        self._context.tell(kind, payload)

    def log(self, sentence: str) -> None:
        self._context.log(sentence)


class Quiet:
    """The context of one process: its share of the threads; only the first speaks."""

    def __init__(self, context: Context, threads: int, device: str, *, speaks: bool) -> None:
        self._context = context
        self._speaks = speaks
        self.threads, self.device = threads, device

    def progress(self, done: float, total: float, text: str = "") -> None:
        if self._speaks:
            self._context.progress(done, total, text)

    def tell(self, kind: str, payload: Payload) -> None:
        if self._speaks:
            self._context.tell(kind, payload)

    def log(self, sentence: str) -> None:
        if self._speaks:
            self._context.log(sentence)

    def pause_point(self) -> None:
        self._context.pause_point()


class Unwritten(StatusWriter):
    """The status of a process that is not the first: nobody reads it."""

    def begin(self) -> None: ...
    def _write(self) -> None: ...
