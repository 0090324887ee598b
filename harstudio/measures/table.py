"""The table of measures: a row for each clip."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from harstudio.files import write_atomically
from harstudio.measures.clips import MEASURES, ClipMeasures
from harstudio.recordings.streams import SECOND_NS

HEAD = ("recording", "annotator", "label", "person", "start_s", "end_s", "counted_on")


def write_csv(clips: Sequence[ClipMeasures], path: Path) -> None:
    """UTF-8 with a head of column names; an empty cell is what cannot be said."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow((*HEAD, *(m.key for m in MEASURES)))
    for clip in clips:
        table.writerow(
            (
                clip.recording,
                clip.annotator,
                clip.label,
                clip.person,
                f"{clip.start_ns / SECOND_NS:.9f}",
                f"{clip.end_ns / SECOND_NS:.9f}",
                clip.repetitions.angle,
                *(_cell(clip.values[m.key]) for m in MEASURES),
            )
        )
    write_atomically(path, out.getvalue().encode())


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"
