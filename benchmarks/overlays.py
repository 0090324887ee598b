"""What explanations over the pictures cost the player: the same seconds with and without them.

    xvfb-run -s "-screen 0 1920x1080x24" python benchmarks/overlays.py [RECORDING] [--rounds 6]

The recording of ``playback.py`` (1080p colour, depth, infrared, skeletons) is played in colour,
depth, infrared and 3D, with a heat map over the colour and the points, joint weights in 2D and 3D
and squares of an input, and without, in turns, so that what else the machine does falls on both.
Prints for each the share of frames painted in their turn and the processor time of the GUI thread,
and the difference of the shares round by round.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path

import numpy as np
from playback import WARM_UP_S, make_recording, wait, window
from PySide6.QtCore import QEventLoop
from PySide6.QtWidgets import QApplication, QWidget

from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import PictureStream, SkeletonStream, StreamKind
from harstudio.results import Box, Cut, HeatMap, JointWeights, Picture, Recognition, Window
from harstudio.settings import Settings
from harstudio.studio import theme
from harstudio.studio.session import Session

PANES = ("color", "depth", "infrared", "skeleton3d")
SETTLE_S = 1.0


def recognition(recording: Recording, on: str) -> Recognition:
    """One window over everything: a map that is another one every fourth frame, a weight for every
    joint and frame, and an input of five squares every tenth frame."""
    stream, skeleton = recording.streams[on], recording.of_kind(StreamKind.SKELETON)
    assert isinstance(stream, PictureStream)
    assert isinstance(skeleton, SkeletonStream)
    rng = np.random.default_rng(1)
    times = stream.times_ns[::4]
    side = float(stream.height)
    boxes = tuple(Box(2.0 * (k % 50), 0, side + 2.0 * (k % 50), side) for k in range(len(times)))
    maps = rng.random((len(times), 10, 10), dtype=np.float32)
    weights = rng.random((len(skeleton), skeleton.joints, skeleton.max_bodies), dtype=np.float32)
    persons = sorted({b.id for k in range(len(skeleton)) for b in skeleton.frame(k).bodies})
    people = tuple((persons + [""] * skeleton.max_bodies)[: skeleton.max_bodies])
    cuts = tuple(
        Cut(
            int(at), Box(100.0 * k, 200, 100.0 * k + 90, 290), Box(0, k / 5, 1, k / 5 + 0.2), "hand"
        )
        for at in stream.times_ns[::10]
        for k in range(5)
    )
    told = (
        HeatMap("map", "map, 10x10", on, times, maps, boxes),
        JointWeights("joints", "joints", skeleton.topology, skeleton.times_ns, weights, people),
        Picture("mosaic", "mosaic", np.zeros((90, 90, 3), np.uint8), on, cuts),
    )
    span = Window(recording.start_ns, recording.stop_ns, np.array([0.7, 0.3], np.float32))
    return Recognition(
        "run", "network", ("a", "b"), recording.name, str(recording.path), (span,), (), 0, 0.7,
        (told,),
    )  # fmt: skip


def measure(path: Path, seconds: float, rounds: int, view: str, on: str) -> dict[str, object]:
    """Play in turns; shares and processor time of each turn."""
    session = Session(Settings())
    shown = window(session, list(PANES), view)
    opened = QEventLoop()
    session.recording_changed.connect(opened.quit)
    session.failed.connect(opened.quit)
    session.open(path)
    opened.exec()
    said = recognition(session.recording, on)
    session.transport.set_loop((session.recording.start_ns, session.recording.stop_ns))
    session.transport.play()
    wait(WARM_UP_S)
    shares: dict[bool, list[float]] = {False: [], True: []}
    gui: dict[bool, list[float]] = {False: [], True: []}
    for number in range(rounds + 1):  # the first one warms up
        for explained in (True, False) if number % 2 else (False, True):
            session.show_recognition(said if explained else None)
            wait(SETTLE_S)
            session.meter.reset()
            wall, used = time.perf_counter(), time.thread_time()
            wait(seconds)
            wall, used = time.perf_counter() - wall, time.thread_time() - used
            if number:
                shares[explained].append(session.meter.summary().share_on_time)
                gui[explained].append(used / wall)
    session.transport.pause()
    session.close()
    shown.close()
    lost = np.array(shares[False]) - np.array(shares[True])
    return {
        "view": shown.findChild(QWidget, "pane-skeleton3d").view.kind,
        "map_on": on,
        "share_without": round(float(np.mean(shares[False])), 4),
        "share_with": round(float(np.mean(shares[True])), 4),
        "lost_mean": round(float(lost.mean()), 4),
        "lost_median": round(float(np.median(lost)), 4),
        "lost_each_round": [round(float(one), 4) for one in lost],
        "gui_thread_without": round(float(np.mean(gui[False])), 3),
        "gui_thread_with": round(float(np.mean(gui[True])), 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recording", nargs="?", type=Path)
    parser.add_argument("--seconds", type=float, default=8.0, help="of a turn")
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--length", type=float, default=12.0, help="of the recording it makes")
    parser.add_argument("--view", choices=("", "gl", "soft"), default="soft")
    parser.add_argument("--map-on", default="color", help="stream that the map lies on")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ.setdefault("HARSTUDIO_HOME", home)
        app = QApplication([])
        theme.apply(app, "dark")
        path = given.recording or make_recording(Path(home, "playback.harrec"), given.length)
        told = measure(path, given.seconds, given.rounds, given.view, given.map_on)
        print(json.dumps(told))


if __name__ == "__main__":
    main()
