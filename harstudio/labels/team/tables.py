"""Agreement and progress as tables and as JSON documents."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from harstudio.files import write_atomically
from harstudio.labels.agreement import IOUS, Agreement, LabelAgreement, PairAgreement
from harstudio.labels.team.progress import Progress, ProjectProgress

Row = tuple[object, ...]

AGREEMENT_HEAD = (
    "first", "second", "label", "frames_first", "frames_second", "frames_both", "cohen_kappa",
    *(f"f1_iou_{iou:g}" for iou in IOUS), "edges", "edge_median_ms", "edge_p95_ms",
)  # fmt: skip
PROGRESS_HEAD = (
    "recording", "annotator", "done", "clips", "points", "labelled_s", "duration_s", "share",
    "doubts", "missing", "active_s", "problem",
)  # fmt: skip


def agreement_rows(agreement: Agreement) -> list[Row]:
    """A row for each pair of annotators (with an empty label), then one for each label."""
    rows: list[Row] = [AGREEMENT_HEAD]
    for pair, one in agreement.pairs.items():
        edges = one.boundaries
        rows.append((*_figures(pair, "", one), edges.edges, edges.median_ms, edges.p95_ms))
        rows += ((*_figures(pair, label, own), "", "", "") for label, own in one.labels.items())
    return rows


def _figures(pair: Sequence[str], label: str, one: PairAgreement | LabelAgreement) -> Row:
    if isinstance(one, PairAgreement):
        frames = (one.frames, one.frames, one.agreed)
    else:
        frames = (one.frames_first, one.frames_second, one.frames_both)
    f1 = (one.segments[iou].f1 for iou in IOUS)
    return (*pair, label, *frames, one.kappa, *f1)


def progress_rows(progress: ProjectProgress) -> list[Row]:
    """A row for each recording and annotator."""
    return [PROGRESS_HEAD, *(_progress_row(row) for row in progress.rows)]


def _progress_row(row: Progress) -> Row:
    duration = None if row.duration_ns is None else row.duration_ns / 1e9
    return (
        row.recording, row.annotator, int(row.done), row.clips, row.points, row.labelled_ns / 1e9,
        duration, row.share, row.doubts, row.missing, row.active_ns / 1e9, row.problem,
    )  # fmt: skip


def progress_document(progress: ProjectProgress) -> dict[str, Any]:
    """The document of ``harstudio labels stats --json``; builtins only."""
    return {
        "total": asdict(progress.total),
        "annotators": [
            {"annotator": name} | asdict(total) for name, total in progress.by_annotator().items()
        ],
        "labels": [{"label": name} | asdict(one) for name, one in progress.labels.items()],
        "documents": [asdict(row) | {"share": row.share} for row in progress.rows],
        "problems": list(progress.problems),
    }


def write_csv(rows: Iterable[Row], path: Path) -> None:
    """UTF-8; figures with all their digits, an empty cell where there is none. Atomic."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    for row in rows:
        table.writerow("" if cell is None else cell for cell in row)
    write_atomically(path, out.getvalue().encode("utf-8", "backslashreplace"))
