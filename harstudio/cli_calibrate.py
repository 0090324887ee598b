"""``harstudio calibrate``: from where on a network says that it knows nothing of what it sees."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harstudio import cli_output
from harstudio.cli_jobs import run_job
from harstudio.cli_options import AsJson, OnDevice, RunArgument, Threads


def calibrate(
    run: RunArgument,
    data: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where the data it learned from lie now."),
    ] = None,
    accept: Annotated[
        float, typer.Option(metavar="P", help="Share of known actions that still count as known.")
    ] = 0.95,
    without: Annotated[
        list[str] | None,
        typer.Option(metavar="KIND", help="A kind of stream that these data lack."),
    ] = None,
    device: OnDevice = "auto",
    threads: Threads = None,
    json: AsJson = False,
) -> None:
    """Let a run say "nothing known" when it is live, and learn actions from few examples."""
    from harstudio.runs.bundled import find_run  # only needed here: help answers at once

    if data is not None:
        cli_output.must_exist(data)
    payload = {
        "run": str(find_run(run)),
        "data": "" if data is None else str(data.absolute()),
        "accept": accept,
        "without": without or [],
    }
    job = "harstudio.live.recognising.calibrating:calibrate"
    told = run_job(job, payload, title="Calibration", device=device, threads=threads)
    if json:
        cli_output.print_json(told)
        return
    cli_output.print_line(
        f"{told['clips']} clips of people {', '.join(told['people']) or 'unknown'}, "
        f"{told['right']:.1%} of them right: {told['accepted']:.0%} are known above "
        f"{told['threshold']:.3f}"
    )
    cli_output.print_line(f"Saved in {told['file']}.")
