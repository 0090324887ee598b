"""What a demonstrator sees: the workspace Live in a real window, fed by a real session.

    python benchmarks/live/screen.py --source replay:PATH [--run RUN] [--seconds 30]

Needs a display (Xvfb will do). Prints one JSON document: seconds from the key to the first picture
and to the first label; frames captured, skeletons, recognised windows and painted pictures a
second; from a picture's arrival to its being painted and to its label being painted (ms, p50 and
p95); frames dropped; the share of one core that the window's process takes; load of the machine.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from typing import Any

import numpy as np


def main() -> None:
    arguments = parsed()
    os.environ.setdefault("HARSTUDIO_HOME", tempfile.mkdtemp(prefix="harstudio-screen-"))
    print(json.dumps(measure(arguments), indent=2))


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--source", required=True)
    parser.add_argument("--run", default="")
    parser.add_argument("--pose", default="lite", choices=("lite", "full", "heavy"))
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--size", default="1440x900")
    parser.add_argument("--keep", type=int, default=30, help="seconds kept in memory")
    return parser.parse_args()


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    from PySide6.QtCore import QEventLoop, QTimer

    from harstudio.settings import Settings
    from harstudio.studio import theme
    from harstudio.studio.app import make_application
    from harstudio.studio.session import Session
    from harstudio.studio.window import MainWindow

    def wait(seconds: float) -> None:
        loop = QEventLoop()
        QTimer.singleShot(round(1000 * seconds), loop.quit)
        loop.exec()

    def until(condition: Any, seconds: float = 120.0) -> None:
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise SystemExit(f"not within {seconds} s: {service.told.troubles}")
            wait(0.005)

    app = make_application()
    theme.apply(app, "dark")
    settings = Settings(
        annotator="benchmark", live_source=arguments.source, live_run=arguments.run,
        live_pose=arguments.pose, live_keep_s=arguments.keep,
    )  # fmt: skip
    window = MainWindow(Session(settings))
    width, height = map(int, arguments.size.split("x"))
    window.resize(width, height)
    window.show()
    window.live_desk.catalogue.looked = True  # drivers are not asked
    window.set_workspace("view.live")
    wait(1.0)
    service, page = window.live, window.live_desk.page
    began = time.monotonic()
    window.commands.run("live.start")
    until(lambda: service.state == "running")
    picture_s = time.monotonic() - began
    until(lambda: service.told.said is not None)
    label_s = time.monotonic() - began
    wait(5.0)  # warm
    painted: list[float] = []
    labels: list[float] = []
    service.viewing.measured.connect(painted.append)

    def note_label(_said: object) -> None:
        if page.said.label_ms is not None:
            labels.append(page.said.label_ms)

    service.said.connect(note_label)
    told, dropped = service.told, service.told.dropped
    cpu, begun = time.process_time(), time.monotonic()
    wait(arguments.seconds)
    seconds = time.monotonic() - begun
    share = (time.process_time() - cpu) / seconds
    panes = sum(1 for view in page.views.values() if getattr(view, "stream", None) is not None)
    found = {
        "source": told.title,
        "run": service.choice.run,
        "first_picture_s": picture_s,
        "first_label_s": label_s,
        "captured_fps": told.capture_fps,
        "skeleton_fps": told.pose_fps,
        "recognised_per_s": told.recognised_fps,
        "painted_fps": len(painted) / max(1, panes) / seconds,
        "picture_ms": quantiles(painted),
        "label_ms": quantiles(labels),
        "waits_for_skeleton_ms": service.viewing.behind_ns / 1e6,
        "dropped": told.dropped - dropped,
        "window_share_of_a_core": share,
        "load": os.getloadavg()[0],
    }
    window.close()
    return found


def quantiles(values: list[float]) -> dict[str, float | None]:
    if not values:
        return {"p50": None, "p95": None}
    p50, p95 = np.percentile(values, [50, 95])
    return {"p50": round(float(p50), 1), "p95": round(float(p95), 1)}


if __name__ == "__main__":
    main()
