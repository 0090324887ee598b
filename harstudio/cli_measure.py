"""``harstudio labels measure``: how somebody moves in labelled clips."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from harstudio import cli_output
from harstudio.cli_jobs import run_job

JOB = "harstudio.reports.jobs:movement"


def measure(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A project or a recording.")],
    label: Annotated[
        list[str] | None, typer.Option(help="Only clips of this label; can be repeated.")
    ] = None,
    recording: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only this recording; can be repeated."),
    ] = None,
    annotator: Annotated[
        list[str] | None, typer.Option(help="Only this annotator's clips; can be repeated.")
    ] = None,
    against: Annotated[
        str,
        typer.Option(
            metavar="NAME|PATH",
            help="The earlier session: a recording of the project, or another path.",
        ),
    ] = "",
    csv: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A table with a row for each clip.")
    ] = None,
    pdf: Annotated[
        Path | None, typer.Option(metavar="FILE", help="One page about one label.")
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")
    ] = False,
) -> None:
    """Joint angles, speed, smoothness, repetitions and asymmetry of clips (status 1 when some
    could not be measured).

    Without labels a recording is one clip. With --against the change between two sessions is
    told for every label that both have.
    """
    cli_output.must_exist(path)
    now = {"name": path.stem, "path": str(path.absolute()), "recordings": recording or []}
    sessions = [now]
    if against:
        elsewhere = Path(against)
        if recording:
            now["name"] = ", ".join(recording)
        if elsewhere.exists():
            earlier = {"name": elsewhere.stem, "path": str(elsewhere.absolute()), "recordings": []}
        else:
            earlier = {"name": against, "path": str(path.absolute()), "recordings": [against]}
        sessions = [earlier, now]
    payload: dict[str, Any] = {
        "sessions": sessions,
        "labels": label or [],
        "annotators": annotator or [],
        "csv": str(csv.absolute()) if csv else "",
        "pdf": str(pdf.absolute()) if pdf else "",
    }
    told = run_job(JOB, payload, title="Measuring")
    if json:
        cli_output.print_json(told)
    else:
        _print(told)
    for problem in told["problems"]:
        cli_output.complain(problem)
    if told["problems"]:
        raise typer.Exit(1)


def _print(told: dict[str, Any]) -> None:
    line = cli_output.print_line
    for name, changes in told["changes"].items():
        line(name or "whole recordings")
        for one in changes:
            per_cent = "" if one["per_cent"] is None else f" ({one['per_cent']:+.0f} %)"
            first, second = one["first"]["mean"], one["second"]["mean"]
            unit = f" {one['unit']}" if one["unit"] else ""
            line(
                f"  {one['title']}: {first:.3g}{unit}, then {second:.3g}{unit}: "
                f"{one['change']:+.3g}{per_cent}"
            )
    if not told["changes"]:
        for clip in told["clips"]:
            line(_sentence(clip))
    for file in told["files"]:
        line(f"Written: {file}")


def _sentence(clip: dict[str, Any]) -> str:
    values = clip["values"]
    named = clip["label"] or "whole recording"
    moves = {key: value for key, value in values.items() if key.endswith("_rom_deg") and value}
    most = max(moves, key=lambda key: moves[key], default="")
    parts = [f"{values['duration_s']:.2f} s"]
    if clip["counted_on"]:
        count = int(values["repetitions"])
        parts.append(f"{count} repetition{'' if count == 1 else 's'} ({clip['counted_on']})")
    if most:
        words = most.removesuffix("_rom_deg").replace("_", " ")
        parts.append(f"{words} over {moves[most]:.0f}°")
    start = clip["start_ns"] / 1e9
    return f"{clip['recording']} {start:.3f} s, {named}: {', '.join(parts)}"
