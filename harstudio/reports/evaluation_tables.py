"""The tables of an evaluation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harstudio.reports.documents import Evaluation
from harstudio.reports.printed import Printed
from harstudio.reports.tables import Column, Table

MOST_CONFUSIONS = 30
MOST_WRONG = 40


def figures(evaluation: Evaluation) -> Table:
    """The network as a whole and every stream of its own."""
    rows: list[tuple[Any, ...]] = [
        (name, one.top1, one.ci95, one.top5, one.macro_f1, one.ece)
        for name, one in evaluation.streams.items()
        if len(evaluation.streams) > 1
    ]
    own = evaluation
    rows.append((own.whole, own.top1, own.ci95, own.top5, own.macro_f1, own.ece))
    return Table(
        "figures",
        "Streams and fusion",
        (
            Column("judge"),
            Column("top-1", "share"),
            Column("95 % interval (Wilson)", "interval"),
            Column("top-5", "share"),
            Column("macro F1", "number"),
            Column("ECE", "number"),
        ),
        tuple(rows),
        marked=frozenset({len(rows) - 1}),
    )


def per_class(evaluation: Evaluation) -> Table:
    """Accuracy by class, of streams and fusion, and what a class is most often taken for."""
    judges = evaluation.judges
    names = evaluation.classes
    rows: list[tuple[Any, ...]] = []
    for k, (name, one) in enumerate(evaluation.per_class.items()):
        shares = [
            matrix[k][k] / sum(matrix[k]) if sum(matrix[k]) else None for matrix in judges.values()
        ]
        rows.append(
            (k + 1, name, one.clips, *shares, _taken_for(evaluation.confusion[k], k, names))
        )
    return Table(
        "per_class",
        "Classes",
        (
            Column("no.", "count"),
            Column("class"),
            Column("clips", "count"),
            *(Column(judge, "share") for judge in judges),
            Column("taken for"),
        ),
        tuple(rows),
    )


def _taken_for(row: list[float], true: int, names: list[str]) -> str:
    """What a class is taken for, the most frequent first; at most two, with their clips."""
    said = sorted((-count, k) for k, count in enumerate(row) if count and k != true)
    return ", ".join(f"{names[k]} ({-count:g})" for count, k in said[:2])


def confusions(evaluation: Evaluation) -> Table:
    """The most frequent mistakes."""
    names = evaluation.classes
    found = sorted(
        (-count, true, said)
        for true, row in enumerate(evaluation.confusion)
        for said, count in enumerate(row)
        if count and true != said
    )
    return Table(
        "confusions",
        "Most frequent mistakes",
        (Column("true"), Column("said"), Column("clips", "count"), Column("of the class", "share")),
        tuple(
            (names[t], names[s], int(-n), -n / max(1, sum(evaluation.confusion[t])))
            for n, t, s in found[:MOST_CONFUSIONS]
        ),
    )


def wrong_and_sure(evaluation: Evaluation) -> Table:
    """Clips that are wrong, the surest first."""
    names = evaluation.classes
    streams = [name for name in evaluation.streams if len(evaluation.streams) > 1]
    wrong = sorted(
        (clip for clip in evaluation.samples if not clip.right),
        key=lambda clip: (-clip.confidence, clip.recording, clip.start_ns),
    )
    return Table(
        "wrong_and_confident",
        "Wrong and confident",
        (
            Column("recording"),
            Column("from", "seconds_at"),
            Column("subject", "count"),
            Column("true"),
            Column("said"),
            Column("confidence", "share"),
            Column("of the true class", "share"),
            *(Column(name) for name in streams),
        ),
        tuple(
            (
                clip.recording,
                clip.start_ns / 1e9,
                clip.subject,
                names[clip.label],
                names[clip.predicted],
                clip.confidence,
                clip.true_confidence,
                *(_stream(clip.streams.get(name), clip.label, names) for name in streams),
            )
            for clip in wrong[:MOST_WRONG]
        ),
        caption=f"{len(wrong)} of {evaluation.clips} clips are wrong; these are the surest."
        if len(wrong) > MOST_WRONG
        else "",
    )


def _stream(said: int | None, true: int, names: list[str]) -> str | None:
    if said is None:
        return None
    return "right" if said == true else names[said]


def robustness(evaluation: Evaluation) -> Table:
    """Accuracy under each disturbance."""
    return Table(
        "robustness",
        "When the input is disturbed",
        (
            Column("disturbance"),
            Column("clips", "count"),
            Column("top-1", "share"),
            Column("95 % interval (Wilson)", "interval"),
            Column("change, points", "change"),
            Column("95 % interval of it", "changes"),
            Column("remark"),
        ),
        tuple(
            (r.title, r.clips, r.top1, r.ci95, r.change, r.change_ci95, r.problem)
            for r in evaluation.robustness
        ),
    )


def printed_beside(
    evaluation: Evaluation, printed: Printed, kinds: Sequence[str] = ()
) -> tuple[Table, Table]:
    """What papers print for networks beside this run, the best first; and their ablations."""
    columns = (
        Column("method"),
        Column("sees"),
        Column("top-1", "printed"),
        Column("printed in"),
        Column("table"),
        Column("remark"),
    )
    rows: list[tuple[Any, ...]] = [
        (r.method, r.modality, r.accuracy, r.paper, r.table, _kind(r.kind, r.note))
        for r in printed.rows
        if r.kind != "ablation"
    ]
    low, high = evaluation.ci95
    interval = f"{100 * low:.1f} to {100 * high:.1f} %, {evaluation.clips} clips, 1 seed"
    ours = (
        f"this run ({evaluation.network})",
        " + ".join(kinds),
        100 * evaluation.top1,
        "",
        "",
        interval,
    )
    place = sum(row[2] > ours[2] for row in rows)
    rows.insert(place, ours)
    ablations = tuple(
        (r.method, r.modality, r.accuracy, r.paper, r.table, r.note)
        for r in printed.rows
        if r.kind == "ablation"
    )
    title = f"Printed for {printed.dataset}, {printed.protocol}"
    return (
        Table("published", title, columns, tuple(rows), marked=frozenset({place})),
        Table("published_ablations", f"Ablations {title.lower()}", columns, ablations),
    )


def _kind(kind: str, note: str) -> str:
    words = "the paper's own network" if kind == "own" else "cited there"
    return f"{words}; {note}" if note else words
