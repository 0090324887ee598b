"""``seen.jsonl`` beside suggestions: what an annotator has done with them, which were put into the
labels, and which labels stay whatever is said about them. Lines are only ever added."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harstudio.runs.reading import newest_lines
from harstudio.runs.suggestions import append_line

FILE = "seen.jsonl"
MAX_BYTES = 16 << 20


@dataclass(slots=True)
class Seen:
    """put: when the suggestions were made that were put last, by recording, seconds since 1970.
    kept: (clip id, label) of labels that the annotator keeps, whatever a network says."""

    put: dict[str, float] = field(default_factory=dict)
    kept: set[tuple[str, str]] = field(default_factory=set)


def load_seen(folder: Path) -> Seen:
    """What was noted in a folder of suggestions; damaged lines are left out, and without a file
    nothing was seen."""
    seen = Seen()
    try:
        lines = newest_lines(folder / FILE, MAX_BYTES)
    except OSError:
        return seen
    for line in lines:
        try:
            _take(seen, line)
        except (ValueError, TypeError, KeyError):
            continue
    return seen


def _take(seen: Seen, told: dict[str, Any]) -> None:
    if "put" in told:
        seen.put[str(told["put"])] = float(told["made"])
    elif "kept" in told:
        one = (str(told["kept"]), str(told["label"]))
        (seen.kept.add if told["stays"] else seen.kept.discard)(one)


def note_put(folder: Path, recording: str, made: float) -> None:
    """Suggestions that were made then lie in the labels of a recording now; OSError where that
    cannot be noted."""
    _add(folder, {"put": recording, "made": made})


def note_kept(folder: Path, clip_id: str, label: str, *, stays: bool) -> None:
    """Whether this label of this clip stays, whatever a network says; OSError as above."""
    _add(folder, {"kept": clip_id, "label": label, "stays": stays})


def _add(folder: Path, line: dict[str, Any]) -> None:
    append_line(folder / FILE, json.dumps(line, ensure_ascii=False))
