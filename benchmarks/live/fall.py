"""Watch mode on synthetic falls: how many raise an alarm, and how many alarms are false.

Sessions of scripted people (``fall_data.py``; nobody real) go frame by frame through the live
recogniser and the watch for "falling". A fall counts as found where an alarm comes from its start
to 3 s after it; every other alarm is false. Lying down with care, sitting down, crouching, bending
and jumping are what it may be taken for.

    python benchmarks/live/fall_data.py FALLS
    harstudio train benchmarks/live/fall.toml --set data.path=FALLS/train
    python benchmarks/live/fall.py FALLS runs/falls [--streams] [--windows 3] [--least 0.5]
        [--people N] [--utkinect DIR] [--florence DIR]

Conditions: clean; dark (a quarter of the light: colour alone is worse by that); occluded (a low
cupboard before the person); and, for joints alone, an hour of each. ``--streams``: also with each
stream of the run alone. UTKinect and Florence are real people, of whom nobody falls: all of their
clips, joints alone, each between two seconds of standing still; every alarm is false there.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from unscripted import FLORENCE, UTKINECT, Stretch, of_clips

from harstudio.labels.project import Project
from harstudio.learning.evaluating.disturbing import disturb
from harstudio.live.growing import GrowingRecording
from harstudio.live.recognising.engine import TorchEngine
from harstudio.live.recognising.recogniser import Facts, Recogniser, keep_ns
from harstudio.live.recognising.watching import Watch, Watched
from harstudio.recognition.trained import TrainedNetwork, load_run
from harstudio.recordings.formats import open_recording
from harstudio.recordings.formats.harrec_header import StreamSpec
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import SECOND_NS, StreamKind
from harstudio.runs.bundled import find_run

FALLING = "falling"
AFTER_NS = 3 * SECOND_NS
CONDITIONS = {
    "clean": ("test", ""),
    "dark": ("test", "dark-0.25"),
    "occluded": ("occluded", ""),
    "an hour of joints": ("joints", ""),
    "the same, occluded": ("joints-occluded", ""),
}
Window = tuple[int, int, NDArray[np.float32]]


@dataclass(frozen=True, eq=False)
class Session:
    """What was told of a session. falls: when they began and ended."""

    name: str
    seconds: float
    falls: tuple[tuple[int, int], ...]
    careful: int  # lyings down
    windows: tuple[Window, ...]


class Silent:
    """A context that nobody listens to."""

    threads, device = 1, "cpu"

    def progress(self, done: float, total: float, text: str = "") -> None: ...
    def tell(self, kind: str, payload: dict[str, Any]) -> None: ...
    def log(self, sentence: str) -> None: ...
    def pause_point(self) -> None: ...


def sessions(
    trained: TrainedNetwork, folder: Path, disturbed: str, left_out: list[str], people: int
) -> Iterator[Session]:
    """Everything that the recogniser tells of every session."""
    project = Project.open(folder)
    for name, path in sorted(project.recording_paths().items()):
        if people and int(name[1:3]) > people:
            continue
        documents = project.documents(name)
        if not documents:
            continue
        clips = [clip for tier in documents[0].tiers for clip in tier.clips]
        with open_recording(path) as recording:
            seen = recording
            if disturbed:
                seen = disturb(recording, disturbed, recording.start_ns, recording.end_ns)
            windows = tuple(_windows(trained, seen, left_out))
            yield Session(
                name,
                (recording.end_ns - recording.start_ns) / SECOND_NS,
                tuple((c.start_ns, c.end_ns) for c in clips if c.label == FALLING),
                sum(c.label == "lying down" for c in clips),
                windows,
            )


def real(trained: TrainedNetwork, stretch: Stretch, topology: str) -> Session:
    """A clip of real people, among whom nobody falls."""
    growing = GrowingRecording(
        "live",
        [StreamSpec("skeleton", StreamKind.SKELETON, rate_hz=30.0, topology=topology)],
        {},
        keep_ns=keep_ns(trained.usual_s),
    )
    lacking = [kind for kind in trained.preprocessing.kinds if kind != "skeleton"]
    preprocessing = trained.preprocessing.leaving_out(lacking)
    facts = Facts(trained.classes, trained.usual_s, preprocessing)
    recogniser = Recogniser(facts, growing, TorchEngine(trained, Silent()))
    windows: list[Window] = []
    for k, (time_ns, frame) in enumerate(stretch.frames):
        recogniser.take("skeleton", time_ns, frame)
        if k % 2 == 0:
            told = recogniser.look()
            if told.answer is not None:
                windows.append((told.start_ns, told.end_ns, told.probabilities))
    seconds = sum(end - start for start, end in stretch.counted) / SECOND_NS
    return Session("", seconds, (), 0, tuple(windows))


def _windows(
    trained: TrainedNetwork, recording: Recording, left_out: list[str]
) -> Iterator[Window]:
    preprocessing = trained.preprocessing.leaving_out(left_out)
    kinds = {*preprocessing.kinds, "skeleton"}
    masked = any(getattr(one, "person_band_m", None) for one in preprocessing.inputs.values())
    streams = [
        s for s in recording.streams.values() if s.kind in kinds or (masked and s.kind == "depth")
    ]
    specs = [_spec(stream) for stream in streams]
    growing = GrowingRecording("live", specs, recording.cameras, keep_ns=keep_ns(trained.usual_s))
    facts = Facts(trained.classes, trained.usual_s, preprocessing)
    recogniser = Recogniser(facts, growing, TorchEngine(trained, Silent()))
    frames = sorted(
        (int(time_ns), stream.name, index)
        for stream in streams
        for index, time_ns in enumerate(stream.times_ns)
    )
    by_name = {stream.name: stream for stream in streams}
    for time_ns, name, index in frames:
        recogniser.take(name, time_ns, _whole(by_name[name].frame(index)))
        if name == recogniser.stream:
            told = recogniser.look()
            if told.answer is not None:
                yield told.start_ns, told.end_ns, told.probabilities


def _whole(data: Any) -> Any:
    return np.array(data) if isinstance(data, np.ndarray) else data


def _spec(stream: Any) -> StreamSpec:
    if stream.kind == StreamKind.SKELETON:
        return StreamSpec(stream.name, stream.kind, rate_hz=10.0, topology=stream.topology)
    return StreamSpec(
        stream.name, stream.kind, stream.width, stream.height, rate_hz=10.0, dtype=stream.dtype
    )


def figures(told: list[Session], classes: tuple[str, ...], watched: Watched) -> dict[str, Any]:
    """Recall, false alarms, and how long after a fall's beginning the alarm came."""
    found, falls, false, careful, delays = 0, 0, 0, 0, []
    hours = sum(one.seconds for one in told) / 3600
    for one in told:
        watch = Watch(watched, classes)
        alarms = [a for window in one.windows if (a := watch.see(*window)) is not None]
        falls, careful = falls + len(one.falls), careful + one.careful
        right: set[int] = set()
        for start_ns, end_ns in one.falls:
            these = [
                k for k, alarm in enumerate(alarms) if start_ns <= alarm.end_ns <= end_ns + AFTER_NS
            ]
            if these:
                found += 1
                delays.append((alarms[these[0]].end_ns - start_ns) / SECOND_NS)
            right.update(these)
        false += len(alarms) - len(right)
    return {
        "falls": falls,
        "found": found,
        "recall": found / max(1, falls),
        "false": false,
        "hours": hours,
        "false_an_hour": false / hours,
        "lying_down": careful,
        "delay_s": float(np.median(delays)) if delays else None,
    }


