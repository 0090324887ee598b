"""Cutting as a job: ``harstudio labels cut``, and the studio's "Cut clips to files…"."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, get_args

from harstudio.errors import UsageError
from harstudio.labels.cutting.cut import cut_clips
from harstudio.labels.cutting.plan import Layout
from harstudio.labels.project import Project

if TYPE_CHECKING:
    from harstudio.jobs.context import Context, Payload


def cut(payload: Payload, context: Context) -> Payload:
    """``{project, out, layout, annotator, seen_by}``; gives ``Cut.describe()``, summary and out."""
    for key in ("project", "out"):
        if not payload.get(key):
            raise UsageError(f"The job needs {key}.")
    layout = next((one for one in get_args(Layout) if one == payload.get("layout", "ntu")), None)
    if layout is None:
        raise UsageError(
            f"Nothing is cut to {payload['layout']}.",
            remedy=f"There are: {', '.join(get_args(Layout))}.",
        )
    out = Path(str(payload["out"])).expanduser().absolute()

    def go_on() -> bool:
        context.pause_point()  # waits while paused; raises when it is to end
        return False

    done = cut_clips(
        Project.open(Path(str(payload["project"]))),
        out,
        layout,
        str(payload.get("annotator") or ""),
        seen_by=str(payload.get("seen_by") or ""),
        progress=context.progress,
        cancelled=go_on,
    )
    for sentence in (*done.failures, *done.notes):
        context.log(sentence)
    return done.describe() | {"summary": done.summary(), "out": str(out)}
