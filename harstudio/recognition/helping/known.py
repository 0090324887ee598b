"""Whether a run has learned from the very recordings that a head is measured on."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from harstudio.runs.reading import read_data


def learned_from(run: Path, recordings: Iterable[str]) -> bool:
    """Whether a recording of one of these names taught the run in a folder: its features have seen
    the labels there, also wrong ones, so that holding the recording out of a head says little."""
    data = read_data(run) or {}
    parts = data.get("parts")
    taught = parts.get("train") if isinstance(parts, dict) else None
    rows = taught if isinstance(taught, list) else []
    names = {str(row.get("recording")) for row in rows if isinstance(row, dict)}
    return not names.isdisjoint(recordings)
