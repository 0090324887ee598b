"""Options of training: each does what it says, and a run that was stopped goes on exactly."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import pair_network
from harstudio.errors import UsageError
from harstudio.learning import running
from harstudio.learning.jobs import train
from harstudio.learning.loading import Loader
from harstudio.learning.loop import training
from harstudio.learning.weights.checkpoints import load_state, save_state
from harstudio.runs.folder import RunFolder
from harstudio.runs.reading import read_evaluation, read_metrics
from job_context import Heard

Payloads = Callable[..., dict[str, Any]]
TIMES = ("seconds", "samples_per_s", "wait_share")
EVERYTHING = {
    "optimizer": "adamw",
    "weight_decay": 0.1,
    "class_weights": "balanced",
    "ema": 0.9,
    "epochs": 4,
    "patience": 1,
    "modality_dropout": 0.4,
    "cache_features": True,
    "clip_norm": 1.0,
}


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pair_network.write_pairs(tmp_path_factory.mktemp("pairs"))


@pytest.fixture
def pair() -> Iterator[str]:
    pair_network.install()
    yield pair_network.NAME
    pair_network.remove()


@pytest.fixture
def payload(pairs: Path, pair: str, tmp_path: Path) -> Payloads:
    def make(name: str = "run", resume: bool = False, **training: Any) -> dict[str, Any]:
        config = {
            "data": {"path": str(pairs), "validation_subjects": 1},
            "network": {"name": pair},
            "training": training,
            "run": {"folder": str(tmp_path / name)},
        }
        return {"config": config, "resume": resume}

    return make


def epochs(folder: Path) -> list[dict[str, Any]]:
    return [
        {key: value for key, value in line.items() if key not in TIMES}
        for line in read_metrics(RunFolder(folder).metrics)
        if line["kind"] == "epoch"
    ]


def weights(folder: Path) -> dict[str, bytes]:
    files = RunFolder(folder).checkpoints.glob("*.safetensors")
    return {path.name: path.read_bytes() for path in files if path.name != "state.safetensors"}


def judged(monkeypatch: pytest.MonkeyPatch, accuracies: list[float]) -> None:
    """These accuracies again and again."""
    real, told = training.answer, cycle(accuracies)

    def answer(*args: Any, **keys: Any) -> Any:
        return SimpleNamespace(accuracy=next(told), loss=real(*args, **keys).loss)

    monkeypatch.setattr(training, "answer", answer)


@pytest.mark.parametrize("precision", ["float16", "bfloat16"])
def test_with_everything_on_a_stopped_training_goes_on_exactly(
    payload: Payloads, tmp_path: Path, precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A network of linear layers can do it on a processor, too.
    monkeypatch.setattr(running, "check_precision", lambda *_: None)
    asked = {**EVERYTHING, "precision": precision}
    heard = Heard()
    assert train(payload("whole", **asked), heard)["state"] == "finished"
    assert sum("looked at each clip once" in line for line in heard.lines) == 1  # the fusion
    assert any(" ends after epoch " in line for line in heard.lines)
    assert sum("no clip lacks" in line for line in heard.lines) == 2  # in the fusion
    states = set()
    for attempt in range(60):
        context = Heard(stop_at=23 if attempt else 58)
        result = train(payload("stopped", resume=attempt > 0, **asked), context)
        place = json.loads((tmp_path / "stopped" / "checkpoints" / "state.json").read_text())
        states.add((place["stage"], place["epoch"], place["step"]))
        if result["state"] == "finished":
            break
    assert result["state"] == "finished"
    assert len({stage for stage, _, _ in states}) == 4
    assert len(states) >= 5
    assert epochs(tmp_path / "stopped") == epochs(tmp_path / "whole")
    assert weights(tmp_path / "stopped") == weights(tmp_path / "whole")
    one, other = (read_evaluation(tmp_path / name) or {} for name in ("stopped", "whole"))
    assert one["confusion"] == other["confusion"]
    assert [clip["confidence"] for clip in one["samples"]] == [
        clip["confidence"] for clip in other["samples"]
    ]


def test_a_stage_ends_when_it_was_patient_long_enough(
    payload: Payloads, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each stage is best at its second epoch; a stop in between changes nothing."""
    judged(monkeypatch, [0.2, 0.9, 0.3, 0.4])
    heard = Heard()
    train(payload("run", epochs=9, patience=2), heard)
    lines = epochs(tmp_path / "run")
    assert [line["epoch"] for line in lines] == [1, 2, 3, 4] * 4
    ends = [line for line in heard.lines if " ends after epoch 4: for 2 none was better" in line]
    assert len(ends) == 4
    assert any("goes on from epoch 2 of skeleton" in line for line in heard.lines)
    steps = [step for step in heard.steps if step[2].startswith("Stage")]
    assert steps[0][1] == 3 * 9 * 4  # three steps an epoch
    assert steps[-1] == (3 * 16, 3 * 16, "Stage all is over")
    assert all(done <= total for done, total, _ in steps)
    again = Heard()
    train(payload("run", resume=True, epochs=9, patience=2), again)
    assert len(epochs(tmp_path / "run")) == 16


