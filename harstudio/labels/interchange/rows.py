"""Clips as a file tells them, put into tiers that keep their rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

from harstudio.labels.model import PLAIN, Clip, Document, Tier, TierRules

POINTS = " points"  # what the tier of the points is called where a tier has both


class Rows:
    """The clips of one recording by annotator and tier, in the order they were told."""

    def __init__(self, recording: str) -> None:
        self.recording = recording
        self.done: set[str] = set()  # annotators that were done with it
        self.kept: dict[str, dict[str, str]] = {}  # Document.kept by annotator
        self._rows: dict[str, dict[str, list[Clip]]] = {}
        self._rules: dict[tuple[str, str], TierRules] = {}

    def add(self, annotator: str, tier: str, *clips: Clip) -> None:
        """Clips of a tier; the tier is there even without any."""
        self._rows.setdefault(annotator, {}).setdefault(tier, []).extend(clips)

    def rule(self, annotator: str, tier: str, rules: TierRules) -> None:
        """What may lie in a tier; where its clips do otherwise, they win."""
        self.add(annotator, tier)
        self._rules[annotator, tier] = rules

    def documents(self) -> tuple[Document, ...]:
        """A document an annotator, each with tiers that hold what their rules allow."""
        return tuple(self._document(annotator, rows) for annotator, rows in self._rows.items())

    def _document(self, annotator: str, rows: dict[str, list[Clip]]) -> Document:
        document = Document(
            self.recording,
            annotator,
            done=annotator in self.done,
            kept=self.kept.get(annotator, {}),
        )
        names = set(rows)
        for name, clips in rows.items():
            rules = self._rules.get((annotator, name), PLAIN)
            lasting = [clip for clip in clips if not clip.is_point]
            points = [clip for clip in clips if clip.is_point]
            if lasting or not (points or rules.points):
                document.tiers.append(_tier(name, lasting, replace(rules, points=False)))
            if points or (rules.points and not lasting):
                free = free_name(name + POINTS, names) if lasting else name
                names.add(free)
                document.tiers.append(_tier(free, points, replace(rules, points=True)))
        return document


def _tier(name: str, clips: list[Clip], rules: TierRules) -> Tier:
    clips.sort(key=lambda clip: clip.start_ns)
    overlap = rules.overlap or (not rules.points and _overlaps(clips))
    tier = Tier(name, rules=replace(rules, overlap=overlap))
    for clip in clips:
        tier.insert(clip)
    return tier


def _overlaps(clips: Sequence[Clip]) -> bool:
    return any(right.start_ns < left.end_ns for left, right in pairwise(clips))


def layers(
    clips: Iterable[Clip], span: Callable[[Clip], tuple[int, int]]
) -> list[list[tuple[Clip, int, int]]]:
    """Clips sorted by start in as few rows without overlap as it takes: (clip, start, end).

    span: start and end of a clip in the unit of the format that is written.
    """
    rows: list[list[tuple[Clip, int, int]]] = []
    for clip in clips:
        start, end = span(clip)
        row = next((row for row in rows if row[-1][2] <= start), None)
        if row is None:
            rows.append(row := [])
        row.append((clip, start, end))
    return rows


def free_name(name: str, taken: Iterable[str]) -> str:
    """The name, or "name 2", "name 3", ... where it is taken."""
    there, number, free = set(taken), 2, name
    while free in there:
        free, number = f"{name} {number}", number + 1
    return free
