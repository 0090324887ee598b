"""``harstudio labels agreement`` and ``harstudio labels stats``, for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import typer

from harstudio import cli_output
from harstudio.errors import MissingError
from harstudio.labels.agreement import IOUS, Agreement, Pair, PairAgreement, measure_all
from harstudio.labels.agreement.reading import read_compared
from harstudio.labels.project import Project
from harstudio.labels.team.assignments import Assignments
from harstudio.labels.team.progress import (
    ProjectProgress,
    Total,
    durations_of,
    measure_progress,
)
from harstudio.labels.team.pseudonyms import Pseudonyms
from harstudio.labels.team.tables import (
    agreement_rows,
    progress_document,
    progress_rows,
    write_csv,
)

LISTED = 10  # disagreements and confusions in what people read
PAIRS_SIDE_BY_SIDE = 3


def agreement(
    folder: Path,
    *,
    annotators: Sequence[str],
    recordings: Sequence[str],
    json: bool,
    csv: Path | None,
) -> None:
    """How far annotators agree; exit status 1 where something could not be read."""
    project = Project.open(folder)
    pseudonyms = project.pseudonyms()
    names = _chosen(project, recordings)
    _must_have_labelled(project, annotators, names)
    problems: list[str] = []
    with cli_output.Progress("Reading", unit="recordings") as progress:
        compared = read_compared(
            project,
            names,
            annotators or None,
            on_problem=lambda error: problems.append(str(error)),
            progress=lambda count: progress.of(count, len(names)),
        )
        found = measure_all(compared, annotators or None)
    found = _hidden(found, pseudonyms)
    if csv is not None:
        write_csv(agreement_rows(found), csv)
    if json:
        cli_output.print_json(found.to_dict() | {"problems": problems})
    else:
        for line in _agreement_lines(found):
            cli_output.print_line(line)
    _end(problems)


def stats(folder: Path, *, json: bool, csv: Path | None) -> None:
    """What is labelled, by whom and in what time; exit status 1 as above."""
    project = Project.open(folder)
    pseudonyms = project.pseudonyms()
    assignments = Assignments.load(project.folder)
    names = project.labelled_recordings()
    with cli_output.Progress("Reading recordings", unit="") as progress:
        durations = durations_of(project, names, progress.of)
    with cli_output.Progress("Reading labels", unit="") as progress:
        found = measure_progress(project, durations, assignments, progress.of)
    labelled = {row.recording for row in found.rows if row.begun or row.problem}
    rows = (replace(row, recording=pseudonyms.shown(row.recording)) for row in found.rows)
    found = replace(found, rows=tuple(rows))
    there = len(project.recordings())
    if csv is not None:
        write_csv(progress_rows(found), csv)
    if json:
        document = {"recordings": there, "labelled": len(labelled)} | progress_document(found)
        cli_output.print_json(document)
    else:
        cli_output.print_line(
            f"{project.name}: {there} recordings, {len(labelled)} of them labelled"
        )
        for line in _progress_lines(found):
            cli_output.print_line(line)
    _end(found.problems)


def _chosen(project: Project, recordings: Sequence[str]) -> list[str]:
    there = project.labelled_recordings()
    for name in recordings:
        if name not in there:
            raise MissingError(
                f"Nobody has labelled “{name}”.",
                path=project.folder,
                remedy="harstudio labels stats lists what is labelled.",
            )
    return list(recordings) or there


def _must_have_labelled(
    project: Project, annotators: Sequence[str], recordings: Iterable[str]
) -> None:
    there = {who for name in recordings for who in project.annotators(name)} if annotators else ()
    for who in annotators:
        if who not in there:
            raise MissingError(
                f"{who} has labelled none of these recordings.",
                path=project.folder,
                remedy=f"These have: {', '.join(sorted(there)) or 'nobody'}.",
            )


def _hidden(found: Agreement, pseudonyms: Pseudonyms) -> Agreement:
    """Without names of subjects, where the policy says so."""
    shown = pseudonyms.shown
    return replace(
        found,
        recordings=tuple(map(shown, found.recordings)),
        disagreements=tuple(
            replace(one, recording=shown(one.recording), person=shown(one.person))
            for one in found.disagreements
        ),
        remarks=tuple(map(shown, found.remarks)),
    )


def _end(problems: Iterable[str]) -> None:
    problems = list(problems)
    for problem in problems:
        cli_output.complain(problem)
    if problems:
        raise typer.Exit(1)


# ---- agreement


def _agreement_lines(found: Agreement) -> Iterator[str]:
    if found.pairs:
        yield (
            f"{', '.join(found.annotators)}: {len(found.recordings)} recordings, "
            f"{found.frames} frames"
        )
        yield f"Krippendorff alpha  {_figure(found.alpha)}"
        if len(found.annotators) > 2:
            yield f"Fleiss kappa        {_figure(found.fleiss)}"
        yield ""
        yield from cli_output.table(
            [PAIR_HEAD, *(_pair_row(pair, one) for pair, one in found.pairs.items())]
        )
        yield ""
        yield from _labels(found)
        yield from _confusions(found)
        yield ""
        yield from _disagreements(found)
        yield ""
        yield "1 is full agreement, 0 what chance alone gives."
    yield from found.remarks


PAIR_HEAD = (
    "pair", "frames", "same", "kappa", *(f"F1@{iou:g}" for iou in IOUS), "edges", "median", "95 %",
)  # fmt: skip


def _pair_row(pair: Pair, one: PairAgreement) -> tuple[str, ...]:
    edges = one.boundaries
    return (
        " and ".join(pair),
        str(one.frames),
        f"{one.agreed / one.frames:.1%}" if one.frames else "-",
        _figure(one.kappa),
        *(_figure(one.segments[iou].f1) for iou in IOUS),
        str(edges.edges),
        "-" if edges.median_ms is None else f"{edges.median_ms:.0f} ms",
        "-" if edges.p95_ms is None else f"{edges.p95_ms:.0f} ms",
    )


def _labels(found: Agreement) -> Iterator[str]:
    """By label: of one pair the frames that either gives it, kappa and F1; of more the kappas."""
    pairs = found.pairs
    if len(pairs) > PAIRS_SIDE_BY_SIDE:
        yield "Labels by pair: in the table of --csv."
        return
    labels = sorted({label for one in pairs.values() for label in one.labels})
    head = ["label"]
    rows = [[label] for label in labels]
    for pair, one in pairs.items():
        who = " and ".join(pair)
        head += ["frames", "kappa", "F1@0.5"] if len(pairs) == 1 else [f"kappa, {who}"]
        for row in rows:
            own = one.labels.get(row[0])
            cells = ["-", "-", "-"]
            if own is not None:
                either = own.frames_first + own.frames_second - own.frames_both
                cells = [str(either), _figure(own.kappa), _figure(own.segments[IOUS[-1]].f1)]
            row += cells if len(pairs) == 1 else cells[1:2]
    if rows:
        yield from cli_output.table([head, *rows])
        yield ""


def _confusions(found: Agreement) -> Iterator[str]:
    """What is mixed up on the most frames, over all pairs, whoever says which."""
    frames = sum((one.confusion for one in found.pairs.values()), np.zeros(1, np.int64))
    said = [name or "nothing" for name in found.categories]
    mixed = [
        (int(frames[row, column] + frames[column, row]), said[row], said[column])
        for row in range(len(said))
        for column in range(row)
    ]
    for count, first, second in sorted(mixed, key=lambda one: -one[0])[:LISTED]:
        if count:
            yield f"{count} frames: {first} against {second}"


def _disagreements(found: Agreement) -> Iterator[str]:
    longest = sorted(found.disagreements, key=lambda one: one.start_ns - one.end_ns)[:LISTED]
    if not longest:
        yield "No disagreement."
        return
    more = len(found.disagreements) - len(longest)
    yield f"{len(found.disagreements)} disagreements" + (", the longest:" if more else ":")
    rows = [
        (
            one.recording + (f" ({one.person})" if one.person else ""),
            f"{one.start_ns / 1e9:.3f} to {one.end_ns / 1e9:.3f} s",
            ", ".join(f"{who}: {label or 'nothing'}" for who, label in one.told.items()),
        )
        for one in sorted(longest, key=lambda one: (one.recording, one.start_ns))
    ]
    yield from cli_output.table(rows)


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


# ---- stats


def _progress_lines(found: ProjectProgress) -> Iterator[str]:
    yield ""
    rows = [
        (name, *_total_cells(total))
        for name, total in [*found.by_annotator().items(), ("all", found.total)]
    ]
    yield from cli_output.table([TOTAL_HEAD, *rows])
    yield ""
    counts = [
        (
            label,
            str(one.clips),
            str(one.points),
            f"{one.total_ns / 1e9:.1f} s",
            *(
                f"{length / 1e9:.2f} s" if one.clips else "-"
                for length in (one.shortest_ns, one.median_ns, one.longest_ns)
            ),
        )
        for label, one in found.labels.items()
        if one.clips or one.points
    ]
    if counts:
        head = ("label", "clips", "points", "in all", "shortest", "median", "longest")
        yield from cli_output.table([head, *counts])
    unused = [label for label, one in found.labels.items() if not (one.clips or one.points)]
    if unused:
        yield f"Not used yet: {', '.join(unused)}"


TOTAL_HEAD = (
    "annotator", "recordings", "begun", "done", "clips", "points", "labelled", "doubts",
    "incomplete", "time spent",
)  # fmt: skip


def _total_cells(total: Total) -> tuple[str, ...]:
    share = "-" if total.share is None else f"{total.share:.1%}"
    minutes = round(total.active_ns / 60e9)
    return (
        str(total.documents),
        str(total.begun),
        str(total.done),
        str(total.clips),
        str(total.points),
        share,
        str(total.doubts),
        str(total.missing),
        f"{minutes // 60}:{minutes % 60:02d} h",
    )
