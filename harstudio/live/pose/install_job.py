"""Fetching the pose models as a job, for the button in the workspace Live."""

from __future__ import annotations

from harstudio.jobs.context import Context, Payload
from harstudio.live.pose import installing

STEPS = 4  # sentences that are said, about


def install(payload: Payload, context: Context) -> Payload:
    """payload: {"models": ["lite", "full"]}. Result: {"files": {name: path}}. The errors of
    ``installing.install``."""
    done = 0

    def say(sentence: str) -> None:
        nonlocal done
        context.pause_point()
        context.progress(min(done, STEPS - 1), STEPS, sentence)
        context.log(sentence)
        done += 1

    found = installing.install(list(payload.get("models") or []), None, say)
    context.progress(STEPS, STEPS, "installed")
    return {"files": {name: str(path) for name, path in found.items()}}
