"""Jobs that make reports; ``harstudio evaluate``, ``compare`` and ``study`` with ``--html``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harstudio.errors import MissingError, UsageError
from harstudio.files import write_atomically
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


def movement(payload: Payload, context: Context) -> Payload:
    """Measures of clips: ``{sessions, labels, annotators, seen_by, csv, pdf}``.

    sessions: one or two of ``{name, path, recordings}``, the earlier first; path is a project or a
    recording, recordings are those that count, [] for all. seen_by: whose rights count, "" for all
    labels. csv, pdf: files to write, "" for none. Gives ``{"clips": [{recording, annotator, label,
    person, start_ns, end_ns, counted_on, values}], "changes": {label: [{measure, title, unit,
    first, second, change, per_cent}]}, "problems": [sentences], "files": [paths]}``.
    """
    from harstudio.measures.labelled import measure_all, shown_names
    from harstudio.measures.sessions import compare
    from harstudio.measures.table import write_csv
    from harstudio.reports.movement import movement_page

    files = {kind: Path(str(payload[kind])) for kind in ("csv", "pdf") if payload.get(kind)}
    for file in files.values():
        require_writable(file)
    problems: list[str] = []
    sessions = [
        (
            shown_names(Path(str(session["path"])))(str(session["name"])),
            measure_all(
                Path(str(session["path"])),
                labels=payload.get("labels") or (),
                annotators=payload.get("annotators") or (),
                recordings=session.get("recordings") or (),
                seen_by=str(payload.get("seen_by") or ""),
                progress=_pause(context, "Measuring"),
                on_problem=lambda error: problems.append(str(error)),
            ),
        )
        for session in payload["sessions"]
    ]
    clips = [clip for _, measured in sessions for clip in measured]
    if "pdf" in files:
        write_atomically(files["pdf"], movement_page(sessions).pdf())
    if "csv" in files:
        write_csv(clips, files["csv"])
    changes = compare(sessions[0][1], sessions[1][1]) if len(sessions) > 1 else {}
    return {
        "clips": [clip.to_dict() for clip in clips],
        "changes": {name: [c.to_dict() for c in found] for name, found in changes.items()},
        "problems": problems,
        "files": [str(file) for file in files.values()],
    }


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
