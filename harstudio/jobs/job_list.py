"""The list of jobs: who runs, who waits, what became of each.

One thread of its own does everything and emits every signal: orders, messages of workers and
deaths come to it as events. Jobs run in lanes, one at a time in each, so that a recording can be
recognised while a network trains. A worker that is through with its job stays warm for the next.
"""

from __future__ import annotations

import itertools
import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from psygnal import Signal

from harstudio.jobs import protocol
from harstudio.jobs.crew import Crew, Patience, Place
from harstudio.jobs.launcher import default_threads
from harstudio.jobs.protocol import Message
from harstudio.jobs.record import JobRecord, State

LOG = logging.getLogger(__name__)
LANES = ("long", "quick")
TICK_S = 0.1
KILL_S = 5.0


class JobList:
    """Submit jobs and follow them. Methods may be called from any thread and never wait."""

    added = Signal(JobRecord)
    changed = Signal(JobRecord)  # at most ten times a second and job, and when its state changes
    told = Signal(JobRecord, str, dict)
    finished = Signal(JobRecord)
    removed = Signal(JobRecord)

    def __init__(self, warm: bool = True, patience: Patience | None = None) -> None:
        self._warm = warm
        self._want_warm: list[Path | None] = []  # the Python that was asked for, if any was
        self._numbers = itertools.count(1)
        self._events: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._crew = Crew(self, self._events.put, patience or Patience())
        self._records: dict[int, JobRecord] = {}
        self._waiting: list[JobRecord] = []
        self._changed: dict[int, JobRecord] = {}
        self._removing: set[int] = set()
        self._tried_again: set[int] = set()
        self._pausing: set[int] = set()  # before it has begun
        self._closed = False
        self._left = threading.Event()
        self._thread = threading.Thread(target=self._work, name="jobs", daemon=True)
        self._thread.start()

    # ---- from any thread

    @property
    def records(self) -> list[JobRecord]:
        """All, in the order in which they were submitted."""
        return list(self._records.values())

    @property
    def idle(self) -> bool:
        """Whether nothing runs or waits."""
        return all(record.over for record in self.records)

    def submit(
        self,
        job: str,
        payload: Mapping[str, Any],
        *,
        title: str,
        lane: str = "long",
        device: str = "auto",
        threads: int | None = None,
        interpreter: Path | str | None = None,
    ) -> JobRecord:
        """Have ``package.module:function`` run with a payload of builtins.

        MessageError: the payload is not builtins or too large.
        """
        if lane not in LANES:
            raise ValueError(f"There is no lane {lane}.")
        if self._closed:
            raise RuntimeError("The job list is closed.")
        record = JobRecord(
            next(self._numbers),
            job,
            protocol.plain(dict(payload)),
            title=title,
            lane=lane,
            device=device,
            threads=threads or default_threads(),
            interpreter=None if interpreter is None else Path(interpreter),
        )
        protocol.encode("run", record.order)
        self._records[record.id] = record
        self._events.put(lambda: self._add(record))
        return record

    def warm_up(self, interpreter: Path | str | None = None) -> None:
        """Have a worker with torch in it wait for the next job."""
        python = None if interpreter is None else Path(interpreter)
        self._events.put(lambda: self._have_warm(python))

    def pause(self, number: int) -> None:
        """At its next pause point; one that waits stays where it is in the queue."""
        self._order(number, self._pause)

    def resume(self, number: int) -> None:
        self._order(number, self._resume)

    def stop(self, number: int) -> None:
        """The job saves and ends; it is killed where it takes too long."""
        self._order(number, self._stop)

    def kill(self, number: int) -> None:
        """At once, nothing is saved."""
        self._order(number, self._kill)

    def remove(self, number: int) -> None:
        """Take it off the list; a job that is not over is stopped first."""
        self._order(number, self._remove)

    def close(self, grace_s: float = 5.0) -> None:
        """Stop everything; what has not ended after the grace time is killed."""
        if self._closed:
            return
        self._closed = True
        self._events.put(self._leave)
        if not self._left.wait(grace_s):
            self._events.put(self._kill_all)
            self._left.wait(KILL_S)
        self._events.put(None)
        if threading.current_thread() is not self._thread:
            self._thread.join(KILL_S)

    # ---- the thread

    def _order(self, number: int, act: Callable[[JobRecord], None]) -> None:
        record = self._records.get(number)
        if record is not None:
            self._events.put(lambda: act(record))

    def _work(self) -> None:
        watched = time.monotonic()
        while True:
            waits = self._changed or self._crew.needs_watching
            try:
                event = self._events.get(timeout=TICK_S if waits else None)
            except queue.Empty:
                event = _nothing
            if event is None:
                break
            try:
                event()
            except Exception:
                LOG.exception("The job list made a mistake")
            now = time.monotonic()
            if now - watched >= TICK_S:
                self._crew.watch(now, now - watched)
                self._tell_changes()
                watched = now

    def _emit(self, signal: Any, *values: Any) -> None:
        try:
            signal.emit(*values)
        except Exception:
            LOG.exception("A listener of the job list failed")

    def _tell_changes(self) -> None:
        changed, self._changed = self._changed, {}
        for record in changed.values():
            self._emit(self.changed, record)

    def _turn(self, record: JobRecord, state: State) -> None:
        """Another state, told at once."""
        record.state = state
        self._changed.pop(record.id, None)
        self._emit(self.changed, record)

    def _touch(self, record: JobRecord) -> None:
        self._changed[record.id] = record

    # ---- orders

    def _add(self, record: JobRecord) -> None:
        self._emit(self.added, record)
        self._waiting.append(record)
        if self._closed:
            self._end(record, "stopped")
        self._start_next()

    def _pause(self, record: JobRecord) -> None:
        place = self._crew.of(record)
        if place is None:
            if record.state == "queued":
                self._turn(record, "paused")
        elif not place.ready:
            self._pausing.add(record.id)
        elif record.state in ("starting", "running"):
            place.worker.send("pause", {"id": record.id})

    def _resume(self, record: JobRecord) -> None:
        self._pausing.discard(record.id)
        place = self._crew.of(record)
        if place is not None:
            place.worker.send("resume", {"id": record.id})
        elif record.state == "paused":
            self._turn(record, "queued")
            self._start_next()

    def _stop(self, record: JobRecord) -> None:
        if record.over or record.state == "stopping":
            return
        place = self._crew.of(record)
        if place is None or not place.ready:  # nothing has begun
            if place is not None:
                place.record = None
            self._end(record, "stopped")
            self._start_next()
            return
        place.worker.send("stop", {"id": record.id})
        self._crew.stopping(place, heard=False)
        self._turn(record, "stopping")

    def _kill(self, record: JobRecord) -> None:
        place = self._crew.of(record)
        if place is None or not place.ready:
            self._stop(record)
        else:
            record.write("Ended by force.")
            self._turn(record, "stopping")
            place.give_up("stopped")

    def _remove(self, record: JobRecord) -> None:
        if not record.over:
            self._removing.add(record.id)
            self._stop(record)
        elif self._records.pop(record.id, None) is not None:
            self._changed.pop(record.id, None)
            self._emit(self.removed, record)

    def _leave(self) -> None:
        for record in tuple(self._waiting):
            self._end(record, "stopped")
        for place in self._crew.places:
            place.let_go()
            if place.record is not None and place.record.state != "stopping":
                self._turn(place.record, "stopping")
        if not self._crew.places:
            self._left.set()

    def _kill_all(self) -> None:
        for place in self._crew.places:
            place.give_up("stopped")

    def _have_warm(self, interpreter: Path | None) -> None:
        self._want_warm = [interpreter]
        if self._warm and not self._closed:
            self._crew.have_warm(interpreter)

    def _stay_warm(self) -> None:
        """A worker that was warm and is gone is replaced when nothing else is going on."""
        if self._want_warm and not any(place.record for place in self._crew.places):
            self._have_warm(*self._want_warm)

    # ---- the course of a job

    def _start_next(self) -> None:
        """Fill the lanes that are free."""
        for lane in LANES:
            fits = (one for one in self._waiting if one.lane == lane and one.state == "queued")
            record = next(fits, None)
            if record is not None and not self._crew.busy(lane) and not self._closed:
                self._start(record)

    def _start(self, record: JobRecord) -> None:
        self._waiting.remove(record)
        record.started = time.time()
        try:
            place = self._crew.take(record)
        except OSError as error:
            name = record.interpreter or "The worker"
            self._end(record, "failed", f"{name} cannot be started: {error.strerror or error}.")
            self._events.put(self._start_next)
            return
        self._turn(record, "starting")
        if place.ready:
            self.on_ready(place)

    def _end(self, record: JobRecord, state: State, error: str = "") -> None:
        """It is over."""
        if record in self._waiting:
            self._waiting.remove(record)
        self._pausing.discard(record.id)
        record.error = error
        record.silent_s = None
        record.ended = time.time()
        if error:
            record.write(error)
        self._turn(record, state)
        self._emit(self.finished, record)
        if record.id in self._removing:
            self._removing.discard(record.id)
            self._remove(record)

    def _conclude(self, place: Place, record: JobRecord, kind: State, told: Any) -> None:
        """The worker said how it ended."""
        well = kind != "failed" or told["ours"]  # what went wrong unforeseen may still be about
        record.result = told.get("result")
        if kind == "failed":
            parts = ("kind", "message", "path", "remedy", "exit_code")
            record.problem = {key: told[key] for key in parts if key in told}
        self._crew.free(place, keep=self._warm and well and not self._closed)
        self._end(record, kind, told.get("error", ""))
        self._start_next()
        self._stay_warm()

    # ---- what the crew reports

    def on_ready(self, place: Place) -> None:
        """A worker is there: give it its job."""
        record = place.record
        if record is None:
            return
        place.worker.send("run", record.order)
        if record.id in self._pausing:
            place.worker.send("pause", {"id": record.id})

    def on_message(self, place: Place, record: JobRecord, message: Message) -> None:
        """A worker speaks about its job."""
        kind, told = message.kind, message.payload
        if kind in ("done", "stopped", "failed"):
            self._conclude(place, record, kind, told)  # type: ignore[arg-type]
        elif kind == "stopping":
            self._crew.stopping(place, heard=True)
        elif kind == "progress":
            place.gap_s = max(place.gap_s, told.get("gap") or 0.0)
            record.advance(told["done"] or 0.0, told["total"] or 0.0, told["text"])
            self._touch(record)
        elif kind == "log":
            for line in told["text"].splitlines() or [""]:
                record.write(line)
            self._touch(record)
        elif kind == "told":
            self._pass_on(record, told["kind"], told["payload"])
        elif kind in ("started", "paused", "resumed") and record.state != "stopping":
            record.forget_pace()
            self._turn(record, "paused" if kind == "paused" else "running")

    def _pass_on(self, record: JobRecord, kind: str, payload: dict[str, Any]) -> None:
        if kind == "device":
            record.device = str(payload.get("device") or record.device)
            record.device_name = str(payload.get("name") or "")
            self._touch(record)
        self._emit(self.told, record, kind, payload)

    def on_line(self, record: JobRecord, line: str) -> None:
        """Something was printed."""
        record.write(line)
        self._touch(record)

    def on_silence(self, record: JobRecord) -> None:
        """The heart-beat is lost, or back."""
        self._touch(record)

    def on_gone(self, place: Place, code: int) -> None:
        """A process has ended."""
        record = place.record
        if record is not None and self._can_try_again(place, record):
            self._tried_again.add(record.id)
            self._waiting.insert(0, record)
            self._turn(record, "queued")
        elif record is not None:
            state, error = place.epitaph(code)
            if self._closed and not place.verdict:
                state, error = "stopped", ""
            self._end(record, state, error)
        if not self._closed:
            self._start_next()
            self._stay_warm()
        elif not self._crew.places:
            self._left.set()

    def _can_try_again(self, place: Place, record: JobRecord) -> bool:
        """An idle worker that dies as it gets a job: nothing of the job has run."""
        innocent = place.ready and place.verdict is None and record.state == "starting"
        return innocent and not self._closed and record.id not in self._tried_again


def _nothing() -> None:
    pass
