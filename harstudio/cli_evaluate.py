"""``harstudio evaluate``: how well a run does, for people."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harstudio import cli_output
from harstudio.cli_jobs import run_job
from harstudio.cli_options import AsJson, AsPage, OnDevice, RunArgument, Threads
from harstudio.errors import HarstudioError, UsageError
from harstudio.reports.out import require_writable

if TYPE_CHECKING:
    from harstudio.runs.truth import Truth


def evaluate(
    run: RunArgument,
    data: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Other labelled data; else the run's own test part."),
    ] = None,
    part: Annotated[str, typer.Option(help="train, validation or test.")] = "test",
    weights: Annotated[
        str, typer.Option(help="last or best; else those that the run is used with.")
    ] = "",
    without: Annotated[
        list[str] | None,
        typer.Option(metavar="KIND", help="As if no recording had it: what a missing one costs."),
    ] = None,
    disturbed: Annotated[
        str,
        typer.Option(metavar="CONDITION", help="As if all were recorded worse, as in half-rate."),
    ] = "",
    robustness: Annotated[
        bool,
        typer.Option(
            "--robustness",
            help="Also with each modality missing, and under worse conditions.",
        ),
    ] = False,
    explanations: Annotated[
        bool,
        typer.Option("--explanations", help="Also how true what the network shows is."),
    ] = False,
    clips: Annotated[
        int | None,
        typer.Option(
            min=0, metavar="N", help="Clips whose explanations are checked.  [default: 40; 0: all]"
        ),
    ] = None,
    device: OnDevice = "auto",
    threads: Threads = None,
    json: AsJson = False,
    html: AsPage = None,
) -> None:
    """Say how well a trained network does: accuracy, classes, confusions."""
    from harstudio.runs.bundled import find_run  # only needed here: help answers at once
    from harstudio.runs.truth import Truth

    lacking = without or []
    folder = find_run(run)
    if explanations and (weights or lacking or disturbed):
        raise UsageError(
            "Explanations are checked with the run's weights and recordings as they are.",
            remedy="Leave out --weights, --without and --disturbed, or --explanations.",
        )
    if clips is not None and not explanations:
        raise UsageError(
            "--clips says whose explanations are checked.", remedy="Add --explanations."
        )
    if data is not None:
        cli_output.must_exist(data)
    if html is not None:
        require_writable(html)
    payload = {
        "run": str(folder),
        "data": "" if data is None else str(data.absolute()),
        "part": part,
        "weights": weights,
        "without": lacking,
        "disturbed": disturbed,
        "robustness": robustness,
    }
    document = run_job(
        "harstudio.learning.jobs:evaluate",
        payload,
        title="Evaluation",
        device=device,
        threads=threads,
    )
    if explanations:
        document["explanations"] = run_job(
            "harstudio.recognition.truth.jobs:check_explanations",
            {"run": str(folder), "data": payload["data"], "part": part, "clips": clips},
            title="Explanations",
            device=device,
            threads=threads,
        )
    if json:
        cli_output.print_json(document)
    else:
        print_evaluation(document)
        if explanations:
            print_truth(Truth.of(document["explanations"]))
    if html is not None:
        if data is None and part == "test" and not (lacking or disturbed):
            _embed(folder)
        words = [
            "harstudio",
            "evaluate",
            str(run),
            *(() if data is None else ("--data", str(data))),
        ]
        words += ["--part", part] if part != "test" else []
        words += ["--weights", weights] if weights else []
        words += [word for kind in lacking for word in ("--without", kind)]
        words += ["--disturbed", disturbed] if disturbed else []
        words += ["--robustness"] if robustness else []
        words += ["--explanations"] if explanations else []
        words += [] if clips is None else ["--clips", str(clips)]
        command = shlex.join([*words, "--html", str(html)])
        write_page("evaluation", document, html, command, quiet=json)
    problems = [*document["problems"], *document.get("explanations", {}).get("problems", ())]
    for problem in dict.fromkeys(problems):
        cli_output.complain(problem)
    if problems:
        raise typer.Exit(1)


def print_evaluation(document: dict[str, Any]) -> None:
    """Figures, classes, and what is taken for what most often."""
    line = cli_output.print_line
    lacking = f", without {' and '.join(document['without'])}" if document.get("without") else ""
    if document.get("disturbed"):
        lacking += f", made worse: {document['disturbed']}"
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


def print_truth(truth: Truth) -> None:
    """How true explanations are; why figures are missing is told in ``--json`` and the page."""
    from harstudio.runs import truth_rows  # as above

    line = cli_output.print_line
    line(f"explanations: {truth_rows.about(truth)}")
    for text in cli_output.table(truth_rows.lines(truth_rows.main_rows(truth), truth_rows.TITLES)):
        line(text)
    published = truth_rows.lines(truth_rows.published_rows(truth))
    for text in cli_output.table(published) if published else ():
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


def _embed(run: Path) -> None:
    """The features in a plane, which the page shows where the run keeps them."""
    try:
        run_job("harstudio.learning.jobs:embed", {"run": str(run)}, title="Features")
    except HarstudioError as error:
        cli_output.say(f"The page shows no features. {error}")


def write_page(
    job: str, document: dict[str, Any], html: Path, command: str, *, quiet: bool
) -> None:
    """The page of a document by a job of the reports; command: what the page says made it."""
    made = run_job(
        f"harstudio.reports.jobs:{job}",
        {"document": document, "out": str(html.absolute()), "command": command},
        title="Report",
    )
    if not quiet:
        cli_output.print_line(f"Report: {made['page']}")
