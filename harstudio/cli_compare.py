"""``harstudio compare``: runs side by side, for people."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from harstudio import cli_output
from harstudio.cli_evaluate import between, write_page
from harstudio.cli_jobs import run_job
from harstudio.cli_options import AsJson, AsPage
from harstudio.reports.out import require_writable

MOST_CLASSES = 3  # named of those that gain, and that lose
MOST_PAIRS = 20
MOST_COLUMNS = 6  # of runs whose configs differ
MOST_KEYS = 20  # of configs


def compare(
    runs: Annotated[
        list[str],
        typer.Argument(metavar="RUN...", help="Run folders, or names of bundled weights."),
    ],
    add: Annotated[
        bool, typer.Option("--sum", help="Also the figures of their scores added clip by clip.")
    ] = False,
    json: AsJson = False,
    html: AsPage = None,
) -> None:
    """Set evaluated runs side by side: figures, McNemar's test, seeds and folds, configs."""
    if html is not None:
        require_writable(html)
    document = run_job(
        "harstudio.learning.jobs:compare", {"runs": list(runs), "sum": add}, title="Comparing"
    )
    if json:
        cli_output.print_json(document)
    else:
        print_comparison(document)
    if html is not None:
        added = ["--sum"] if add else []
        command = shlex.join(["harstudio", "compare", *runs, *added, "--html", str(html)])
        write_page("comparison", document, html, command, quiet=json)


def print_comparison(document: dict[str, Any]) -> None:
    """Tables of runs, groups, sums, pairs and what differs in the configs."""
    _print_rows(
        [("run", "clips", "top-1", "95 % interval", "macro F1", "ECE")],
        (
            (
                one["name"],
                str(one["clips"]),
                _percent(one["top1"]),
                _between(one["ci95"]),
                _rounded(one["macro_f1"]),
                _rounded(one["ece"]),
            )
            for one in document["runs"]
        ),
    )
    chosen = [one["name"] for one in document["runs"] if one["selected_by"] == "test"]
    if chosen:
        cli_output.print_line(f"Chosen by the test part, so too good: {', '.join(chosen)}")
    _print_rows(
        [("over seeds and folds", "seeds", "mean", "sd", "95 %, seeds", "95 %, clips", "folds")],
        (
            (
                one["name"],
                str(len(one["seeds"])),
                _percent(one["mean"]),
                "" if one["std"] is None else _percent(one["std"]),
                _between(one["ci95_seeds"]),
                _between(one["ci95_clips"]),
                one["coverage"],
            )
            for one in document["groups"]
            if len(one["runs"]) + len(one["left_out"]) > 1
        ),
    )
    for line in remarks(document["groups"]):
        cli_output.print_line(line)
    _print_rows(
        [("sum of", "clips", "top-1", "95 % interval", "macro F1")],
        (
            (
                one["rule"],
                str(one["clips"]),
                _percent(one["top1"]),
                _between(one["ci95"]),
                _rounded(one["macro_f1"]),
            )
            for one in document.get("sums", ())
        ),
    )
    _print_pairs(document)
    _print_configs(document)


def remarks(groups: Sequence[dict[str, Any]]) -> list[str]:
    """What means cannot be read without: runs left out of them, and choices by the test part."""
    chosen = [one["name"] for one in groups if "test" in one["selected_by"]]
    found = [f"Chosen by the test part, so too good: the mean of {name}" for name in chosen]
    left_out = [one for group in groups for one in group["left_out"]]
    return found + [f"Left out of the mean: {one['run']}, {one['reason']}" for one in left_out]


def _print_pairs(document: dict[str, Any]) -> None:
    """Pairs; of many those that are not of two runs, the others are in the document."""
    pairs = document["pairs"]
    runs = {one["name"] for one in document["runs"]}
    if len(pairs) > MOST_PAIRS:
        of_groups = [one for one in pairs if not runs.issuperset((one["a"], one["b"]))]
        pairs = of_groups or pairs[:MOST_PAIRS]
    _print_rows(
        [("pair", "clips", "only first", "only second", "p", "p, Holm", "change")],
        (
            (
                f"{one['a']} - {one['b']}",
                str(one["clips"]),
                str(one["only_a"]),
                str(one["only_b"]),
                f"{one['p']:.2g}",
                f"{one['p_holm']:.2g}",
                f"{100 * one['change']:+.1f} points",
            )
            for one in pairs
        ),
    )
    if len(pairs) < len(document["pairs"]):
        left = len(document["pairs"]) - len(pairs)
        cli_output.print_line(f"pairs left out: {left}; see --json")
    if len(document["pairs"]) == 1:
        for line in gains(pairs[0]):
            cli_output.print_line(line)


def _print_configs(document: dict[str, Any]) -> None:
    """What differs: a column a run, or of many runs the values that there are."""
    names = [one["name"] for one in document["runs"]]
    configs = list(document["configs"].items())
    many = len(names) > MOST_COLUMNS
    _print_rows(
        [("config", "values")] if many else [("config", *names)],
        (
            (key, ", ".join(dict.fromkeys(map(_shown, values))))
            if many
            else (key, *map(_shown, values))
            for key, values in configs[:MOST_KEYS]
        ),
    )
    if len(configs) > MOST_KEYS:
        cli_output.print_line(f"and {len(configs) - MOST_KEYS} more; see --json")


def gains(pair: dict[str, Any]) -> list[str]:
    """The classes that gain and lose most, as lines."""
    rated = pair["gains"]
    better = [one for one in rated if one["change"] > 0][:MOST_CLASSES]
    worse = [one for one in rated if one["change"] < 0][-MOST_CLASSES:]
    return [
        f"{one['class']}: {100 * one['change']:+.1f} points of {one['clips']} clips"
        for one in (*better, *worse)
    ]


def _print_rows(head: list[tuple[str, ...]], rows: Any) -> None:
    """A table, unless it is empty; with a line before every one but the first."""
    found = list(rows)
    if found:
        for text in cli_output.table([*head, *found]):
            cli_output.print_line(text)
        cli_output.print_line("")


def _shown(value: Any) -> str:
    return "-" if value is None else str(value)


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"


def _rounded(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _between(interval: Sequence[float] | None) -> str:
    return "" if interval is None else between(interval)
