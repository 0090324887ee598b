"""What a side shows, and what a run is asked about it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Question:
    """What a run looks at in ``[start_ns, end_ns)`` of a recording when it says ``label``.

    label: index of the class that is explained; None for the one that the run says. person: body
    id, "" for whoever is seen.
    """

    run: Path
    path: Path
    start_ns: int
    end_ns: int
    label: int | None = None
    person: str = ""


@dataclass(frozen=True, slots=True)
class ComparedClip:
    """One side of two.

    path may be relative, or where the recording was once: it is looked for (``finding``).
    label: the class that is explained, see ``Question``. true and said are names of classes, ""
    where nobody told; confidence: of what was said, None where only the run's answer tells.
    caption: what this side is ("Taken for another class"), title: what stands below it, the class
    unless told; note: how it was chosen.
    """

    run: Path
    path: Path
    recording: str
    start_ns: int
    end_ns: int
    label: int | None = None
    true: str = ""
    said: str = ""
    confidence: float | None = None
    caption: str = ""
    title: str = ""
    note: str = ""
    person: str = ""

    def question(self, path: Path, label: int | None) -> Question:
        """About this stretch, at the place where the recording was found."""
        return Question(self.run, path, self.start_ns, self.end_ns, label, self.person)
