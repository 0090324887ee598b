"""Time until the studio can be used, in fresh processes, against a bare PySide6 window.

python benchmarks/startup.py [--runs N] [--path RECORDING]

"window": the window stands on the screen. "usable": panes, timeline and panels stand in it.
"recording": the recording asked for is open. Peer: the smallest PySide6 program that shows a
QMainWindow. Needs a display, or QT_QPA_PLATFORM=offscreen.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PATIENCE_S = 60
BARE = """
from PySide6.QtWidgets import QApplication, QMainWindow
app = QApplication([])
window = QMainWindow()
window.resize(1440, 900)
window.show()
app.processEvents()
print("{}", flush=True)
"""
STUDIO = """
import json, sys, time
from pathlib import Path
from harstudio.studio.app import Starter, StartUp, make_application
from harstudio.studio import theme
start_up = StartUp()
app = make_application()
paths = [Path(p) for p in sys.argv[1:]]
theme.apply(app, "dark")
starter = Starter(paths, False, start_up)
starter.start()
last = "recording" if paths else "usable"
while last not in start_up.marks and time.perf_counter() - start_up.began < 60:
    app.processEvents()
    time.sleep(0.001)
told = {"marks": start_up.marks, "torch": "torch" in sys.modules}
print(json.dumps(told), flush=True)
starter.window.close()
"""


def time_of(code: str, arguments: list[str], home: str) -> tuple[float, dict]:
    """Seconds from starting the process to the line it prints, and what the line says."""
    environment = {**os.environ, "HARSTUDIO_HOME": home, "PYTHONPATH": str(ROOT)}
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    seconds = time.perf_counter() - began
    process.wait(PATIENCE_S)
    return seconds, json.loads(line)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--path", help="a recording to open as well")
    options = parser.parse_args()
    bare, usable, marks, torch = [], [], [], False
    with tempfile.TemporaryDirectory() as home:
        settings = Path(home, "config", "settings.toml")
        settings.parent.mkdir()
        settings.write_text('recent = ["/nowhere"]\n')  # not the very first start: no demo
        arguments = [options.path] if options.path else []
        for run in range(options.runs + 1):
            pair = time_of(BARE, [], home)[0], time_of(STUDIO, arguments, home)
            if run:  # the first fills the disk's cache
                bare.append(pair[0])
                usable.append(pair[1][0])
                marks.append(pair[1][1]["marks"])
                torch |= pair[1][1]["torch"]
    peer, ours = statistics.median(bare), statistics.median(usable)
    print(f"bare PySide6 window   {1000 * peer:7.0f} ms")
    last = "recording open" if options.path else "usable"
    print(f"studio, {last:13} {1000 * ours:7.0f} ms from the start of Python")
    for name in ("window", "usable", "recording"):
        times = [mark[name] for mark in marks if name in mark]
        if times:
            print(f"  {name:9} {1000 * statistics.median(times):7.0f} ms after the imports")
    print(f"ratio to the bare window: {ours / peer:.2f}; torch imported: {torch}")


if __name__ == "__main__":
    main()
