"""The report of an evaluation."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from harstudio.errors import HarstudioError
from harstudio.reports import charts, evaluation_tables, matrices, scatter
from harstudio.reports import truth as truths
from harstudio.reports.documents import Embedding, Evaluation, checked
from harstudio.reports.figures import Drawn, drawing
from harstudio.reports.page import Report
from harstudio.reports.printed import printed_for
from harstudio.reports.sheet import sheet
from harstudio.reports.tables import Column, Table
from harstudio.runs.config import flat
from harstudio.runs.folder import RunFolder
from harstudio.runs.reading import read_config, read_data, read_json, read_metrics
from harstudio.runs.truth import Truth, is_older, read_truth
from harstudio.runs.truth_rows import about

PARTS = {"train": "training", "validation": "validation", "test": "test"}
CHOSEN = {
    "validation": "The epoch was chosen by the validation part.",
    "last": "No epoch was chosen: these are the weights of the last one.",
    "test": "The epoch was chosen by these very test clips, as some papers do. The figures are "
    "better than those of clips that played no part in the choice.",
}


def evaluation_report(
    document: dict[str, Any],
    *,
    command: str = "",
    pause: Callable[[int, int], None] = lambda done, total: None,
) -> Report:
    """Figures, tables and key frames of ``evaluate --json``, with what its run folder tells.

    command: what made it. pause: hears how many clips of the sheet are done. DataError where the
    document does not fit together; what the run folder lacks is left out, and said.
    """
    evaluation = checked(Evaluation, document)
    run = RunFolder(Path(evaluation.run))
    missing: list[str] = []
    config = _read(lambda: flat(read_config(run.path)), {}, missing)
    learned = _read(lambda: read_data(run.path) or {}, {}, missing)
    environment = _read(lambda: read_json(run.environment), {}, missing)
    printed = printed_for(evaluation.classes, evaluation.protocol)
    if not evaluation.as_published:
        printed = printed_for((), evaluation.protocol)
    truth = _truth(evaluation, run, missing)
    figures, embedded = _figures(evaluation, run, truth, missing)
    kinds = _kinds(evaluation, config)
    right, wrong = sheet(evaluation, kinds, pause)
    beside, ablations = evaluation_tables.printed_beside(evaluation, printed, kinds)
    tables = [
        evaluation_tables.figures(evaluation),
        evaluation_tables.per_class(evaluation),
        evaluation_tables.confusions(evaluation),
        evaluation_tables.wrong_and_sure(evaluation),
        *((evaluation_tables.robustness(evaluation),) if evaluation.robustness else ()),
        *(_truth_tables(truth) if truth is not None else ()),
        *((beside,) if printed.rows else ()),
        *((ablations,) if ablations.rows else ()),
    ]
    return Report(
        "evaluation.html",
        f"{run.path.name}: {evaluation.network} on {Path(evaluation.data).name}",
        figures,
        tables,
        {
            "one": evaluation,
            "chosen": CHOSEN.get(evaluation.selected_by, ""),
            "by_test": evaluation.selected_by == "test",
            "learned": _parts(learned),
            "learned_from": str(learned.get("path") or evaluation.data),
            "topology": str(learned.get("topology") or ""),
            "data_problems": [str(one) for one in learned.get("problems") or ()],
            "kinds": kinds,
            "right": right,
            "wrong": wrong,
            "printed": printed,
            "embedded": embedded,
            "truth": truth,
            "truth_about": about(truth) if truth is not None else "",
            "truth_failing": truths.failing(truth) if truth is not None else [],
            "truth_missing": truths.missing(truth) if truth is not None else [],
            "truth_older": truth is not None and evaluation.explanations is None and is_older(run),
            "config": {key: _shown(value) for key, value in sorted(config.items())},
            "environment": {
                key: _shown(value) for key, value in flat(environment).items() if value is not None
            },
            "command": command,
            "missing": missing,
        },
    )


def _figures(
    evaluation: Evaluation, run: RunFolder, truth: Truth | None, missing: list[str]
) -> tuple[list[Drawn], bool]:
    """All figures that there is something for; whether the features are among them."""
    judges, classes = evaluation.judges, evaluation.classes
    with drawing():
        found: list[Drawn | None] = [
            charts.class_bars(evaluation),
            matrices.confusion(judges, classes),
            matrices.difference(judges, classes) if len(judges) > 1 else None,
            charts.reliability(evaluation) if evaluation.reliability else None,
            charts.robustness(evaluation)
            if any(one.top1 is not None for one in evaluation.robustness)
            else None,
            charts.curves({run.path.name: epochs_of(run.path)}),
            None if truth is None else truths.curves(truth),
        ]
        features = _embedding(evaluation, run, missing)
        drawn = None if features is None else scatter.features(evaluation, features)
        found.append(drawn)
    return [one for one in found if one is not None], drawn is not None


def _truth(evaluation: Evaluation, run: RunFolder, missing: list[str]) -> Truth | None:
    """How true explanations are: of the document, else what the run's folder keeps of its own test
    part."""
    if evaluation.explanations is not None or not evaluation.as_published:
        return evaluation.explanations
    if evaluation.data != str(_read(lambda: flat(read_config(run.path)), {}, []).get("data.path")):
        return None
    found: Truth | None = _read(lambda: read_truth(run), None, missing)
    return found


def _truth_tables(truth: Truth) -> list[Table]:
    tables = [truths.main_table(truth), truths.parts_table(truth), truths.gates_table(truth)]
    return [one for one in tables if one.rows]


def _embedding(evaluation: Evaluation, run: RunFolder, missing: list[str]) -> Embedding | None:
    """The features of the run's own test part in a plane; None where they are not kept."""
    if not evaluation.as_published or not run.embedding.is_file():
        return None
    found: Embedding | None = _read(
        lambda: checked(Embedding, read_json(run.embedding)), None, missing
    )
    return found


