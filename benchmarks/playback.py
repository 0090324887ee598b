"""How well the studio plays: the real panes in a real window, measured where they paint.

    xvfb-run -s "-screen 0 1920x1080x24" python benchmarks/playback.py [RECORDING] [--seconds 60]

Without a recording it makes one: 1080p colour, 512x424 depth and infrared, 25 joints, 30 fps.
Prints the share of reference frames that every picture pane painted in their turn, the largest
time difference between panes on screen together, the p99 interval of a 60 Hz timer of the GUI
thread, and the processor time used.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from PySide6.QtCore import QEventLoop, QObject, Qt, QTimer
from PySide6.QtWidgets import QApplication, QGridLayout, QWidget

from harstudio.recordings.streams import SECOND_NS
from harstudio.settings import Settings
from harstudio.studio import theme
from harstudio.studio.panes import PANES
from harstudio.studio.session import Session
from harstudio.synthesis.demo import untrimmed_take
from harstudio.synthesis.layout_harrec import About, Quality, write_recording
from harstudio.synthesis.room import Room
from harstudio.synthesis.scripts import table_side
from harstudio.synthesis.shooting import film, make_rig
from harstudio.synthesis.subject import make_subject
from harstudio.synthesis.viewpoint import color_camera, depth_camera, make_viewpoint

SEED = 7
WARM_UP_S = 3.0
PEER_TIMER_MS = 1000 / 60


def make_recording(folder: Path, seconds: float) -> Path:
    """A person acts before the virtual sensor: full depth and 16-bit infrared with its noise.

    Colour is drawn at half size and enlarged, as in samples of NTU RGB+D.
    """
    subjects = (make_subject(1, SEED), make_subject(2, SEED))
    room = Room(SEED, frozenset(("chair", "table")), table_side(subjects[0]))
    take = untrimmed_take(subjects, SEED)
    take.end = seconds
    drawn, kept = (
        make_rig(make_viewpoint(1, SEED), room, color_camera(width), depth_camera())
        for width in (960, 1920)
    )
    large = (
        replace(shot, color=cv2.resize(shot.color, (1920, 1080)))
        for shot in film(take, drawn, [SEED])
    )
    about = About("playback", 1, 1, 1, None)
    return write_recording(folder, about, take, large, kept, [SEED], Quality())


class GuiTimer(QObject):
    """A 60 Hz timer of the GUI thread, and how evenly it comes."""

    def __init__(self) -> None:
        super().__init__()
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._note)
        self._last = 0.0
        self.intervals_ms: list[float] = []

    def start(self) -> None:
        self.intervals_ms.clear()
        self._last = time.perf_counter()
        self._timer.start(round(PEER_TIMER_MS))

    def _note(self) -> None:
        now = time.perf_counter()
        self.intervals_ms.append((now - self._last) * 1000)
        self._last = now


def wait(seconds: float) -> None:
    """Let the window live for a while."""
    loop = QEventLoop()
    QTimer.singleShot(round(seconds * 1000), loop.quit)
    loop.exec()


def window(session: Session, names: list[str], view: str) -> QWidget:
    """The panes side by side, as large as the screen."""
    made = QWidget()
    grid = QGridLayout(made)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setSpacing(1)
    for number, name in enumerate(names):
        options = {"view": view} if name == "skeleton3d" and view else {}
        grid.addWidget(PANES[name](session, **options), number // 2, number % 2)
    made.showMaximized()
    return made


def measure(
    path: Path, seconds: float, names: list[str], view: str, picture: str, loop: float
) -> dict:
    """Play for so long, looped, and say how it went."""
    session = Session(Settings())
    failures: list[object] = []
    session.failed.connect(failures.append)
    shown = window(session, names, view)
    opened = QEventLoop()
    session.recording_changed.connect(opened.quit)
    session.failed.connect(opened.quit)
    session.open(path)
    opened.exec()
    if failures:
        raise SystemExit(str(failures[0]))
    start = session.recording.start_ns
    stop = min(session.recording.stop_ns, start + round(loop * SECOND_NS))
    session.transport.set_loop((start, stop))
    session.transport.play()
    wait(WARM_UP_S)
    timer = GuiTimer()
    timer.start()
    session.meter.reset()
    clocks = (time.perf_counter, time.process_time, time.thread_time)
    before = [clock() for clock in clocks]
    wait(seconds)
    summary = session.meter.summary()
    wall, used, gui = (clock() - at for clock, at in zip(clocks, before, strict=True))
    if picture:
        shown.grab().save(picture)
    session.transport.pause()
    for name in names:
        pane = shown.findChild(QWidget, f"pane-{name}")
        if name == "signals":
            pane.stop()
    session.close()
    shown.close()
    intervals = np.array(timer.intervals_ms)
    return {
        "frames_due": summary.due,
        "share_on_time": round(summary.share_on_time, 4),
        "largest_difference_ms": round(summary.skew_ns * 1000 / SECOND_NS, 1),
        "timer_p50_ms": round(float(np.percentile(intervals, 50)), 1),
        "timer_p99_ms": round(float(np.percentile(intervals, 99)), 1),
        "processors_used": round(used / wall, 2),
        "gui_thread_used": round(gui / wall, 2),
        "window": [shown.width(), shown.height()],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recording", nargs="?", type=Path)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--length", type=float, default=20.0, help="of the recording it makes")
    parser.add_argument("--loop", type=float, default=1e6, help="seconds that are repeated")
    parser.add_argument("--panes", default="color,depth,infrared,skeleton3d")
    parser.add_argument("--view", choices=("", "gl", "soft"), default="")
    parser.add_argument("--picture", default="", help="save what the window shows at the end")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ.setdefault("HARSTUDIO_HOME", home)
        app = QApplication([])
        theme.apply(app, "dark")
        path = given.recording or make_recording(Path(home, "playback.harrec"), given.length)
        names = given.panes.split(",")
        print(
            json.dumps(measure(path, given.seconds, names, given.view, given.picture, given.loop))
        )


if __name__ == "__main__":
    main()
