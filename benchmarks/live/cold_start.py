"""Key press to first label, cold: ``harstudio live --demo`` until the screen for visitors says
something. Needs a display. Prints seconds since the process was started, one line a start.

    python benchmarks/live/cold_start.py replay:PATH --run joints-any-sensor --times 3
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MARKS = ("window", "usable", "answer", "label")
LATEST_S = 60.0


def start(source: str, run: str, home: Path) -> dict[str, float]:
    """Seconds from the start of the process by what was there then."""
    log = home / "data" / "logs" / "studio.log"
    command = [sys.executable, "-m", "harstudio", "live", "--source", source, "--run", run]
    began = time.time()
    process = subprocess.Popen([*command, "--demo"], env=os.environ | {"HARSTUDIO_HOME": str(home)})
    found: dict[str, float] = {}
    try:
        while time.time() - began < LATEST_S and "label" not in found:
            time.sleep(0.05)
            text = log.read_text("utf-8") if log.exists() else ""
            for name in MARKS:
                if name not in found and re.search(rf"start-up: {name} after", text):
                    found[name] = time.time() - began
    finally:
        process.terminate()
        process.wait(30)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source")
    parser.add_argument("--run", default="joints-any-sensor")
    parser.add_argument("--times", type=int, default=3)
    asked = parser.parse_args()
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    print(f"load before: {load:.1f}, cores: {os.cpu_count()}")
    for _ in range(asked.times):
        with tempfile.TemporaryDirectory() as home:
            found = start(asked.source, asked.run, Path(home))
        print("  ".join(f"{name} {found.get(name, float('nan')):.2f} s" for name in MARKS))


if __name__ == "__main__":
    main()