def main() -> None:
    """Print a table, or one document with ``--json``."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("run")
    parser.add_argument("--streams", action="store_true", help="also each stream alone")
    parser.add_argument("--windows", type=int, default=Watched().windows)
    parser.add_argument("--least", type=float, default=Watched().least)
    parser.add_argument("--people", type=int, default=0, help="the first so many, 0 = all")
    parser.add_argument("--utkinect", type=Path)
    parser.add_argument("--florence", type=Path)
    parser.add_argument("--sweep", action="store_true", help="several windows and confidences")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    torch.set_num_threads(1)
    trained = load_run(find_run(given.run))
    kinds = trained.preprocessing.kinds
    ways: dict[str, list[str]] = {"all" if len(kinds) > 1 else kinds[0]: []}
    if given.streams and len(kinds) > 1:
        ways |= {f"{kind} alone": [k for k in kinds if k != kind] for kind in kinds}
    asked = [Watched((FALLING,), given.windows, given.least)]
    if given.sweep:
        asked = [Watched((FALLING,), k, p) for k in (1, 3, 5) for p in (0.3, 0.5, 0.7, 0.9)]
    document = []

    def tell(condition: str, way: str, told: list[Session]) -> None:
        for watched in asked:
            row = figures(told, trained.classes, watched)
            document.append(
                {"condition": condition, "streams": way, "windows": watched.windows,
                 "least": watched.least, **row}
            )  # fmt: skip
            if given.json:
                continue
            delay = "" if row["delay_s"] is None else f", after {row['delay_s']:.1f} s"
            print(
                f"{condition:18} {way:14} {watched.windows} x {watched.least:.1f}: "
                f"{row['found']} of {row['falls']} falls{delay}; {row['false']} false in "
                f"{60 * row['hours']:.1f} minutes, {row['lying_down']} lay down with care",
                flush=True,
            )

    for condition, (part, disturbed) in CONDITIONS.items():
        if not (given.data / part).is_dir() or (disturbed and "color" not in kinds):
            continue
        for way, left_out in ways.items():
            if part.startswith("joints") and {*kinds} - {*left_out} != {"skeleton"}:
                continue
            folder = given.data / part
            tell(condition, way, [*sessions(trained, folder, disturbed, left_out, given.people)])
    for source, place in ((UTKINECT, given.utkinect), (FLORENCE, given.florence)):
        if place is not None:
            clips = of_clips(source, place, range(len(source.classes)), ())
            told = [real(trained, one, source.topology) for one in clips]
            tell(source.title, "skeleton", told)
    if given.json:
        print(json.dumps(document, indent=1))


if __name__ == "__main__":
    main()
