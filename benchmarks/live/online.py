"""Trials of UTD-MHAD as a live Kinect: what a run says on line against off line, and how soon.

Every trial of the test people (2, 4, 6, 8) is a stream: the person stands for a second as in its
first frame, does it, and stands for a second as in its last. Or, ``--chained``, a person's trials
come one after the other in an order drawn by lot, with a second between them in which joints go
from the last pose of one to the first of the next, so that nobody ever stands quite still. Frames
go through the live recogniser on a clock of their own, so that the figures do not depend on the
machine; which trial is when is the truth.

    python benchmarks/live/online.py UTD-MHAD RUN [RUN ...] [--rate 15] [--trials 0] [--sliding]
        [--chained] [--known [LEAST]]

Printed are, per run: off line, the share of trials that are named rightly when whole; on line, the
share whose label is right when they end; the time from onset to the stable correct label (from when
on the label is right until the trial ends; never counts as endless), median and 90th percentile;
the share of trials that a closed segment covers best with the right label; labels told in pauses.
Onset: the first frame of the trial at which the three fastest joints are above 0.4 m/s over 0.1 s.

``--real N`` writes N of these streams (drawn by lot, joints alone) one after the other as a
recording and replays it through a real session, with all its processes, in real time. The same
recording on the clock of its own is printed beside it. Both tell nothing below the run's threshold
of what is known, as sessions do.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from harstudio.live.growing import GrowingRecording
from harstudio.live.recognising.engine import TorchEngine
from harstudio.live.recognising.few_shot import FewShot
from harstudio.live.recognising.known import Known
from harstudio.live.recognising.movement import Gate, Movement
from harstudio.live.recognising.nearness import Near
from harstudio.live.recognising.recogniser import Facts, Recogniser, keep_ns
from harstudio.live.session import LiveOptions, LiveSession
from harstudio.live.sources.source import CaptureSettings
from harstudio.recognition.recognise import suited
from harstudio.recognition.trained import TrainedNetwork, load_run
from harstudio.recordings.formats import open_recording, scan
from harstudio.recordings.formats.harrec_header import StreamSpec
from harstudio.recordings.formats.harrec_writer import HarrecWriter
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import SECOND_NS, Body, SkeletonFrame, StreamKind
from harstudio.runs.bundled import find_run

TEST_PEOPLE = (2, 4, 6, 8)
SEED = 0
STEP_NS = 33_333_333
PAUSE = 30  # frames
LEAD_S = 45.0  # in which the processes of a session start
MOVES_M_S = 0.4


class Frame(NamedTuple):
    """One moment of the stream; pictures are read when they are wanted."""

    time_ns: int
    body: Body
    trial: Path
    depth: int  # its frame


class Trial(NamedTuple):
    """What is true. label: an index of the dataset's actions by name."""

    path: Path
    start_ns: int
    end_ns: int
    onset_ns: int
    name: str


@dataclass
class Result:
    """What one run said of one trial."""

    right: bool = False
    delay_s: float = float("inf")
    segment: str = ""
    overlap_ns: int = 0
    told: list[tuple[int, str]] = field(default_factory=list)


class Silent:
    """A context that nobody listens to."""

    threads, device = 1, "cpu"

    def progress(self, done: float, total: float, text: str = "") -> None: ...
    def tell(self, kind: str, payload: dict[str, Any]) -> None: ...
    def log(self, sentence: str) -> None: ...
    def pause_point(self) -> None: ...


@cache
def _found(data: Path) -> tuple[Path, ...]:
    return tuple(one.path for one in scan(data).recordings)


def trials_of(data: Path, person: int, most: int) -> list[Path]:
    """A person's trials in an order drawn by lot."""
    paths = [path for path in _found(data) if f"_s{person}_" in path.name]
    paths.sort()
    np.random.default_rng([SEED, person]).shuffle(paths)  # type: ignore[arg-type]
    return paths[:most] if most else paths


def streams(paths: Sequence[Path], chained: bool) -> Iterator[tuple[list[Frame], list[Trial]]]:
    """What a person's trials look like live, and the truth."""
    if chained:
        yield _stream(paths)
        return
    for path in paths:
        yield _stream([path])


