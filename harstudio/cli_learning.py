"""Commands of training: they run the jobs and print what comes out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from harstudio import cli_output
from harstudio.cli_jobs import run_job
from harstudio.cli_options import AsJson, OnDevice, Threads
from harstudio.jobs.torchrun import place
from harstudio.runs.folder import RunFolder


def train(
    config: Annotated[Path, typer.Argument(metavar="CONFIG.toml", help="What to train on what.")],
    change: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Another value, training.epochs=3 say."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a run that was stopped.")
    ] = False,
    device: OnDevice = "auto",
    threads: Threads = None,
    json: AsJson = False,
) -> None:
    """Train a network; the run folder gets weights, metrics, evaluation and a card."""
    payload = {"config_path": str(config), "overrides": list(change or ()), "resume": resume}
    result = run_job(
        "harstudio.learning.jobs:train",
        payload,
        title="Training",
        heard=_print_epoch,
        device=device,
        threads=threads,
    )
    if place()[0]:
        pass  # the first process says it
    elif json:
        cli_output.print_json(result)
    elif result["state"] == "stopped":
        saved = (RunFolder(Path(result["run"])).checkpoints / "state.json").is_file()
        cli_output.print_line(
            f"Stopped and saved in {result['run']}; go on with --resume."
            if saved
            else "Stopped before anything was learned; nothing is saved."
        )
    else:
        print_trained(result)
    if result["state"] == "stopped":
        raise typer.Exit(130)


def _print_epoch(kind: str, line: dict[str, Any]) -> None:
    """A line for every epoch; it is progress."""
    if kind != "metrics" or line.get("kind") != "epoch":
        return
    learned = line["train"]
    words = (
        f"{line['stage']} {line['epoch']}/{line['epochs']}: loss {learned['loss']:.4f}, "
        f"{learned['accuracy']:.1%} right"
    )
    for part in ("validation", "test"):
        if line.get(part):
            words += f", {part} {line[part]['accuracy']:.1%}"
    cli_output.note(f"{words} ({line['seconds']:.1f} s)")


def print_trained(result: dict[str, Any]) -> None:
    """Where the run is and how well it does."""
    cli_output.print_line(f"Run: {result['run']}")
    evaluation = result["evaluation"]
    if evaluation is None:
        cli_output.print_line("Not tested: the protocol keeps no clips for that.")
        return
    low, high = evaluation["ci95"]
    cli_output.print_line(
        f"Test: {evaluation['top1']:.1%} of {evaluation['clips']} clips right "
        f"(95 % interval {low:.1%} to {high:.1%})"
    )
    if evaluation["selected_by"] == "test":
        from harstudio.runs.config import CHOSEN_BY_TEST  # only needed here: help answers at once

        cli_output.print_line(f"  {CHOSEN_BY_TEST}")
    for name, one in evaluation["streams"].items():
        if len(evaluation["streams"]) > 1:
            cli_output.print_line(f"  stream {name} alone: {one['top1']:.1%}")


def models(json: AsJson = False) -> None:
    """List the networks that can be trained, with their sizes as their papers use them."""
    networks = run_job("harstudio.learning.jobs:models", {}, title="Measuring")["networks"]
    if json:
        cli_output.print_json(networks)
        return
    rows = [("name", "network", "year", "sees", "weights", "multiply-adds")] + [
        (
            one["name"],
            one["title"],
            str(one["year"]),
            " + ".join(one["modalities"]),
            f"{one['parameters'] / 1e6:.2f} M",
            f"{one['multiply_adds'] / 1e9:.2f} G",
        )
        for one in networks
    ]
    for text in cli_output.table(rows):
        cli_output.print_line(text)
