"""What a list or a panel tells about a run: read from its folder, no Qt."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harstudio.runs import reading
from harstudio.runs.folder import RunFolder
from harstudio.runs.status import AT_WORK
from harstudio.studio.training.growth import Growth

CAN_GO_ON = ("stopped", "failed", "lost", "paused")


@dataclass(frozen=True, slots=True)
class RunLook:
    """One run at a glance.

    state: as in status.json, "lost" where nobody is at work on it though it says so, "" where
    nothing is known. tested: top-1 accuracy on the test part, None before it was evaluated.
    """

    path: Path
    network: str = ""
    state: str = ""
    reason: str = ""
    stage: str = ""
    epoch: int = 0  # of the stage, from 1
    epochs: int = 0
    done: int = 0  # epochs of all stages that are through
    reached: float = 0.0  # the same with the part of the epoch that is under way
    total: int = 0  # epochs of all stages, 0 where that is not known
    best: float | None = None
    best_part: str = ""
    tested: float | None = None
    changed: float = 0.0
    host: str = ""
    pid: int = 0

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def share(self) -> float | None:
        """How much of the training is done, None where that is not known."""
        return min(1.0, self.reached / self.total) if self.total > 0 else None

    @property
    def stages(self) -> bool:
        """Whether there is more than one stage."""
        return self.total > self.epochs > 0


@dataclass(frozen=True, slots=True)
class RunDetail:
    """All of one run: its look, its tables and its curves. Growth is shared with the reader, which
    hands over a new one for each change."""

    look: RunLook
    config: Mapping[str, Any] = field(default_factory=dict)
    evaluation: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    growth: Growth = field(default_factory=Growth)


def is_unfinished(path: Path) -> bool:
    """Whether there is something to go on with."""
    return RunFolder(path).config.is_file() and RunFolder(path).checkpoints.is_dir()


def network_of(config: Mapping[str, Any]) -> str:
    table = config.get("network")
    return str(table.get("name", "")) if isinstance(table, Mapping) else ""


def total_epochs(config: Mapping[str, Any]) -> int:
    """Epochs of all stages as the config of a run that began tells them; 0 where it does not."""
    training = config.get("training")
    stages = training.get("stage") if isinstance(training, Mapping) else None
    if not isinstance(stages, Mapping):
        return 0
    return sum(_count(one.get("epochs")) for one in stages.values() if isinstance(one, Mapping))


def gone(status: Mapping[str, Any]) -> bool:
    """Whether the process that a status names is known to have ended: a run of this computer."""
    pid = status.get("pid")
    if status.get("state") not in AT_WORK or status.get("host") != socket.gethostname():
        return False
    if not isinstance(pid, int) or pid <= 0 or os.name != "posix":
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def take_look(
    path: Path, growth: Growth, config: Mapping[str, Any], evaluation: Mapping[str, Any]
) -> RunLook:
    """Read the status again; the other files were read before."""
    status = reading.read_status(path) or {}
    state, reason = str(status.get("state", "")), str(status.get("reason") or "")
    if gone(status):
        state = "lost"
    if state == "lost":
        reason = lost_reason(status)
    best = growth.best()
    tested = evaluation.get("top1")
    return RunLook(
        path,
        network_of(config),
        state,
        reason,
        str(status.get("stage") or ""),
        _count(status.get("epoch")),
        _count(status.get("epochs")),
        len(growth.epochs),
        growth.end,
        total_epochs(config) or (_count(status.get("epochs")) if len(growth.bands) < 2 else 0),
        best[0] if best else None,
        best[2] if best else "",
        float(tested) if isinstance(tested, (int, float)) else None,
        _changed(path),
        str(status.get("host") or ""),
        _count(status.get("pid")),
    )


def lost_reason(status: Mapping[str, Any]) -> str:
    """Who was at work on the run and since when nothing is heard."""
    beat = status.get("beat")
    since = f" since {clock(beat)}" if isinstance(beat, (int, float)) else ""
    where = "" if status.get("host") == socket.gethostname() else f" on {status.get('host')}"
    return (
        f"No sign of life{since} from process {status.get('pid')}{where}: it was killed, "
        "the machine went down or its disk is gone."
    )


def clock(seconds: float) -> str:
    """A time of day, with the date when it was not today."""
    then = time.localtime(seconds)
    today = time.localtime()[:3] == then[:3]
    return time.strftime("%H:%M" if today else "%d %b %H:%M", then)


def _changed(path: Path) -> float:
    folder = RunFolder(path)
    for file in (folder.metrics, folder.status, folder.config):
        try:
            return file.stat().st_mtime
        except OSError:
            continue
    return 0.0


def _count(value: object) -> int:
    return int(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else 0
