"""A room behind the people of UTD-MHAD, seen by a run with and without its person mask.

The depth of UTD-MHAD has its background removed. Behind the people of every test trial a furnished
room is put (the condition ``background`` of ``harstudio evaluate --robustness``), and the same
weights answer: to the trials as they are, to the room with the person mask that the run has, and to
the room without that mask.

    python benchmarks/rooms_behind.py RUN --data UTD-MHAD

RUN is a run folder or the name of bundled weights. Printed is the accuracy of the fusion and of
every stream, and how many points each lost.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from harstudio.learning.devices import choose_device
from harstudio.learning.evaluating.testing import evaluate_run
from harstudio.runs.bundled import find_run
from harstudio.runs.folder import RunFolder

MASK = "person_band_m"
ROOM = "background"


class Alone:
    """What a job may say, of a process that nobody listens to."""

    threads, device = 1, "cpu"

    def progress(self, done: float, total: float, text: str = "") -> None:
        """On stderr, at its end."""
        if total and done == total:
            print(text, file=sys.stderr)

    def tell(self, kind: str, payload: dict[str, Any]) -> None:
        """Nothing."""

    def log(self, sentence: str) -> None:
        """On stderr."""
        print(sentence, file=sys.stderr)

    def pause_point(self) -> None:
        """Nobody stops it."""


def without_mask(run: Path, out: Path) -> Path:
    """A copy of the run whose preprocessing has no person mask; SystemExit where it had none."""
    shutil.copytree(run, out)
    place = RunFolder(out).preprocessing
    told = json.loads(place.read_text("utf-8"))
    masked = [table for table in told["inputs"].values() if table.get(MASK)]
    if not masked:
        raise SystemExit(f"{run} has no person mask.")
    for table in masked:
        table[MASK] = None
    place.write_text(json.dumps(told), "utf-8")
    return out


def main() -> None:
    """Evaluate three times and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run")
    parser.add_argument("--data", type=Path, required=True)
    wanted = parser.parse_args()
    context = Alone()
    device = choose_device("cpu", context, 1)
    with tempfile.TemporaryDirectory() as scratch:
        run = find_run(wanted.run)
        bare = without_mask(run, Path(scratch) / "run")
        plain: dict[str, float] = {}
        for title, folder, disturbed in (
            ("as they are", run, ""),
            ("a room, with the mask", run, ROOM),
            ("a room, without it", bare, ROOM),
        ):
            told = evaluate_run(folder, context, device, data=wanted.data, disturbed=disturbed)
            shares = {"fusion": told["top1"]} | {k: v["top1"] for k, v in told["streams"].items()}
            plain = plain or shares
            low, high = told["ci95"]
            words = "  ".join(
                f"{name} {100 * share:5.1f} % ({100 * (share - plain[name]):+5.1f})"
                for name, share in shares.items()
            )
            print(f"{title:22} {told['clips']} clips  {words}  "
                  f"fusion's interval {100 * low:.1f} to {100 * high:.1f}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
