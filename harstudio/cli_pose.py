"""``harstudio pose``: the models that find people in colour pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harstudio import cli_output
from harstudio.cli_options import AsJson

app = typer.Typer(
    help="The models that find people in colour pictures.",
    no_args_is_help=True,
)


@app.callback()
def _pose() -> None:
    """Without this, typer would take ``install`` for the whole of ``pose``."""


@app.command()
def install(
    source: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="FILE",
            help="A .tflite file, the mediapipe wheel, the npm package, or a folder of them; "
            "else they are downloaded.",
        ),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(
            metavar="lite|full|heavy",
            help="Which to have, several times for several; else lite and full.",
        ),
    ] = None,
    json: AsJson = False,
) -> None:
    """Fetch the pose models (Google's MediaPipe Pose, Apache-2.0)."""
    from harstudio.live.pose import installing  # only needed here: help answers at once

    found = installing.install(model or [], source, cli_output.say)
    if json:
        cli_output.print_json({name: str(path) for name, path in found.items()})
        return
    for name, path in found.items():
        cli_output.print_line(f"{name:9s} {path}")
