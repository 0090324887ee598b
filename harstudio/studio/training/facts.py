"""Facts about the chosen run, beside its curves."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from harstudio.studio import theme
from harstudio.studio.jobs.words import left_text, length_text
from harstudio.studio.training.looks import RunDetail, clock

if TYPE_CHECKING:
    from harstudio.jobs.record import JobRecord

Row = tuple[str, str]
SHOWN_OPTIONS = 12
HIDDEN = ("stages", "cache_mib", "checkpoint_seconds", "schedule", "decay")


def run_facts(detail: RunDetail, record: JobRecord | None) -> list[tuple[str, list[Row]]]:
    """Groups of (name, value); what is not known is left out."""
    groups = [
        ("Result", _result(detail)),
        ("Progress", _progress(detail, record)),
        ("Network", _network(detail.config)),
        ("Data", _data(detail)),
        ("Input", _input(detail.config)),
        ("Training", _training(detail.config)),
    ]
    return [(title, rows) for title, rows in groups if rows]


def _result(detail: RunDetail) -> list[Row]:
    rows: list[Row] = []
    evaluation = detail.evaluation
    tested = _figure(evaluation.get("top1"))
    if tested is not None:
        rows.append(("test accuracy", f"{tested:.3f}{_interval(evaluation.get('ci95'))}"))
        for key, name in (("top5", "in the first five"), ("macro_f1", "macro F1"), ("ece", "ECE")):
            value = _figure(evaluation.get(key))
            if value is not None:
                rows.append((name, f"{value:.3f}"))
    streams = evaluation.get("streams")
    if isinstance(streams, Mapping):
        for name, stream in streams.items():
            value = _figure(stream.get("top1")) if isinstance(stream, Mapping) else None
            if value is not None:
                rows.append((f"{name} alone", f"{value:.3f}"))
    best = detail.growth.best()
    if best is not None:
        part = "validation" if best[2] == "validation" else "training"
        rows.append((f"best {part}", f"{best[0]:.3f}, epoch {best[1]}"))
    return rows


def _interval(value: object) -> str:
    if isinstance(value, (list, tuple)) and len(value) == 2 and all(map(_figure, value)):
        return f" ({value[0]:.2f} to {value[1]:.2f})"
    return ""


def _progress(detail: RunDetail, record: JobRecord | None) -> list[Row]:
    look, rows = detail.look, []
    if look.total:
        rows.append(("epochs", f"{look.done} of {look.total}"))
    if look.stages:
        rows.append(("stage", f"{look.stage}, {look.epoch} of {look.epochs}"))
    last = detail.growth.epochs[-1] if detail.growth.epochs else None
    if record is not None and record.state == "running" and left_text(record.eta_s):
        rows.append(("time left", length_text(record.eta_s or 0.0)))
    device = "" if record is None else record.device_name
    device = device or str(_table(detail.environment, "device").get("name", ""))
    if device:
        rows.append(("device", device))
    if last is not None:
        if math.isfinite(last.samples_per_s):
            rows.append(("speed", f"{last.samples_per_s:.1f} clips/s"))
        if math.isfinite(last.seconds):
            rows.append(("an epoch takes", length_text(last.seconds)))
        if math.isfinite(last.learning_rate):
            rows.append(("learning rate", f"{last.learning_rate:.3g}"))
    if look.changed:
        rows.append(("last change", clock(look.changed)))
    if look.host and look.state in ("running", "paused") and record is None:
        rows.append(("runs on", f"{look.host}, process {look.pid}"))
    return rows


def _network(config: Mapping[str, Any]) -> list[Row]:
    table = _table(config, "network")
    rows = [("network", str(table["name"]))] if "name" in table else []
    rows += [(key.replace("_", " "), _value(v)) for key, v in table.items() if key != "name"]
    return rows[:SHOWN_OPTIONS]


def _data(detail: RunDetail) -> list[Row]:
    table = _table(detail.config, "data")
    names = ("path", "protocol", "modalities", "annotator", "validation_subjects")
    rows = [
        (key.replace("_", " "), _value(table[key]))
        for key in names
        if table.get(key) not in (None, "", [])
    ]
    if detail.data.get("classes"):
        rows.append(("classes", str(detail.data["classes"])))
    clips = _table(detail.data, "clips")
    return rows + [(f"{name} clips", str(count)) for name, count in clips.items()]


def _input(config: Mapping[str, Any]) -> list[Row]:
    """What the network sees: the first settings of every input."""
    rows = []
    for name, table in _table(config, "preprocessing").items():
        if isinstance(table, Mapping):
            told = [
                _counted(table[key], key) for key in ("frames", "bodies", "joints") if key in table
            ]
            told += [_value(table[key]) for key in ("appearance", "size") if key in table]
            rows.append((str(name), ", ".join(told) or "as in the paper"))
    return rows


def _training(config: Mapping[str, Any]) -> list[Row]:
    table = _table(config, "training")
    rows = [
        (key.replace("_", " "), _value(value))
        for key, value in table.items()
        if key not in HIDDEN and not isinstance(value, Mapping) and value not in (None, "", [], 0)
    ][:SHOWN_OPTIONS]
    for name, stage in _table(table, "stage").items():
        if isinstance(stage, Mapping):
            rate = stage.get("learning_rate")
            told = f"{stage.get('epochs', '?')} epochs" + (f" at {rate:g}" if _figure(rate) else "")
            rows.append((f"stage {name}", told))
    return rows


def _table(tables: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = tables.get(name)
    return value if isinstance(value, Mapping) else {}


def _figure(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value)


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_value, value))
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_value(one)}" for key, one in value.items())
    return str(value)


class FactsPanel(QScrollArea):
    """Names at the left, values at the right, as in the clip panel."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, widgetResizable=True)
        self.setObjectName("run_facts")
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        body = QWidget()
        body.setObjectName("run_facts_body")
        self._column = QVBoxLayout(body)
        self._column.setContentsMargins(14, 10, 14, 12)
        self._column.setSpacing(16)
        self._column.addStretch(1)
        self.setWidget(body)
        self._shown: list[tuple[str, list[Row]]] = []
        self._values: dict[tuple[str, str], QLabel] = {}
        theme.theme_events.changed.connect(self._restyle)
        self._restyle()

    def show_facts(self, groups: list[tuple[str, list[Row]]]) -> None:
        """Only what changed is written anew, so that a text being selected stays."""
        names = [(title, [name for name, _ in rows]) for title, rows in groups]
        if names != [(title, [name for name, _ in rows]) for title, rows in self._shown]:
            self._rebuild(groups)
        self._shown = groups
        for title, rows in groups:
            for name, value in rows:
                label = self._values[title, name]
                if label.toolTip() != value:
                    label.setText(breakable(value))
                    label.setToolTip(value)

    def texts(self) -> dict[str, str]:
        """What is told, by name."""
        return {name: value for _, rows in self._shown for name, value in rows}

    def _rebuild(self, groups: list[tuple[str, list[Row]]]) -> None:
        while self._column.count() > 1:
            old = self._column.takeAt(0).widget()
            old.hide()
            old.deleteLater()
        self._values = {}
        for title, rows in groups:
            self._column.insertWidget(self._column.count() - 1, self._group(title, rows))

    def _group(self, title: str, rows: list[Row]) -> QWidget:
        box = QWidget()
        grid = QGridLayout(box)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(1, 1)
        head = QLabel(title)
        head.setProperty("quiet", True)
        head.setFont(theme.ui_font(theme.QUIET_PX, bold=True))
        grid.addWidget(head, 0, 0, 1, 2)
        for number, (name, _) in enumerate(rows, start=1):
            left, right = QLabel(name), QLabel(wordWrap=True)
            left.setProperty("quiet", True)
            left.setAlignment(Qt.AlignmentFlag.AlignTop)
            right.setFont(theme.time_font(theme.TEXT_PX))
            right.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)
            right.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            right.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
            grid.addWidget(left, number, 0)
            grid.addWidget(right, number, 1)
            self._values[title, name] = right
        return box

    def _restyle(self) -> None:
        self.setStyleSheet(
            "#run_facts, #run_facts_body { background: " + theme.current().surface + "; }"
        )


def breakable(text: str) -> str:
    """Long paths may be broken after a slash or underscore."""
    return "".join(f"{letter}\u200b" if letter in "/\\_" else letter for letter in text)


def _counted(count: Any, many: str) -> str:
    one = {"frames": "frame", "bodies": "body", "joints": "joint"}
    return f"{count} {one[many] if count == 1 else many}"
