"""Suggestions for untrimmed recordings against what people labelled, in clips and key presses.

    python benchmarks/helping/untrimmed.py demo FOLDER [--run RUN]
    python benchmarks/helping/untrimmed.py utd FOLDER UTD-MHAD [--run RUN]

demo: a copy of the demo project in FOLDER, and a new annotator. She has labelled nothing: what is
suggested for the minute is learned from the others' labels of the short recordings. Then she labels
its first 15 s as alice did, and asks for the rest.

utd: FOLDER gets eight recordings, joints only: forty trials each of one person of UTD-MHAD, one
after the other without a pause. Those of people 1, 3, 5, 7 are labelled; clips are suggested for
those of 2, 4, 6, 8.

Met: true clips that a suggestion overlaps with an intersection over union of 0.5 or more, each by
one. Keys: a suggestion that is met is accepted or given another label (1), one that is not is
rejected (1), and a clip that is missed is placed by hand (2.5), over the number of true clips.
"""

from __future__ import annotations

import argparse
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from harstudio.jobs.foreground import run as run_job
from harstudio.labels.agreement.segments import overlap
from harstudio.labels.editing.edits import AddClip, AddTier
from harstudio.labels.model import Clip
from harstudio.labels.project import Project
from harstudio.labels.suggested import suggestions_folder, suggestions_path
from harstudio.recognition.helping.features import Stretch
from harstudio.recordings.formats import open_recording, scan
from harstudio.recordings.formats.harrec_header import StreamSpec
from harstudio.recordings.formats.harrec_writer import HarrecWriter
from harstudio.recordings.streams import SkeletonStream, StreamKind
from harstudio.resources import resource
from harstudio.runs.bundled import find_run
from harstudio.runs.suggestions import Suggestion, load_learned, load_suggestions

MINUTE = "untrimmed-minute"
FIRST_NS = 15_500_000_000
POOL, TEST = (1, 3, 5, 7), (2, 4, 6, 8)
TRIALS = 40
STEP_NS = 33_333_333
BY_HAND = 2.5


def suggest(project: Project, run: str, names: Sequence[str]) -> dict[str, Any]:
    """Ask for suggestions for the new annotator."""
    paths = project.recording_paths()
    payload = {
        "project": str(project.folder),
        "run": str(find_run(run)),
        "annotator": "dora",
        "recordings": [str(paths[name]) for name in names],
    }
    return run_job("harstudio.recognition.helping.jobs:suggest", payload, threads=1)


def compare(title: str, found: Sequence[Suggestion], true: Sequence[Clip]) -> list[float]:
    """Print a line; met, right, spurious and true clips, keys."""
    pairs = sorted(
        (
            (overlap(Stretch(one.start_ns, one.end_ns), Stretch(clip.start_ns, clip.end_ns)), i, j)
            for i, one in enumerate(found)
            for j, clip in enumerate(true)
        ),
        reverse=True,
    )
    ours: dict[int, int] = {}
    for share, i, j in pairs:
        if share >= 0.5 and i not in ours and j not in ours.values():
            ours[i] = j
    right = sum(found[i].label == true[j].label for i, j in ours.items())
    off = [
        abs(edge) / 1e6
        for i, j in ours.items()
        for edge in (found[i].start_ns - true[j].start_ns, found[i].end_ns - true[j].end_ns)
    ]
    met, spurious = len(ours), len(found) - len(ours)
    keys = met + spurious + BY_HAND * (len(true) - met)
    print(
        f"{title}: {met} of {len(true)} clips met, {right} with the right label, {spurious} "
        f"spurious, edges off {np.median(off):.0f} ms (median), {keys / len(true):.2f} keys a clip"
    )
    return [met, right, spurious, len(true), keys]


def say(project: Project, recording: str, annotator: str, clips: Sequence[Clip]) -> None:
    """Label a recording."""
    history = project.history(recording, annotator)
    try:
        history.do(AddTier("actions", 0))
        for clip in clips:
            history.do(AddClip("actions", Clip(clip.start_ns, clip.end_ns, clip.label)))
        history.save()
    finally:
        history.close()


def demo(folder: Path, run: str) -> None:
    """The demo's minute."""
    shutil.copytree(resource("demo"), folder)
    project = Project.open(folder)
    documents = project.documents(MINUTE)
    true = next(one for one in documents if one.annotator == "alice").tiers[0].clips
    file = suggestions_path(folder, "dora", MINUTE)
    suggest(project, run, [MINUTE])
    compare("from short recordings", load_suggestions(file).clips, true)
    first = [clip for clip in true if clip.end_ns <= FIRST_NS]
    say(project, MINUTE, "dora", first)
    suggest(project, run, [MINUTE])
    compare("after 15 s", load_suggestions(file).clips, true[len(first) :])


def utd(folder: Path, data: Path, run: str) -> None:
    """People of UTD-MHAD."""
    project = Project.create(folder, "utd-mhad")
    trials: dict[int, list[Path]] = {}
    for found in scan(data).recordings:
        with open_recording(found.path) as one:
            trials.setdefault(one.subject or 0, []).append(found.path)
    truth: dict[str, list[Clip]] = {}
    for person in (*POOL, *TEST):
        rng = np.random.default_rng(person)
        chosen = [sorted(trials[person])[k] for k in rng.permutation(len(trials[person]))[:TRIALS]]
        name = f"person-{person}"
        truth[name] = join(folder / "recordings" / f"{name}.harrec", name, chosen)
    project = Project.open(folder)
    for person in POOL:
        say(project, f"person-{person}", "ann", truth[f"person-{person}"])
    names = [f"person-{person}" for person in TEST]
    suggest(project, run, names)
    (learned,) = load_learned(suggestions_folder(folder, "dora"))
    print(f"held out by {learned.over}: {learned.accuracy:.1%} of {learned.clips} clips right")
    told = np.array(
        [
            compare(
                name, load_suggestions(suggestions_path(folder, "dora", name)).clips, truth[name]
            )
            for name in names
        ]
    )
    met, right, spurious, clips, keys = told.sum(axis=0)
    print(
        f"all: {met / clips:.1%} met, {right / clips:.1%} with the right label, {spurious:.0f} "
        f"spurious of {met + spurious:.0f}, {keys / clips:.2f} keys a clip"
    )


def join(out: Path, name: str, paths: Sequence[Path]) -> list[Clip]:
    """Write the joints of trials one after the other; what they show."""
    spec = StreamSpec("skeleton", StreamKind.SKELETON, rate_hz=30.0, topology="utd_mhad_20")
    clips, count = [], 0
    with HarrecWriter(out, name=name, streams=[spec]) as writer:
        for path in paths:
            with open_recording(path) as trial:
                stream = trial.of_kind(StreamKind.SKELETON)
                assert isinstance(stream, SkeletonStream)
                assert trial.action is not None
                for index in range(len(stream)):
                    writer.skeleton("skeleton", (count + index) * STEP_NS, stream.frame(index))
                end = count + len(stream)
                clips.append(Clip(count * STEP_NS, end * STEP_NS, trial.action.name))
                count = end
    return clips


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("demo", "utd"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--run", default="joints-any-sensor")
    arguments = parser.parse_args()
    os.environ.setdefault("HARSTUDIO_HOME", str(arguments.folder.with_suffix(".home")))
    torch.set_num_threads(1)
    if arguments.what == "demo":
        demo(arguments.folder, arguments.run)
    elif arguments.data is None:
        parser.error("say where UTD-MHAD is")
    else:
        utd(arguments.folder, arguments.data, arguments.run)


if __name__ == "__main__":
    main()