def epochs_of(run: Path) -> list[dict[str, Any]]:
    """The epochs of metrics.jsonl; none where there are none."""
    return [
        line
        for line in read_metrics(RunFolder(run).metrics)
        if line.get("kind") == "epoch" and isinstance(line.get("train"), dict)
    ]


def _read(reader: Callable[[], Any], default: Any, missing: list[str]) -> Any:
    """What a file of the run tells; a sentence where it cannot be read."""
    try:
        return reader()
    except HarstudioError as error:
        missing.append(str(error))
    return default


def _kinds(evaluation: Evaluation, config: dict[str, Any]) -> list[str]:
    """What the network saw, as kinds of streams."""
    seen = [str(one) for one in config.get("data.modalities") or ()]
    return [one for one in seen if one not in evaluation.without]


def _parts(learned: dict[str, Any]) -> Table | None:
    """Clips, recordings and people of each part."""
    parts = learned.get("parts")
    if not isinstance(parts, dict):
        return None
    rows = []
    for name, title in PARTS.items():
        clips = [one for one in parts.get(name) or () if isinstance(one, dict)]
        people = sorted({int(one["subject"]) for one in clips if one.get("subject") is not None})
        recordings = {str(one.get("recording")) for one in clips}
        classes = {one.get("label") for one in clips}
        rows.append((title, len(clips), len(recordings), len(classes), _ranges(people)))
    return Table(
        "parts",
        "Parts",
        (
            Column("part"),
            Column("clips", "count"),
            Column("recordings", "count"),
            Column("classes", "count"),
            Column("subjects"),
        ),
        tuple(rows),
    )


def _ranges(numbers: Sequence[int]) -> str:
    """Numbers in rising order, runs of three and more as "3 to 7"."""
    found: list[list[int]] = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    words = [
        f"{low} to {high}" if high - low > 1 else ", ".join(map(str, range(low, high + 1)))
        for low, high in found
    ]
    return ", ".join(words)


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
