"""``harstudio explain``: what a network looked at as a picture, a video or arrays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harstudio import cli_output
from harstudio.cli_jobs import run_job
from harstudio.errors import UsageError
from harstudio.results import Kind, Recognition
from harstudio.runs.recognised.opinion import Opinion, Where
from harstudio.runs.recognitions import load_recognition

NONE = "none"
PLACES = {Where.PICTURE: "picture", Where.JOINTS: "joints", Where.BESIDE: "beside"}
SECOND_NS = 1_000_000_000


def explain(
    recognition: Path,
    out: Path | None,
    *,
    as_json: bool,
    recording: Path | None,
    stream: str,
    map_name: str | None,
    joints: str | None,
    person: str,
    opacity: float | None,
    threshold: float | None,
    at_s: float | None,
    start_s: float | None,
    end_s: float | None,
    hide_faces: bool,
) -> None:
    """Without ``out`` say what the file tells; else write what the ending of ``out`` says."""
    said = load_recognition(recognition)
    if out is None:
        _tell(said, as_json)
        return
    if any(second is not None and second < 0 for second in (at_s, start_s, end_s)):
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
        "at_ns": moment(at_s),
        "start_ns": moment(start_s),
        "end_ns": moment(end_s),
        "hide_faces": True if hide_faces else None,
    }
    result = run_job("harstudio.reports.explanation:save", payload, title="Saving")
    for sentence in result["problems"]:
        cli_output.complain(sentence)
    if as_json:
        cli_output.print_json(result)
    else:
        cli_output.print_line(f"Written: {result['file']}")


def _tell(said: Recognition, as_json: bool) -> None:
    opinion = Opinion(said)
    document: dict[str, Any] = {
        "recording": said.recording,
        "network": said.network,
        "label": said.classes[said.label],
        "confidence": said.confidence,
        "windows": len(said.windows),
        "explanations": [
            {"name": name, "kind": str(kind), "shown": PLACES[opinion.places[name]]}
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
    return "input" if kind == Kind.PICTURE else kind.replace("_", " ")
