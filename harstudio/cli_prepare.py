"""``harstudio prepare``: runs the job and prints what it made."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from harstudio import cli_output
from harstudio.cli_jobs import run_job
from harstudio.cli_options import AsJson, Threads
from harstudio.errors import UsageError

STOPPED = 130


def prepare(
    data: Annotated[
        Path,
        typer.Argument(metavar="DATASET", help="A dataset, a project, demo, or a CONFIG.toml."),
    ],
    out: Annotated[
        Path, typer.Option(metavar="CACHE", help="A new folder, or one that was begun so.")
    ],
    network: Annotated[
        str, typer.Option(metavar="NAME", help="The network; else that of the config.")
    ] = "",
    change: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Of data, network or preprocessing."),
    ] = None,
    threads: Threads = None,
    json: AsJson = False,
) -> None:
    """Read every clip once, as a network needs it; trainings take it from there."""
    from harstudio.runs.config import DEMO  # only needed here: help answers at once

    if str(data) != DEMO:
        cli_output.must_exist(data)
    payload: dict[str, Any] = {"overrides": list(change or ()), "out": str(out.absolute())}
    if data.suffix == ".toml":
        payload["config_path"] = str(data)
        payload["overrides"] += [f"network.name={network}"] if network else []
    elif not network:
        raise UsageError(
            "No network is named.",
            remedy="Add --network NAME, or give a training's CONFIG.toml in place of the dataset.",
        )
    else:
        payload["config"] = {"data": {"path": str(data)}, "network": {"name": network}}
    told = run_job(
        "harstudio.learning.jobs:prepare_data", payload, title="Preparing", threads=threads
    )
    if json:
        cli_output.print_json(told)
    else:
        print_prepared(told)
    for problem in told["problems"]:
        cli_output.complain(problem)
    if told["state"] == "stopped":
        raise typer.Exit(STOPPED)
    if told["problems"]:
        raise typer.Exit(1)


def print_prepared(told: dict[str, Any]) -> None:
    """How many clips are prepared, how large they are, and what to do with them."""
    line = cli_output.print_line
    there = told["kept"] + told["read"] - told["failed"]
    line(f"{there} of {told['clips']} clips are in {told['cache']} ({size(told['bytes'])}).")
    inputs = ", ".join(f"{name} {size(count)}" for name, count in told["inputs"].items())
    line(f"A clip takes {size(told['bytes_per_clip'])}: {inputs}.")
    if told["read"]:
        line(f"{told['read']} were read in {told['seconds']:.0f} s, {told['kept']} were there.")
    if told["unused_bytes"]:
        line(f"{size(told['unused_bytes'])} of older readings are of no use any more.")
    if told["state"] == "stopped":
        line("Stopped; the same command goes on.")
    else:
        line(f'Train with data.path = "{told["cache"]}".')


def size(count: int) -> str:
    """Bytes in decimal units: 59.6 kB, 2.5 MB."""
    value, units = float(count), ["B", "kB", "MB", "GB", "TB"]
    while value >= 1000 and len(units) > 1:
        value, units = value / 1000, units[1:]
    return f"{value:.0f} B" if units[0] == "B" else f"{value:.1f} {units[0]}"
