"""Pages and what lies beside them: the figures as SVG and PDF, the tables as CSV and LaTeX.

A page names nothing outside itself; the files beside it are for papers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from harstudio import __version__
from harstudio.errors import UsageError
from harstudio.files import write_atomically
from harstudio.reports.figures import Drawn
from harstudio.reports.out import REMEDY, files_of
from harstudio.reports.tables import FORMS, Table
from harstudio.resources import resource


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """What a page shows. template: its file. values: what the template asks for beside them."""

    template: str
    title: str
    figures: Sequence[Drawn]
    tables: Sequence[Table]
    values: Mapping[str, Any] = field(default_factory=dict)


def write_report(
    report: Report, out: Path, pause: Callable[[int, int], None] = lambda done, total: None
) -> dict[str, Any]:
    """Write page and files; their paths. UsageError where that is refused.

    pause: hears how many figures are done.
    """
    beside = files_of(out)
    written: list[Path] = []
    inline: dict[str, Markup] = {}
    try:
        for done, drawn in enumerate(report.figures):
            pause(done, len(report.figures))
            svg = drawn.svg()
            inline[drawn.name] = drawn.inline(svg)
            written += [
                _put(beside / f"{drawn.name}.svg", svg),
                _put(beside / f"{drawn.name}.pdf", drawn.pdf()),
            ]
        for table in report.tables:
            written += [
                _put(beside / f"{table.name}.csv", table.csv()),
                _put(beside / f"{table.name}.tex", table.latex()),
            ]
        _put(out, render(report, inline).encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise UsageError(
            f"The report cannot be written ({error.strerror}).",
            path=error.filename or out,
            remedy=REMEDY,
        ) from None
    return {"page": str(out), "files": [str(path) for path in written]}


def render(report: Report, inline: Mapping[str, Markup]) -> str:
    """The page as text."""
    environment = Environment(
        loader=FileSystemLoader(resource("reports")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= FORMS
    return environment.get_template(report.template).render(
        title=report.title,
        version=__version__,
        style=Markup(resource("reports", "style.css").read_text(encoding="utf-8")),  # noqa: S704
        figures={one.name: one for one in report.figures},
        inline=inline,
        tables={one.name: one for one in report.tables},
        **report.values,
    )


def _put(path: Path, data: bytes) -> Path:
    write_atomically(path, data)
    return path
