"""``harstudio labels``: labels in and out of projects, and between the files of other tools."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated, Any

import typer

from harstudio import cli_helping, cli_measure, cli_output
from harstudio.cli_options import AsJson
from harstudio.errors import HarstudioError, UsageError


class CutLayout(enum.StrEnum):
    """Layouts that clips are cut to."""

    NTU = "ntu"
    HARREC = "harrec"


app = typer.Typer(
    help="Labels: to and from other tools, agreement of annotators, progress.",
    no_args_is_help=True,
)

InProject = Annotated[Path, typer.Argument(metavar="PROJECT", help="A project's folder.")]
Fps = Annotated[
    float,
    typer.Option(min=0, help="Frames a second, for formats that count frames nobody knows."),
]


@app.command("import")
def import_(
    project: InProject,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Label files.")],
    format: Annotated[  # noqa: A002 -- as the option
        str, typer.Option(metavar="NAME", help="Their format; else it is found out.")
    ] = "",
    annotator: Annotated[
        str, typer.Option(help="Whose labels they become; else whom the file names, or imported.")
    ] = "",
    fps: Fps = 0,
    recording: Annotated[
        str, typer.Option(metavar="NAME", help="Which recording; else what the file tells.")
    ] = "",
    add_labels: Annotated[
        bool, typer.Option("--add-labels", help="New labels come into the project's label set.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Put the labels of other tools into a project (status 1 when some were left out).

    Labels that are there stay as they are, and a file imported twice changes nothing.
    """
    from harstudio.labels.interchange.importing import put, read_file
    from harstudio.labels.interchange.recording_facts import Recordings
    from harstudio.labels.project import Project

    opened = Project.open(project)
    with cli_output.Progress("Looking at the recordings", unit=""):
        known = Recordings(opened)
    documents: list[dict[str, Any]] = []
    problems: list[str] = []
    with cli_output.Progress("Importing", unit="files") as progress:
        for number, path in enumerate(files):
            progress.of(number, len(files))
            try:
                read = read_file(
                    opened,
                    path,
                    format=format,
                    annotator=annotator,
                    recording=recording,
                    fps=fps,
                    known=known,
                )
                done = put(opened, read, add_labels=add_labels)
            except HarstudioError as error:
                if len(files) == 1:
                    raise
                problems.append(str(error))
                continue
            known.problems.clear()  # told with this file
            problems += done.problems
            documents.append(
                {
                    "file": str(path),
                    "format": done.format,
                    "documents": [
                        {
                            "recording": one.recording,
                            "annotator": one.annotator,
                            "added": one.added,
                            "already": one.already,
                            "aside": one.aside,
                        }
                        for one in done.documents
                    ],
                    "added_labels": list(done.added_labels),
                    "unknown_labels": list(done.unknown_labels),
                    "notes": list(done.notes),
                }
            )
            if not json:
                cli_output.print_line(done.sentence)
                _print_notes(done.notes)
    _finish({"files": documents, "problems": problems}, json=json)


@app.command("export")
def export_(
    project: InProject,
    out: Annotated[
        Path, typer.Argument(metavar="OUT", help="A file, or a folder for one file a recording.")
    ],
    format: Annotated[  # noqa: A002 -- as the option
        str, typer.Option(metavar="NAME", help="The format; else by the ending of OUT.")
    ] = "",
    annotator: Annotated[
        list[str] | None, typer.Option(help="Only this annotator's labels; can be repeated.")
    ] = None,
    recording: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only this recording; can be repeated."),
    ] = None,
    fps: Fps = 0,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace what is there; else it is left alone.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Write a project's labels for another tool (status 1 when some could not be read)."""
    from harstudio.labels.interchange.exporting import export
    from harstudio.labels.project import Project

    with cli_output.Progress("Reading", unit="recordings") as progress:
        done = export(
            Project.open(project),
            out,
            format=format,
            recordings=recording or (),
            annotators=annotator or (),
            overwrite=overwrite,
            fps=fps,
            progress=progress.of,
        )
    if not json:
        cli_output.print_line(done.sentence)
        _print_notes(done.notes)
    document = {
        "files": [str(path) for path in done.files],
        "recordings": done.recordings,
        "clips": done.clips,
        "notes": list(done.notes),
        "problems": list(done.problems),
    }
    _finish(document, json=json)