def test_a_mean_of_the_weights_is_what_is_kept(payload: Payloads, tmp_path: Path) -> None:
    train(payload("raw"), Heard())
    train(payload("mean", ema=0.999), Heard())
    raw, mean = epochs(tmp_path / "raw")[0], epochs(tmp_path / "mean")[0]
    assert raw["train"] == mean["train"]  # the weights that learn are the same
    assert raw["validation"] != mean["validation"]
    run = RunFolder(tmp_path / "mean")
    state = load_state(run.checkpoints / "state.safetensors")
    kept = RunFolder(tmp_path / "mean").last.read_bytes()
    assert state.mean.keys() == state.weights.keys()
    assert state.mean["fusion.2.weight"].numpy().tobytes() in kept
    assert state.weights["fusion.2.weight"].numpy().tobytes() not in kept
    assert state.mean["fusion.0.running_mean"].numpy().tobytes() in kept


def test_a_state_of_an_older_version_goes_on(payload: Payloads, tmp_path: Path) -> None:
    train(payload("whole"), Heard())
    train(payload("old"), Heard(stop_at=60))
    path = RunFolder(tmp_path / "old").checkpoints / "state.safetensors"
    state = load_state(path)
    for key in ("improved", "skipped"):
        del state.place[key]
    save_state(path, state)
    assert train(payload("old", resume=True), Heard())["state"] == "finished"
    assert weights(tmp_path / "old") == weights(tmp_path / "whole")


@pytest.mark.parametrize("select", ["validation", "last", "test"])
def test_the_test_part_is_not_looked_at_before_the_end(
    payload: Payloads, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, select: str
) -> None:
    """Whatever is trained with, but where the config asks for it."""
    seen: set[Any] = set()
    before: set[Any] = set()
    real_prepared, real_finish = Loader.prepared, running._finish

    def prepared(self: Loader, index: int, epoch: int = 0) -> Any:
        seen.add(self.samples[index].subject)
        return real_prepared(self, index, epoch)

    def finish(*args: Any) -> Any:
        before.update(seen)
        return real_finish(*args)

    monkeypatch.setattr(Loader, "prepared", prepared)
    monkeypatch.setattr(running, "_finish", finish)
    heard = Heard()
    train(payload(select=select, ema=0.9, cache_features=True, modality_dropout=0.2), heard)
    assert {2, 4} <= before if select == "test" else before == {1, 3}
    assert {2, 4} <= seen
    evaluation = read_evaluation(tmp_path / "run")
    assert evaluation is not None
    assert evaluation["selected_by"] == select
    card = RunFolder(tmp_path / "run").card.read_text()
    chosen = "chosen by the test part, as some papers do; not comparable"
    assert (chosen in card) == (select == "test")
    assert any(chosen in line for line in heard.lines) == (select == "test")
    assert RunFolder(tmp_path / "run").best.is_file() == (select != "last")
    line = epochs(tmp_path / "run")[0]
    assert ("test" in line) == (line["validation"] is None) == (select == "test")


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"patience": 3, "select": "last"}, "training.patience"),
        ({"precision": "float16"}, "A processor does not train in float16"),
        ({"modality_dropout": 0.2, "stages": ["skeleton"]}, "trains each stream by itself"),
    ],
)
def test_what_does_not_go_together_is_refused(
    payload: Payloads, asked: dict[str, Any], words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        train(payload(**asked), Heard())


def test_what_the_parts_cannot_do_is_refused(payload: Payloads, tmp_path: Path) -> None:
    told = payload(patience=3)
    told["config"]["data"]["validation_subjects"] = 0
    with pytest.raises(UsageError, match="no validation part"):
        train(told, Heard())
    told = payload(select="test")
    told["config"]["data"]["protocol"] = "all"
    with pytest.raises(UsageError, match="No clip tests"):
        train(told, Heard())
    assert not (tmp_path / "run").exists()


def test_a_clip_of_one_input_lacks_nothing(payload: Payloads) -> None:
    told = payload(modality_dropout=0.1)
    told["config"]["network"] = {"name": "st-gcn"}
    with pytest.raises(UsageError, match="st-gcn has no stream that answers without"):
        train(told, Heard())


def test_frozen_streams_look_at_each_clip_once(
    payload: Payloads, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same training without the cache, on inputs prepared as in testing, gives the same."""
    looked: list[int] = []
    real = pair_network.Stream.forward

    def forward(self: pair_network.Stream, values: Any) -> Any:
        if not self.training and not self.hidden.weight.requires_grad:
            looked.append(len(values))
        return real(self, values)

    monkeypatch.setattr(pair_network.Stream, "forward", forward)
    asked = {"stages": ["fusion"], "epochs": 8, "select": "last"}
    plain = payload("plain", **asked)
    plain["config"]["preprocessing"] = {"skeleton": {"rotate_deg": 0.0}}
    told = payload("once", **asked, cache_features=True)
    for one in (plain, told):
        one["config"]["data"]["validation_subjects"] = 0
    counts = []
    for one in (plain, told):
        looked.clear()
        train(one, Heard())
        counts.append(sum(looked))
    clips = 24
    assert counts[0] == 2 * 8 * clips  # two streams, eight epochs
    assert counts[1] <= 2 * (clips + 16)  # once, and a few clips to find out
    before, after = epochs(tmp_path / "plain"), epochs(tmp_path / "once")
    for one, other in zip(before, after, strict=True):
        assert math.isclose(one["train"]["loss"], other["train"]["loss"], rel_tol=1e-6)
        assert one["train"]["accuracy"] == other["train"]["accuracy"]
    a, b = (load_state(RunFolder(tmp_path / n).checkpoints / "state.safetensors").weights
            for n in ("plain", "once"))  # fmt: skip
    assert max(float((a[name].double() - b[name].double()).abs().max()) for name in a) <= 1e-6