def _stream(paths: Sequence[Path]) -> tuple[list[Frame], list[Trial]]:
    frames: list[Frame] = []
    truth: list[Trial] = []
    at = PAUSE * STEP_NS
    for path in paths:
        with open_recording(path) as trial:
            stream = trial.of_kind(StreamKind.SKELETON)
            depth = trial.of_kind(StreamKind.DEPTH)
            assert stream is not None
            assert trial.action is not None
            bodies = [stream.frame(k).bodies[0] for k in range(len(stream))]
            pictures = 0 if depth is None else len(depth)
        before = frames[-1] if frames else Frame(0, bodies[0], path, 0)
        frames += _pause(before, Frame(at, bodies[0], path, 0))
        begun = at
        for index, body in enumerate(bodies):
            frames.append(Frame(at, _named(body), path, min(index, pictures - 1)))
            at += STEP_NS
        truth.append(Trial(path, begun, at, _onset(frames[-len(bodies) :]), trial.action.name))
        at += PAUSE * STEP_NS
    return frames + list(_pause(frames[-1], frames[-1]._replace(time_ns=at))), truth


def _pause(last: Frame, first: Frame) -> Iterator[Frame]:
    begun = first.time_ns - PAUSE * STEP_NS
    for k in range(PAUSE):
        share = np.float32((k + 1) / (PAUSE + 1))
        share = share * share * (3 - 2 * share)
        joints = last.body.joints * (1 - share) + first.body.joints * share
        shown = last if k < PAUSE // 2 else first
        body = Body("1", joints, first.body.tracking)
        yield Frame(begun + k * STEP_NS, body, shown.trial, shown.depth)


def _named(body: Body) -> Body:
    return Body("1", body.joints, body.tracking, body.depth_px)


def _onset(frames: Sequence[Frame]) -> int:
    gate = Movement(Gate(begins_m_s=MOVES_M_S))
    moves = (one.time_ns for one in frames if gate.see(one.time_ns, one.body) is not None)
    return next(moves, frames[0].time_ns)


# ---- asking


def on_line(
    trained: TrainedNetwork, frames: Sequence[Frame], truth: Sequence[Trial], rate: float,
    sliding: bool, known: float | None,
) -> tuple[list[Result], float, int, float]:  # fmt: skip
    """What is told of every trial; seconds of labels in pauses; windows; ms a window."""
    first = open_recording(truth[0].path)
    preprocessing = suited(trained, first, Silent())
    kinds = {*preprocessing.kinds, "skeleton"}
    specs = [_spec(stream) for stream in first.streams.values() if stream.kind in kinds]
    recording = GrowingRecording("live", specs, first.cameras, keep_ns=keep_ns(trained.usual_s))
    facts = Facts(trained.classes, trained.usual_s, preprocessing)
    recogniser = Recogniser(facts, recording, TorchEngine(trained, Silent()))
    if sliding:  # what it would be without a gate: the usual length, always
        recogniser._begins = lambda now: now + 1 - round(trained.usual_s * SECOND_NS)  # type: ignore[method-assign]
    calibrated = None if known is None else Known.load(trained.folder)
    if calibrated is not None:
        recogniser.known = Near(calibrated, FewShot(calibrated), known or None)
    names = {spec.kind: spec.name for spec in specs}
    results = [Result() for _ in truth]
    pictures = Pictures()
    last_ns, number, paused_s, windows, took = -round(SECOND_NS / rate), 0, 0.0, 0, 0.0
    for frame in frames:
        if StreamKind.DEPTH in names:
            depth = pictures.get(frame.trial, frame.depth)
            recogniser.take(names[StreamKind.DEPTH], frame.time_ns, depth)
        recogniser.take(names[StreamKind.SKELETON], frame.time_ns, SkeletonFrame((frame.body,)))
        if frame.time_ns - last_ns < SECOND_NS / rate - STEP_NS // 2:
            continue
        passed_s, last_ns = (frame.time_ns - last_ns) / SECOND_NS, frame.time_ns
        begun = time.perf_counter()
        told = recogniser.look()
        took += (time.perf_counter() - begun) * (told.answer is not None)
        windows += told.answer is not None
        while number + 1 < len(truth) and frame.time_ns >= truth[number + 1].start_ns:
            number += 1
        label = "" if told.label < 0 else trained.classes[told.label]
        if truth[number].start_ns <= frame.time_ns < truth[number].end_ns:
            results[number].told.append((frame.time_ns, label))
        elif label:
            paused_s += passed_s
        for segment in told.segments:
            if not segment.open:
                _meet(results, truth, segment, trained.classes[segment.label])
    for result, trial in zip(results, truth, strict=True):
        _judge(result, trial)
    return results, paused_s, windows, took / max(1, windows) * 1e3


