"""Which live sources are there: every driver is asked in a process of its own."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from harstudio.jobs.launcher import Worker, death
from harstudio.jobs.protocol import Message
from harstudio.live.sources import SOURCES
from harstudio.live.sources.source import SourceFacts

FIND = "harstudio.live.capturing:find"
PATIENCE_S = 20.0
AT_ONCE = 2  # processes
TITLES = {  # of drivers that do not answer
    "webcam": "Webcam",
    "kinect1": "Kinect v1",
    "kinect2": "Kinect v2",
    "azure": "Azure Kinect",
    "realsense": "Intel RealSense",
    "orbbec": "Orbbec",
}


def find_sources(kinds: Sequence[str] = ()) -> list[SourceFacts]:
    """All sources, those that are not available with the reason, in the order of the registry.

    kinds: only these, none = all. Takes seconds; a driver that crashes, exits or hangs is told as
    the reason.
    """
    with ThreadPoolExecutor(AT_ONCE, "finding") as threads:
        found = threads.map(_find, kinds or tuple(SOURCES))
        return [facts for of_kind in found for facts in of_kind]


def _find(kind: str) -> list[SourceFacts]:
    over = threading.Event()
    told: list[Message] = []
    codes: list[int] = []

    def heard(worker: Worker, message: Message) -> None:
        worker.heard_one()
        if message.kind in ("done", "failed"):
            told.append(message)
            over.set()

    def ended(_worker: Worker, code: int) -> None:
        codes.append(code)
        over.set()

    def wrote(worker: Worker, _line: str) -> None:
        worker.heard_one()

    try:
        worker = Worker(threads=1, heard=heard, wrote=wrote, ended=ended)
    except OSError as error:
        return [_silent(kind, f"No process can be started ({error.strerror}).")]
    worker.send("run", {"id": 1, "job": FIND, "payload": {"kind": kind}, "threads": 1})
    if not over.wait(PATIENCE_S):
        worker.kill()
        return [_silent(kind, f"Its driver has not answered for {PATIENCE_S:.0f} s.")]
    worker.send("end", {})
    if not told:
        return [_silent(kind, f"Its driver {death(codes[0])}.")]
    payload = told[0].payload
    if told[0].kind == "failed":
        return [_silent(kind, str(payload.get("error", "")))]
    return [SourceFacts.from_payload(facts) for facts in payload["result"]["sources"]]


def _silent(kind: str, reason: str) -> SourceFacts:
    return SourceFacts(f"{kind}:0", TITLES.get(kind, kind), available=False, reason=reason)
