"""``harstudio labels suggest``, ``similar`` and ``audit``: help with labelling."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from harstudio import cli_output
from harstudio.cli_options import AsJson, OnDevice, Threads
from harstudio.errors import MissingError

RUN = "joints-any-sensor"  # needs joints only, and is quick
SECOND_NS = 1_000_000_000
NAMING = ("recording", "path", "file", "person", "problems")  # what may name a subject

InProject = Annotated[Path, typer.Argument(metavar="PROJECT", help="A project's folder.")]
WithRun = Annotated[
    str, typer.Option("--run", metavar="RUN", help="Whose features: a run, or bundled weights.")
]


def _folder_of(run: str) -> Path:
    """The folder of a run or of bundled weights."""
    from harstudio.runs.bundled import find_run  # only needed here: help answers at once

    return find_run(run)


def suggest(
    project: InProject,
    run: WithRun = RUN,
    annotator: Annotated[
        str, typer.Option(help="Who is helped; else the annotator of the settings.")
    ] = "",
    recording: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only for this one; may be repeated.")
    ] = None,
    least: Annotated[
        float, typer.Option(min=0, max=1, metavar="P", help="Leave out what is less sure.")
    ] = 0.0,
    device: OnDevice = "auto",
    threads: Threads = None,
    json: AsJson = False,
) -> None:
    """Suggest clips, learned from what people labelled (status 1 when a recording failed)."""
    from harstudio.cli_jobs import run_job
    from harstudio.labels.project import Project
    from harstudio.runs.suggestions import load_suggestions
    from harstudio.settings import load_settings

    opened = Project.open(project)
    paths = _paths(opened, recording)
    told: list[dict[str, Any]] = []

    def hear(kind: str, one: dict[str, Any]) -> None:
        if kind == "suggested":
            told.append(one)

    payload = {
        "project": str(project),
        "run": str(_folder_of(run)),
        "annotator": annotator or load_settings().annotator,
        "recordings": paths,
        "least": least,
    }
    done = run_job(
        "harstudio.recognition.helping.jobs:suggest",
        payload,
        title="Suggesting",
        threads=threads,
        device=device,
        heard=hear,
    )
    document = {
        "run": payload["run"],
        "annotator": payload["annotator"],
        "learned": done["learned"],
        "recordings": [
            one | {"clips": [_clip(clip) for clip in load_suggestions(Path(one["file"])).clips]}
            for one in told
        ],
        "hidden": done["hidden"],
        "problems": done["problems"],
    }
    document = _hidden(document, opened)
    if json:
        cli_output.print_json(document)
    else:
        _print_suggested(document)
    _end(document)


def similar(
    project: InProject,
    path: Annotated[Path, typer.Argument(metavar="RECORDING", help="Where the stretch lies.")],
    start: Annotated[float, typer.Option(metavar="S", help="Where it begins, seconds.")],
    end: Annotated[float, typer.Option(metavar="S", help="Where it ends, seconds.")],
    run: WithRun = RUN,
    person: Annotated[str, typer.Option(metavar="ID", help="Whom it is about: a body id.")] = "",
    count: Annotated[int, typer.Option(min=1, max=1000, help="How many are told.")] = 20,
    device: OnDevice = "auto",
    threads: Threads = None,
    json: AsJson = False,
) -> None:
    """Find more like a stretch of a recording, in all recordings of a project.

    Seconds count from the start of the recording.
    """
    from harstudio.cli_jobs import run_job
    from harstudio.labels.project import Project
    from harstudio.recordings.formats import open_recording
    from harstudio.settings import load_settings

    with open_recording(path) as opened:
        first = opened.start_ns
    payload = {
        "project": str(project),
        "run": str(_folder_of(run)),
        "path": str(path),
        "start_ns": first + round(start * SECOND_NS),
        "end_ns": first + round(end * SECOND_NS),
        "person": person,
        "count": count,
        "annotator": load_settings().annotator,
    }
    done = run_job(
        "harstudio.recognition.helping.jobs:similar",
        payload,
        title="Looking for more",
        threads=threads,
        device=device,
    )
    done = _hidden(done, Project.open(project))
    if json:
        cli_output.print_json(done)
    else:
        rows = [
            (one["recording"], _span(one), one["label"] or "not labelled", f"{one['distance']:.2f}")
            for one in done["found"]
        ]
        cli_output.print_rows([("recording", "seconds", "label", "distance"), *rows])
    _end(done)


def audit(
    project: InProject,
    run: WithRun = RUN,
    annotator: Annotated[
        str, typer.Option(help="Who asks, and whose rights count; else that of the settings.")
    ] = "",
    device: OnDevice = "auto",
    threads: Threads = None,
    json: AsJson = False,
) -> None:
    """Tell labels that contradict the others, the surest first."""
    from harstudio.cli_jobs import run_job
    from harstudio.labels.project import Project
    from harstudio.settings import load_settings

    payload = {
        "project": str(project),
        "run": str(_folder_of(run)),
        "annotator": annotator or load_settings().annotator,
    }
    done = run_job(
        "harstudio.recognition.helping.jobs:audit",
        payload,
        title="Auditing",
        threads=threads,
        device=device,
    )
    done = _hidden(done, Project.open(project))
    if json:
        cli_output.print_json(done)
    else:
        rows = [
            (
                one["recording"],
                one["annotator"],
                _span(one),
                one["label"],
                one["says"] or "nothing",
                f"{one['confidence']:.0%}",
            )
            for one in done["found"]
        ]
        if rows:
            cli_output.print_rows(
                [("recording", "annotator", "seconds", "label", "rather", "sure"), *rows]
            )
        cli_output.print_line(_audited(done))
    _end(done)


def _paths(project: Any, names: list[str] | None) -> list[str] | None:
    """Paths of recordings by their names; None for all."""
    from harstudio.runs.config import nearest  # only needed here: help answers at once

    if not names:
        return None
    there = project.recording_paths()
    found: list[str] = []
    for name in names:
        meant = [name] if name in there else project.pseudonyms().hidden_in(name, there)
        if not meant:
            raise MissingError(
                f"The project has no recording {name}.",
                path=project.folder,
                remedy=nearest(name, there),
            )
        found += meant
    return [str(there[name]) for name in found]


def _clip(clip: Any) -> dict[str, Any]:
    return {
        "start_ns": clip.start_ns,
        "end_ns": clip.end_ns,
        "label": clip.label,
        "person": clip.person,
        "confidence": clip.confidence,
        "second": clip.second,
        "second_confidence": clip.second_confidence,
        "novelty": clip.novelty,
        "rarity": clip.rarity,
    }


def _hidden(told: dict[str, Any], project: Any) -> dict[str, Any]:
    """What is told without names of subjects, where the project's policy says so."""
    shown = project.pseudonyms().shown

    def hide(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {name: hide(one, name) for name, one in value.items()}
        if isinstance(value, list):
            return [hide(one, key) for one in value]
        return shown(value) if key in NAMING and isinstance(value, str) else value

    return {name: hide(value, name) for name, value in told.items()}


def _print_suggested(document: dict[str, Any]) -> None:
    rows = [
        (one["recording"], _span(clip), clip["label"], f"{clip['confidence']:.0%}")
        for one in document["recordings"]
        for clip in one["clips"]
    ]
    if rows:
        cli_output.print_rows([("recording", "seconds", "label", "sure"), *rows])
    if document["hidden"]:
        cli_output.print_line(
            f"Recordings for which the project's rules allow no suggestions: {document['hidden']}."
        )
    learned = document["learned"]
    if learned is None:
        cli_output.print_line("Too little is labelled to learn from: two labels, two clips each.")
        return
    text = f"Learned from {learned['clips']} clips with {learned['classes']} labels"
    if learned["accuracy"] is not None:
        held = f"{learned['accuracy']:.0%} ({learned['low']:.0%} to {learned['high']:.0%})"
        text += f"; held out by {learned['over']} {held} are named right"
    cli_output.print_line(f"{text}.{_known(learned)}")


def _audited(done: dict[str, Any]) -> str:
    if not done["checked"]:
        return "Too little is labelled to hold anything out."
    return (
        f"{len(done['found'])} of {done['checked']} clips are contradicted; "
        f"{done['accuracy']:.0%} are named like the people did, held out by {done['over']}."
        f"{_known(done)}"
    )


def _known(told: dict[str, Any]) -> str:
    return (
        " The run learned from these recordings itself: this says little." if told["known"] else ""
    )


def _span(one: dict[str, Any]) -> str:
    return f"{one['start_ns'] / SECOND_NS:.2f} to {one['end_ns'] / SECOND_NS:.2f}"


def _end(document: dict[str, Any]) -> None:
    for problem in document["problems"]:
        cli_output.complain(problem)
    if document["problems"]:
        raise typer.Exit(1)
