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
from harstudio.runs.bundled import find_run
from harstudio.runs.config import parse_options
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
    if line["validation"]:
        words += f", validation {line['validation']['accuracy']:.1%}"
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
    for name, one in evaluation["streams"].items():
        if len(evaluation["streams"]) > 1:
            cli_output.print_line(f"  stream {name} alone: {one['top1']:.1%}")


def evaluate(
    run: Path,
    data: Path | None,
    where: Where,
    *,
    part: str,
    weights: str,
    without: Sequence[str],
    robustness: bool,
    json: bool,
) -> None:
    """``harstudio evaluate``; exit status 1 where some clips could not be read."""
    folder = find_run(run)
    if data is not None:
        cli_output.must_exist(data)
    payload = {
        "run": str(folder),
        "data": "" if data is None else str(data.absolute()),
        "part": part,
        "weights": weights,
        "without": list(without),
        "robustness": robustness,
    }
    document = run_job(
        "harstudio.learning.jobs:evaluate",
        payload,
        title="Evaluation",
        device=where.device,
        threads=where.threads,
    )
    if json:
        cli_output.print_json(document)
    else:
        print_evaluation(document)
    for problem in document["problems"]:
        cli_output.complain(problem)
    if document["problems"]:
        raise typer.Exit(1)


def print_evaluation(document: dict[str, Any]) -> None:
    """Figures, classes, and what is taken for what most often."""
    line = cli_output.print_line
    lacking = f", without {' and '.join(document['without'])}" if document.get("without") else ""
    line(f"{document['network']}, {document['clips']} clips, part {document['part']}{lacking}")
    for text in _figures(document):
        line(text)
    if len(document["streams"]) > 1:
        rows = [("stream", "top-1", "95 % interval", "top-5", "macro F1", "ECE")] + [
            (
                name,
                f"{one['top1']:.1%}",
                between(one["ci95"]),
                f"{one['top5']:.1%}",
                f"{one['macro_f1']:.3f}",
                f"{one['ece']:.3f}",
            )
            for name, one in document["streams"].items()
        ]
        for text in cli_output.table(rows):
            line(text)
    rows = [("class", "clips", "right")] + [
        (name, str(one["clips"]), "" if one["accuracy"] is None else f"{one['accuracy']:.1%}")
        for name, one in document["per_class"].items()
    ]
    for text in cli_output.table(rows):
        line(text)
    for count, true, said in confusions(document):
        line(f"{count} of {true} taken for {said}")
    for text in _robustness(document.get("robustness") or ()):
        line(text)


def _figures(document: dict[str, Any]) -> Iterable[str]:
    """The figures of the network as a whole, with their intervals."""
    drawn, people = document["bootstrap"], document["bootstrap_subjects"]
    yield f"top-1     {document['top1']:.1%} (95 % interval {between(document['ci95'])})"
    if people is not None:
        yield (
            f"          {between(people['top1'])} when its {people['subjects']} people are drawn, "
            "not clips"
        )
    yield f"top-5     {document['top5']:.1%}"
    low, high = drawn["macro_f1"]
    yield f"macro F1  {document['macro_f1']:.3f} (95 % interval {low:.3f} to {high:.3f})"
    yield f"ECE       {document['ece']:.3f}"
    work = document["multiply_adds"]
    yield (
        f"size      {document['parameters'] / 1e6:.2f} M weights, "
        f"{document['bytes'] / 1e6:.1f} MB"
        + ("" if work is None else f", {work / 1e9:.3f} G multiply-adds a clip")
    )
    yield f"time      {1000 * document['seconds_per_clip']:.1f} ms a clip on {document['device']}"
    if document["selected_by"] == "test":
        yield "The test part chose these weights: its figures are better than those of other clips."


def _robustness(conditions: Sequence[dict[str, Any]]) -> Iterable[str]:
    """A table of conditions, and what could not be tried."""
    if not conditions:
        return
    rows = [("condition", "clips", "top-1", "change in points", "95 % interval")]
    for one in conditions:
        if one["top1"] is not None:
            low, high = one["change_ci95"]
            rows.append(
                (
                    one["title"],
                    str(one["clips"]),
                    f"{one['top1']:.1%}",
                    f"{100 * one['change']:+.1f}",
                    f"{100 * low:+.1f} to {100 * high:+.1f}",
                )
            )
    yield from cli_output.table(rows)
    for one in conditions:
        if one["problem"]:
            yield f"{one['title']}: {one['problem']}"


def between(interval: Sequence[float]) -> str:
    """An interval of shares."""
    return f"{interval[0]:.1%} to {interval[1]:.1%}"


def confusions(document: dict[str, Any], most: int = 5) -> list[tuple[int, str, str]]:
    """(clips, true class, class that was said) of the most frequent mistakes."""
    names = list(document["per_class"])
    found = [
        (count, names[true], names[said])
        for true, row in enumerate(document["confusion"])
        for said, count in enumerate(row)
        if count and true != said
    ]
    return sorted(found, key=lambda one: -one[0])[:most]


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
