"""Figures that the papers print, chosen to stand beside one's own: same classes, same protocol."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from harstudio.labels.label_sets.label_set import LabelSet
from harstudio.resources import resource


@dataclass(frozen=True, slots=True)
class Row:
    """One printed accuracy, in percent. kind: "own", "cited" or "ablation"."""

    paper: str
    table: str
    modality: str
    method: str
    accuracy: float
    kind: str
    note: str


@dataclass(frozen=True, slots=True)
class Printed:
    """What is printed for a dataset under a protocol.

    dataset: "" where the classes are of none that the papers use. rows: the best first. notes:
    where the papers contradict themselves on this dataset, by the name of the paper.
    """

    dataset: str
    protocol: str
    rows: tuple[Row, ...] = ()
    notes: tuple[tuple[str, str], ...] = ()

    @property
    def sentence(self) -> str:
        """What there is to compare with, in words."""
        if not self.dataset:
            return "The classes are of no dataset that the papers print figures for."
        if not self.rows:
            return (
                f"The papers print no figures for {self.dataset} under the protocol "
                f"{self.protocol}."
            )
        best = self.rows[0]
        words = (
            f"{self.dataset}, {self.protocol}. Best printed: {best.accuracy:.2f} % "
            f"({best.method}, {best.paper}, {best.table})."
        )
        for own in (row for row in self.rows if row.kind == "own"):
            better = [row for row in self.rows if row.kind == "cited" and row.paper == own.paper]
            above = sum(row.accuracy > own.accuracy for row in better)
            if above:
                words += (
                    f" {own.method} itself is printed with {own.accuracy:.2f} %, below {above} of "
                    f"the {len(better)} that its paper cites beside it."
                )
        return words


def printed_for(classes: Sequence[str], protocol: str) -> Printed:
    """The rows that fit classes and protocol; none where nothing comparable is printed."""
    facts = _facts()
    family = protocol.partition(":")[0]
    for dataset, known in facts["datasets"].items():
        if set(classes) != _labels(known["labels"]):
            continue
        called = known["protocols"].get(family, ())
        found = [
            one for one in facts["rows"] if one["dataset"] == dataset and one["protocol"] in called
        ]
        papers = dict.fromkeys(one["paper"] for one in found)
        return Printed(
            dataset,
            called[0] if called else protocol,
            tuple(_row(one, facts) for one in sorted(found, key=lambda one: -one["accuracy"])),
            tuple(
                (facts["papers"][paper]["name"], note["text"])
                for paper in papers
                for note in facts["papers"][paper].get("notes", ())
                if dataset in note["datasets"]
            ),
        )
    return Printed("", protocol)


def _row(one: dict[str, Any], facts: dict[str, Any]) -> Row:
    paper = facts["papers"][one["paper"]]
    setting = {**({"backbone": one["backbone"]} if "backbone" in one else {})}
    setting |= one.get("setting", {})
    told = ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in setting.items())
    return Row(
        paper=f"{paper['name']} ({paper['venue']})",
        table=one["table"],
        modality=one.get("modality", ""),
        method=f"{one['method']} ({told})" if told else one["method"],
        accuracy=float(one["accuracy"]),
        kind=one["kind"],
        note=one.get("note", ""),
    )


@lru_cache(maxsize=1)
def _facts() -> dict[str, Any]:
    path = resource("datasets", "published_figures.json")
    facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return facts


def _labels(name: str) -> frozenset[str]:
    loaded = LabelSet.load(resource("labels", f"{name}.toml"))
    return frozenset(label.name for label in loaded.labels)