class Pictures:
    """Depth of the trial that was asked for last."""

    def __init__(self) -> None:
        self._open: tuple[Path, Recording] | None = None

    def get(self, path: Path, index: int) -> Any:
        if self._open is None or self._open[0] != path:
            if self._open is not None:
                self._open[1].close()
            self._open = path, open_recording(path)
        stream = self._open[1].of_kind(StreamKind.DEPTH)
        assert stream is not None
        return np.array(stream.frame(index))


def _spec(stream: Any) -> StreamSpec:
    if stream.kind == StreamKind.SKELETON:
        return StreamSpec(stream.name, stream.kind, rate_hz=30.0, topology=stream.topology)
    return StreamSpec(
        stream.name, stream.kind, stream.width, stream.height, rate_hz=30.0, dtype=stream.dtype
    )


def _meet(results: list[Result], truth: Sequence[Trial], segment: Any, name: str) -> None:
    for result, trial in zip(results, truth, strict=True):
        overlap = min(segment.end_ns, trial.end_ns) - max(segment.start_ns, trial.start_ns)
        if overlap > result.overlap_ns:
            result.overlap_ns, result.segment = overlap, name


def _judge(result: Result, trial: Trial) -> None:
    """The last label, and from when on it was told; silence after it counts as it."""
    told = list(result.told)
    while told and not told[-1][1]:
        told.pop()
    result.right = bool(told) and told[-1][1] == trial.name
    if result.right:
        wrong = [at for at, label in told if label != trial.name]
        stable = next(at for at, label in told if not wrong or at > wrong[-1])
        result.delay_s = max(0, stable - trial.onset_ns) / SECOND_NS


def off_line(trained: TrainedNetwork, truth: Sequence[Trial]) -> float:
    """The share of whole trials that are named rightly."""
    right = 0
    for trial in truth:
        with open_recording(trial.path) as recording:
            preprocessing = suited(trained, recording, Silent())
            raw = preprocessing.read(recording, recording.start_ns, recording.end_ns + 1)
            logits = trained.ask(preprocessing.make(raw, None)).logits
            right += trained.classes[int(logits[0].argmax())] == trial.name
    return right / len(truth)


