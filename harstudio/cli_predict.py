"""``harstudio predict``: what a trained run says about recordings."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from harstudio import cli_output
from harstudio.cli_jobs import run_job
from harstudio.errors import UsageError
from harstudio.files import write_atomically
from harstudio.results import Recognition
from harstudio.runs.bundled import find_run
from harstudio.runs.recognitions import load_recognition

SECOND_NS = 1_000_000_000
SUMMARY = "predictions.json"


def predict(
    run: Path,
    paths: list[Path],
    *,
    as_json: bool,
    out: Path | None,
    explain: bool,
    device: str,
    threads: int | None,
    asked: dict[str, Any],
    resume: bool,
) -> int:
    """Run the job, print what it says; the exit status, 1 where a recording failed.

    asked: the rest of the job's payload, scales as they were typed.
    """
    if explain and out is None:
        raise UsageError(
            "What the network looked at goes into files.", remedy="Add --out DIR to --explain."
        )
    if resume and out is None:
        raise UsageError(
            "Earlier answers are looked for in a folder.", remedy="Add --out DIR to --resume."
        )
    asked = asked | {"scales": _scales(asked["scales"])}
    folder = find_run(run)
    with tempfile.TemporaryDirectory(prefix="harstudio-") as temporary:
        payload = {
            "run": str(folder),
            "paths": [str(path.absolute()) for path in paths],
            "out": str((out or Path(temporary)).absolute()),
            "explain": explain,
            "resume": resume,
            **asked,
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
        text = json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False)
        write_atomically(out / SUMMARY, text.encode("utf-8", "backslashreplace"))
    if as_json:
        cli_output.print_json(document)
    else:
        _print(told, document)
    for one in told:
        if one["error"] is not None:
            cli_output.complain(one["error"])
    if out is not None:
        kept = f" {result['kept']} of them were there before." if result["kept"] else ""
        cli_output.note(f"Files are in {out}.{kept}")
    return 1 if result["failed"] else 0


def _scales(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise UsageError(
            f"{text} is no list of scales.", remedy="Use numbers, as in --scales 0.7,1,1.4."
        ) from None


def _document(result: dict[str, Any], told: list[dict[str, Any]]) -> dict[str, Any]:
    """The document of ``--json``; builtins only."""
    return {
        "run": result["run"],
        "network": result["network"],
        "classes": result["classes"],
        "recordings": [_recording(one) for one in told],
    }


def _recording(told: dict[str, Any]) -> dict[str, Any]:
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
