"""Commands of training: they run the jobs and print what comes out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from harstudio import cli_output
from harstudio.cli_jobs import run_job
from harstudio.errors import UsageError
from harstudio.jobs.torchrun import place
from harstudio.runs.config import CHOSEN_BY_TEST, parse_options
from harstudio.runs.folder import RunFolder

LARGEST_CLASSES = 1 << 20  # bytes of a list of names


@dataclass(frozen=True, slots=True)
class Where:
    """What a job computes on; threads None = every core."""

    device: str = "auto"
    threads: int | None = None


def train(config: Path, changes: Sequence[str], where: Where, *, resume: bool, json: bool) -> None:
    """``harstudio train``; stopped by Ctrl+C it exits with 130 and can go on."""
    payload = {"config_path": str(config), "overrides": list(changes), "resume": resume}
    result = run_job(
        "harstudio.learning.jobs:train",
        payload,
        title="Training",
        heard=_print_epoch,
        device=where.device,
        threads=where.threads,
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
        cli_output.print_line(f"  {CHOSEN_BY_TEST}")
    for name, one in evaluation["streams"].items():
        if len(evaluation["streams"]) > 1:
            cli_output.print_line(f"  stream {name} alone: {one['top1']:.1%}")


def import_weights(
    file: Path,
    network: str,
    out: Path,
    changes: Sequence[str],
    *,
    classes: Path | None,
    topology: str,
    part: str,
    json: bool,
) -> None:
    """``harstudio weights import``."""
    cli_output.must_exist(file)
    names: list[str] = []
    if classes is not None:
        cli_output.must_exist(classes)
        names = read_classes(classes)
    told = run_job(
        "harstudio.learning.jobs:import_weights",
        {
            "file": str(file.absolute()),
            "network": network,
            "out": str(out.absolute()),
            "classes": names,
            "topology": topology,
            "options": parse_options(changes),
            "part": part,
        },
        title="Importing",
    )
    if json:
        cli_output.print_json(told)
        return
    line = cli_output.print_line
    line(f"{told['format']}: {told['loaded']} tensors into {' and '.join(told['parts'])}")
    for name, why in told["left_out"].items():
        line(f"left out  {name}: {why}")
    random = Counter(name.rpartition(".")[0] for name in told["left_at_random"])
    if random:
        line(f"at random {sum(random.values())} weights of {', '.join(shortened(random))}")
    line(f"Saved in {told['run']}; train from it with training.start.")


def read_classes(path: Path) -> list[str]:
    """Names of classes, one a line; UsageError where there are none, or one twice."""
    with path.open("rb") as file:
        text = file.read(LARGEST_CLASSES + 1)
    try:
        names = [line.strip() for line in text.decode("utf-8").splitlines() if line.strip()]
    except UnicodeDecodeError:
        names = []
    if not names or len(text) > LARGEST_CLASSES:
        raise UsageError("It holds no names of classes.", path=path, remedy="Write one a line.")
    twice = next((name for name, count in Counter(names).items() if count > 1), None)
    if twice is not None:
        raise UsageError(f"The class {twice} is named twice.", path=path)
    return names


def shortened(names: Iterable[str], most: int = 8) -> list[str]:
    """The first parts of dotted names, each once; at most so many."""
    parts = list(dict.fromkeys(".".join(name.split(".")[:2]) for name in names))
    return [*parts[:most], "..."] if len(parts) > most else parts


def models(*, json: bool) -> None:
    """``harstudio models``."""
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
