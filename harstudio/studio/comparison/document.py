"""The comparison that the job ``compare`` returns, as the window shows it; no Qt."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harstudio.errors import DataError

SIGNIFICANT = 0.05
STREAM = ": stream "  # between a run's name and that of one of its streams


@dataclass(frozen=True, slots=True)
class Row:
    """One run; shares in [0, 1], None for what an older evaluation does not tell."""

    path: Path
    name: str
    network: str
    protocol: str
    seed: int | None
    clips: int
    top1: float
    ci95: tuple[float, float] | None
    macro_f1: float | None
    ece: float | None
    chosen_by_test: bool


@dataclass(frozen=True, slots=True)
class Change:
    """How often two judges recognise a class; shares in [0, 1]."""

    name: str
    clips: int
    a: float
    b: float

    @property
    def change(self) -> float:
        return self.b - self.a


@dataclass(frozen=True, slots=True)
class Pair:
    """Two judges on the clips that both have seen. p: of McNemar's test."""

    a: str
    b: str
    clips: int
    only_a: int
    only_b: int
    p: float
    changes: tuple[Change, ...]

    @property
    def different(self) -> bool:
        """Whether chance alone hardly explains the difference."""
        return self.p < SIGNIFICANT and self.only_a != self.only_b

    def sentence(self) -> str:
        """The test in words."""
        about = f"{self.clips} clips, {p_text(self.p)}"
        if not self.different:
            return (
                f"{self.a} and {self.b} cannot be told apart: {self.only_a} clips only the first "
                f"has right, {self.only_b} only the second ({about})."
            )
        better, other = (self.a, self.b) if self.only_a > self.only_b else (self.b, self.a)
        more, less = max(self.only_a, self.only_b), min(self.only_a, self.only_b)
        if STREAM in other and other.partition(STREAM)[0] == better:
            other = f"its stream {other.partition(STREAM)[2]} alone"
        return (
            f"{better} is better than {other}: {more} clips only it has right, {less} only the "
            f"other ({about})."
        )


@dataclass(frozen=True, slots=True)
class Comparison:
    """pairs: of runs, then of a run with its streams. missing: pairs without a clip in common."""

    rows: tuple[Row, ...]
    pairs: tuple[Pair, ...]
    missing: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Comparison:
        """DataError where it does not hold together."""
        try:
            rows = tuple(_row(one) for one in document["runs"])
            names = [row.name for row in rows]
            pairs = [_pair(one) for one in document["pairs"] if _is_ours(one, names)]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DataError(
                f"This comparison cannot be shown ({type(error).__name__}: {error})."
            ) from error
        pairs.sort(key=lambda pair: STREAM in pair.a)
        known = {frozenset((pair.a, pair.b)) for pair in pairs}
        couples = ((a, b) for k, a in enumerate(names) for b in names[k + 1 :])
        missing = tuple(one for one in couples if frozenset(one) not in known)
        return cls(rows, tuple(pairs), missing)


def p_text(p: float) -> str:
    """ "p = 0.029", "p < 0.001" """
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}"


def _is_ours(pair: Mapping[str, Any], names: Sequence[str]) -> bool:
    """Of two runs, or of a run with its stream; not of groups."""
    a, b = str(pair["a"]), str(pair["b"])
    return b in names and (a in names or a.partition(STREAM)[0] in names)


def _row(one: Mapping[str, Any]) -> Row:
    interval, seed = one.get("ci95"), one.get("seed")
    return Row(
        Path(str(one["run"])),
        str(one["name"]),
        str(one.get("network") or ""),
        str(one.get("protocol") or ""),
        None if seed is None else int(seed),
        int(one["clips"]),
        float(one["top1"]),
        (float(interval[0]), float(interval[1])) if interval else None,
        _share(one.get("macro_f1")),
        _share(one.get("ece")),
        one.get("selected_by") == "test",
    )


def _pair(one: Mapping[str, Any]) -> Pair:
    return Pair(
        str(one["a"]),
        str(one["b"]),
        int(one["clips"]),
        int(one["only_a"]),
        int(one["only_b"]),
        float(one["p"]),
        _sorted(
            Change(str(gain["class"]), int(gain["clips"]), float(gain["a"]), float(gain["b"]))
            for gain in one["gains"]
        ),
    )


def _sorted(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Those that gain most, those that lose most, the others."""

    def place(one: Change) -> tuple[int, float]:
        return (0 if one.change > 0 else 1 if one.change < 0 else 2), -abs(one.change)

    return tuple(sorted(changes, key=place))


def _share(value: Any) -> float | None:
    return None if value is None else float(value)
