"""Recordings of what live windows show: beginnings and ends of trials beside the whole trials.

A window that grows shows the beginning of an action before it shows all of it. So of every trial of
the people who train (1, 3, 5, 7) there are three recordings: the whole, its first 55 % and its last
70 %. Of the people who test there is the whole.

    python benchmarks/weights/live_clips.py UTD-MHAD-SILHOUETTES OUT
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from harstudio.recordings.formats import open_recording, scan
from harstudio.recordings.formats.harrec_header import PICTURE_KINDS, StreamSpec
from harstudio.recordings.formats.harrec_writer import HarrecWriter
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import PictureStream, SkeletonStream

TRAIN_PEOPLE = (1, 3, 5, 7)
PARTS = ((0.0, 0.55), (0.3, 1.0))


def main() -> None:
    """Write all; recordings that are there stay."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recordings", type=Path)
    parser.add_argument("out", type=Path)
    given = parser.parse_args()
    for found in sorted(scan(given.recordings).recordings, key=lambda one: one.name):
        with open_recording(found.path) as trial:
            if not (whole := given.out / found.path.name).exists():
                shutil.copytree(found.path, whole)
            for number, part in enumerate(PARTS if trial.subject in TRAIN_PEOPLE else (), 1):
                name = f"{trial.name}{number}"  # parts of a1_s1_t1 are a1_s1_t11 and a1_s1_t12
                place = given.out / f"{name}.harrec"
                if not place.exists():
                    write(trial, place, name, part)


def write(trial: Recording, place: Path, name: str, part: tuple[float, float]) -> None:
    """One part of a trial; the first of its frames is at 0."""
    span = trial.stop_ns - trial.start_ns
    start, end = (trial.start_ns + round(share * span) for share in part)
    specs = [spec for one in trial.streams.values() if (spec := _spec(one)) is not None]
    with HarrecWriter(
        place, name=name, streams=specs, subject=trial.subject, repetition=trial.repetition,
        action=trial.action, cameras=dict(trial.cameras),
    ) as writer:  # fmt: skip
        for spec in specs:
            stream = trial.streams[spec.name]
            put = writer.picture if spec.kind in PICTURE_KINDS else writer.skeleton
            for index, time_ns in enumerate(stream.times_ns.tolist()):
                if start <= time_ns < end:
                    put(spec.name, time_ns - start, stream.frame(index))


def _spec(stream: object) -> StreamSpec | None:
    if isinstance(stream, PictureStream):
        return StreamSpec(
            stream.name, stream.kind, stream.width, stream.height,
            rate_hz=stream.nominal_rate_hz or 30.0, dtype=stream.dtype, lookahead=10,
        )  # fmt: skip
    if isinstance(stream, SkeletonStream):
        return StreamSpec(stream.name, stream.kind, rate_hz=30.0, topology=stream.topology)
    return None


if __name__ == "__main__":
    main()
