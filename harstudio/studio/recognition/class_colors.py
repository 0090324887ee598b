"""Colours of a run's classes: those of the label set where it has them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harstudio.labels.comparing import plain_name
from harstudio.labels.label_sets.label_set import PALETTE, Label


def class_colors(classes: Sequence[str], labels: Iterable[Label]) -> dict[str, str]:
    """ "#rrggbb" by class. A class that no label is called like gets a colour of the palette by
    its number, one that no label of these classes has while there is one."""
    known = {plain_name(label.name): label.color for label in labels}
    colors = {name: known[plain_name(name)] for name in classes if plain_name(name) in known}
    taken = {color.lower() for color in colors.values()}
    free = [color for color in PALETTE if color not in taken] or list(PALETTE)
    others = [name for name in classes if name not in colors]
    return colors | {name: free[k % len(free)] for k, name in enumerate(others)}
