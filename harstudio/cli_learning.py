"""Commands of training: they run the jobs and print what comes out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer

from harstudio import cli_output
from harstudio.cli_jobs import run_job


def train(config: Path, changes: Sequence[str], *, resume: bool, json: bool) -> None:
    """``harstudio train``; stopped by Ctrl+C it exits with 130 and can go on."""
    payload = {"config_path": str(config), "overrides": list(changes), "resume": resume}
    heard = None if json else _print_epoch
    result = run_job("harstudio.learning.jobs:train", payload, title="Training", heard=heard)
    if json:
        cli_output.print_json(result)
    elif result["state"] == "stopped":
        cli_output.say(f"Stopped and saved in {result['run']}; go on with --resume.")
    else:
        print_trained(result)
    if result["state"] == "stopped":
        raise typer.Exit(130)


def _print_epoch(kind: str, line: dict[str, Any]) -> None:
    """A line on stdout for every epoch."""
    if kind != "metrics" or line.get("kind") != "epoch":
        return
    learned = line["train"]
    words = (
        f"{line['stage']} {line['epoch']}/{line['epochs']}: loss {learned['loss']:.4f}, "
        f"{learned['accuracy']:.1%} right"
    )
    if line["validation"]:
        words += f", validation {line['validation']['accuracy']:.1%}"
    cli_output.print_line(f"{words} ({line['seconds']:.1f} s)")


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
    for name, one in evaluation["streams"].items():
        if len(evaluation["streams"]) > 1:
            cli_output.print_line(f"  stream {name} alone: {one['top1']:.1%}")
