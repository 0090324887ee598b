"""The published splits of NTU RGB+D from a tree with all its names; how long that takes.

The tree has every name of NTU RGB+D (56,880) or, with ``--all``, NTU RGB+D 120 (114,480), each with
a valid skeleton file of two frames. It is scanned, its samples are collected (once with every file
opened, once with what was kept of the first time), and split. The split of all samples, those with
a bad skeleton too, is of what the scan found.

    python benchmarks/ntu_splits.py [--all] [--setups N] [--keep FOLDER]

--setups: only the first setups, for a short look. --keep: make the tree there and leave it.
Real files are a thousand times as long as these (1.2 MB on average): the first collection reads
and parses all of them, the second does not.
"""

from __future__ import annotations

import argparse
import json
import os
import resource as usage
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from harstudio.learning.data.datasets import Dataset, collect
from harstudio.learning.data.protocols import split
from harstudio.learning.data.samples import Sample
from harstudio.recordings.formats import scan
from harstudio.recordings.formats.found import Found
from harstudio.resources import resource

OF_60 = 17  # the setups of NTU RGB+D 60
PUBLISHED = {
    ("cross-subject", 60): ((40320, 16560), (40091, 16487)),
    ("cross-view", 60): ((37920, 18960), (37646, 18932)),
    ("cross-subject", 120): ((None, None), (63026, 50919)),
    ("cross-setup", 120): ((None, None), (54468, 59477)),
}


def names(last_setup: int) -> Iterator[str]:
    """Every name of the setups up to one."""
    facts = json.loads(resource("datasets", "ntu_setups.json").read_text(encoding="utf-8"))
    for setup, performer in facts["setup_performer"]:
        first = 1 if setup <= OF_60 else 61
        for camera in (1, 2, 3) if setup <= last_setup else ():
            for replication in (1, 2):
                for action in range(first, first + 60):
                    yield (
                        f"S{setup:03d}C{camera:03d}P{performer:03d}R{replication:03d}A{action:03d}"
                    )


def make_tree(folder: Path, last_setup: int) -> int:
    """The tree; every file has a body of its own, so that no two are alike. How many files."""
    inner = folder / "nturgb+d_skeletons"
    inner.mkdir(parents=True, exist_ok=True)
    joints = (" ".join(["0.1"] * 11) + " 2\n") * 25
    count = 0
    for name in names(last_setup):
        frame = f"1\n{72057594037927936 + count} 0 1 1 1 1 0 0.0 0.0 2\n25\n{joints}"
        (inner / f"{name}.skeleton").write_text(f"2\n{frame}{frame}", encoding="ascii")
        count += 1
    return count


def found_as_samples(folder: Path, found: tuple[Found, ...]) -> Dataset:
    """What a scan found, those with a bad skeleton too."""
    labels = sorted({one.action.label for one in found if one.action is not None})
    samples = tuple(
        Sample(one.path, one.name, 0, 1, labels.index(one.action.label), one.subject, one.view)
        for one in found
        if one.action is not None
    )
    return Dataset(folder, tuple(map(str, labels)), samples, "", frozenset())


def peak_mib() -> float:
    """The most memory that this process has had."""
    return usage.getrusage(usage.RUSAGE_SELF).ru_maxrss / 1024


def show(dataset: Dataset, protocol: str, wanted: tuple[int | None, int | None] | None) -> bool:
    """Print a split with its time; whether it is what was published."""
    start = time.perf_counter()
    parts = split(dataset, protocol, validation_subjects=0)
    seconds = time.perf_counter() - start
    counts = (len(parts.train), len(parts.test))
    right = wanted is None or wanted in (counts, (None, None))
    said = (
        "" if wanted in (None, (None, None)) else "  as published" if right else f"  NOT {wanted}"
    )
    print(f"  {protocol:14} {counts[0]:7,} train {counts[1]:7,} test  {seconds:5.2f} s{said}")
    return right


def main() -> None:
    """Make the tree and tell times, memory and counts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--all", action="store_true", help="NTU RGB+D 120")
    parser.add_argument("--setups", type=int, default=0)
    parser.add_argument("--keep", type=Path)
    wanted = parser.parse_args()
    which = 120 if wanted.all else 60
    last = wanted.setups or (32 if wanted.all else OF_60)
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["HARSTUDIO_HOME"] = str(Path(scratch, "home"))
        folder = wanted.keep or Path(scratch, "ntu")
        start = time.perf_counter()
        print(f"{make_tree(folder, last):,} names, written in {time.perf_counter() - start:.0f} s")
        right = True
        start = time.perf_counter()
        found = scan(folder)
        print(f"scan: {time.perf_counter() - start:.1f} s, peak {peak_mib():.0f} MiB")
        whole = found_as_samples(folder, found.recordings)
        protocols = [name for name, size in PUBLISHED if size == which]
        print(f"all {len(whole.samples):,} samples:")
        for name in protocols:
            right &= show(whole, name, None if wanted.setups else PUBLISHED[name, which][0])
        for text in ("first", "second"):
            start = time.perf_counter()
            dataset = collect(folder)
            seconds = time.perf_counter() - start
            print(f"collect, {text} time: {seconds:.1f} s, peak {peak_mib():.0f} MiB")
        print(f"less the listed bad ones, {len(dataset.samples):,} samples:")
        for name in protocols:
            right &= show(dataset, name, None if wanted.setups else PUBLISHED[name, which][1])
    if not right:
        raise SystemExit("The counts are not those that were published.")


if __name__ == "__main__":
    main()
