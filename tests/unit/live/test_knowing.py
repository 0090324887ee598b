"""What is not known, actions from five examples, and watching: on joints of scripted people."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harstudio.errors import DataError, UsageError
from harstudio.live.growing import GrowingRecording
from harstudio.live.recognising.engine import Answer, TorchEngine
from harstudio.live.recognising.few_shot import SHOTS, FewShot
from harstudio.live.recognising.known import Known
from harstudio.live.recognising.nearness import Near
from harstudio.live.recognising.recogniser import Facts, Recogniser, Told, keep_ns
from harstudio.live.recognising.watching import REARM_S, Alarm, Watch, Watched
from harstudio.live.watch_log import WatchLog
from harstudio.recognition.trained import TrainedNetwork, load_run
from harstudio.recordings.formats.harrec_header import StreamSpec
from harstudio.recordings.streams import SECOND_NS, Body, SkeletonFrame, StreamKind
from harstudio.runs.bundled import find_run
from harstudio.synthesis.scripts import SCRIPTS, perform
from harstudio.synthesis.subject import make_subject
from harstudio.synthesis.viewpoint import make_viewpoint
from job_context import Heard

RUN = "joints-any-sensor"
RATE_HZ = 15
CHEER = "cheering"


@pytest.fixture(scope="module")
def trained() -> TrainedNetwork:
    return load_run(find_run(RUN))


@pytest.fixture(scope="module")
def known() -> Known:
    found = Known.load(find_run(RUN))
    assert found is not None
    return found


def recogniser_of(trained: TrainedNetwork, known: Known, learned: FewShot) -> Recogniser:
    spec = StreamSpec("skeleton", StreamKind.SKELETON, rate_hz=RATE_HZ, topology="kinect_v2_25")
    recording = GrowingRecording("live", [spec], {}, keep_ns=keep_ns(trained.usual_s))
    facts = Facts(trained.classes, trained.usual_s, trained.preprocessing)
    made = Recogniser(facts, recording, TorchEngine(trained, Heard()))
    made.known, made.learned = Near(known, learned), learned
    made.choose(())
    return made


class Stage:
    """Scripted people one after the other before a recogniser; times go on."""

    def __init__(self, recogniser: Recogniser) -> None:
        self.recogniser, self.now = recogniser, 0

    def act(self, key: str, person: int) -> Iterator[Told]:
        take = perform(SCRIPTS[key], [make_subject(person, 3)], [3, person])
        view = make_viewpoint(1, 3)
        seen = np.full(25, 2, dtype=np.uint8)
        for k in range(round(take.end * RATE_HZ)):
            joints = view.to_sensor(take.skeletons(k / RATE_HZ)[0].joints)
            frame = SkeletonFrame((Body("1", joints, seen),))
            self.recogniser.take("skeleton", self.now, frame)
            yield self.recogniser.look()
            self.now += SECOND_NS // RATE_HZ


def test_an_action_shown_five_times_is_recognised_and_kept(
    trained: TrainedNetwork, known: Known, tmp_path: Path
) -> None:
    file = tmp_path / "examples" / "run.json"
    learned = FewShot(known, file, RUN)
    recogniser = recogniser_of(trained, known, learned)
    stage = Stage(recogniser)

    def told(key: str, person: int) -> set[str]:
        labels = {one.label for one in stage.act(key, person)}
        return {recogniser.classes[label] for label in labels if label >= 0}

    for person in range(1, SHOTS + 1):
        assert learned.names == ()
        begun = stage.now
        assert CHEER not in told("cheer", person)
        learned.add(CHEER, recogniser.example(begun, stage.now))
        recogniser.renew()
    assert learned.counts == {CHEER: SHOTS}
    assert recogniser.classes == (*trained.classes, CHEER)
    assert CHEER in told("cheer", 7)
    assert CHEER not in told("boxing", 7)
    assert CHEER not in told("squat", 7)

    assert FewShot(known, file, RUN).names == (CHEER,)  # tomorrow
    learned.forget(CHEER)
    recogniser.renew()
    assert CHEER not in told("cheer", 7)
    assert FewShot(known, file, RUN).counts == {}
    with pytest.raises(DataError, match="moving"):
        recogniser.example(stage.now + SECOND_NS, stage.now + 2 * SECOND_NS)


def test_examples_that_will_not_do_are_refused(known: Known, tmp_path: Path) -> None:
    learned = FewShot(known)
    features = {name: scale.mean for name, scale in known.scales.items()}
    with pytest.raises(UsageError, match="knows"):
        learned.add(known.classes[0], features)
    with pytest.raises(UsageError, match="name"):
        learned.add("  ", features)
    with pytest.raises(DataError, match="another network"):
        learned.add("new", {"skeleton": np.zeros(3, np.float32)})
    file = tmp_path / "examples.json"
    file.write_text('{"version": 1, "weights": ')
    with pytest.raises(DataError, match="damaged"):
        FewShot(known, file)


def test_a_calibration_is_of_its_weights_alone(tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(find_run(RUN), run)
    assert Known.load(run) is not None
    (run / "checkpoints" / "last.safetensors").write_bytes(b"others")
    with pytest.raises(DataError, match="weights that the run had before"):
        Known.load(run)
    document = json.loads((run / "known.json").read_text())
    document["streams"]["skeleton"]["middles"].pop()
    (run / "known.json").write_text(json.dumps(document))
    with pytest.raises(DataError, match="damaged"):
        Known.load(run)
    (run / "known.json").unlink()
    assert Known.load(run) is None


@pytest.mark.parametrize("name", ["joints-any-sensor", "joints-live", "synthetic-falls"])
def test_weights_in_the_box_are_calibrated_as_they_are(name: str) -> None:
    found = Known.load(find_run(name))
    assert found is not None
    assert found.classes == load_run(find_run(name)).classes
    assert 0 < found.threshold < 1


def test_far_from_every_class_is_not_known(known: Known) -> None:
    rng = np.random.default_rng(0)
    scale = known.scales["skeleton"]
    near = known.middles["skeleton"][4] * 20 * scale.spread + scale.mean
    assert known.score({"skeleton": near}) == pytest.approx(1.0, abs=1e-3)
    noise = rng.normal(size=len(scale.mean)).astype(np.float32) * scale.spread + scale.mean
    score = known.score({"skeleton": noise})
    answer = Answer(np.ones(1, np.float32), features={"skeleton": noise})
    learned = FewShot(known)
    assert not Near(known, learned).known(answer, answer.probabilities)
    assert Near(known, learned, score - 0.01).known(answer, answer.probabilities)
    lifted = known.with_threshold(np.linspace(0, 1, 101), 0.95)
    assert lifted.threshold == pytest.approx(0.05)


# ---- watching


CLASSES = ("waving", "falling")


def windows(*shares: float, begin_s: float = 0.0, step_s: float = 0.1) -> list[Any]:
    found = []
    for k, share in enumerate(shares):
        end_ns = round((begin_s + k * step_s + 1) * SECOND_NS)
        probabilities = np.array([1 - share, share], dtype=np.float32)
        found.append((end_ns - SECOND_NS, end_ns, probabilities))
    return found


def test_an_alarm_rings_once_and_again_only_after_calm() -> None:
    watch = Watch(Watched.of({"names": ["falling"], "windows": 3, "least": 0.6}), CLASSES)

    def rung(shares: list[float], begin_s: float) -> list[Alarm]:
        told = [watch.see(*window) for window in windows(*shares, begin_s=begin_s)]
        return [alarm for alarm in told if alarm is not None]

    assert rung([0.9, 0.9, 0.1, 0.9, 0.9, 0.1], 0) == []
    (alarm,) = rung([0.9, 0.8, 0.7, *[0.9] * 80], 10)
    assert (alarm.name, alarm.start_ns, alarm.end_ns) == ("falling", 10 * SECOND_NS, 11_200_000_000)
    assert alarm.confidence == pytest.approx(0.8)
    assert rung([0.1, 0.9, 0.9, 0.9], 19) == []  # the same fall
    assert len(rung([0.9, 0.9, 0.9], 21 + REARM_S)) == 1
    silent = Watch(Watched(("nobody",), 1), CLASSES)
    assert all(silent.see(*window) is None for window in windows(1.0, 1.0))
    with pytest.raises(UsageError):
        Watched.of({"names": ["falling"], "windows": 3, "least": 2})


def test_an_alarm_asks_the_recorder_for_the_half_minute_before_it() -> None:
    said: list[tuple[str, str, dict[str, Any]]] = []
    log = WatchLog(lambda *what: said.append(what), after_s=600)
    start_ns = time.monotonic_ns() - 2 * SECOND_NS
    alarm = {"name": "falling", "start_ns": start_ns, "end_ns": start_ns + 9, "confidence": 0.7}
    log.hear("recogniser", "said", alarm)
    log.hear("recogniser", "alarm", alarm)
    assert said == []  # what follows belongs to it
    log.end()
    log.end()
    ((stage, kind, request),) = said
    assert (stage, kind) == ("recorder", "keep")
    assert request["name"] == "falling"
    assert request["seconds"] >= 32
    assert request["labels"] == [alarm]
