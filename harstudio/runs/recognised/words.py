"""Names and numbers of what runs tell, as people say them."""

from __future__ import annotations

import re

WORDS = {
    "color": "colour", "depth": "depth", "infrared": "infrared", "skeleton": "skeleton",
    "inertial": "inertial",
}  # fmt: skip


def spoken(name: str) -> str:
    """The name of a stream or of what it tells, its modalities as people call them; what follows
    a comma stays (labels)."""
    first, comma, rest = name.partition(",")
    return " ".join(WORDS.get(part, part) for part in first.split(" ")) + comma + rest


def joint_title(name: str) -> str:
    """A topology's joint name as people say it: "WristRight" is "right wrist"."""
    words = re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+", name)
    spoken = [word.lower() for word in words]
    spoken.sort(key=lambda word: word not in ("left", "right"))
    return " ".join(spoken)


def figure(value: float) -> str:
    """Two figures that count: "0.51", "0.0083"."""
    return f"{value:.2f}" if abs(value) >= 0.1 or value == 0 else f"{value:.2g}"
