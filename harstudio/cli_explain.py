"""``harstudio explain``: what a network looked at as a picture, a video or arrays."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harstudio import cli_output
from harstudio.cli_jobs import run_job
from harstudio.cli_options import AsJson
from harstudio.errors import UsageError

if TYPE_CHECKING:
    from harstudio.results import Recognition

NONE = "none"
SECOND_NS = 1_000_000_000


def explain(
    recognition: Annotated[
        Path, typer.Argument(metavar="FILE", help="NAME.recognition.npz of predict --explain.")
    ],
    out: Annotated[
        Path | None,
        typer.Argument(metavar="[OUT]", help="NAME.png, .mp4 or .npz; without, say what it tells."),
    ] = None,
    json: AsJson = False,
    recording: Annotated[
        Path | None, typer.Option(help="Where the recording is; else where it was recognised.")
    ] = None,
    stream: Annotated[
        str, typer.Option(help="Picture stream; else the one that the map lies on.")
    ] = "",
    map_name: Annotated[
        str | None, typer.Option("--map", metavar="NAME", help="Over the picture; none for none.")
    ] = None,
    joints: Annotated[
        str | None, typer.Option(metavar="NAME", help="On the joints; none for none.")
    ] = None,
    person: Annotated[
        str, typer.Option(metavar="ID", help="With predict --each-person; else the first.")
    ] = "",
    opacity: Annotated[float | None, typer.Option(help="Of the map, from 0 to 1.")] = None,
    threshold: Annotated[
        float | None, typer.Option(help="Weights below are not drawn, from 0 to 1.")
    ] = None,
    at: Annotated[
        float | None, typer.Option(metavar="S", help="Of a picture, in seconds; else the middle.")
    ] = None,
    start: Annotated[
        float | None, typer.Option("--from", metavar="S", help="Of a video, in seconds.")
    ] = None,
    end: Annotated[
        float | None, typer.Option("--to", metavar="S", help="Of a video, in seconds.")
    ] = None,
    hide_faces: Annotated[
        bool, typer.Option("--hide-faces", help="Else where the project says so.")
    ] = False,
) -> None:
    """Save what a network looked at as a picture, a video or arrays."""
    from harstudio.runs.recognitions import load_recognition  # help answers at once

    said = load_recognition(recognition)
    if out is None:
        _tell(said, json)
        return
    if any(second is not None and second < 0 for second in (at, start, end)):
        raise UsageError("Seconds are counted from the start of the recording.")

    def moment(seconds: float | None) -> int | None:
        return None if seconds is None else round(seconds * SECOND_NS)

    payload = {
        "recognition": str(recognition.absolute()),
        "file": str(out.absolute()),
        "recording": "" if recording is None else str(recording.absolute()),
        "stream": stream,
        "map": "" if map_name == NONE else map_name,
        "joints": "" if joints == NONE else joints,
        "person": person,
        "opacity": opacity,
        "threshold": threshold,
        "at_ns": moment(at),
        "start_ns": moment(start),
        "end_ns": moment(end),
        "hide_faces": True if hide_faces else None,
    }
    result = run_job("harstudio.reports.explanation:save", payload, title="Saving")
    for sentence in result["problems"]:
        cli_output.complain(sentence)
    if json:
        cli_output.print_json(result)
    else:
        cli_output.print_line(f"Written: {result['file']}")


def _tell(said: Recognition, as_json: bool) -> None:
    from harstudio.runs.recognised.opinion import Opinion, Where  # as above

    places = {Where.PICTURE: "picture", Where.JOINTS: "joints", Where.BESIDE: "beside"}
    opinion = Opinion(said)
    document: dict[str, Any] = {
        "recording": said.recording,
        "network": said.network,
        "label": said.classes[said.label],
        "confidence": said.confidence,
        "windows": len(said.windows),
        "explanations": [
            {"name": name, "kind": str(kind), "shown": places[opinion.places[name]]}
            for name, kind in opinion.explained.items()
        ],
    }
    if as_json:
        cli_output.print_json(document)
        return
    cli_output.print_line(f"{said.recording}: {document['label']} {said.confidence:.1%}")
    rows = [(f"  {one['name']}", _words(one["kind"])) for one in document["explanations"]]
    cli_output.print_rows(rows or [("  it tells nothing of what it looked at", "")])


def _words(kind: str) -> str:
    from harstudio.results import Kind  # as above

    return "input" if kind == Kind.PICTURE else kind.replace("_", " ")
