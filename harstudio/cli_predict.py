"""``harstudio predict``: what a trained run says about recordings."""

from __future__ import annotations

import math
import tempfile
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harstudio import cli_output
from harstudio.cli_jobs import run_job
from harstudio.cli_options import AsJson, OnDevice, RunArgument, Threads
from harstudio.errors import UsageError

if TYPE_CHECKING:
    from harstudio.results import Recognition

SECOND_NS = 1_000_000_000
SUMMARY = "predictions.json"


def predict(
    run: RunArgument,
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH...", help="Recordings, or folders of them.")
    ],
    json: AsJson = False,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder for one file a recording and predictions.json."),
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Also keep what the network looked at (with --out).")
    ] = False,
    window: Annotated[
        float | None, typer.Option(help="Seconds of a window; else the run's usual clip.")
    ] = None,
    stride: Annotated[
        float | None, typer.Option(help="Seconds from window to window; else a quarter of one.")
    ] = None,
    scales: Annotated[
        str, typer.Option(metavar="LIST", help="Windows of several lengths, as 0.7,1,1.4.")
    ] = "1",
    smooth: Annotated[
        float, typer.Option(metavar="S", help="Seconds over which scores are averaged.")
    ] = 0.0,
    least_confidence: Annotated[
        float, typer.Option(metavar="P", help="Below this score nothing is said, 0 to 1.")
    ] = 0.0,
    shortest: Annotated[
        float | None,
        typer.Option(metavar="S", help="Seconds of a segment at least; else half a window."),
    ] = None,
    each_person: Annotated[
        bool, typer.Option("--each-person", help="Recognise every body by itself.")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Keep what DIR already answers in the same way.")
    ] = False,
    device: OnDevice = "auto",
    threads: Threads = None,
) -> None:
    """Say which actions recordings show (status 1 when one of them fails)."""
    from harstudio.files import write_atomically
    from harstudio.runs.bundled import find_run  # only needed here: help answers at once

    if explain and out is None:
        raise UsageError(
            "What the network looked at goes into files.", remedy="Add --out DIR to --explain."
        )
    if resume and out is None:
        raise UsageError(
            "Earlier answers are looked for in a folder.", remedy="Add --out DIR to --resume."
        )
    lengths = _scales(scales)
    numbers = {
        "window": window, "stride": stride, "smooth": smooth, "shortest": shortest,
        "least-confidence": least_confidence,
    }  # fmt: skip
    for name, value in numbers.items():
        if value is not None and not math.isfinite(value):
            raise UsageError(f"--{name} {value} is no number that can be used.")
    folder = find_run(run)
    with tempfile.TemporaryDirectory(prefix="harstudio-") as temporary:
        payload = {
            "run": str(folder),
            "paths": [str(path.absolute()) for path in paths],
            "out": str((out or Path(temporary)).absolute()),
            "explain": explain,
            "resume": resume,
            "window_s": window,
            "stride_s": stride,
            "scales": lengths,
            "each_person": each_person,
            "trimming": {
                "smooth_s": smooth,
                "confidence": least_confidence,
                "least_s": shortest,
            },
        }
        told: list[dict[str, Any]] = []

        def hear(kind: str, one: dict[str, Any]) -> None:
            if kind == "recognition":
                told.append(one)

        result = run_job(
            "harstudio.recognition.jobs:predict",
            payload,
            title="Recognising",
            threads=threads,
            device=device,
            heard=hear,
        )
        document = _document(result, told)
    if out is not None:
        text = dumps(document, ensure_ascii=False, indent=1, allow_nan=False)
        write_atomically(out / SUMMARY, text.encode("utf-8", "backslashreplace"))
    if json:
        cli_output.print_json(document)
    else:
        _print(told, document)
    for one in told:
        if one["error"] is not None:
            cli_output.complain(one["error"])
    if out is not None:
        kept = f" {result['kept']} of them were there before." if result["kept"] else ""
        cli_output.note(f"Files are in {out}.{kept}")
    if result["failed"]:
        raise typer.Exit(1)


def _scales(text: str) -> list[float]:
    try:
        scales = [float(part) for part in text.split(",")]
    except ValueError:
        scales = [math.nan]
    if not all(map(math.isfinite, scales)):
        raise UsageError(
            f"{text} is no list of scales.", remedy="Use numbers, as in --scales 0.7,1,1.4."
        )
    return scales


def _document(result: dict[str, Any], told: list[dict[str, Any]]) -> dict[str, Any]:
    """The document of ``--json``; builtins only."""
    return {
        "run": result["run"],
        "network": result["network"],
        "classes": result["classes"],
        "recordings": [_recording(one) for one in told],
    }


def _recording(told: dict[str, Any]) -> dict[str, Any]:
    from harstudio.runs.recognitions import load_recognition  # as above

    windows: list[dict[str, Any]] = []
    segments: list[dict[str, Any]] = []
    if told["error"] is None:
        said = load_recognition(Path(told["file"]))
        windows, segments = _windows(said), _segments(said)
    return {
        "path": told["path"],
        "label": told["label"],
        "name": told["name"],
        "confidence": told["confidence"],
        "windows": windows,
        "segments": segments,
        "without": told["without"],
        "error": told["error"],
    }


def _windows(said: Recognition) -> list[dict[str, Any]]:
    return [
        {
            "start_ns": window.start_ns,
            "end_ns": window.end_ns,
            "person": window.person,
            "probabilities": window.probabilities.tolist(),
        }
        for window in said.windows
    ]


def _segments(said: Recognition) -> list[dict[str, Any]]:
    return [
        {
            "start_ns": segment.start_ns,
            "end_ns": segment.end_ns,
            "label": segment.label,
            "name": said.classes[segment.label],
            "confidence": segment.confidence,
            "person": segment.person,
        }
        for segment in said.segments
    ]


def _print(told: list[dict[str, Any]], document: dict[str, Any]) -> None:
    """For people: one line a recording, the best three; its segments where it was cut."""
    rows: list[tuple[str, ...]] = []
    for said, one in zip(told, document["recordings"], strict=True):
        if said["error"] is not None:
            continue
        rows.append((said["recording"], *(_ranked(*best) for best in said["top"])))
        if len(one["windows"]) > 1:
            rows += [_segment_row(segment) for segment in one["segments"]]
    if rows:
        width = max(map(len, rows))
        cli_output.print_rows([row + ("",) * (width - len(row)) for row in rows])


def _ranked(name: str, confidence: float) -> str:
    return f"{name} {confidence:.1%}"


def _segment_row(segment: dict[str, Any]) -> tuple[str, ...]:
    start, end = (segment[key] / SECOND_NS for key in ("start_ns", "end_ns"))
    who = f", body {segment['person']}" if segment["person"] else ""
    return f"  {start:.2f} to {end:.2f} s{who}", _ranked(segment["name"], segment["confidence"])
