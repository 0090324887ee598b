"""What it saves that frozen streams look at each clip once: AMFI-Net's fusion on the demo project.

Two trainings of the fusion alone, streams frozen, first with ``training.cache_features`` off, then
on; the median seconds of an epoch after the first, and the first, with which the cache pays for
itself. Clips are small, so that it takes minutes on a laptop's processor.

    python benchmarks/frozen_features.py [--epochs 4] [--data demo]
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

SMALL = (
    "network.name=amfi-net",
    "preprocessing.clip.size=56",
    "preprocessing.clip.frames=8",
    "training.stages=['fusion']",
    "training.batch_size=8",
    "training.select=last",
)


def seconds(data: str, epochs: int, cached: bool, folder: Path) -> list[float]:
    """Of every epoch of one training."""
    config = folder / "config.toml"
    config.write_text(f'[data]\npath = "{data}"\n[network]\nname = "amfi-net"\n')
    run = folder / f"cached-{cached}"
    changes = [
        *SMALL,
        f"training.epochs={epochs}",
        f"training.cache_features={str(cached).lower()}",
        f"run.folder={run.as_posix()}",
    ]
    sets = [word for change in changes for word in ("--set", change)]
    command = [sys.executable, "-m", "harstudio", "train", str(config), *sets]
    subprocess.run([*command, "--device", "cpu", "--threads", "1"], check=True)
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [line["seconds"] for line in lines if line["kind"] == "epoch"]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--data", default="demo")
    asked = parser.parse_args()
    medians = {}
    for cached in (False, True):
        with tempfile.TemporaryDirectory() as folder:
            first, *others = seconds(asked.data, asked.epochs, cached, Path(folder))
        medians[cached] = statistics.median(others)
        name = "looks once" if cached else "looks in every epoch"
        print(f"{name:21} first epoch {first:8.3f} s, then {medians[cached]:8.3f} s")
    print(f"{medians[False] / medians[True]:.0f} times as fast after the first epoch")


if __name__ == "__main__":
    main()
