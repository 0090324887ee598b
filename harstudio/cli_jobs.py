"""Jobs of the command line: run in the foreground, with a bar on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

from harstudio import cli_output
from harstudio.jobs.context import Stopped
from harstudio.jobs.foreground import run
from harstudio.jobs.torchrun import place

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

Heard = Callable[[str, dict[str, Any]], None]


def run_job(
    job: str,
    payload: Mapping[str, Any],
    *,
    title: str,
    threads: int | None = None,
    device: str = "auto",
    heard: Heard | None = None,
) -> dict[str, Any]:
    """The job's result. KeyboardInterrupt: it was stopped and has no result.

    heard: gets what the job tells (kind, payload); its log is printed on stderr. Of several
    processes that torchrun started the first shows how far they are.
    """
    try:
        if place()[0]:
            return run(job, payload, threads=threads, device=device)
        with JobProgress(title, heard) as progress:
            return run(job, payload, reporter=progress, threads=threads, device=device)
    except Stopped:
        raise KeyboardInterrupt from None


class JobProgress:
    """Shows a job on stderr: how far it is and on what device on a terminal, its log anywhere."""

    def __init__(self, title: str, heard: Heard | None = None) -> None:
        self._title = title
        self._heard = heard
        self._bar: Bar | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> JobProgress:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import (
                BarColumn,
                Progress,
                TaskProgressColumn,
                TextColumn,
                TimeRemainingColumn,
            )

            columns = (
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                TaskProgressColumn(),
                TimeRemainingColumn(),
            )
            self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
            self._task = self._bar.add_task(self._title, total=None)
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def progress(self, done: float, total: float, text: str) -> None:
        if self._bar is not None and self._task is not None:
            words = f"{self._title}: {text}" if text else self._title
            known = total if total > 0 else None
            self._bar.update(self._task, completed=done, total=known, description=words)

    def tell(self, kind: str, payload: dict[str, Any]) -> None:
        if kind == "device":
            cli_output.note(f"Device: {payload.get('name') or payload.get('device')}")
        if self._heard is not None:
            self._heard(kind, payload)

    def log(self, sentence: str) -> None:
        if self._bar is not None:
            self._bar.console.print(sentence, markup=False, highlight=False, soft_wrap=True)
        elif sentence:
            cli_output.say(sentence)

    def stopping(self) -> None:
        self.log("Stopping; what was reached is saved. Press Ctrl+C again to end at once.")
