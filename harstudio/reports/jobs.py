"""Jobs that make reports; ``harstudio evaluate``, ``compare`` and ``study`` with ``--html``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harstudio.errors import MissingError, UsageError
from harstudio.jobs.context import Context, Payload
from harstudio.reports.out import require_writable
from harstudio.runs.reading import read_evaluation


def evaluation(payload: Payload, context: Context) -> Payload:
    """The page of an evaluation: ``{document, run, out, command}``.

    document: of ``harstudio evaluate --json``; without, what the folder ``run`` keeps.
    Gives ``{"page", "files": [paths]}``.
    """
    from harstudio.reports.evaluation import evaluation_report
    from harstudio.reports.page import write_report

    out = _out(payload)
    document = payload.get("document")
    if document is None:
        document = _kept(payload)
    report = evaluation_report(
        document,
        command=str(payload.get("command") or ""),
        pause=_pause(context, "Looking at clips"),
    )
    return write_report(report, out, _pause(context, "Drawing"))


def comparison(payload: Payload, context: Context) -> Payload:
    """The page of a comparison, or of a study: ``{document, out, command, title}``.

    document: of ``harstudio compare --json``, or of a study. Gives ``{"page", "files"}``.
    """
    from harstudio.reports.comparison import comparison_report
    from harstudio.reports.page import write_report

    out = _out(payload)
    report = comparison_report(
        payload.get("document") or {},
        command=str(payload.get("command") or ""),
        title=str(payload.get("title") or ""),
    )
    return write_report(report, out, _pause(context, "Drawing"))


def _out(payload: Payload) -> Path:
    if not payload.get("out"):
        raise UsageError("The job needs out.")
    out = Path(str(payload["out"])).expanduser().absolute()
    require_writable(out)
    return out


def _kept(payload: Payload) -> dict[str, Any]:
    if not payload.get("run"):
        raise UsageError("The job needs document or run.")
    run = Path(str(payload["run"]))
    document = read_evaluation(run)
    if document is None:
        raise MissingError(
            "This run has no evaluation.", path=run, remedy=f"Use harstudio evaluate {run}."
        )
    return {**document, "run": str(run)}


def _pause(context: Context, what: str) -> Any:
    def pause(done: int, total: int) -> None:
        context.progress(done, total, what)
        context.pause_point()

    return pause
