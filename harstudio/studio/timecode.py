"""Times as people read them."""

from __future__ import annotations

import re

TYPED = re.compile(r"(?:(?:(\d+):)?(\d+):)?(\d+(?:[.,]\d+)?)\s*(ms|s)?")
FRAME = re.compile(r"(?:f|frame)\s*(\d+)|(\d+)\s*f")


def clock_text(time_ns: int) -> str:
    """``00:12.433``; with hours in front from one hour on, a minus for times before zero."""
    sign = "-" if time_ns < 0 else ""
    milliseconds = round(abs(time_ns) / 1_000_000)
    seconds, millisecond = divmod(milliseconds, 1000)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    lead = f"{hours}:" if hours else ""
    return f"{sign}{lead}{minute:02d}:{second:02d}.{millisecond:03d}"


def typed_time(text: str) -> int | None:
    """A time in ns as a person types it ("1:02:03.5", "62.5", "1500 ms"); None when it is none."""
    found = TYPED.fullmatch(text.strip().casefold())
    if found is None or (found[4] == "ms" and found[2]):
        return None
    number = float(found[3].replace(",", "."))
    if found[4] == "ms":
        return round(number * 1_000_000)
    minutes = 60 * int(found[1] or 0) + int(found[2] or 0)
    return round((60 * minutes + number) * 1_000_000_000)


def typed_frame(text: str) -> int | None:
    """The number of a frame ("f 120", "120f"); None when it is none."""
    found = FRAME.fullmatch(text.strip().casefold())
    return None if found is None else int(found[1] or found[2])
