"""The network that a worker has at hand: loaded once, used by one job after the other."""

from __future__ import annotations

from pathlib import Path

from harstudio.jobs.context import Context
from harstudio.learning.devices import choose_device
from harstudio.recognition.trained import TrainedNetwork, load_run
from harstudio.runs.folder import RunFolder

_kept: tuple[object, TrainedNetwork] | None = None


def network_of(run: str | Path, context: Context) -> TrainedNetwork:
    """The run's network on the device of the job, which is told.

    It is loaded again where another run is asked for, or the run's files changed.
    """
    global _kept
    folder = Path(run).expanduser().absolute()
    device = choose_device("auto", context)
    key = (folder, device.torch, stamp(folder))
    if _kept is None or _kept[0] != key:
        _kept = None  # let go of the old one first
        context.progress(0, 0, "loading the network")
        _kept = (key, load_run(folder, device.torch))
    device.tell(context)
    return _kept[1]


def stamp(folder: Path) -> tuple[tuple[int, int], ...]:
    """Changes when a file of the run does that a prediction depends on."""
    run = RunFolder(folder)
    stamps = []
    for file in (run.best, run.last, run.preprocessing, run.data):
        try:
            status = file.stat()
            stamps.append((status.st_mtime_ns, status.st_size))
        except OSError:
            stamps.append((0, 0))
    return tuple(stamps)
