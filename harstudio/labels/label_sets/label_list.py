"""Labels out of a text: one name a line, or a table whose first line names its columns."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

from harstudio.errors import DataError
from harstudio.labels.label_sets.label_set import HOTKEYS, Label, label_color

COLUMNS = {
    "name": "name", "label": "name", "class": "name",
    "code": "code", "id": "code",
    "color": "color", "colour": "color",
    "key": "hotkey", "hotkey": "hotkey",
    "parent": "parent", "group": "parent",
    "synonyms": "synonyms",
    "definition": "definition", "description": "definition",
    "not this": "not_this", "not_this": "not_this",
}  # fmt: skip
MOST = 20_000


@dataclass(frozen=True, slots=True)
class LabelList:
    """labels in the order of the text; groups: parents that are no label among them; problems:
    sentences about what was left out."""

    labels: tuple[Label, ...]
    groups: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def parse_label_list(text: str) -> LabelList:
    """Read names or a table with a column "name"; DataError when there is nothing to read.

    A table is recognised by its first line: names of columns, parted by tab, semicolon or comma.
    Without one every line is a name, whatever it holds. Synonyms are parted by "|".
    """
    lines = [line for line in text.lstrip("\ufeff").splitlines() if line.strip()]
    if not lines:
        raise DataError("There is no name in it.", remedy="Write one name a line.")
    if len(lines) > MOST:
        raise DataError(f"It has {len(lines)} lines; {MOST} labels are the most.")
    for delimiter in "\t;,":
        head = [cell.strip().casefold() for cell in lines[0].split(delimiter)]
        if "name" in [COLUMNS.get(cell) for cell in head] and (len(head) > 1 or delimiter == ","):
            return _table(head, lines[1:], delimiter)
    if any("\t" in line for line in lines):
        raise DataError(
            "It has several columns and no line that says what they are.",
            remedy='Begin with a line such as "name", "code", "parent", parted as the others.',
        )
    return _collected([Label(line.strip()) for line in lines], [])


def _table(head: list[str], lines: list[str], delimiter: str) -> LabelList:
    labels, problems = [], []
    unknown = [cell for cell in head if cell and cell not in COLUMNS]
    if unknown:
        problems.append(f"Columns that say nothing about labels: {', '.join(unknown)}.")
    rows = csv.reader(io.StringIO("\n".join(lines)), delimiter=delimiter)
    for number, row in enumerate(rows, start=2):
        cells = {COLUMNS[c]: v.strip() for c, v in zip(head, row, strict=False) if c in COLUMNS}
        try:
            labels.append(_label(cells))
        except ValueError as error:
            problems.append(f"Line {number} was left out: {error}.")
    return _collected(labels, problems)


def _label(cells: dict[str, str]) -> Label:
    key = cells.get("hotkey", "").upper()
    synonyms = tuple(s.strip() for s in cells.get("synonyms", "").split("|") if s.strip())
    color = cells.get("color", "") or label_color(cells.get("name", ""))
    return Label(
        cells.get("name", ""),
        cells.get("code", ""),
        color.lower(),
        key if key in HOTKEYS else "",
        cells.get("definition", ""),
        cells.get("not_this", ""),
        cells.get("parent", ""),
        synonyms,
    )


def _collected(labels: list[Label], problems: list[str]) -> LabelList:
    by_name: dict[str, Label] = {}
    for label in labels:
        if label.name in by_name:
            problems.append(f"“{label.name}” stands there twice; the first one counts.")
        by_name.setdefault(label.name, label)
    groups = dict.fromkeys(la.parent for la in labels if la.parent and la.parent not in by_name)
    return LabelList(tuple(by_name.values()), tuple(groups), tuple(problems))
