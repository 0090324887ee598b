"""Tables as CSV and LaTeX (booktabs), and as rows of a page."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

Cell = str | int | float | bool | None

LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"\textquotedbl{}",
    "…": r"\ldots{}", "−": r"$-$", "±": r"$\pm$",
}  # fmt: skip


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


FORMS: dict[str, Callable[[Any], str]] = {
    "text": _text,
    "count": lambda value: f"{value:,}".replace(",", " "),
    "share": lambda value: f"{100 * value:.1f} %",
    "change": lambda value: f"{100 * value:+.1f}".replace("-", "−"),
    "points": lambda value: f"{100 * value:.2f}",
    "number": lambda value: f"{value:.3f}",
    "times": lambda value: f"{value:.1f}",
    "printed": lambda value: f"{value:.2f} %",
    "p": lambda value: f"{value:.2g}",
    "millions": lambda value: f"{value / 1e6:.2f} M",
    "billions": lambda value: f"{value / 1e9:.2f} G",
    "seconds": lambda value: f"{1000 * value:.1f} ms" if value < 1 else f"{value:.2f} s",
    "seconds_at": lambda value: f"{value:.2f} s",
    "interval": lambda value: f"{100 * value[0]:.1f} to {100 * value[1]:.1f} %",
    "changes": lambda value: f"{100 * value[0]:+.1f} to {100 * value[1]:+.1f}".replace("-", "−"),
}
PAIRS = ("interval", "changes")


@dataclass(frozen=True, slots=True)
class Column:
    """kind: how its values read, one of FORMS. title: of the column."""

    title: str
    kind: str = "text"

    @property
    def number(self) -> bool:
        """Whether it is set flush right."""
        return self.kind != "text"

    def shown(self, value: Any) -> str:
        """A value for people; nothing where there is none."""
        return "" if value is None else FORMS[self.kind](value)


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of plain values, as many as there are columns. name: of its files. marked: rows that
    stand out."""

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]
    caption: str = ""
    marked: frozenset[int] = field(default_factory=frozenset)

    def cells(self) -> list[list[str]]:
        """What people read."""
        return [
            [column.shown(value) for column, value in zip(self.columns, row, strict=True)]
            for row in self.rows
        ]

    def csv(self) -> bytes:
        """UTF-8 with the full figures; an interval is two columns, a share lies in 0 to 1."""
        file = io.StringIO()
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(
            name
            for column in self.columns
            for name in (
                (f"{column.title} low", f"{column.title} high")
                if column.kind in PAIRS
                else (column.title,)
            )
        )
        for row in self.rows:
            writer.writerow(
                cell
                for column, value in zip(self.columns, row, strict=True)
                for cell in ((value or ("", "")) if column.kind in PAIRS else (_plain(value),))
            )
        return file.getvalue().encode()

    def latex(self) -> bytes:
        """A table for a paper that uses the package booktabs."""
        form = "".join("r" if column.number else "l" for column in self.columns)
        lines = [
            "% \\usepackage[T1]{fontenc}",
            "% \\usepackage{booktabs}",
            f"\\begin{{tabular}}{{{form}}}",
            "\\toprule",
            _line([column.title for column in self.columns]),
            "\\midrule",
            *(_line(row) for row in self.cells()),
            "\\bottomrule",
            "\\end{tabular}",
        ]
        return ("\n".join(lines) + "\n").encode()


def _plain(value: Any) -> Any:
    if value is None:
        return ""
    return value if isinstance(value, str | int | float) else _text(value)


def _line(cells: Sequence[str]) -> str:
    return " & ".join(map(escaped, cells)) + r" \\"


def escaped(text: str) -> str:
    """Text as LaTeX reads it."""
    return "".join(LATEX.get(char, char) for char in " ".join(text.split()))
