"""The capture process: opens a source, puts its frames into rings, and says how it fares.

    opened {title, mirrored, streams, cameras}     -> waits for "rings" {streams}
    source {state, sentence, remedy}               open, running, lost, busy, wrong mode, ended
    captured {streams: {name: {frames, dropped, fps}}}, each second

A source that is unplugged is opened again as soon as it is back; where it gives the same streams,
the same rings are filled again. A driver that hangs is ended with this process, which the session
starts again.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from harstudio.errors import HarstudioError
from harstudio.jobs.context import ListeningContext, Payload
from harstudio.live.frame_budget import FrameBudget
from harstudio.live.sources import load, open_source, split_name
from harstudio.live.sources.source import (
    Captured,
    CaptureSettings,
    Source,
    SourceBusy,
    SourceEnded,
    WrongMode,
)
from harstudio.live.steady_times import SteadyTimes
from harstudio.live.streams import LiveStream, cameras_to_payload, spec_to_payload
from harstudio.recordings.formats.harrec_header import StreamSpec
from harstudio.recordings.streams import SECOND_NS

READ_S = 0.25
AGAIN_S = 1.0  # between two tries to open
OPEN_HANG_S, READ_HANG_S = 45.0, 10.0  # some drivers take long to open
HANG_EXIT = 70


def find(payload: Payload, _context: ListeningContext) -> Payload:
    """payload: {"kind": "webcam"}. Result: {"sources": [facts as ``SourceFacts.to_payload``]}."""
    kind, _ = split_name(str(payload["kind"]))
    return {"sources": [facts.to_payload() for facts in load(kind).find()]}


def capture(payload: Payload, context: ListeningContext) -> Payload:
    """payload: {"source": "webcam:0", "settings": as ``CaptureSettings.to_payload``, "again":
    whether it was open before, in a process that died}.

    Runs until stopped, or until a file or recording is at its end. Raises what opening raises the
    first time, but for a source that is busy, which is waited for.
    """
    settings = CaptureSettings(**dict(payload.get("settings") or {}))
    again = bool(payload.get("again"))
    job = _Capture(str(payload["source"]), settings, context, worked=again)
    try:
        job.run()
    finally:
        job.close()
    return {}


class _Capture:
    """One source over its ups and downs."""

    def __init__(
        self, name: str, settings: CaptureSettings, context: ListeningContext, *, worked: bool
    ) -> None:
        self._name, self._settings, self._context = name, settings, context
        self._worked = worked
        self._source: Source | None = None
        self._specs: tuple[StreamSpec, ...] | None = None
        self._rings: dict[str, LiveStream] = {}
        self._counts = _Counts()
        self._state: tuple[str, str] = ("", "")
        self._watchdog = _Watchdog(self._hangs)

    def run(self) -> None:
        while True:
            try:
                source = self._opened()
                self._meet(source)
                self._pump(source)
            except SourceEnded as error:
                self._tell("ended", error)
                self._counts.tell(self._context)
                return
            except (HarstudioError, OSError) as error:
                if not self._worked:  # a person has to change something
                    raise
                self._tell("lost", error)
            self._let_go()
            self._wait(AGAIN_S)

    def close(self) -> None:
        """Let go of everything."""
        self._counts.tell_rest(self._context)
        self._let_go()
        for ring in self._rings.values():
            ring.close()
        self._watchdog.close()

    # ---- opening

    def _opened(self) -> Source:
        """An open source; tries again while another program has it, or while it is away."""
        refusals = 0
        while True:
            try:
                with self._watchdog.over(OPEN_HANG_S):
                    self._source = open_source(self._name, self._settings)
                return self._source
            except WrongMode as error:
                if error.nearest is None or error.nearest == self._settings:
                    raise
                refusals += 1
                self._settings = error.nearest
                if refusals > 2:  # it never gives what it says: whatever comes will do
                    self._settings = replace(error.nearest, width=0, height=0, fps=0.0)
                self._tell("wrong mode", error)
            except SourceBusy as error:
                self._tell("busy", error)
                self._wait(AGAIN_S)
            except (HarstudioError, OSError) as error:
                if not self._worked:
                    raise
                self._tell("lost", error)
                self._wait(AGAIN_S)

    def _meet(self, source: Source) -> None:
        """Say what was opened and get the rings for it; those there are serve again."""
        if source.streams != self._specs:
            self._tell("open", f"{source.title} is open.")
            self._context.tell(
                "opened",
                {
                    "title": source.title,
                    "mirrored": source.mirrored,
                    "streams": [spec_to_payload(spec) for spec in source.streams],
                    "cameras": cameras_to_payload(source.cameras),
                },
            )
            self._take_rings(source.streams)
            self._worked = True
            self._specs = source.streams
        self._counts.begin(source)

    def _take_rings(self, specs: tuple[StreamSpec, ...]) -> None:
        """Wait for rings that fit; an answer to what was opened before may still be on its way."""
        wanted = {spec.name: spec_to_payload(spec) for spec in specs}
        while True:
            for kind, payload in self._heard():
                given = {one["spec"]["name"]: one for one in payload.get("streams", ())}
                if kind == "rings" and {n: o["spec"] for n, o in given.items()} == wanted:
                    old, self._rings = self._rings, {}
                    for ring in old.values():
                        ring.close()
                    for name, one in given.items():
                        self._rings[name] = LiveStream.from_payload(one)
                    return
            time.sleep(0.005)

    # ---- capturing

    def _pump(self, source: Source) -> None:
        times = SteadyTimes()
        budgets = {spec.name: FrameBudget(spec) for spec in source.streams}
        while True:
            with self._watchdog.over(READ_HANG_S):
                frames = source.read(READ_S)
            if frames and self._state[0] != "running":
                self._tell("running", f"{source.title} is running.")
            pause_s = 1.0 if frames else 0.0
            for frame in frames:
                budget = budgets[frame.stream]
                if budget.spend(frame.captured_ns):
                    self._put(frame, times)
                    pause_s = 0.0
                else:
                    self._counts.left_out(frame.stream)
                    pause_s = min(pause_s, budget.pause_s)
            self._context.pause_point()
            self._say_what_is_odd(source, times, budgets)
            if self._counts.due():
                self._counts.tell(self._context)
            if pause_s:  # more frames than anybody can use: no more work than for those
                time.sleep(pause_s)

    def _put(self, frame: Captured, times: SteadyTimes) -> None:
        time_ns = times.steady(frame.stream, frame.time_ns, frame.captured_ns)
        self._rings[frame.stream].put(frame.data, time_ns, frame.captured_ns)
        self._counts.put(frame.stream)

    def _say_what_is_odd(
        self, source: Source, times: SteadyTimes, budgets: dict[str, FrameBudget]
    ) -> None:
        jump_ns, times.jump_ns = times.jump_ns, 0
        if jump_ns:
            way = "back" if jump_ns < 0 else "ahead"
            seconds = abs(jump_ns) / SECOND_NS
            self._tell(
                "running",
                f"The clock of {source.title} jumped {seconds:.1f} s {way}; times go on evenly.",
            )
        for budget in budgets.values():
            if budget.overrun:
                budget.overrun = False
                self._tell("running", budget.sentence(source.title))

    # ---- inside

    def _tell(self, state: str, what: HarstudioError | OSError | str) -> None:
        """Once, until it is another."""
        if isinstance(what, HarstudioError):
            at = "" if what.path is None else f"{what.path}: "
            sentence, remedy = at + what.message, what.remedy
        elif isinstance(what, OSError):
            sentence, remedy = f"{what.strerror or what}.", ""
        else:
            sentence, remedy = what, ""
        if (state, sentence) != self._state:
            self._state = (state, sentence)
            told = {"state": state, "sentence": sentence, "remedy": remedy}
            self._context.tell("source", told)

    def _heard(self) -> list[tuple[str, Payload]]:
        self._context.pause_point()
        return self._context.heard()

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self._context.pause_point()
            if self._counts.due():
                self._counts.tell(self._context)
            time.sleep(min(left, 0.1))

    def _let_go(self) -> None:
        source, self._source = self._source, None
        if source is not None:
            with self._watchdog.over(READ_HANG_S):
                source.close()

    def _hangs(self, seconds: float) -> None:
        """On the watchdog's thread: only the end of the process ends a call into a driver."""
        told = {
            "state": "lost",
            "sentence": f"The driver of {self._name} has not answered for {seconds:g} s.",
            "remedy": "It is started again; if that does not help, unplug the sensor for a moment.",
        }
        self._context.tell("source", told)
        os._exit(HANG_EXIT)


