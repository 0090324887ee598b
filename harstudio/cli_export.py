"""``harstudio export``: a run's network as an ONNX file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harstudio import cli_output
from harstudio.cli_jobs import run_job
from harstudio.cli_options import AsJson, RunArgument, Threads
from harstudio.errors import UsageError


def export(
    run: RunArgument,
    out: Annotated[Path, typer.Argument(metavar="OUT.onnx", help="The file to write.")],
    clips: Annotated[
        list[Path] | None,
        typer.Option(
            "--clips",
            metavar="PATH",
            help="Recordings on which it is compared with torch; else those of the demo.",
        ),
    ] = None,
    json: AsJson = False,
    threads: Threads = None,
) -> None:
    """Write a network as ONNX and compare it with torch on clips."""
    from harstudio.runs.bundled import find_run  # only needed here: help answers at once

    if out.suffix != ".onnx":
        raise UsageError("The file's name has to end in .onnx.", path=out)
    payload = {
        "run": str(find_run(run)),
        "out": str(out.absolute()),
        "clips": [str(path.absolute()) for path in clips or ()],
    }
    job = "harstudio.recognition.exporting:export"
    result = run_job(job, payload, title="Exporting", threads=threads, device="cpu")
    if json:
        cli_output.print_json(result)
        return
    takes = ", ".join(f"{name} {_shape(shape)}" for name, shape in result["inputs"].items())
    compared = result["compared"]
    cli_output.print_line(f"Written: {result['path']} ({result['bytes'] / 1e6:.1f} MB)")
    cli_output.print_line(f"{result['network']} takes {takes}; {result['classes']} classes.")
    cli_output.print_line(
        f"On {compared['clips']} clips of {compared['recordings']} recordings its logits are "
        f"torch's within {compared['difference']:.1g} (the largest is {compared['logit']:.1f})."
    )


def _shape(sizes: list[int]) -> str:
    return "x".join(map(str, sizes))
