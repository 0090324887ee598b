"""What a worker has at hand: a network, loaded once and used by one job after the other, and the
window that was last asked what if."""

from __future__ import annotations

from pathlib import Path

from harstudio.jobs.context import Context
from harstudio.learning.devices import choose_device
from harstudio.recognition.trained import TrainedNetwork, load_run
from harstudio.recognition.what_if import WindowAtHand
from harstudio.recordings.formats import open_recording
from harstudio.runs.folder import stamp

_kept: tuple[object, TrainedNetwork] | None = None
_window: tuple[object, WindowAtHand] | None = None


def network_of(run: str | Path, context: Context) -> TrainedNetwork:
    """The run's network on the device of the job, which is told.

    It is loaded again where another run is asked for, or the run's files changed.
    """
    global _kept, _window
    folder = Path(run).expanduser().absolute()
    device = choose_device("auto", context)
    key = (folder, device.torch, stamp(folder))
    if _kept is None or _kept[0] != key:
        _kept = _window = None  # let go of the old ones first
        context.progress(0, 0, "loading the network")
        _kept = (key, load_run(folder, device.torch))
    device.tell(context)
    return _kept[1]


def window_of(
    trained: TrainedNetwork, path: Path, start_ns: int, end_ns: int, person: str = ""
) -> WindowAtHand:
    """A window as the network at hand sees it, read now or when it was asked for before; one is
    kept, the newest, as long as its network. Raises as ``WindowAtHand``, and as
    ``open_recording``."""
    global _window
    key = trained, path, start_ns, end_ns, person
    if _window is None or _window[0] != key or _window[1].has_changed:
        _window = None  # let go of the old one first
        with open_recording(path) as recording:
            _window = key, WindowAtHand(trained, recording, start_ns, end_ns, person)
    return _window[1]