class _Counts:
    """Frames by stream since the job began, told each second."""

    def __init__(self) -> None:
        self._frames: dict[str, int] = {}
        self._left_out: dict[str, int] = {}
        self._before: dict[str, int] = {}  # dropped by sources that are closed
        self._told: dict[str, int] = {}
        self._source: Source | None = None
        self._since = time.monotonic()

    def begin(self, source: Source) -> None:
        if self._source is not None:
            for name, count in self._source.dropped.items():
                self._before[name] = self._before.get(name, 0) + count
        self._source = source
        self._frames = {spec.name: self._frames.get(spec.name, 0) for spec in source.streams}

    def put(self, stream: str) -> None:
        self._frames[stream] += 1

    def left_out(self, stream: str) -> None:
        self._left_out[stream] = self._left_out.get(stream, 0) + 1

    def due(self) -> bool:
        return time.monotonic() - self._since >= 1.0

    def tell(self, context: ListeningContext) -> None:
        now = time.monotonic()
        dropped = {} if self._source is None else self._source.dropped
        streams: dict[str, Any] = {}
        for name, frames in self._frames.items():
            lost = self._before.get(name, 0) + dropped.get(name, 0) + self._left_out.get(name, 0)
            fps = (frames - self._told.get(name, 0)) / max(now - self._since, 1e-3)
            streams[name] = {"frames": frames, "dropped": lost, "fps": round(fps, 2)}
        self._told, self._since = dict(self._frames), now
        context.tell("captured", {"streams": streams})

    def tell_rest(self, context: ListeningContext) -> None:
        """What came since the last time."""
        if self._frames != self._told:
            self.tell(context)


class _Watchdog:
    """Calls ``bites(seconds)`` on a thread of its own when a call lasts longer than it may."""

    def __init__(self, bites: Callable[[float], None]) -> None:
        self._bites = bites
        self._limit: tuple[float, float] | None = None  # (until, seconds)
        self._closed = threading.Event()
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    @contextmanager
    def over(self, seconds: float) -> Iterator[None]:
        """The call that is watched."""
        self._limit = (time.monotonic() + seconds, seconds)
        try:
            yield
        finally:
            self._limit = None

    def close(self) -> None:
        self._closed.set()

    def _watch(self) -> None:
        while not self._closed.wait(0.25):
            limit = self._limit
            if limit is not None and time.monotonic() > limit[0]:
                self._bites(limit[1])
