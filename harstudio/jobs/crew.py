"""The workers of a job list: who is there, who is idle and warm, who has to go."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from harstudio import __version__
from harstudio.jobs.launcher import Worker, death, default_threads
from harstudio.jobs.protocol import Message
from harstudio.jobs.record import JobRecord, State

LOG = logging.getLogger(__name__)
# What the first job would wait for; torch brings in _dynamo when it makes an optimiser.
PRELOAD = ("torch", "harstudio.learning.jobs", "harstudio.recognition.jobs", "torch._dynamo")
START_S = 120.0  # a worker that says nothing at all for so long does not start
SILENT_S = 5.0  # without a heart-beat: told
RESTARTS = 3  # idle workers in a row that died before they were used
IDLE = 2  # so many are kept


@dataclass(frozen=True)
class Patience:
    """Seconds. stop: until a job has heard that it should stop, longer where its steps take longer;
    save: from then until it has ended; silent: without a heart-beat until the worker is given up.
    """

    stop: float = 10.0
    save: float = 60.0
    silent: float = 600.0


@dataclass(eq=False)
class Place:
    """A worker and what it does."""

    worker: Worker
    ready: bool = False
    used: bool = False
    record: JobRecord | None = None
    latest: JobRecord | None = None  # whose output may still come after its end
    gap_s: float = 0.0  # the longest time that the job went without asking whether to stop
    deadline: float | None = None  # of a stop, monotonic
    verdict: tuple[State, str] | None = None  # decided before its process ended
    leaving: bool = False
    born: float = field(default_factory=time.monotonic)
    last_words: str = ""

    def is_free(self, interpreter: Path | None) -> bool:
        """Whether it can take a job for this Python."""
        fits = self.worker.interpreter == interpreter
        return fits and self.record is None and not self.leaving

    def let_go(self) -> None:
        """It may end; a job is stopped, an idle worker ends at once."""
        self.leaving = True
        self.worker.let_go()

    def give_up(self, state: State, why: str = "") -> None:
        """Kill it; its job ends in this state."""
        self.leaving = True
        if self.verdict is None:
            self.verdict = (state, why)
        self.worker.kill()

    def epitaph(self, code: int) -> tuple[State, str]:
        """How its job ended, now that the process has ended with this status."""
        if self.verdict is not None:
            return self.verdict
        if self.ready:
            middle = " in the middle of the job" if code >= 0 else ""
            return "failed", f"The worker {death(code)}{middle}."
        words = f": {self.last_words}" if self.last_words else f"; it {death(code)}"
        sentence = f"The worker did not start{words}."
        if self.worker.interpreter is not None:
            sentence += f" HARStudio must be installed in {self.worker.interpreter}."
        return "failed", sentence


class Boss(Protocol):
    """Whom the crew reports to, on the boss's own thread."""

    def on_ready(self, place: Place) -> None: ...
    def on_message(self, place: Place, record: JobRecord, message: Message) -> None: ...
    def on_line(self, record: JobRecord, line: str) -> None: ...
    def on_silence(self, record: JobRecord) -> None: ...
    def on_gone(self, place: Place, code: int) -> None: ...


