"""``harstudio study``: it runs the job and prints what the variants are worth."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from harstudio import cli_output
from harstudio.cli_compare import remarks
from harstudio.cli_evaluate import between
from harstudio.cli_jobs import run_job
from harstudio.cli_options import AsJson, OnDevice, Threads

STOPPED = 130


def study(
    file: Annotated[
        Path, typer.Argument(metavar="FILE.toml", help="A config, its variants, protocols, seeds.")
    ],
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on: what is trained is not trained again.")
    ] = False,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="A page with figures as well.")
    ] = None,
    device: OnDevice = "auto",
    threads: Threads = None,
    json: AsJson = False,
) -> None:
    """Train variants by protocols and seeds, and compare them (status 1 when one fails)."""
    cli_output.must_exist(file)
    document = run_job(
        "harstudio.learning.jobs:study",
        {"path": str(file.absolute()), "resume": resume},
        title="Study",
        heard=_print_cell,
        device=device,
        threads=threads,
    )
    if html is not None and document["groups"]:
        run_job(
            "harstudio.reports.jobs:comparison",
            {
                "document": document,
                "out": str(html.absolute()),
                "title": document["study"],
                "command": f"harstudio study {file} --html {html}",
            },
            title="Report",
        )
    if json:
        cli_output.print_json(document)
    else:
        for line in _lines(document):
            cli_output.print_line(line)
    for cell in document["cells"]:
        if cell["reason"]:
            cli_output.complain(f"{_named(cell)}: {cell['reason']}")
    if document["state"] == "stopped":
        raise typer.Exit(STOPPED)
    if document["state"] == "failed":
        raise typer.Exit(1)


def _print_cell(kind: str, told: dict[str, Any]) -> None:
    if kind == "cell":
        cli_output.note(f"{told['number']} of {told['cells']}: {told['name']}")


def _named(cell: dict[str, Any]) -> str:
    return f"{cell['variant']}, {cell['protocol']}, seed {cell['seed']}"


def _lines(document: dict[str, Any]) -> Iterable[str]:
    """A row a variant, then what speaks for one against another."""
    cells = document["cells"]
    done = sum(cell["state"] == "finished" for cell in cells)
    yield f"{document['study']}: {done} of {len(cells)} trainings finished, {document['folder']}"
    rows = [
        (
            *("variant", "protocol", "seeds", "clips", "top-1", "std"),
            *("95 %, seeds", "95 %, clips", "macro F1", "folds"),
        )
    ]
    for group in document["groups"]:
        std = "" if group["std"] is None else f"{100 * group['std']:.1f}"
        rows.append(
            (
                group["variant"],
                group["protocol"],
                str(len(group["seeds"])),
                str(group["clips"][0]),
                f"{group['mean']:.1%}",
                std,
                "" if group["ci95_seeds"] is None else between(group["ci95_seeds"]),
                between(group["ci95_clips"]),
                f"{group['macro_f1']:.3f}",
                group["coverage"],
            )
        )
    if len(rows) > 1:
        yield from cli_output.table(rows)
    yield from remarks(document["groups"])
    tests = len(document["pairs"])
    for pair in document["pairs"]:
        yield (
            f"{pair['b']} against {pair['a']}: {100 * pair['change']:+.1f} points, "
            f"{pair['only_b']} clips right that the other has wrong, {pair['only_a']} the other "
            f"way round (McNemar p = {pair['p']:.2g}, {pair['p_holm']:.2g} after Holm's correction "
            f"for {tests} test{'s' * (tests != 1)})"
        )
