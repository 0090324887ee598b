"""Times as people read them."""

from __future__ import annotations


def clock_text(time_ns: int) -> str:
    """``00:12.433``; with hours in front from one hour on, a minus for times before zero."""
    sign = "-" if time_ns < 0 else ""
    milliseconds = round(abs(time_ns) / 1_000_000)
    seconds, millisecond = divmod(milliseconds, 1000)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    lead = f"{hours}:" if hours else ""
    return f"{sign}{lead}{minute:02d}:{second:02d}.{millisecond:03d}"
