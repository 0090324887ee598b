"""An alarm as the window tells of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Alarm:
    """A watched action was recognised. at: time of day ("14:03:22"). start_ns: on the session's
    clock. file: the recording of it with what was before, once it is kept."""

    name: str
    at: str
    confidence: float
    start_ns: int
    file: str = ""
