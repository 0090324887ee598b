"""States, times and figures of jobs in words, the same wherever they stand."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from harstudio.studio import theme

if TYPE_CHECKING:
    from harstudio.jobs.record import JobRecord

IN_WORDS = {
    "queued": "waits",
    "starting": "starting",
    "running": "running",
    "paused": "paused",
    "stopping": "stopping",
    "done": "done",
    "stopped": "stopped",
    "failed": "failed",
}


DOING = {
    "Train": "training",
    "Evaluate": "evaluating",
    "Recognise": "recognising",
    "Explain": "explaining",
    "Estimate": "estimating",
    "Look": "looking",
    "Check": "checking",
    "Cut": "cutting",
}


def doing(title: str) -> str:
    """The title of a job as what goes on: "Train st-gcn-demo" is "training st-gcn-demo"."""
    first, space, rest = title.partition(" ")
    return f"{DOING.get(first, first)}{space}{rest}"


def state_color(state: str) -> str:
    """The colour that stands for the state of a job or run."""
    tokens = theme.current()
    colors = {"running": tokens.accent, "starting": tokens.accent, "stopping": tokens.accent}
    colors |= {"paused": tokens.warn, "finished": tokens.good, "done": tokens.good}
    colors |= {"failed": tokens.bad, "lost": tokens.bad}
    return colors.get(state, tokens.quiet)


def length_text(seconds: float) -> str:
    """A length of time as short as it can be read: "40 s", "4 min", "2 h 10 min", "3 d 4 h"."""
    if seconds < 60:
        return f"{max(0, round(seconds))} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def left_text(seconds: float | None) -> str:
    """Time left; "" where nobody knows it."""
    if seconds is None or not math.isfinite(seconds):
        return ""
    return f"{length_text(seconds)} left"


def accuracy_text(value: object) -> str:
    """Short, without the nought before the point: ".91"; "" for what is no figure."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return ""
    return "1.0" if value >= 0.995 else f"{value:.2f}".removeprefix("0")


def progress_text(record: JobRecord, epoch: Mapping[str, Any] | None = None) -> str:
    """What a job is at: "training st-gcn 12/50 · val .91 · 4 min left".

    epoch: the last epoch that a training told.
    """
    if record.state in ("queued", "failed", "stopped", "done", "starting"):
        return f"{doing(record.title)} {IN_WORDS[record.state]}"
    told = [doing(record.title)]
    if epoch is not None:
        told[0] += f" {epoch_of(epoch)}"
        part = epoch.get("validation") or epoch.get("train") or {}
        accuracy = accuracy_text(part.get("accuracy"))
        if accuracy:
            told.append(f"{'val' if epoch.get('validation') else 'acc'} {accuracy}")
    elif record.total:
        told[0] += f" {100 * min(1.0, record.done / record.total):.0f} %"
    if record.silent_s is not None:
        told.append(f"silent for {length_text(record.silent_s)}")
    else:
        running = record.state == "running"
        told.append(left_text(record.eta_s) if running else IN_WORDS[record.state])
    return " · ".join(part for part in told if part)


def epoch_of(epoch: Mapping[str, Any]) -> str:
    """ "12/50" """
    return f"{epoch.get('epoch', '')}/{epoch.get('epochs', '')}".strip("/")


def epoch_line(line: Mapping[str, Any]) -> str:
    """An epoch of metrics.jsonl: "fusion 3/30  loss 1.204, right .62, validation .58"."""
    train, validation = line.get("train") or {}, line.get("validation") or {}
    loss = train.get("loss")
    told = [f"loss {loss:.3f}"] if isinstance(loss, float) else []
    for name, part in (("right", train), ("validation", validation)):
        if accuracy_text(part.get("accuracy")):
            told.append(f"{name} {accuracy_text(part.get('accuracy'))}")
    return f"{line.get('stage', '')} {epoch_of(line)}  {', '.join(told)}".strip()