@app.command("convert")
def convert_(
    source: Annotated[Path, typer.Argument(metavar="SRC", help="A label file.")],
    target: Annotated[
        Path, typer.Argument(metavar="DST", help="A file, or a folder for one file a recording.")
    ],
    from_: Annotated[
        str, typer.Option("--from", metavar="NAME", help="Format of SRC; else it is found out.")
    ] = "",
    to: Annotated[
        str, typer.Option(metavar="NAME", help="Format of DST; else by its ending.")
    ] = "",
    fps: Fps = 0,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace what is there; else it is left alone.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Turn a label file of one tool into that of another, without a project."""
    from harstudio.labels.interchange import registry
    from harstudio.labels.interchange.base import Reading, flattened
    from harstudio.labels.interchange.writing import write_files

    cli_output.must_exist(source)
    known = registry.by_name(to) if to else registry.by_ending(target)
    bundle = registry.read(source, Reading(fps=fps), from_)
    if not bundle.recordings:
        raise UsageError("There are no labels in this file.", path=source)
    if fps > 0:
        bundle = registry.with_rate(bundle, fps)
    files, notes = write_files(bundle, target, known.NAME, overwrite=overwrite)
    notes = flattened([*bundle.notes, *notes])
    if not json:
        where = str(files[0]) if len(files) == 1 else f"{len(files)} files in {target}"
        cli_output.print_line(f"{source} was written to {where}.")
        _print_notes(notes)
    document = {"files": [str(path) for path in files], "notes": list(notes), "problems": []}
    _finish(document, json=json)


@app.command()
def agreement(
    project: InProject,
    annotator: Annotated[
        list[str] | None,
        typer.Option(help="Compare this one; can be repeated. All people without it."),
    ] = None,
    recording: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only this one; can be repeated.")
    ] = None,
    json: AsJson = False,
    csv: Annotated[
        Path | None, typer.Option(metavar="F", help="Also a table, by pair and label.")
    ] = None,
) -> None:
    """Say how far annotators agree, and where not (status 1 when something cannot be read)."""
    from harstudio import cli_agreement

    cli_agreement.agreement(
        project, annotators=annotator or (), recordings=recording or (), json=json, csv=csv
    )


@app.command()
def stats(
    project: InProject,
    json: AsJson = False,
    csv: Annotated[
        Path | None, typer.Option(metavar="F", help="Also a table, by recording and annotator.")
    ] = None,
) -> None:
    """Say what is labelled, by whom and in what time (status 1 when something cannot be read)."""
    from harstudio import cli_agreement

    cli_agreement.stats(project, json=json, csv=csv)


@app.command()
def cut(
    project: InProject,
    out: Annotated[
        Path, typer.Argument(metavar="OUT", help="A new folder, or one that was cut into before.")
    ],
    layout: Annotated[CutLayout, typer.Option(help="Layout of the files.")] = CutLayout.NTU,
    annotator: Annotated[
        str, typer.Option(help="Whose clips; else the agreed ones, or those of the only one.")
    ] = "",
    json: AsJson = False,
) -> None:
    """Cut labelled clips to files of their own (status 1 when some could not be cut).

    Cutting again into the same folder goes on where it stopped and follows changed labels.
    """
    from harstudio.cli_jobs import run_job

    payload = {"project": str(project), "out": str(out), "layout": layout.value}
    payload["annotator"] = annotator
    done = run_job("harstudio.labels.cutting.job:cut", payload, title="Cutting")
    if json:
        cli_output.print_json(done)
    else:
        cli_output.print_line(f"{done['summary']} They are in {done['out']}.")
    if done["failures"]:
        raise typer.Exit(1)


app.command()(cli_measure.measure)
app.command()(cli_helping.suggest)
app.command()(cli_helping.similar)
app.command()(cli_helping.audit)


def _print_notes(notes: tuple[str, ...]) -> None:
    for note in notes:
        cli_output.print_line(f"  {note}")


def _finish(document: dict[str, Any], *, json: bool) -> None:
    if json:
        cli_output.print_json(document)
    for problem in document["problems"]:
        cli_output.complain(problem)
    if document["problems"]:
        raise typer.Exit(1)
