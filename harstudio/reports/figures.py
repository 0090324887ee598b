"""Figures as SVG and PDF, the same bytes every time, and as a part of a page that follows its
light or dark colours."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib
import matplotlib.backends.backend_pdf  # savefig asks for them by name, which a frozen
import matplotlib.backends.backend_svg  # program would not see
from markupsafe import Markup, escape
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

# Each is a variable of the page's style, too; nothing else of a figure has exactly these colours.
INK, MUTED, GRID, GROUND = "#16181d", "#5d6470", "#d5d9e1", "#fefefe"
BLUE, ORANGE, GREEN, RED, VIOLET, AQUA = (
    "#2a78d6", "#d9701a", "#2c8f4e", "#d0393b", "#7a5cc8", "#128f8b",
)  # fmt: skip
SERIES = (BLUE, ORANGE, AQUA, VIOLET, GREEN, RED)  # in this order, whatever they show
THEMED = {
    INK: "--ink", MUTED: "--muted", GRID: "--grid", GROUND: "--card",
    BLUE: "--blue", ORANGE: "--orange", GREEN: "--green", RED: "--red",
    VIOLET: "--violet", AQUA: "--aqua",
}  # fmt: skip

SMALL, TEXT, TITLE = 7.0, 8.0, 9.5  # points
FONT_NAME = "DejaVu Sans"
# Of matplotlib; what its types ask of names differs from version to version.
STYLE: Any = {
    "axes.edgecolor": MUTED,
    "axes.grid": False,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.6,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.titlesize": TITLE,
    "axes.unicode_minus": True,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "font.family": FONT_NAME,  # comes with matplotlib: measured alike everywhere
    "font.size": TEXT,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "legend.fontsize": TEXT,
    "legend.frameon": False,
    "pdf.fonttype": 42,
    "savefig.facecolor": "none",
    "svg.fonttype": "none",
    "text.color": INK,
    "text.parse_math": False,  # a class may be called $1
    "xtick.color": MUTED,
    "xtick.labelcolor": INK,
    "xtick.labelsize": SMALL,
    "ytick.color": MUTED,
    "ytick.labelcolor": INK,
    "ytick.labelsize": SMALL,
}

PROLOG = re.compile(r"^.*?(?=<svg)", re.DOTALL)
METADATA = re.compile(r"<metadata>.*?</metadata>", re.DOTALL)
INNER_STYLE = re.compile(r"<style[^>]*>.*?</style>", re.DOTALL)
FONT = re.compile(r"'DejaVu Sans'[^;\"]*")
NAMED = re.compile(r'(\bid="|url\(#|href="#)')


@contextmanager
def drawing() -> Iterator[None]:
    """Everything that is drawn and saved within has one style."""
    with matplotlib.rc_context(STYLE):
        yield


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """A figure with a name for its files, a title, and what a reader has to know."""

    name: str
    title: str
    figure: Figure
    caption: str = ""

    def svg(self) -> bytes:
        """A file of its own."""
        return self._saved("svg", {"Date": None, "Creator": None})

    def pdf(self) -> bytes:
        """A file of its own, with fonts that can be edited."""
        return self._saved("pdf", {"CreationDate": None, "Creator": None, "Producer": None})

    def _saved(self, form: str, metadata: dict[str, Any]) -> bytes:
        """The same bytes whenever it is saved: no date, no random names."""
        file = io.BytesIO()
        with matplotlib.rc_context({**STYLE, "svg.hashsalt": f"harstudio {self.name}"}):
            self.figure.savefig(file, format=form, metadata={**metadata, "Title": self.title})
        return file.getvalue()

    def inline(self, svg: bytes) -> Markup:
        """``svg()`` as a part of a page: nothing outside is named, and colours are the page's."""
        text = PROLOG.sub("", svg.decode("utf-8"), count=1)
        text = INNER_STYLE.sub("", METADATA.sub("", text))
        text = FONT.sub("var(--font)", text)
        text = NAMED.sub(rf"\g<1>{self.name}-", text)
        for color, variable in THEMED.items():
            text = text.replace(color, f"var({variable})")
        head = f'<svg role="img" aria-label="{escape(self.title)}" class="figure" '
        return Markup(text.replace("<svg ", head, 1))  # noqa: S704 - matplotlib escapes text


def canvas(width: float, height: float) -> Figure:
    """An empty figure, in inches."""
    return Figure(figsize=(width, height))


def panel(figure: Figure, left: float, bottom: float, width: float, height: float) -> Any:
    """Axes at a place in inches."""
    across, up = figure.get_size_inches()
    return figure.add_axes((left / across, bottom / up, width / across, height / up))


def width_of(text: str, size: float) -> float:
    """Inches that a line of text takes."""
    if not text.strip():
        return 0.0
    font = FontProperties(family=FONT_NAME, size=size)
    width, _, _ = text_to_path.get_text_width_height_descent(text, font, False)
    return float(width) / 72


def shortened(text: str, most: int) -> str:
    """At most so many characters, with an ellipsis where some are gone."""
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"
