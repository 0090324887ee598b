"""The live recogniser on recordings of the demo, whose frames come as from a sensor."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from harstudio.jobs.context import Payload, Stopped
from harstudio.live.growing import GrowingRecording
from harstudio.live.recognising.engine import TorchEngine
from harstudio.live.recognising.intake import MOST_AT_ONCE, Intake
from harstudio.live.recognising.jobs import recognise
from harstudio.live.recognising.movement import MainPerson, Movement
from harstudio.live.recognising.recogniser import Facts, Recogniser, Told, keep_ns
from harstudio.live.recognising.segments import NOTHING, LiveSegment, Segments
from harstudio.live.recognising.smoothing import Smoothing
from harstudio.live.streams import LiveStream, cameras_to_payload
from harstudio.recognition.trained import TrainedNetwork, load_run
from harstudio.recordings.formats import open_recording
from harstudio.recordings.formats.harrec_header import StreamSpec
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import SECOND_NS, Body, SkeletonFrame, Stream, StreamKind
from harstudio.resources import resource
from harstudio.runs.recognitions import load_recognition

STEP_NS = 33_333_333


class Spoken:
    """A context that keeps what is told, and ends the job when it is told to."""

    threads, device = 1, "cpu"

    def __init__(self) -> None:
        self.told: list[tuple[str, Payload]] = []
        self.said: list[tuple[str, Payload]] = []
        self.ended = threading.Event()

    def progress(self, done: float, total: float, text: str = "") -> None: ...
    def log(self, sentence: str) -> None: ...

    def tell(self, kind: str, payload: Payload) -> None:
        self.told.append((kind, payload))

    def pause_point(self) -> None:
        if self.ended.is_set():
            raise Stopped

    def heard(self) -> list[tuple[str, Payload]]:
        said, self.said = self.said, []
        return said

    def of(self, kind: str) -> list[Payload]:
        return [payload for one, payload in list(self.told) if one == kind]


def until(true: Callable[[], Any], job: threading.Thread, seconds: float = 60.0) -> None:
    """Wait for something that a job does."""
    end = time.monotonic() + seconds
    while not true():
        assert job.is_alive()
        assert time.monotonic() < end
        time.sleep(0.005)


def run_folder(name: str) -> Path:
    return resource("weights") / name


def demo(name: str) -> Recording:
    return open_recording(resource("demo") / "recordings" / f"{name}.harrec")


def specs_of(recording: Recording, kinds: set[str]) -> list[StreamSpec]:
    return [
        StreamSpec(
            one.name, one.kind, getattr(one, "width", 0), getattr(one, "height", 0), rate_hz=30.0,
            topology=getattr(one, "topology", ""),
        )
        for one in recording.streams.values()
        if one.kind in kinds
    ]  # fmt: skip


def live(trained: TrainedNetwork, recording: Recording) -> Recogniser:
    kinds = {*trained.preprocessing.kinds, "skeleton"}
    growing = GrowingRecording(
        "live", specs_of(recording, kinds), recording.cameras, keep_ns=keep_ns(trained.usual_s)
    )
    facts = Facts(trained.classes, trained.usual_s, trained.preprocessing)
    return Recogniser(facts, growing, TorchEngine(trained, Spoken()))


def played(recogniser: Recogniser, recording: Recording, every: int, frames: int) -> Iterator[Told]:
    """What is told of the first frames, looked at every few."""
    streams: list[Stream[Any]] = [recording.streams[s] for s in recogniser.window.recording.streams]
    for index in range(frames):
        for one in streams:
            data = one.frame(index)
            data = data.copy() if isinstance(data, np.ndarray) else data
            recogniser.take(one.name, int(one.times_ns[index]), data)
        if index % every == 0:
            yield recogniser.look()


@pytest.mark.parametrize("name", ["color-skeleton", "depth-skeleton"])
def test_a_live_window_is_what_the_plain_preprocessing_makes(name: str) -> None:
    trained = load_run(run_folder(name))
    with demo("wave-s02") as recording:
        recogniser = live(trained, recording)
        windows = [t for t in played(recogniser, recording, 6, 100) if t.answer is not None]
        assert len(windows) > 5
        for told in windows[2::4]:
            raw = trained.preprocessing.read(recording, told.start_ns, told.end_ns, told.person)
            wanted = trained.preprocessing.make(raw, None).inputs
            assert told.prepared is not None
            assert told.prepared.inputs.keys() == wanted.keys()
            for one, values in wanted.items():
                np.testing.assert_array_equal(told.prepared.inputs[one], values)


# ---- where a window begins


def moving(time_ns: int, begins_ns: int, ends_ns: int, rng: np.random.Generator) -> Body:
    """One hand goes round at about a metre a second; everything trembles by two millimetres."""
    joints = np.tile(np.array([0.0, 0.0, 2.0]), (25, 1))
    angle = np.clip(time_ns - begins_ns, 0, ends_ns - begins_ns) / SECOND_NS * 4
    joints[5:8, :2] += 0.3 * np.array([np.cos(angle), np.sin(angle)])
    joints += rng.normal(0, 0.002, joints.shape)
    return Body("1", joints.astype(np.float32), np.full(25, 2, np.uint8))


def test_a_window_begins_with_a_movement_and_ends_with_it() -> None:
    rng = np.random.default_rng(0)
    movement = Movement()
    begins, ends = 2 * SECOND_NS, 4 * SECOND_NS
    starts = {}
    for time_ns in range(0, 6 * SECOND_NS, STEP_NS):
        starts[time_ns] = movement.see(time_ns, moving(time_ns, begins, ends, rng))
    known = {t: start for t, start in starts.items() if start is not None}
    assert min(known) - begins < 0.2 * SECOND_NS
    assert max(known) - ends < 0.5 * SECOND_NS
    assert len(set(known.values())) == 1
    assert abs(known[min(known)] - begins) < 0.3 * SECOND_NS
    assert movement.ended_ns is not None
    assert abs(movement.ended_ns - ends) < 0.2 * SECOND_NS


def test_whoever_is_nearest_is_looked_at_until_gone() -> None:
    def body(name: str, away_m: float) -> Body:
        joints = np.tile(np.array([0.1, 0.0, away_m], np.float32), (25, 1))
        return Body(name, joints, np.full(25, 2, np.uint8))

    main = MainPerson()
    both = SkeletonFrame((body("far", 3.0), body("near", 2.0)))
    assert main.choose(both, 0) is both.bodies[1]
    nearer = SkeletonFrame((body("far", 1.0), body("near", 2.0)))
    assert main.choose(nearer, STEP_NS) is nearer.bodies[1]
    left = SkeletonFrame((body("far", 1.0),))
    assert main.choose(left, 2 * STEP_NS) is None
    assert main.choose(left, 2 * SECOND_NS) is left.bodies[0]


# ---- what is told


def told(segments: Segments, spoken: str, start: Callable[[int], int]) -> list[LiveSegment]:
    """A letter a tenth of a second: a, b are labels, a point is nothing."""
    found = []
    for k, letter in enumerate(spoken):
        label = NOTHING if letter == "." else ord(letter) - ord("a")
        time_ns = k * SECOND_NS // 10
        found += list(segments.tell(time_ns, start(time_ns), label, 0.8))
    return found


def test_another_label_of_the_same_movement_is_a_better_guess() -> None:
    segments = Segments()
    found = told(segments, "aaaaaabaabbbbbb", lambda _: 0)
    assert [(one.label, one.start_ns, one.open) for one in found] == [(0, 0, True), (1, 0, True)]
    (closed,) = segments.end(3 * SECOND_NS)
    assert (closed.label, closed.start_ns, closed.end_ns) == (1, 0, 3 * SECOND_NS)


def test_a_label_of_later_windows_is_the_next_action_and_silence_ends_it() -> None:
    segments = Segments()
    found = told(segments, "a" * 20 + "b" * 10 + "." * 12, lambda t: max(0, t - SECOND_NS))
    assert [(one.label, one.open) for one in found] == [
        (0, True),
        (0, False),
        (1, True),
        (1, False),
    ]
    assert found[1].end_ns == found[2].start_ns == 2 * SECOND_NS
    assert found[3].end_ns == 3 * SECOND_NS
    assert not list(segments.end(5 * SECOND_NS))


def test_segments_of_one_movement_never_overlap() -> None:
    found = told(Segments(), "a" * 10 + "." * 10 + "b" * 5, lambda _: 0)
    assert [(one.label, one.open) for one in found] == [(0, True), (0, False), (1, True)]
    assert found[1].end_ns == found[2].start_ns == SECOND_NS


def test_chosen_labels_share_all_the_probability() -> None:
    smoothing = Smoothing(4)
    smoothing.choose([1, 3])
    probabilities = np.array([0.6, 0.3, 0.0, 0.1], np.float32)
    np.testing.assert_allclose(smoothing.add(0, probabilities), [0, 0.75, 0, 0.25], atol=1e-6)
    later = smoothing.add(SECOND_NS // 10, np.array([0.5, 0.0, 0.0, 0.5], np.float32))
    assert 0.25 < later[3] < 1.0
    np.testing.assert_allclose(later.sum(), 1, atol=1e-6)


def test_the_cpu_goes_on_where_the_gpu_is_lost() -> None:
    trained = load_run(run_folder("joints-any-sensor"))
    spoken = Spoken()
    gone = replace(trained, device=torch.device("meta"))  # computes nothing: the weights are here
    with demo("clap-s01") as recording:
        raw = trained.preprocessing.read(recording, 0, 3 * SECOND_NS)
    prepared = trained.preprocessing.make(raw, None)
    engine = TorchEngine(gone, spoken)
    wanted = TorchEngine(trained, spoken).answer(prepared)
    np.testing.assert_array_equal(engine.answer(prepared).probabilities, wanted.probabilities)
    assert [told["device"] for told in spoken.of("device")] == ["cpu"]


# ---- the job


@pytest.fixture
def rings() -> Iterator[tuple[Recording, dict[str, LiveStream]]]:
    with demo("wave-s02") as recording:
        specs = specs_of(recording, {"color", "skeleton"})
        streams = {spec.name: LiveStream.create(spec) for spec in specs}
        yield recording, streams
        for stream in streams.values():
            stream.close()


def test_the_job_tells_explains_and_listens(
    rings: tuple[Recording, dict[str, LiveStream]],
    tmp_path: Path,
) -> None:
    recording, streams = rings
    spoken, start_ns = Spoken(), 5 * SECOND_NS
    payload = {
        "run": str(run_folder("color-skeleton")),
        "streams": [stream.to_payload() for stream in streams.values()],
        "cameras": cameras_to_payload(recording.cameras),
        "start_ns": start_ns,
        "explain": True,
        "scratch": str(tmp_path),
        "labels": ["right hand wave"],
    }
    spoken.said.append(("watch", {"names": ["jogging in place"]}))

    def work() -> None:
        with pytest.raises(Stopped):
            recognise(payload, spoken)

    job = threading.Thread(target=work)
    job.start()
    try:
        until(lambda: spoken.of("ready"), job)
        for index in range(75):
            for name, stream in streams.items():
                data = recording.streams[name].frame(index)
                at = start_ns + int(recording.streams[name].times_ns[index])
                stream.put(data, at, at)
            if index % 5 == 4:
                until(lambda t=at: spoken.of("said") and spoken.of("said")[-1]["time_ns"] >= t, job)
        until(lambda: spoken.of("explained"), job)
    finally:
        spoken.ended.set()
        job.join()
    (ready,) = spoken.of("ready")
    assert ready["trust"] == {"color": 0.2, "skeleton": 0.8}
    said = [one for one in spoken.of("said") if one["moving"]]
    assert said
    last = said[-1]
    told = {ready["classes"][k] for k, share in enumerate(last["probabilities"]) if share > 0}
    assert told == {"right hand wave", "jogging in place"}  # what is watched is never chosen away
    assert set(last["by_stream"]) == {"dynamic", "skeleton"}
    assert last["time_ns"] == last["end_ns"] - 1
    assert last["start_ns"] >= start_ns
    assert set(last["stages"]) == {"capture", "pose", "wait", "window", "network"}
    explained = spoken.of("explained")[-1]
    kept = load_recognition(Path(explained["path"]))
    assert kept.explanations[0]
    assert kept.windows[0].end_ns == explained["end_ns"] - start_ns


def test_pictures_that_wait_are_left_out_evenly(
    rings: tuple[Recording, dict[str, LiveStream]],
) -> None:
    recording, streams = rings
    recogniser = live(load_run(run_folder("color-skeleton")), recording)
    intake = Intake(list(streams.values()), 0)
    for index in range(31):
        for name, stream in streams.items():
            time_ns = int(recording.streams[name].times_ns[index])
            stream.put(recording.streams[name].frame(index), time_ns, time_ns)
        if not index:
            intake.take(recogniser)
    assert intake.take(recogniser) == 30
    grown = recogniser.window.recording.of_kind(StreamKind.COLOR)
    assert grown is not None
    assert len(grown) == 1 + MOST_AT_ONCE
    assert grown.end_ns == recording.streams["color"].times_ns[30]
    assert intake.lost == 30 - MOST_AT_ONCE
