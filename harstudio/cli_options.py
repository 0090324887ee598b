"""Arguments and options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

RunArgument = Annotated[
    Path, typer.Argument(metavar="RUN", help="A run folder, or bundled weights.")
]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")
]
AsPage = Annotated[
    Path | None,
    typer.Option(
        "--html",
        metavar="F",
        help="Also a page, with figures and tables as files beside it.",
    ),
]
OnDevice = Annotated[str, typer.Option("--device", help="auto, cpu, cuda or cuda:1.")]
Threads = Annotated[
    int | None, typer.Option("--threads", min=1, help="Threads of the processor; else all cores.")
]
