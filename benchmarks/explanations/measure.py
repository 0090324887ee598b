"""Truth figures for every fusion network: makes the clips, trains small versions, checks them all.

    python benchmarks/explanations/measure.py OUT [--utd UTD-MHAD] [--clips 40]

OUT gets ``rooms`` (three people, six actions, two views in a furnished room; the third person is
tested), ``runs/NAME`` of each config beside this file, and ``figures.json``. What is there is not
made again.
Bundled weights are checked on rooms, those that know UTD-MHAD on it where it is named.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from harstudio.runs.folder import RunFolder
from harstudio.runs.truth import Truth, read_truth
from harstudio.runs.truth_rows import beaten, times

HERE = Path(__file__).parent
ACTIONS = "clap,wave,throw,drink,kick,fall"
NETWORKS = ("amfi-net", "m-mixer", "mmff", "cc-dfarm", "dscmt", "mmnet")
OF_UTD = ("joints-any-sensor", "depth-skeleton")
OF_ROOMS = "synthetic-all-views"
HEAD = (
    "| network | explanation | deletion | insertion | random weights | on people | on hands | "
    "at most |\n|---|---|---|---|---|---|---|---|"
)


def harstudio(*words: str | Path) -> str:
    """What a command prints; status 1 is a clip that could not be read."""
    command = [sys.executable, "-m", "harstudio", *map(str, words)]
    done = subprocess.run(command, check=False, text=True, stdout=subprocess.PIPE)
    if done.returncode > 1:
        raise SystemExit(done.returncode)
    return done.stdout


def of_run(run: Path, clips: int) -> Truth:
    """The figures of a run on its own test part."""
    found = read_truth(RunFolder(run))
    if found is None:
        harstudio("evaluate", run, "--explanations", "--clips", str(clips), "--threads", "1")
        found = read_truth(RunFolder(run))
    assert found is not None
    return found


def of_bundled(name: str, data: Path, clips: int) -> Truth:
    """The figures of bundled weights, which keep none, on other data."""
    words = ("--explanations", "--clips", str(clips), "--threads", "1", "--json")
    document = json.loads(harstudio("evaluate", name, "--data", data, *words))
    return Truth.of(document["explanations"])


def rows(name: str, truth: Truth) -> list[str]:
    """Lines of a table in Markdown; what has no figure is left out."""
    lines = []
    for one in truth.explanations:
        like = "" if one.randomised is None else f"{one.randomised.median:.2f}"
        most = "" if one.hands is None else f"{one.hands.most:.1f} ×"
        cells = [beaten(one.deletion), beaten(one.insertion), like, times(one.person)]
        cells += [times(one.hands), most]
        if any(cell not in ("", "–") for cell in cells):
            lines.append(f"| {name} | {one.name} | {' | '.join(cells)} |")
    return lines


def main() -> None:
    """Everything, one after the other, on one thread."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--utd", type=Path)
    parser.add_argument("--clips", type=int, default=40)
    asked = parser.parse_args()
    out, clips = asked.out.absolute(), asked.clips
    rooms = out / "rooms"
    if not rooms.is_dir():
        make = ("--subjects", "3", "--views", "2", "--color-width", "320", "--seed", "11")
        harstudio("sample", rooms, "--actions", ACTIONS, *make)
    figures: dict[str, Truth] = {}
    for name in NETWORKS:
        run = out / "runs" / name
        if not RunFolder(run).evaluation.is_file():
            places = ("--set", f"data.path={rooms}", "--set", f"run.folder={run}")
            harstudio("train", HERE / f"{name}.toml", *places, "--threads", "1")
        figures[name] = of_run(run, clips)
    figures[OF_ROOMS] = of_bundled(OF_ROOMS, rooms, clips)
    for name in OF_UTD if asked.utd else ():
        figures[name] = of_bundled(name, asked.utd.absolute(), clips)
    kept: dict[str, Any] = {name: one.model_dump(mode="json") for name, one in figures.items()}
    (out / "figures.json").write_text(json.dumps(kept, indent=1), "utf-8")
    print(HEAD)
    for name, truth in figures.items():
        print("\n".join(rows(name, truth)))


if __name__ == "__main__":
    main()
