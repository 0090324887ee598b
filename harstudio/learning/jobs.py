"""The jobs of this room: functions of a payload and a context, builtins in and out.

Found by name (``harstudio.learning.jobs:train``), so that who starts them needs no torch.
"""

from __future__ import annotations

from harstudio.jobs.context import Context, Payload
from harstudio.learning.preparing import config_of
from harstudio.learning.running import train_run


def train(payload: Payload, context: Context) -> Payload:
    """Train: ``{config | config_path, overrides, resume}``.

    Tells "device", "metrics" (the lines of metrics.jsonl) and "remark". Gives ``{"run": folder,
    "state": "finished" | "stopped", "evaluation": figures or None}``.
    """
    return train_run(config_of(payload), context, resume=bool(payload.get("resume")))
