"""Checked explanations as rows of text, for a terminal and for the studio."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harstudio.runs.truth import Checked, Gate, OnPlace, Removal, Truth

TITLES = (
    "explanation",
    "clips",
    "deletion",
    "insertion",
    "random weights",
    "on people",
    "on hands",
    "falls short",
)
NOTHING = "–"
# What can be asked of each kind.
ASKED = {
    "heat_map": ("deletion", "randomised", "person", "hands"),
    "joint_weights": ("deletion", "randomised", "hands", "hand_joints"),
}
ASKED_OF_OTHERS = ("deletion", "randomised")
Row = tuple[str, ...]


def main_rows(truth: Truth) -> list[Row]:
    """A row an explanation under ``TITLES``."""
    return [
        (
            one.name,
            str(one.clips),
            beaten(one.deletion),
            beaten(one.insertion),
            NOTHING if one.randomised is None else f"{one.randomised.median:.2f}",
            times(one.person),
            times(one.hands),
            "; ".join(one.failures().values()),
        )
        for one in truth.explanations
    ]


def beaten(removal: Removal | None) -> str:
    """On how many clips a map beats random orders."""
    if removal is None:
        return NOTHING
    return f"{100 * removal.better:.0f} % of {removal.clips}"


def times(place: OnPlace | None) -> str:
    """How many times chance lies on a place."""
    return NOTHING if place is None else f"{place.ratio:.1f} ×"


def published_rows(truth: Truth) -> list[Row]:
    """What AMFI-Net's paper prints: explanation, figure, value, what it is beside."""
    rows: list[Row] = []
    for one in truth.explanations:
        if one.top_tenth is not None:
            top = one.top_tenth
            beside = f"{100 * top.chance:.1f} % by chance"
            rows.append(
                (one.name, "top tenth on hands and head", f"{100 * top.share:.1f} %", beside)
            )
        if one.hand_joints is not None:
            joints = one.hand_joints
            beside = f"{joints.others:.2f} of the other joints"
            rows.append((one.name, "mean weight of hand joints", f"{joints.hands:.2f}", beside))
    rows += [_gate(one) for one in truth.gates]
    return rows


def _gate(one: Gate) -> Row:
    where = "" if not one.condition else f", {one.title[0].lower()}{one.title[1:]}"
    moved = "" if one.change is None else f"; a clip's goes {one.change:.3f} off"
    return (
        one.name, f"variance of the {one.modality}'s share{where}", f"{one.variance:.4f}",
        f"mean {one.mean:.2f}{moved}",
    )  # fmt: skip


def reasons(one: Checked) -> Iterator[str]:
    """Why figures are missing that such an explanation could have, each sentence once."""
    figures = ASKED.get(one.kind, ASKED_OF_OTHERS)
    yield from dict.fromkeys(one.why[name] for name in figures if name in one.why)


def about(truth: Truth) -> str:
    """One sentence on what was looked at."""
    of = f" of {truth.clips_of_part}" if truth.clips_of_part > truth.clips else ""
    hands = f"{truth.of_hands} of them actions of the hands"
    where = f" of {truth.data}" if truth.data else f" of the {truth.part} part"
    return f"{truth.clips}{of} clips{where}, {hands}; {truth.random_orders} random orders a clip."


def lines(rows: Sequence[Row], titles: Row = ()) -> list[Row]:
    """Rows with their titles, without columns that hold nothing."""
    if not rows:
        return []
    kept = [k for k in range(len(rows[0])) if any(row[k] not in ("", NOTHING) for row in rows)]
    return [tuple(row[k] for k in kept) for row in ([titles] if titles else []) + list(rows)]
