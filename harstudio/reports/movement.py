"""One page about how somebody moves: angles over the clip, and the measures of one or two
sessions."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from statistics import fmean, stdev

import numpy as np
from matplotlib.figure import Figure

from harstudio.errors import UsageError
from harstudio.measures import angles
from harstudio.measures.clips import ClipMeasures, key
from harstudio.reports.figures import (
    BLUE,
    GRID,
    INK,
    MUTED,
    ORANGE,
    SMALL,
    TEXT,
    TITLE,
    Drawn,
    canvas,
    drawing,
    panel,
    shortened,
)

PAGE = (8.27, 11.69)  # inches of A4
MARGIN = 0.6
SIDE_COLORS = {"left": BLUE, "right": ORANGE}
PERCENT = np.linspace(0, 100, 101)
THIN = 24  # clips drawn one by one
ROWS = (  # title, unit, key with {} for the side
    *((f"{name.capitalize()}, range", "°", f"{{}}_{key(name)}_rom_deg") for name in angles.PAIRED),
    ("Wrist, peak speed", "m/s", "{}_wrist_peak_m_s"),
    ("Wrist, smoothness (SPARC)", "", "{}_wrist_sparc"),
    ("Ankle, peak speed", "m/s", "{}_ankle_peak_m_s"),
    ("Ankle, smoothness (SPARC)", "", "{}_ankle_sparc"),
)
WHOLE = (
    ("Duration", "s", "duration_s"),
    ("Repetitions", "", "repetitions"),
    ("Time of a repetition", "s", "period_s"),
    ("Trunk inclination, range", "°", "trunk_inclination_rom_deg"),
    ("Pelvis, peak speed", "m/s", "pelvis_peak_m_s"),
)
NOTE = (
    "Joints of a depth camera, smoothed at 6 Hz. 0° is standing at attention; angles lie in space. "
    "SPARC: nearer to 0 is smoother (Balasubramanian 2015). R against L: the symmetry index "
    "(Robinson 1987), 0 % is even. Mean ± standard deviation over clips. No diagnosis."
)


def movement_page(sessions: Sequence[tuple[str, Sequence[ClipMeasures]]], label: str = "") -> Drawn:
    """A page about one label; UsageError where the clips have several and none is chosen.

    sessions: one or two, each with its name.
    """
    label = label or _only_label(sessions)
    kept = [(name, [c for c in clips if c.label == label]) for name, clips in sessions]
    for name, clips in kept:
        if not clips:
            raise UsageError(f"There is no clip “{label}” in {name}.")
    with drawing():
        return Drawn("movement", f"Movement: {label or 'whole recordings'}", _page(label, kept))


def _only_label(sessions: Sequence[tuple[str, Sequence[ClipMeasures]]]) -> str:
    labels = sorted({clip.label for _, clips in sessions for clip in clips})
    if len(labels) > 1:
        raise UsageError(
            f"A page is about one label, and there are {len(labels)}: {', '.join(labels[:8])}"
            f"{' …' if len(labels) > 8 else ''}.",
            remedy="Choose one with --label.",
        )
    return labels[0]


def _page(label: str, sessions: list[tuple[str, list[ClipMeasures]]]) -> Figure:
    figure = canvas(*PAGE)
    top = PAGE[1] - MARGIN
    _write(figure, MARGIN, top, label or "Whole recordings", 16, weight="bold")
    for k, (name, clips) in enumerate(sessions):
        recordings = dict.fromkeys(c.recording for c in clips)
        what = f"{_count(len(clips), 'clip')} of {_count(len(recordings), 'recording')}"
        line = f"{'Session ' + str(k + 1) + ': ' if len(sessions) > 1 else ''}{name}: {what}"
        _write(figure, MARGIN, top - 0.32 - 0.18 * k, shortened(line, 110), TEXT, color=MUTED)
    _curves(figure, top - 0.95, sessions)
    lowest = _table(figure, top - 5.15, sessions)
    _write(figure, MARGIN, lowest - 0.35, "\n".join(_lines(NOTE, 125)), SMALL, color=MUTED)
    return figure


def _curves(figure: Figure, top: float, sessions: list[tuple[str, list[ClipMeasures]]]) -> None:
    width, height, gap = 2.0, 1.35, 0.53
    for place, name in enumerate((*angles.PAIRED, angles.TRUNK)):
        column, row = place % 3, place // 3
        left = MARGIN + 0.25 + column * (width + gap)
        axes = panel(figure, left, top - height - row * (height + 0.75), width, height)
        axes.set_title(name.capitalize(), fontsize=TEXT)
        axes.set_xlim(0, 100)
        axes.grid(axis="y")
        shown = [name] if name == angles.TRUNK else [f"{side} {name}" for side in angles.SIDES]
        for one in shown:
            color = SIDE_COLORS.get(one.split()[0], INK)
            for session, (_, clips) in enumerate(sessions):
                _curve(axes, one, clips, color, session)
        if row == 1 or column == 2:
            axes.set_xlabel("% of the clip", fontsize=SMALL)
        if column == 0:
            axes.set_ylabel("degrees", fontsize=SMALL)
    _key(figure, MARGIN + 0.25 + 2 * (width + gap), top - height - 0.95, len(sessions))


def _curve(axes: object, name: str, clips: list[ClipMeasures], color: str, session: int) -> None:
    curves = [_percent(clip, name) for clip in clips if np.isfinite(clip.angles[name]).all()]
    if not curves:
        return
    style = "-" if session == 0 else (0, (4, 2))
    for curve in curves[:THIN] if len(curves) > 1 else []:
        axes.plot(PERCENT, curve, color=color, linewidth=0.4, alpha=0.3, linestyle=style)  # type: ignore[attr-defined]
    axes.plot(PERCENT, np.mean(curves, axis=0), color=color, linewidth=1.6, linestyle=style)  # type: ignore[attr-defined]


def _percent(clip: ClipMeasures, name: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    times = clip.times_s
    at = 100 * (times - times[0]) / (times[-1] - times[0])
    return np.asarray(np.interp(PERCENT, at, clip.angles[name]), dtype=np.float64)


def _key(figure: Figure, left: float, top: float, sessions: int) -> None:
    axes = panel(figure, left, top - 1.0, 2.0, 1.0)
    axes.axis("off")
    for side, color in SIDE_COLORS.items():
        axes.plot([], [], color=color, linewidth=1.6, label=side)
    if sessions > 1:
        axes.plot([], [], color=MUTED, linewidth=1.6, label="session 1")
        axes.plot([], [], color=MUTED, linewidth=1.6, linestyle=(0, (4, 2)), label="session 2")
    axes.plot([], [], color=MUTED, linewidth=0.5, alpha=0.6, label="single clips")
    axes.legend(loc="upper left", handlelength=2.4)


def _table(figure: Figure, top: float, sessions: list[tuple[str, list[ClipMeasures]]]) -> float:
    columns = _columns(len(sessions))
    for text, x in columns:
        _write(figure, x, top, text, SMALL, color=MUTED, align="right" if x > MARGIN else "left")
    y = top - 0.2
    rows = [_paired_row(*row, sessions) for row in ROWS] + [_row(*row, sessions) for row in WHOLE]
    for number, cells in enumerate(rows):
        if number in (0, len(ROWS)):
            _rule(figure, y)
        if number == len(ROWS) and len(sessions) > 1:  # these rows have no sides
            heads = zip(("Whole body", "1", "2", "Change"), columns, strict=False)
            for text, (_, x) in heads:
                align = "right" if x > MARGIN else "left"
                _write(figure, x, y - 0.09, text, SMALL, color=MUTED, align=align)
            y -= 0.235
            _rule(figure, y)
        y -= 0.235
        for text, (_, x) in zip(cells, columns, strict=True):
            _write(figure, x, y + 0.19, text, TEXT, align="right" if x > MARGIN else "left")
    _rule(figure, y)
    return y


def _columns(sessions: int) -> list[tuple[str, float]]:
    places = [MARGIN]
    if sessions == 1:
        heads = ["Measure", "Left", "Right", "R against L"]
        places += [4.4, 5.9, 7.4]
    else:
        heads = ["Measure", "Left 1", "Left 2", "Change", "Right 1", "Right 2", "Change"]
        places += [3.35, 4.25, 4.95, 5.9, 6.8, 7.5]
    return list(zip(heads, places, strict=True))


def _paired_row(
    title: str, unit: str, pattern: str, sessions: list[tuple[str, list[ClipMeasures]]]
) -> list[str]:
    named = f"{title} ({unit})" if unit else title
    if len(sessions) == 1:
        clips = sessions[0][1]
        sides = [_said(clips, pattern.format(side)) for side in angles.SIDES]
        return [named, *sides, _even(clips, pattern)]
    cells = [named]
    for side in angles.SIDES:
        cells += _both(pattern.format(side), sessions)
    return cells


def _row(
    title: str, unit: str, name: str, sessions: list[tuple[str, list[ClipMeasures]]]
) -> list[str]:
    named = f"{title} ({unit})" if unit else title
    if len(sessions) == 1:
        return [named, "", _said(sessions[0][1], name), ""]
    return [named, *_both(name, sessions), "", "", ""]


def _both(name: str, sessions: list[tuple[str, list[ClipMeasures]]]) -> list[str]:
    means = [_mean(clips, name) for _, clips in sessions]
    first, second = means
    change = "–" if first is None or second is None else f"{second - first:+.{_digits(name)}f}"
    return [*(_said(clips, name) for _, clips in sessions), change]


def _even(clips: list[ClipMeasures], pattern: str) -> str:
    name = pattern.removeprefix("{}_")
    name = {"wrist_peak_m_s": "wrist_speed", "ankle_peak_m_s": "ankle_speed"}.get(name, name)
    found = name.removesuffix("_rom_deg") + "_asymmetry_pct"
    mean = _mean(clips, found) if found in clips[0].values else None
    return "" if mean is None else f"{mean:+.0f} %"


def _values(clips: list[ClipMeasures], name: str) -> list[float]:
    return [value for clip in clips if (value := clip.values[name]) is not None]


def _mean(clips: list[ClipMeasures], name: str) -> float | None:
    values = _values(clips, name)
    return fmean(values) if values else None


def _said(clips: list[ClipMeasures], name: str) -> str:
    values = _values(clips, name)
    if not values:
        return "–"
    digits = _digits(name)
    spread = f" ± {stdev(values):.{digits}f}" if len(values) > 1 else ""
    return f"{fmean(values):.{digits}f}{spread}"


def _digits(name: str) -> int:
    return 1 if name.endswith("_deg") or name == "repetitions" else 2


def _write(
    figure: Figure,
    x: float,
    y: float,
    text: str,
    size: float = TITLE,
    *,
    color: str = INK,
    align: str = "left",
    weight: str = "normal",
) -> None:
    figure.text(
        x / PAGE[0], y / PAGE[1], text, fontsize=size, color=color, ha=align, va="top",
        fontweight=weight, linespacing=1.4,
    )  # fmt: skip


def _rule(figure: Figure, y: float) -> None:
    axes = panel(figure, MARGIN, y, PAGE[0] - 2 * MARGIN, 0.01)
    axes.axis("off")
    axes.axhline(0, color=GRID, linewidth=1)


def _lines(text: str, most: int) -> list[str]:
    return textwrap.wrap(text, most)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
