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
from pathlib import Path

import numpy as np
from PySide6.QtCore import QEventLoop, QObject, Qt, QTimer
from PySide6.QtWidgets import QApplication, QGridLayout, QWidget

from harstudio.recordings.formats.harrec_writer import HarrecWriter, StreamSpec
from harstudio.recordings.streams import SECOND_NS, Body, SkeletonFrame, StreamKind, evenly
from harstudio.settings import Settings
from harstudio.skeletons.cameras import Camera
from harstudio.studio import theme
from harstudio.studio.panes import PANES
from harstudio.studio.session import Session

COLOR = Camera(1920, 1080, fx=1060.0, fy=1060.0, cx=960.0, cy=540.0)
DEPTH = Camera(512, 424, fx=365.0, fy=365.0, cx=256.0, cy=212.0)
WARM_UP_S = 3.0
PEER_TIMER_MS = 1000 / 60


def make_recording(folder: Path, seconds: float) -> Path:
    """A figure that walks before a textured wall, with the noise that depth sensors have."""
    random = np.random.default_rng(0)
    base = random.integers(0, 256, (270, 480, 3), dtype=np.uint8).repeat(4, 0).repeat(4, 1)
    base = (base // 4 + 90).astype(np.uint8)
    specs = (
        StreamSpec("color", StreamKind.COLOR, width=1920, height=1080),
        StreamSpec("depth", StreamKind.DEPTH, width=512, height=424),
        StreamSpec("infrared", StreamKind.INFRARED, width=512, height=424),
        StreamSpec("skeleton", StreamKind.SKELETON, topology="kinect_v2_25"),
    )
    cameras = {"color": COLOR, "depth": DEPTH, "infrared": DEPTH}
    wall = np.full((424, 512), 3500, dtype=np.uint16)
    with HarrecWriter(folder, name="playback", streams=specs, cameras=cameras) as writer:
        for k, time_ns in enumerate(evenly(round(seconds * 30), 30.0).tolist()):
            at = 0.8 * np.sin(k / 25)
            color = base.copy()
            left = int(960 + 530 * at) - 120
            color[200:1000, left : left + 240] = (180, 120, 90)
            depth = wall + random.integers(-8, 9, wall.shape).astype(np.int16)
            left = int(256 + 182 * at) - 40
            depth[80:400, left : left + 80] = 2000
            depth[random.random(wall.shape) < 0.03] = 0
            writer.picture("color", time_ns, color)
            writer.picture("depth", time_ns, depth.astype(np.uint16))
            writer.picture("infrared", time_ns, (depth // 2).astype(np.uint16))
            writer.skeleton("skeleton", time_ns, SkeletonFrame((walker(k, at),)))
    return folder


def walker(k: int, x: float) -> Body:
    """(25, 3) joints on a walking column."""
    spread = np.linspace(-0.9, 0.8, 25)
    joints = np.stack([x + 0.2 * np.sin(spread * 9 + k / 4), spread, np.full(25, 2.0)], axis=1)
    return Body("1", joints.astype(np.float32), np.full(25, 2, dtype=np.uint8))


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
        path = given.recording or make_recording(Path(home, "playback"), given.length)
        names = given.panes.split(",")
        print(
            json.dumps(measure(path, given.seconds, names, given.view, given.picture, given.loop))
        )


if __name__ == "__main__":
    main()
