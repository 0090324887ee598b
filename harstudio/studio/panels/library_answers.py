"""What a run said about the recordings of the library."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

from harstudio.labels.comparing import same_label
from harstudio.recordings.formats.found import Found

RIGHT, WRONG, NOTHING = "correct", "wrong", "nothing"


@dataclass(frozen=True, slots=True)
class Said:
    """label and confidence of a recording as a whole; error: why there is none, "" where there
    is. run: who says so. classes: all that it could say, empty where that is not known."""

    run: str
    label: str = ""
    confidence: float = 0.0
    error: str = ""
    classes: tuple[str, ...] = field(default=(), compare=False)

    @property
    def text(self) -> str:
        """In a few words, the figure first: names are cut off where there is little room."""
        return f"{self.confidence:.2f} {self.label}" if self.label else "not recognised"

    def verdict(self, found: Found) -> str:
        """``RIGHT`` or ``WRONG`` where the recording's own name tells, and the run knows
        what it says; else ""."""
        if not self.label or found.action is None:
            return ""
        if same_label(self.label, found.action.name):
            return RIGHT
        return WRONG if not self.classes or _knows(self.classes, found.action.name) else ""


@lru_cache(maxsize=1024)
def _knows(classes: tuple[str, ...], name: str) -> bool:
    return any(same_label(one, name) for one in classes)


def said_matches(value: str, said: Said | None, found: Found) -> bool:
    """Whether ``said:value`` holds: correct, wrong, nothing, or a part of the label's name."""
    if said is None or not said.label:
        return value == NOTHING
    if value in (RIGHT, WRONG, NOTHING):
        return value == said.verdict(found)
    return value in said.label.lower()