class Crew:
    """Belongs to one thread; ``post`` brings what workers say onto it."""

    def __init__(
        self, boss: Boss, post: Callable[[Callable[[], None]], None], patience: Patience
    ) -> None:
        self.places: list[Place] = []
        self._boss = boss
        self._post = post
        self._patience = patience
        self._early_deaths = 0
        self._awake = time.monotonic()

    @property
    def needs_watching(self) -> bool:
        """Whether somebody starts, works or has to go; idle workers leave the machine alone."""
        return any(one.record or one.leaving or not one.ready for one in self.places)

    def of(self, record: JobRecord) -> Place | None:
        """Where a job is."""
        return next((place for place in self.places if place.record is record), None)

    def busy(self, lane: str) -> bool:
        """Whether the lane has a job."""
        return any(place.record and place.record.lane == lane for place in self.places)

    def take(self, record: JobRecord) -> Place:
        """A worker for the job, an idle one where there is one. OSError: it does not start."""
        place = self._idle(record.interpreter) or self._open(record.threads, record.interpreter)
        place.record = place.latest = record
        place.used = True
        place.gap_s = 0.0
        return place

    def have_warm(self, interpreter: Path | None) -> None:
        """Have an idle worker with torch in it."""
        if self._idle(interpreter) is not None or self._early_deaths >= RESTARTS:
            return
        try:
            place = self._open(default_threads(), interpreter)
        except OSError as error:
            LOG.warning("No worker could be started: %s", error)
            return
        place.worker.send("preload", {"modules": list(PRELOAD)})

    def free(self, place: Place, keep: bool) -> None:
        """Its job is over; it stays warm or goes."""
        place.record = None
        place.deadline = None
        idle = [one for one in self.places if one.record is None and not one.leaving]
        if not keep or len(idle) > IDLE:
            place.let_go()
            place.deadline = time.monotonic() + self._patience.stop

    def stopping(self, place: Place, heard: bool) -> None:
        """The job was told to stop, or has heard it and saves."""
        slow = min(2 * place.gap_s, self._patience.save)  # large steps on a busy machine
        seconds = self._patience.save if heard else max(self._patience.stop, slow)
        place.deadline = time.monotonic() + seconds

    def watch(self, now: float, gap: float) -> None:
        """Deadlines and heart-beats. gap: seconds since this was called before."""
        if gap > SILENT_S / 2:  # this program itself stood still, or had nobody to watch
            self._awake = now
        for place in tuple(self.places):
            if place.deadline is not None and now > place.deadline:
                place.deadline = None
                if place.record is not None:
                    place.record.write("It did not stop in time and was ended.")
                place.give_up("stopped")
            elif not place.ready:
                if now - max(place.born, self._awake) > START_S:
                    place.give_up("failed", f"The worker did not start within {START_S:.0f} s.")
            elif place.record is not None:
                self._listen_for_beat(place, place.record, now)

    # ---- inside

    def _listen_for_beat(self, place: Place, record: JobRecord, now: float) -> None:
        silent = now - max(place.worker.last_heard, self._awake)
        if silent > self._patience.silent:
            place.give_up("failed", f"The worker had not answered for {silent:.0f} s.")
        elif silent > SILENT_S:
            if record.silent_s is None:
                record.write(f"The worker has not answered for {silent:.0f} s.")
            if record.silent_s is None or int(silent) > int(record.silent_s):
                record.silent_s = silent
                self._boss.on_silence(record)
        elif record.silent_s is not None:
            record.silent_s = None
            record.write("The worker answers again.")
            self._boss.on_silence(record)

    def _idle(self, interpreter: Path | None) -> Place | None:
        """A worker without a job, one that is ready rather than one that starts."""
        fits = [place for place in self.places if place.is_free(interpreter)]
        return min(fits, key=lambda place: not place.ready, default=None)

    def _open(self, threads: int, interpreter: Path | None = None) -> Place:
        worker = Worker(
            threads=threads,
            interpreter=interpreter,
            heard=lambda worker, message: self._post(lambda: self._hear(worker, message)),
            wrote=lambda worker, line: self._post(lambda: self._note(worker, line)),
            ended=lambda worker, code: self._post(lambda: self._bury(worker, code)),
        )
        self.places.append(place := Place(worker))
        return place

    def _find(self, worker: Worker) -> Place | None:
        return next((place for place in self.places if place.worker is worker), None)

    def _hear(self, worker: Worker, message: Message) -> None:
        worker.heard_one()
        place = self._find(worker)
        if place is None:
            return
        if message.kind == "ready":
            self._greet(place, message.payload)
        elif place.record is not None and message.payload.get("id") == place.record.id:
            self._boss.on_message(place, place.record, message)

    def _greet(self, place: Place, told: Mapping[str, Any]) -> None:
        """A worker is there; it has to be of our version."""
        version = told.get("harstudio")
        if version == __version__:
            place.ready = True
            self._boss.on_ready(place)
            return
        where = place.worker.interpreter or "The worker"
        sentence = (
            f"{where} has HARStudio {version}, not {__version__}. Install {__version__} there."
        )
        place.give_up("failed", sentence)

    def _note(self, worker: Worker, line: str) -> None:
        """A line of a worker's output."""
        worker.heard_one()
        place = self._find(worker)
        if place is not None:
            place.last_words = line.strip() or place.last_words
            if place.latest is not None:
                self._boss.on_line(place.latest, line)

    def _bury(self, worker: Worker, code: int) -> None:
        place = self._find(worker)
        if place is None:
            return
        self.places.remove(place)
        self._early_deaths = 0 if place.used or place.leaving else self._early_deaths + 1
        self._boss.on_gone(place, code)
