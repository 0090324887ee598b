"""How much quicker clips come from prepared data than from recordings, network by network.

For each network some clips of a dataset are prepared, then an epoch of training batches is made
from the recordings and from prepared data, with nothing kept in memory and no network computing;
of each the best of three. Printed as Markdown: bytes a clip, clips a second.

    python benchmarks/prepared_data.py [--data FOLDER] [--clips N] [--threads N] [NAME ...]
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

from harstudio.jobs import foreground
from harstudio.learning.data.datasets import collect
from harstudio.learning.data.samples import Sample
from harstudio.learning.loading import Loader
from harstudio.learning.prepared.caches import Cache
from harstudio.learning.preprocessing import Preprocessing

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("HARSTUDIO_DATA") or ROOT.parent / "shared" / "data")
NAMES = ("st-gcn", "mmff-lite", "amfi-net", "m-mixer", "mmnet")
ROUNDS = 3
BATCH = 16


def clips_per_second(
    samples: tuple[Sample, ...], preprocessing: Preprocessing, threads: int, cache: Cache | None
) -> float:
    """Of the quickest of three epochs of training batches; cache None: from the recordings."""
    loader = Loader(
        samples, preprocessing, BATCH, train=True, cache_bytes=0, threads=threads, cache=cache
    )
    quickest = float("inf")
    for epoch in range(ROUNDS):
        started = time.perf_counter()
        clips = sum(len(batch.labels) for batch in loader.batches(epoch))
        quickest = min(quickest, time.perf_counter() - started)
        assert clips == len(samples), loader.problems
    return len(samples) / quickest


def few(data: Path, clips: int, into: Path) -> Path:
    """Links to the files of so many recordings, evenly over the dataset."""
    samples = collect(data).samples
    chosen = {one.recording for one in samples[:: max(1, len(samples) // clips)][:clips]}
    for file in data.rglob("*"):
        if file.is_file() and file.stem.rpartition("_")[0] in chosen:
            link = into / file.relative_to(data)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(file)
    return into


def main() -> None:
    """Print a line a network."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", default=NAMES)
    parser.add_argument("--data", type=Path, default=DATA / "utd-mhad")
    parser.add_argument("--clips", type=int, default=64)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    print("| network | inputs | bytes a clip | recordings, clips/s | prepared, clips/s | |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as scratch:
        data = few(options.data, options.clips, Path(scratch) / "data")
        for name in options.names:
            out = Path(scratch) / name
            payload = {
                "config": {"data": {"path": str(data)}, "network": {"name": name}},
                "out": str(out),
            }
            told = foreground.run(
                "harstudio.learning.jobs:prepare_data", payload, threads=options.threads
            )
            cache = Cache(out)
            samples = collect(out).with_kinds(cache.preprocessing.kinds).samples
            direct, quick = (
                clips_per_second(samples, cache.preprocessing, options.threads, one)
                for one in (None, cache)
            )
            inputs = ", ".join(told["inputs"])
            print(
                f"| `{name}` | {inputs} | {told['bytes_per_clip']:,} | {direct:,.0f} | "
                f"{quick:,.0f} | x {quick / direct:.1f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
