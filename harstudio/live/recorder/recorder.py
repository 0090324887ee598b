"""The recorder of a session: starts and stops recordings, keeps the last seconds, tells.

    ring -> lane (encodes, a thread for each picture stream) -> inbox -> one thread that writes

While nothing is recorded and nothing is to be kept, no frame is read. With ``keep_s`` the encoders
always run and the last seconds are held in memory; nothing of that is on the disk before a person
asks for it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from harstudio.errors import DataError, HarstudioError
from harstudio.live.recorder.disk import DiskGuard, Room
from harstudio.live.recorder.ending import close, labelled, state_of, write_kept
from harstudio.live.recorder.hold import Hold
from harstudio.live.recorder.inbox import Inbox
from harstudio.live.recorder.items import Item, Mark, live_encoder, live_spec
from harstudio.live.recorder.lanes import Lane, start_lanes
from harstudio.live.recorder.leftovers import finish_leftovers
from harstudio.live.recorder.take import Scene, Take
from harstudio.live.recorder.take_labels import Labelled, TakeLabels, recordings_folder
from harstudio.live.streams import LiveStream
from harstudio.recordings.formats.harrec_tracks import PictureEncoder
from harstudio.recordings.streams import SECOND_NS
from harstudio.skeletons.cameras import Camera

Payload = dict[str, Any]
Tell = Callable[[str, Payload], None]

TELL_S = 0.5
LOOK_S = 1.0  # at the disk
MARKS_S = 3.0  # streams that have not handed all on by then are not waited for
GONE = "Its folder was moved or deleted."
NEARLY_FULL = "The disk was nearly full; the recording ends there."


class Recorder:
    """``obey`` and ``close`` may be called from any thread; ``tell`` is called on threads of the
    recorder. HarstudioError where the folder is a project that cannot be read."""

    def __init__(
        self,
        streams: Sequence[LiveStream],
        cameras: Mapping[str, Camera],
        folder: Path,
        annotator: str,
        tell: Tell,
        *,
        keep_s: float = 0.0,
        guard: DiskGuard | None = None,
    ) -> None:
        self.folder = recordings_folder(folder)
        self._annotator, self._tell = annotator, tell
        specs = tuple(live_spec(stream.spec) for stream in streams)
        self._scene = Scene(specs, cameras)
        self._guard = guard or DiskGuard(self.folder)
        self._inbox = Inbox()
        self._lanes = [Lane(stream, self._inbox.put) for stream in streams]
        self._encoders: dict[str, PictureEncoder] = {}
        self._hold: Hold | None = None
        if keep_s > 0:
            self._encoders = self._new_encoders()
            self._hold = Hold(keep_s, self._encoders)
            self._begin_lanes(0)
        self._take: Take | None = None
        self._labels: TakeLabels | None = None
        self._note = ""  # why the recording is being stopped
        self._token = 0
        self._awaited: dict[int, tuple[set[str], float, Callable[[], None]]] = {}
        self._closing: list[threading.Thread] = []  # what writes a recording's end
        self._room = self._guard.room()
        self._short = False
        self._told = self._looked = 0.0
        self._over = False
        self.crashed: BaseException | None = None
        self._threads = start_lanes(self._lanes)
        self._thread = threading.Thread(target=self._run, name="recorder writes", daemon=True)
        self._thread.start()

    def obey(self, kind: str, payload: Payload) -> None:
        """ "start" {name, keep}, "stop", "keep" {seconds, name, labels}, "label" {name, person,
        time_ns, down}; what is not possible is told as "refused"."""
        acts: dict[str, Callable[[Payload], None]] = {
            "start": self._start,
            "stop": lambda _: self._stop(),
            "keep": self._keep,
            "label": self._label,
        }
        act = acts.get(kind)
        if act is not None:
            self._inbox.order(lambda: self._guarded(kind, act, payload))

    def close(self) -> None:
        """Stop recording, save, end the threads; waits for that."""
        self._inbox.order(self._end)
        self._thread.join()
        for lanes in self._threads:
            lanes.end()
        for closing in self._closing:
            closing.join()

    # ---- the thread that writes

    def _run(self) -> None:
        try:
            threading.Thread(target=self._finish_leftovers, daemon=True).start()
            while not self._over or self._take is not None or self._awaited:
                got = self._inbox.get(0.05)
                if isinstance(got, Item):
                    self._take_in(got)
                elif isinstance(got, Mark):
                    self._pass(got)
                elif got is not None:
                    got()
                self._tick()
        except BaseException as error:  # noqa: BLE001 -- the job tells it
            self.crashed = error

    def _take_in(self, item: Item) -> None:
        if self._hold is not None:
            self._hold.put(item)
        self._write(item)

    def _write(self, item: Item) -> None:
        if self._take is None:
            return
        try:
            self._take.put(item)
        except (HarstudioError, OSError) as error:
            self._finish(error)

    def _tick(self) -> None:
        now = time.monotonic()
        late = [token for token, (_, until, _) in self._awaited.items() if now > until]
        for token in late:
            self._awaited.pop(token)[2]()
        if now - self._looked >= LOOK_S:
            self._looked = now
            self._look_at_disk()
        if now - self._told >= TELL_S:
            self._told = now
            self._grow_label()
            self._tell_state()

    def _look_at_disk(self) -> None:
        take = self._take
        rate = take.bytes / take.seconds if take is not None and take.seconds > 1 else 0.0
        self._room = self._guard.room(rate)
        if take is not None:
            if not take.is_there:
                self._finish(DataError(GONE, path=take.path))
                return
            take.beat()
            if self._room.must_stop and not self._note:
                self._stop(NEARLY_FULL)
        if self._room.is_short != self._short:
            self._short = self._room.is_short
            self._tell_disk(self._room)

    # ---- what is asked for

    def _guarded(self, what: str, act: Callable[[Payload], None], payload: Payload) -> None:
        try:
            act(payload)
        except (HarstudioError, OSError) as error:
            self._refuse_for(what, error)

    def _refuse_for(self, what: str, error: HarstudioError | OSError) -> None:
        if isinstance(error, HarstudioError):
            self._refuse(what, error.message, error.remedy)
        else:
            self._refuse(what, f"{error.filename or self.folder}: {error.strerror or error}.")

    def _refuse(self, what: str, message: str, remedy: str = "") -> None:
        sentence = " ".join(part for part in (message, remedy) if part)
        told = {"what": what, "message": message, "remedy": remedy, "sentence": sentence}
        self._tell("refused", told)

    def _start(self, payload: Payload) -> None:
        if self._take is not None:
            self._refuse("start", "A recording is running already.")
            return
        if not self._has_room("start"):
            return
        self._encoders = self._encoders or self._new_encoders()
        now_ns = time.monotonic_ns()
        self._begin_lanes(now_ns)  # what they hand on waits until there is a place for it
        zero_ns, before = now_ns, list[Item]()
        if self._hold is not None and payload.get("keep"):
            zero_ns, before = self._hold.since(now_ns - int(self._hold.keep_s * SECOND_NS))
        name = str(payload.get("name") or "")
        try:
            take = Take(self.folder, self._scene, self._encoders, zero_ns, name)
        except HarstudioError:
            self._rest_lanes()
            raise
        self._take, self._note = take, ""
        self._labels = TakeLabels(take.path, take.name, self._annotator, zero_ns)
        for item in before:
            self._write(item)
        self._tell_state()

    def _stop(self, note: str = "") -> None:
        take = self._take
        if take is None or take.until_ns is not None:
            return
        self._note = note
        take.until_ns = time.monotonic_ns()
        self._after_marks(take.until_ns, lambda: self._finish(None) if take is self._take else None)
        self._tell_state()

    def _end(self) -> None:
        self._over = True
        self._stop()

    def _keep(self, payload: Payload) -> None:
        hold = self._hold
        if hold is None:
            self._refuse(
                "keep",
                "Nothing was kept in memory.",
                "Switch on keeping the last seconds; then they can be kept.",
            )
            return
        if not self._has_room("keep"):
            return
        seconds = min(float(payload.get("seconds") or hold.keep_s), hold.keep_s)
        name = str(payload.get("name") or "")
        labels = [labelled(one) for one in payload.get("labels") or ()]
        now_ns = time.monotonic_ns()
        since_ns = now_ns - int(seconds * SECOND_NS)

        def write() -> None:
            zero_ns, items = hold.since(since_ns)
            kept = zero_ns, [item for item in items if item.time_ns <= now_ns]
            self._beside(lambda: self._write_kept(kept, name, labels))

        self._after_marks(now_ns, write)

    def _label(self, payload: Payload) -> None:
        take, labels = self._take, self._labels
        if take is None or labels is None or take.until_ns is not None:
            if payload.get("down", True):
                self._refuse("label", "Labels are kept while a recording runs.", "Start one.")
            return
        label, time_ns = str(payload["name"]), int(payload.get("time_ns") or time.monotonic_ns())
        if payload.get("down", True):
            labels.down(label, time_ns, str(payload.get("person") or ""))
        else:
            labels.up(label, time_ns)
        self._tell_state()

    # ---- inside

    def _new_encoders(self) -> dict[str, PictureEncoder]:
        made = {spec.name: live_encoder(spec) for spec in self._scene.specs}
        return {name: encoder for name, encoder in made.items() if encoder is not None}

    def _begin_lanes(self, from_ns: int) -> None:
        for lane in self._lanes:
            lane.begin(from_ns, self._encoders.get(lane.name))

    def _rest_lanes(self) -> None:
        """Nothing is read any more, unless the last seconds are kept."""
        if self._hold is None:
            self._encoders = {}
            for lane in self._lanes:
                lane.rest()

    def _after_marks(self, until_ns: int, act: Callable[[], None]) -> None:
        """Do something once all streams have handed on what is not newer."""
        self._token += 1
        names = {lane.name for lane in self._lanes}
        self._awaited[self._token] = names, time.monotonic() + MARKS_S, act
        for lane in self._lanes:
            lane.mark(self._token, until_ns)

    def _pass(self, mark: Mark) -> None:
        if mark.token not in self._awaited:
            return
        names, _, act = self._awaited[mark.token]
        names.discard(mark.stream)
        if not names:
            del self._awaited[mark.token]
            act()

    def _finish(self, error: HarstudioError | OSError | None) -> None:
        """Close the recording that is running, and its labels."""
        take, labels, note = self._take, self._labels, self._note
        assert take is not None  # noqa: S101 -- it runs
        if error is not None and not take.is_there:
            error = DataError(GONE, path=take.path)
        self._take = self._labels = None
        self._rest_lanes()
        if labels is not None:
            try:
                labels.close(take.until_ns or take.last_ns)
            except (HarstudioError, OSError) as problem:
                self._refuse_for("label", problem)
        told = state_of(take, labels, "done")
        self._beside(lambda: self._tell("recording", close(take, told, error, note)))

    def _beside(self, work: Callable[[], None]) -> None:
        """In a thread of its own, which ``close`` waits for: others are recorded meanwhile."""
        thread = threading.Thread(target=work, name="recorder closes", daemon=True)
        self._closing = [one for one in self._closing if one.is_alive()] + [thread]
        thread.start()

    def _write_kept(
        self, kept: tuple[int, Sequence[Item]], name: str, found: Sequence[Labelled]
    ) -> None:
        scene, encoders, annotator = self._scene, self._encoders, self._annotator
        try:
            told = write_kept(self.folder, scene, encoders, kept, name, found, annotator)
        except (HarstudioError, OSError) as error:
            self._refuse_for("keep", error)
        else:
            self._tell("kept", told)

    def _finish_leftovers(self) -> None:
        finished, problems = finish_leftovers(self.folder)
        for path, header in finished:
            frames = {stream.name: stream.frames for stream in header.streams}
            self._tell("finished", {"path": str(path), "name": header.name, "frames": frames})
        for problem in problems:
            self._refuse("finish", str(problem))

    def _has_room(self, what: str) -> bool:
        self._room = self._guard.room()
        if not self._room.may_start:
            self._tell_disk(self._room)
            self._refuse(what, self._room.sentence, "Free some space or choose another folder.")
        return self._room.may_start

    def _grow_label(self) -> None:
        labels = self._labels
        if labels is None:
            return
        try:
            labels.grow(time.monotonic_ns())
            labels.keep_alive()
        except (HarstudioError, OSError) as error:
            self._refuse_for("label", error)

    def _tell_disk(self, room: Room) -> None:
        told = {"free_bytes": room.free_bytes, "enough": not room.is_short}
        self._tell("disk", {**told, "sentence": room.sentence, "seconds_left": room.seconds_left})

    def _tell_state(self) -> None:
        take = self._take
        if take is None:
            told: Payload = {"state": "idle"}
        else:
            state = "recording" if take.until_ns is None else "saving"
            told = state_of(take, self._labels, state) | {"bytes": take.bytes}
        hold = self._hold
        told["free_bytes"] = self._room.free_bytes
        told["keep_s"] = 0.0 if hold is None else hold.keep_s
        told["held_s"] = 0.0 if hold is None else hold.held_s
        told["held_bytes"] = 0 if hold is None else hold.bytes
        self._tell("recording", told)
