"""What the panel of help says: the next step, the learning curve, and what it means."""

from __future__ import annotations

import datetime
import math
from collections.abc import Sequence

from harstudio.runs.suggestions import Learned

FEW_CLIPS = 10  # two points of the curve that lie closer say nothing about what labels are worth
FLAT = 0.01  # of accuracy, over so many clips that chance does not hide it


HELD_OUT = {
    "people": "for unseen people",
    "recordings": "in unseen recordings",
    "stretches": "in unseen stretches",
}
KNOWN = "This run learned from these recordings itself: the figure says little."


def many(count: int, what: str) -> str:
    """ "1 clip", "12 clips"."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def next_step(recordings: int, labelled: int, *, suggested: bool) -> str:
    """The words of the big button. recordings: how many the project has; labelled: clips that can
    be learned from; suggested: whether something was suggested before."""
    if not suggested and labelled:
        return f"Learn from {many(labelled, 'clip')} and suggest"
    if not suggested:
        return f"Suggest for {many(recordings, 'recording')}"
    if labelled:
        return f"Learn from {many(labelled, 'clip')} and suggest again"
    return "Suggest again"


def measured(curve: Sequence[Learned]) -> list[Learned]:
    """The points of a learning curve that can be drawn: those where something was held out."""
    return [one for one in curve if math.isfinite(one.accuracy)]


def point_text(one: Learned) -> str:
    """What one training came to: "21 Nov 19:40 · 34 clips, 5 labels · 87 % (79 to 92)"."""
    when = datetime.datetime.fromtimestamp(one.at)
    labels = f"{many(one.clips, 'clip')}, {many(one.classes, 'label')}"
    return f"{when.day} {when:%b %H:%M} · {labels} · {right(one)}"


def right(one: Learned) -> str:
    """ "87 % (79 to 92)": accuracy with its interval."""
    if not math.isfinite(one.accuracy):
        return "nothing held out"
    return f"{100 * one.accuracy:.0f} % ({100 * one.low:.0f} to {100 * one.high:.0f})"


def worth(curve: Sequence[Learned]) -> str:
    """What the curve says about labels to come, and no more than it can: one or two sentences,
    "" where nothing was learned yet."""
    points = measured(curve)
    if not points:
        if not curve:
            return ""
        return (
            "Too little is labelled to hold something out and count: label two clips each of two "
            "actions, of more than one person or recording."
        )
    last = points[-1]
    said = f"{right(last)} right {HELD_OUT.get(last.over, HELD_OUT['recordings'])}."
    if last.known:
        return f"{said} {KNOWN}"
    before = [one for one in points if last.clips - one.clips >= FEW_CLIPS]
    if not before:
        return f"{said} {_no_slope(points)}".rstrip()
    since = before[-1]
    more, clips = last.accuracy - since.accuracy, last.clips - since.clips
    since_then = f"over the last {many(clips, 'clip')}"
    if abs(more) <= FLAT:
        return f"{said} As before {since_then}: more of the same hardly helps; rare actions may."
    points_text = f"{100 * more:+.0f} {'point' if abs(round(100 * more)) == 1 else 'points'}"
    points_text = points_text.replace("-", "\N{MINUS SIGN}")
    apart = since.low > last.high or since.high < last.low
    doubt = "" if apart else ", which may be chance"
    return f"{said} {points_text} {since_then}{doubt}."


def _no_slope(points: Sequence[Learned]) -> str:
    least = points[0].clips + FEW_CLIPS
    if points[-1].clips >= least:  # clips went meanwhile
        return ""
    return f"What labels bring shows from {least} clips on."


def shortly(sentences: Sequence[str], most: int = 2) -> str:
    """The first sentences, and how many there are more."""
    more = len(sentences) - most
    told = list(sentences[:most])
    if more > 0:
        told.append(f"And {more} more.")
    return "\n".join(told)
