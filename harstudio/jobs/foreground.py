"""A job in this very process: what the command line does, and what torchrun needs.

The job gets what it would get in a worker: a payload of builtins, a context, Stopped at a pause
point when Ctrl+C is pressed or the system asks the process to end. Pressed twice, Ctrl+C ends the
job where it is.
"""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from harstudio.jobs import protocol
from harstudio.jobs.context import Payload, Stopped
from harstudio.jobs.launcher import cores
from harstudio.jobs.worker import find, use_threads

PROGRESS_S = 0.1


class Reporter(Protocol):
    """Who is told; on the threads of the job."""

    def progress(self, done: float, total: float, text: str) -> None: ...
    def tell(self, kind: str, payload: Payload) -> None: ...
    def log(self, sentence: str) -> None: ...
    def stopping(self) -> None:
        """The job was asked to stop and will save first."""
        ...


class _Silent:
    """Nobody listens."""

    def progress(self, done: float, total: float, text: str) -> None: ...
    def tell(self, kind: str, payload: Payload) -> None: ...
    def log(self, sentence: str) -> None: ...
    def stopping(self) -> None: ...


class _Here:
    """The ``Context`` of a job in this process."""

    def __init__(self, reporter: Reporter, threads: int, device: str) -> None:
        self.threads = threads
        self.device = device
        self.asked_to_stop = threading.Event()
        self._reporter = reporter
        self._shown = 0.0

    def progress(self, done: float, total: float, text: str = "") -> None:
        now = time.monotonic()
        if now - self._shown >= PROGRESS_S or done >= total:
            self._shown = now
            self._reporter.progress(float(done), float(total), str(text))

    def tell(self, kind: str, payload: Payload) -> None:
        self._reporter.tell(kind, protocol.plain(payload, kind))

    def log(self, sentence: str) -> None:
        self._reporter.log(sentence)

    def pause_point(self) -> None:
        if self.asked_to_stop.is_set():
            raise Stopped


def run(
    job: str,
    payload: Mapping[str, Any],
    *,
    reporter: Reporter | None = None,
    threads: int | None = None,
    device: str = "auto",
) -> Payload:
    """Run ``package.module:function`` and return its result.

    threads: every core where not given, for nobody waits at a window.
    Raises what the job raises; Stopped where it ended early and returned nothing; MessageError
    where payload or result are no builtins. Signals are taken on the main thread only.
    """
    context = _Here(reporter or _Silent(), threads or cores(), device)
    use_threads(context.threads)
    with _signals(context, reporter), contextlib.redirect_stdout(sys.stderr):
        result = find(job)(protocol.plain(dict(payload)), context)
    plain: Payload = protocol.plain(result or {}, "result")
    return plain


@contextlib.contextmanager
def _signals(context: _Here, reporter: Reporter | None) -> Iterator[None]:
    """Ctrl+C and SIGTERM ask the job to stop; Ctrl+C once more interrupts it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ask(number: int, _frame: object) -> None:
        again = context.asked_to_stop.is_set()
        context.asked_to_stop.set()
        if again and number == signal.SIGINT:
            raise KeyboardInterrupt
        if reporter is not None and not again:
            # on a thread of its own: the signal may have come in the middle of a write
            threading.Thread(target=reporter.stopping, daemon=True).start()

    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, ask) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