def measure(
    run: str, data: Path, rate: float, most: int, *, sliding: bool, chained: bool,
    known: float | None,
) -> dict[str, Any]:  # fmt: skip
    """The figures of one run."""
    trained = load_run(find_run(run))
    results: list[Result] = []
    right = paused = pauses = 0.0
    windows, ms, count = 0, 0.0, 0
    found = (one for who in TEST_PEOPLE for one in streams(trials_of(data, who, most), chained))
    for frames, truth in found:
        told, paused_s, asked, took = on_line(trained, frames, truth, rate, sliding, known)
        results += told
        names = [trial.name for trial in truth]
        right += off_line(trained, truth) * len(truth)
        count += sum(r.segment == name for r, name in zip(told, names, strict=True))
        paused, pauses = paused + paused_s, pauses + (len(truth) + 1) * PAUSE / 30
        windows, ms = windows + asked, ms + took * asked
    delays = np.sort([result.delay_s for result in results])
    return {
        "run": run,
        "trials": len(results),
        "rate": rate,
        "window": "sliding" if sliding else "movement",
        "chained": chained,
        "known": known,
        "off_line": right / len(results),
        "on_line": float(np.mean([result.right for result in results])),
        "segments": count / len(results),
        "delay_s": {
            "p50": float(delays[len(delays) // 2]),
            "p90": _finite(delays[int(0.9 * len(delays))]),
        },
        "paused_labels": paused / pauses,
        "window_ms": ms / max(1, windows),
    }


# ---- through a real session


def real(run: str, data: Path, count: int) -> dict[str, Any]:
    """A sample through a real session, and on the clock of its own."""
    trained = load_run(find_run(run))
    paths = [path for who in TEST_PEOPLE for path in trials_of(data, who, 0)]
    order = np.random.default_rng(SEED).permutation(len(paths))[:count]
    frames, truth = _joined([_stream([paths[k]]) for k in order])
    told = [Result() for _ in truth]
    with tempfile.TemporaryDirectory() as folder:
        place = _written(Path(folder) / "trials.harrec", frames)
        said = _replayed(place, run, frames[-1].time_ns)
    for time_ns, label in said:
        for result, trial in zip(told, truth, strict=True):
            if trial.start_ns <= time_ns < trial.end_ns:
                result.told.append((time_ns, label))
    for result, trial in zip(told, truth, strict=True):
        _judge(result, trial)
    plain, *_ = on_line(trained, frames, truth, 30.0, sliding=False, known=0.0)
    same = [_last(a) == _last(b) for a, b in zip(told, plain, strict=True)]
    return {
        "run": run,
        "trials": len(truth),
        "real": float(np.mean([result.right for result in told])),
        "own_clock": float(np.mean([result.right for result in plain])),
        "same_label": float(np.mean(same)),
        "delay_s": {
            "real": float(np.median([result.delay_s for result in told])),
            "own_clock": float(np.median([result.delay_s for result in plain])),
        },
        "told_a_second": len(said) / (frames[-1].time_ns / SECOND_NS),
    }


def _last(result: Result) -> str:
    return next((label for _, label in reversed(result.told) if label), "")


def _joined(
    parts: Sequence[tuple[list[Frame], list[Trial]]],
) -> tuple[list[Frame], list[Trial]]:
    """One after the other, behind a while of standing still in which the processes start."""
    frames: list[Frame] = []
    truth: list[Trial] = []
    first = parts[0][0][0]
    at = 0
    for _ in range(round(LEAD_S * SECOND_NS / STEP_NS)):
        frames.append(first._replace(time_ns=at))
        at += STEP_NS
    for own, told in parts:
        frames += [one._replace(time_ns=at + one.time_ns) for one in own]
        truth += [
            one._replace(
                start_ns=at + one.start_ns, end_ns=at + one.end_ns, onset_ns=at + one.onset_ns
            )
            for one in told
        ]
        at = frames[-1].time_ns + STEP_NS
    return frames, truth


def _written(place: Path, frames: Sequence[Frame]) -> Path:
    with open_recording(frames[0].trial) as trial:
        stream = trial.of_kind(StreamKind.SKELETON)
        assert stream is not None
        spec = _spec(stream)
    with HarrecWriter(place, name=place.stem, streams=[spec]) as writer:
        for one in frames:
            writer.skeleton(spec.name, one.time_ns, SkeletonFrame((one.body,)))
    return place


def _replayed(place: Path, run: str, end_ns: int) -> list[tuple[int, str]]:
    """(time in the recording, label) of all that a session said."""
    said: list[tuple[int, str]] = []
    ready, ended = threading.Event(), threading.Event()

    def heard(stage: str, kind: str, payload: dict[str, Any]) -> None:
        if kind == "said":
            said.append((int(payload["time_ns"]), str(payload["name"])))
        elif kind == "ready":
            ready.set()
        elif kind == "source" and payload["state"] == "ended":
            ended.set()

    session = LiveSession(LiveOptions(f"replay:{place}", CaptureSettings(), run=run), heard)
    session.start()
    try:
        if not ready.wait(LEAD_S):
            raise SystemExit(f"The session was not ready within {LEAD_S} s.")
        ended.wait(end_ns / SECOND_NS + LEAD_S)
        time.sleep(1.0)
        (stream,) = session.streams.values()
        newest = stream.read(stream.newest())
        assert newest is not None
    finally:
        session.stop()
    return [(time_ns - newest.time_ns + end_ns, label) for time_ns, label in said]


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def main() -> None:
    """Print a table, or one document with ``--json``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("runs", nargs="+")
    parser.add_argument("--rate", type=float, default=15.0, help="windows a second")
    parser.add_argument("--trials", type=int, default=0, help="of each person at most, 0 = all")
    parser.add_argument("--sliding", action="store_true", help="windows of the usual length")
    parser.add_argument("--chained", action="store_true", help="one trial after the other")
    parser.add_argument(
        "--known", type=float, nargs="?", const=0.0, metavar="LEAST",
        help="nothing known below this score; without one, as the run's calibration has it",
    )  # fmt: skip
    parser.add_argument("--real", type=int, default=0, help="trials through a real session")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    torch.set_num_threads(1)
    if given.real:
        told = [real(run, given.data, given.real) for run in given.runs]
        print(json.dumps(told, indent=1))
        return
    found = []
    for run in given.runs:
        one = measure(
            run,
            given.data,
            given.rate,
            given.trials,
            sliding=given.sliding,
            chained=given.chained,
            known=given.known,
        )
        found.append(one)
        if not given.json:
            p90 = one["delay_s"]["p90"]
            print(
                f"{Path(run).name:20s} {one['window']:9s} {one['trials']} trials: off line "
                f"{one['off_line']:.1%}, on line {one['on_line']:.1%}, segments "
                f"{one['segments']:.1%}, onset to stable {one['delay_s']['p50']:.2f} s (p90 "
                f"{'never' if p90 is None else f'{p90:.2f} s'}), labels in pauses "
                f"{one['paused_labels']:.1%}, {one['window_ms']:.1f} ms a window",
                flush=True,
            )
    if given.json:
        print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
