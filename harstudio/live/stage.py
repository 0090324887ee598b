"""One stage of the live pipeline: a worker process with one endless job, started again if it dies.

Native libraries call ``exit``, crash and hang; that ends the stage's process and nothing else.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from harstudio.jobs.launcher import Worker, death
from harstudio.jobs.protocol import Message

Payload = dict[str, Any]
Heard = Callable[[str, str, Payload], None]
JOB = 1  # every process has one
PAUSES_S = (0.5, 1.0, 2.0, 5.0)  # before it is started again; the last one from then on
CALM_S = 60.0  # after so long without a death the pauses begin again
STICKY = ("labels", "explain", "watch", "start")  # said again to a process that is new
OVER = {"stop": "start"}  # what takes that back


class Stage:
    """``heard(stage, kind, payload)`` gets what the job tells and, from here, "died" {sentence,
    again_s}, "failed" {sentence, message, remedy, path, exit_code} (it stays away) and "over" {};
    on threads of the worker. Safe to call from any thread."""

    def __init__(
        self,
        name: str,
        heard: Heard,
        *,
        threads: int = 1,
        device: str = "auto",
        preload: tuple[str, ...] = (),
    ) -> None:
        self.name = name
        self._heard = heard
        self._threads, self._device, self._preload = threads, device, preload
        self._lock = threading.RLock()
        self._worker: Worker | None = None
        self._leaving: list[Worker] = []
        self._order: tuple[str, Payload] | None = None
        self._said: dict[str, Payload] = {}
        self._deaths = 0
        self._failure = ""  # of its job, which the process is ended for
        self._timer: threading.Timer | None = None
        self._calm: threading.Timer | None = None

    @property
    def running(self) -> bool:
        """Whether a process is there."""
        return self._worker is not None

    @property
    def pid(self) -> int | None:
        """Of its process."""
        worker = self._worker
        return None if worker is None else worker.pid

    def warm_up(self) -> None:
        """Have a process that imports what the job will need. OSError: none can be started."""
        with self._lock:
            if self._worker is None:
                self._worker = self._open()

    def run(self, job: str, payload: Payload) -> None:
        """Run this job from now on, in place of the one before. OSError: no process can be had."""
        with self._lock:
            if self._order is not None:
                self._let_go()
            self._order = (job, payload)
            self._said.clear()
            self.warm_up()
            self._give_order()

    def amend(self, more: Payload) -> None:
        """A new process is told this in addition."""
        with self._lock:
            if self._order is not None:
                job, payload = self._order
                self._order = (job, payload | more)

    def say(self, kind: str, payload: Payload) -> None:
        """To the job; what shapes it is said again to a new process."""
        with self._lock:
            if kind in STICKY:
                self._said[kind] = payload
            self._said.pop(OVER.get(kind, ""), None)
            if self._worker is not None and self._order is not None:
                self._worker.send("say", {"id": JOB, "kind": kind, "payload": payload})

    def stop(self) -> None:
        """The job saves and ends; ``wait`` waits for that."""
        with self._lock:
            self._order = None
            for timer in (self._timer, self._calm):
                if timer is not None:
                    timer.cancel()
            self._let_go()

    def wait(self, seconds: float) -> None:
        """Until its processes have ended; those that have not by then are killed."""
        for worker in tuple(self._leaving):
            if not worker.wait(seconds):
                worker.kill()
                worker.wait(5.0)

    def end_process(self) -> None:
        """Kill the process: it hangs. It is started again."""
        with self._lock:
            if self._worker is not None:
                self._worker.kill()

    # ---- inside

    def _open(self) -> Worker:
        worker = Worker(
            threads=self._threads,
            heard=self._on_message,
            wrote=self._on_line,
            ended=self._on_end,
        )
        if self._preload:
            worker.send("preload", {"modules": list(self._preload)})
        return worker

    def _give_order(self) -> None:
        if self._worker is None or self._order is None:
            return
        job, payload = self._order
        order = {"id": JOB, "job": job, "payload": payload}
        self._worker.send("run", {**order, "threads": self._threads, "device": self._device})
        for kind, said in self._said.items():
            self._worker.send("say", {"id": JOB, "kind": kind, "payload": said})

    def _let_go(self) -> None:
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.send("stop", {"id": JOB})
            worker.send("end", {})
            self._leaving.append(worker)

    def _on_message(self, worker: Worker, message: Message) -> None:
        worker.heard_one()
        payload = message.payload
        if worker is not self._worker and message.kind != "told":  # told: its last words count
            return
        if message.kind == "told":
            if payload["kind"] == "recording" and payload["payload"].get("state") == "done":
                self._said.pop("start", None)  # it may have ended by itself
            self._heard(self.name, str(payload["kind"]), payload["payload"])
        elif message.kind == "log":
            self._heard(self.name, "log", {"sentence": payload["text"]})
        elif message.kind == "failed":
            self._fail(payload)
        elif message.kind in ("done", "stopped"):
            with self._lock:
                self._order = None
            self._heard(self.name, "over", {})

    def _fail(self, payload: Payload) -> None:
        told = {"sentence": payload.get("error", "")}
        told |= {key: payload.get(key) or "" for key in ("message", "remedy", "path")}
        told["exit_code"] = payload.get("exit_code") or 1
        if payload.get("ours"):
            with self._lock:
                self._order = None
            self._heard(self.name, "failed", told)
        else:
            self._failure = str(told["sentence"])
            self.end_process()  # what it left behind is not to be trusted

    def _on_line(self, worker: Worker, line: str) -> None:
        worker.heard_one()
        if line.strip():
            self._heard(self.name, "line", {"text": line})

    def _on_end(self, worker: Worker, code: int) -> None:
        with self._lock:
            if worker in self._leaving:
                self._leaving.remove(worker)
            if worker is not self._worker:
                return
            self._worker = None
            if self._order is None:
                return
            failure, self._failure = self._failure, ""
            pause_s = PAUSES_S[min(self._deaths, len(PAUSES_S) - 1)]
            self._deaths += 1
            if self._calm is not None:
                self._calm.cancel()
            self._timer = threading.Timer(pause_s, self._again)
            self._timer.daemon = True
            self._timer.start()
        how = f"failed ({failure})" if failure else death(code)
        sentence = f"The {self.name} process {how}; it is started again."
        self._heard(self.name, "died", {"sentence": sentence, "again_s": pause_s})

    def _again(self) -> None:
        with self._lock:
            if self._order is None or self._worker is not None:
                return
            try:
                self.warm_up()
            except OSError as error:
                self._heard(self.name, "failed", {"sentence": f"No process can be had ({error})."})
                return
            self._give_order()
            self._calm = threading.Timer(CALM_S, self._calm_down)
            self._calm.daemon = True
            self._calm.start()

    def _calm_down(self) -> None:
        self._deaths = 0
