"""A training that was stopped or killed goes on to the very same weights and metrics."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import shutil
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from harstudio.errors import ConflictError, DataError, MissingError, UsageError
from harstudio.jobs.context import Stopped
from harstudio.learning.jobs import train
from harstudio.learning.loading import Loader
from harstudio.learning.loop import training
from harstudio.learning.weights.checkpoints import State, load_state, save_state
from harstudio.runs.folder import RunFolder
from harstudio.runs.reading import read_evaluation, read_metrics, read_status
from job_context import Heard

Payloads = Callable[..., dict[str, Any]]
TIMES = ("seconds", "samples_per_s", "wait_share")


def epochs(folder: Path) -> list[dict[str, Any]]:
    """Lines of epochs without what a clock says."""
    return [
        {key: value for key, value in line.items() if key not in TIMES}
        for line in read_metrics(RunFolder(folder).metrics)
        if line["kind"] == "epoch"
    ]


def weights(folder: Path) -> dict[str, bytes]:
    """The last weights and the best of every stage."""
    run = RunFolder(folder)
    files = [run.last, run.best, *run.checkpoints.glob("best-*.safetensors")]
    assert len(files) == 5
    return {path.name: path.read_bytes() for path in files}


def figures(folder: Path) -> dict[str, Any]:
    evaluation = read_evaluation(folder)
    assert evaluation is not None
    return {
        key: value for key, value in evaluation.items() if key not in ("run", "seconds_per_clip")
    }


@pytest.fixture
def fickle(monkeypatch: pytest.MonkeyPatch) -> None:
    """Validation that likes one epoch of a stage as well as another, by chance that is the same
    for the same weights: the best is seldom the last."""
    real = training.answer

    def liked(network: torch.nn.Module, *args: Any, **keys: Any) -> Any:
        answers = real(network, *args, **keys)
        total = sum(float(weight.detach().abs().sum()) for weight in network.parameters())
        return SimpleNamespace(accuracy=total * 1000 % 1, loss=answers.loss)

    monkeypatch.setattr(training, "answer", liked)


def went_on(lines: list[str]) -> dict[str, int]:
    """From which epoch of the stage before each stage went on."""
    words = [line.split() for line in lines if "goes on from" in line]
    return {one[1]: int(one[6]) for one in words}


@pytest.fixture
def whole(payload: Payloads, tmp_path: Path) -> Path:
    """A run that nobody stopped."""
    assert train(payload("whole"), Heard())["state"] == "finished"
    return tmp_path / "whole"


def test_the_same_seed_gives_the_same_run(payload: Payloads, whole: Path, tmp_path: Path) -> None:
    train(payload("again"), Heard())
    assert epochs(tmp_path / "again") == epochs(whole)
    assert weights(tmp_path / "again") == weights(whole)
    train(payload("other", seed=1), Heard())
    assert epochs(tmp_path / "other") != epochs(whole)


def test_stopped_before_the_first_batch_is_there(
    payload: Payloads, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = threading.Event()

    def slow(*_: object) -> None:
        begun.set()
        time.sleep(0.6)

    def stop() -> None:
        if begun.is_set():
            raise Stopped

    with monkeypatch.context() as patch:
        patch.setattr(Loader, "_batch", slow)
        assert train(payload("early"), Heard(at_pause=stop))["state"] == "stopped"
    assert train(payload("early", resume=True), Heard())["state"] == "finished"
    assert epochs(tmp_path / "early") == epochs(whole)
    assert weights(tmp_path / "early") == weights(whole)


def test_stopped_anywhere_it_goes_on_exactly(
    payload: Payloads, whole: Path, tmp_path: Path
) -> None:
    """Stopped again and again: within epochs, between them, while validating and testing."""
    folder = tmp_path / "stopped"
    result: dict[str, Any] = {}
    for attempt in range(60):
        context = Heard(stop_at=5 if attempt else 28)  # the first looks at the data as well
        result = train(payload("stopped", resume=attempt > 0), context)
        if result["state"] == "finished":
            break
        assert result == {"run": str(folder), "state": "stopped", "evaluation": None}
        assert read_status(folder)["state"] == "stopped"  # type: ignore[index]
    assert attempt > 6
    assert result["state"] == "finished"
    assert epochs(folder) == epochs(whole)
    assert weights(folder) == weights(whole)
    assert figures(folder) == figures(whole)


@pytest.mark.usefixtures("fickle")
def test_stopped_anywhere_each_stage_still_begins_from_the_best_before(
    payload: Payloads, tmp_path: Path
) -> None:
    heard = Heard()
    train(payload("whole", epochs=3), heard)
    begun = went_on(heard.lines)
    assert set(begun) == {"motion", "fusion", "all"}
    assert any(epoch < 3 for epoch in begun.values())
    lines: list[str] = []
    states = set()
    for attempt in range(80):
        context = Heard(stop_at=5 if attempt else 28)
        result = train(payload("stopped", resume=attempt > 0, epochs=3), context)
        lines += context.lines
        place = json.loads((tmp_path / "stopped" / "checkpoints" / "state.json").read_text())
        states.add((place["stage"], place["epoch"], place["step"]))
        if result["state"] == "finished":
            break
    assert result["state"] == "finished"
    assert len(states) > 10
    assert went_on(lines) == begun
    assert epochs(tmp_path / "stopped") == epochs(tmp_path / "whole")
    assert weights(tmp_path / "stopped") == weights(tmp_path / "whole")


@pytest.mark.usefixtures("fickle")
def test_stopped_between_two_stages_it_goes_on_exactly(
    payload: Payloads, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the next stage has loaded the best, and after it, before its first step."""
    train(payload("whole", epochs=3), Heard())
    for name, where in (("before", "_next_stage"), ("after", "_one_epoch")):
        real = getattr(training.Trainer, where)

        def stop(self: Any, *args: Any, real: Any = real) -> None:
            if self.place.done == 6:
                raise Stopped
            real(self, *args)

        with monkeypatch.context() as patch:
            patch.setattr(training.Trainer, where, stop)
            assert train(payload(name, epochs=3), Heard())["state"] == "stopped"
        state = json.loads((tmp_path / name / "checkpoints" / "state.json").read_text())
        assert (state["stage"], state["epoch"]) == ((0, 3) if name == "before" else (1, 0))
        assert train(payload(name, resume=True, epochs=3), Heard())["state"] == "finished"
        assert weights(tmp_path / name) == weights(tmp_path / "whole")


@pytest.mark.usefixtures("fickle")
def test_stages_that_get_epochs_later_begin_from_the_best_too(
    payload: Payloads, tmp_path: Path
) -> None:
    """The last stage with epochs keeps the run's best, and hands it on when others follow."""
    few = {"place": {"epochs": 3}, "motion": {"epochs": 3}}
    none = {"fusion": {"epochs": 0}, "all": {"epochs": 0}}
    one = payload("run", stage={**few, **none})
    train(one, Heard())
    run = RunFolder(tmp_path / "run")
    kept = run.best.read_bytes()
    assert not run.best_of("motion").exists()
    assert read_evaluation(run.path)["weights"] == "best"  # type: ignore[index]
    more = payload("run", resume=True, stage={**few, **none, "all": {"epochs": 3}})
    train(more, Heard())
    assert run.best_of("motion").read_bytes() == kept
    train(payload("whole", stage=more["config"]["training"]["stage"]), Heard())
    whole = RunFolder(tmp_path / "whole")
    assert run.last.read_bytes() == whole.last.read_bytes()
    assert run.best.read_bytes() == whole.best.read_bytes()


@pytest.mark.usefixtures("fickle")
def test_a_stage_that_becomes_the_last_keeps_the_runs_best(
    payload: Payloads, tmp_path: Path
) -> None:
    few = {"motion": {"epochs": 0}, "fusion": {"epochs": 0}}
    told = payload("run", stage={**few, "place": {"epochs": 4}})
    train(told, Heard(stop_at=40))
    run = RunFolder(tmp_path / "run")
    state = json.loads((run.checkpoints / "state.json").read_text())
    assert state["stage"] == 0
    assert state["best"]
    assert run.best_of("place").is_file()
    last = payload("run", resume=True, stage={**few, "place": {"epochs": 4}, "all": {"epochs": 0}})
    assert train(last, Heard())["state"] == "finished"
    train(payload("whole", stage=last["config"]["training"]["stage"]), Heard())
    assert run.best.read_bytes() == RunFolder(tmp_path / "whole").best.read_bytes()
    assert not run.best_of("place").exists()


def test_a_run_of_an_older_version_goes_on(payload: Payloads, tmp_path: Path) -> None:
    """It had no best of the stages before the last, and no key nesterov."""
    train(payload(), Heard(stop_at=40))
    run = RunFolder(tmp_path / "run")
    path = run.checkpoints / "state.safetensors"
    state = load_state(path)
    assert 0 < state.place["stage"] < 3
    state.place["best"] = {}
    save_state(path, state)
    for best in run.checkpoints.glob("best-*.safetensors"):
        best.unlink()
    text = run.config.read_text("utf-8")
    assert "nesterov = true\n" in text
    run.config.write_text(text.replace("nesterov = true\n", ""), "utf-8")
    assert train(payload(resume=True), Heard())["state"] == "finished"
    assert epochs(run.path)[-1]["epoch"] == 2
    assert run.best.is_file()


def test_metrics_after_the_checkpoint_are_taken_back(payload: Payloads, tmp_path: Path) -> None:
    train(payload(), Heard(stop_at=40))
    run = RunFolder(tmp_path / "run")
    kept = run.metrics.read_bytes()
    state = json.loads((run.checkpoints / "state.json").read_text())
    assert len(kept) == state["metrics"]
    with run.metrics.open("ab") as file:  # written after the checkpoint, by one that was killed
        file.write(b'{"kind": "epoch", "stage": "place", "ep')
    assert train(payload(resume=True), Heard())["state"] == "finished"
    assert run.metrics.read_bytes().startswith(kept)
    names = [(line["stage"], line["epoch"]) for line in epochs(run.path)]
    assert names == [
        ("place", 1), ("place", 2), ("motion", 1), ("fusion", 1), ("all", 1), ("all", 2),
    ]  # fmt: skip


@pytest.mark.parametrize("left", ["nothing", "half a line", "zeros"])
def test_metrics_that_are_lost_are_not_filled_up(
    payload: Payloads, tmp_path: Path, left: str
) -> None:
    train(payload(), Heard(stop_at=40))
    run = RunFolder(tmp_path / "run")
    kept = run.metrics.read_bytes()
    first = kept[: kept.index(b"\n") + 1]
    remains = {"nothing": None, "half a line": first + b'{"kin', "zeros": first + bytes(2000)}[left]
    run.metrics.unlink()
    if remains is not None:
        run.metrics.write_bytes(remains)
    assert train(payload(resume=True), Heard())["state"] == "finished"
    lines = run.metrics.read_bytes().splitlines()
    assert all(isinstance(json.loads(line), dict) for line in lines)
    assert run.metrics.read_bytes().startswith(first if remains else b"{")
    assert epochs(run.path)[-1]["stage"] == "all"


def test_stopped_while_it_looks_at_the_data(payload: Payloads, tmp_path: Path) -> None:
    assert train(payload(), Heard(stop_at=2))["state"] == "stopped"
    assert not (tmp_path / "run").exists()
    assert train(payload(), Heard())["state"] == "finished"  # nothing was lost, nothing is asked


def test_a_finished_run_is_evaluated_again_and_not_trained(
    payload: Payloads, whole: Path, tmp_path: Path
) -> None:
    before = weights(whole)
    RunFolder(whole).evaluation.unlink()
    context = Heard()
    assert train(payload("whole", resume=True), context)["state"] == "finished"
    assert not context.told("metrics")
    assert weights(whole) == before
    assert RunFolder(whole).evaluation.is_file()


def test_the_runs_own_config_goes_on_too(payload: Payloads, tmp_path: Path) -> None:
    train(payload(), Heard(stop_at=40))
    moved = tmp_path / "moved"
    (tmp_path / "run").rename(moved)
    result = train({"config_path": str(moved / "config.toml"), "resume": True}, Heard())
    assert result["state"] == "finished"
    assert result["run"] == str(moved)


@pytest.mark.parametrize("absolute", [False, True])
def test_it_goes_on_where_the_data_are_now(
    payload: Payloads, whole: Path, small: Path, tmp_path: Path, absolute: bool
) -> None:
    """On another computer, or with the disk in another place. Absolute: as runs once had them."""
    data = tmp_path / "data"
    shutil.copytree(small, data)
    told = payload()
    told["config"]["data"]["path"] = str(data)
    train(told, Heard(stop_at=40))
    run = RunFolder(tmp_path / "run")
    document = json.loads(run.data.read_text())
    assert document["parts"]["train"][0]["path"].startswith("Skeleton/")
    if absolute:
        for samples in document["parts"].values():
            for one in samples:
                one["path"] = str(data / one["path"])
        run.data.write_text(json.dumps(document))
    data.rename(tmp_path / "moved")
    told["resume"] = True
    before = run.config.read_bytes()
    with pytest.raises(MissingError, match=r"not here.*--set data\.path=FOLDER"):
        train(told, Heard())
    assert run.config.read_bytes() == before
    told["config"]["data"]["path"] = str(tmp_path / "moved")
    assert train(told, Heard())["state"] == "finished"
    assert epochs(run.path) == epochs(whole)
    assert weights(run.path) == weights(whole)


def test_more_epochs_go_on_from_the_last(payload: Payloads, whole: Path) -> None:
    longer = payload("whole", resume=True, stage={"all": {"epochs": 4}})
    assert train(longer, Heard())["state"] == "finished"
    assert [line["epoch"] for line in epochs(whole) if line["stage"] == "all"] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"seed": 3}, "training.seed"),
        ({"batch_size": 8}, "training.batch_size"),
        ({"stage": {"all": {"learning_rate": 0.5}}}, "training.stage.all.learning_rate"),
    ],
)
def test_another_training_does_not_go_on(
    payload: Payloads, whole: Path, change: dict[str, Any], key: str
) -> None:
    before = RunFolder(whole).config.read_bytes()
    with pytest.raises(UsageError, match=f"{key} is not what this run began with"):
        train(payload("whole", resume=True, **change), Heard())
    assert RunFolder(whole).config.read_bytes() == before


def test_other_preprocessing_does_not_go_on(payload: Payloads, whole: Path) -> None:
    changed = payload("whole", resume=True)
    changed["config"]["preprocessing"] = {"skeleton": {"rotate_deg": 5.0}}
    with pytest.raises(UsageError, match=r"preprocessing\.skeleton\.rotate_deg"):
        train(changed, Heard())


def test_a_run_is_not_overwritten(payload: Payloads, whole: Path, tmp_path: Path) -> None:
    with pytest.raises(ConflictError, match=r"--resume.*run.folder"):
        train(payload("whole"), Heard())
    other = tmp_path / "thesis"
    other.mkdir()
    (other / "chapter.txt").write_text("years of work")
    with pytest.raises(ConflictError, match="something else in this folder"):
        train(payload("thesis"), Heard())
    assert [path.name for path in other.iterdir()] == ["chapter.txt"]
    with pytest.raises(MissingError, match="no run to go on with"):
        train(payload("nothing", resume=True), Heard())
    assert not (tmp_path / "nothing").exists()


def test_a_run_that_somebody_trains_is_left_alone(payload: Payloads, whole: Path) -> None:
    status = json.loads(RunFolder(whole).status.read_text())
    at_work = {**status, "state": "running", "host": "elsewhere", "beat": time.time()}
    RunFolder(whole).status.write_text(json.dumps(at_work))
    with pytest.raises(ConflictError, match="on elsewhere is training this run"):
        train(payload("whole", resume=True), Heard())
    lost = {**at_work, "beat": time.time() - 60}
    RunFolder(whole).status.write_text(json.dumps(lost))
    os.utime(RunFolder(whole).status, (time.time() - 60, time.time() - 60))
    assert train(payload("whole", resume=True), Heard())["state"] == "finished"


def attempt_at(told: dict[str, Any], start: Any, ends: Any) -> None:
    """Train in a process of its own; how it ended goes into a queue."""
    start.wait(20)
    try:
        ends.put(train(told, Heard())["state"])
    except ConflictError as error:
        ends.put(str(error))


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_two_trainings_at_once_do_not_mix(payload: Payloads, tmp_path: Path) -> None:
    """The folder is claimed before the long look at the data, not after it."""
    forking = multiprocessing.get_context("fork")
    start, ends = forking.Event(), forking.SimpleQueue()
    children = [forking.Process(target=attempt_at, args=(payload(), start, ends)) for _ in range(3)]
    for child in children:
        child.start()
    start.set()
    told = [ends.get() for _ in children]
    for child in children:
        child.join()
    assert told.count("finished") == 1
    assert all("is training this run" in one or one == "finished" or "--resume" in one
               for one in told)  # fmt: skip
    assert len(list((tmp_path / "run").glob("events.out.tfevents.*"))) == 1
    assert not (tmp_path / "run" / ".claim").exists()
    assert len(epochs(tmp_path / "run")) == 6


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_while_one_looks_at_the_data_another_is_refused(payload: Payloads, tmp_path: Path) -> None:
    forking = multiprocessing.get_context("fork")
    start, ends = forking.Event(), forking.SimpleQueue()
    start.set()
    told: list[str] = []

    def meanwhile() -> None:
        if not told:
            child = forking.Process(target=attempt_at, args=(payload(), start, ends))
            child.start()
            told.append(ends.get())
            child.join()

    assert train(payload(), Heard(at_pause=meanwhile))["state"] == "finished"
    assert f"Process {os.getpid()}" in told[0]


def test_what_killed_writes_left_is_removed(payload: Payloads, tmp_path: Path) -> None:
    train(payload(), Heard(stop_at=40))
    run = RunFolder(tmp_path / "run")
    written = [path for path in run.path.rglob("*.*") if "tfevents" not in path.name]
    assert run.best_of("place") in written
    for path in written:
        if path != run.metrics:  # grows, is never written anew
            path.with_name(f".{path.name}.0123abcd.tmp").write_bytes(b"half")
    train(payload(resume=True), Heard())
    assert not list(run.path.rglob("*.tmp"))


def test_killed_while_it_looked_at_the_data(payload: Payloads, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    status = {"version": 1, "state": "running", "pid": 2**22 + 1, "host": socket.gethostname()}
    RunFolder(folder).status.write_text(json.dumps({**status, "beat": time.time()}))
    (folder / ".status.json.0123.tmp").write_text("{")
    assert train(payload(), Heard())["state"] == "finished"


@pytest.mark.parametrize("cut", [0, 7, 300, 0.5])
def test_a_damaged_checkpoint_is_told(payload: Payloads, tmp_path: Path, cut: float) -> None:
    train(payload(), Heard(stop_at=30))
    state = RunFolder(tmp_path / "run").checkpoints / "state.safetensors"
    whole = state.read_bytes()
    state.write_bytes(whole[: int(cut * len(whole)) if 0 < cut < 1 else int(cut)])
    with pytest.raises(DataError) as raised:
        train(payload(resume=True), Heard())
    assert raised.value.path == state
    assert state.is_file()


def unknown_key(state: State) -> None:
    state.place["luck"] = 7


def missing_key(state: State) -> None:
    del state.place["step"]


def wrong_type(state: State) -> None:
    state.place["epoch"] = "first"


def behind_the_end(state: State) -> None:
    state.place["stage"] = 9


def strange_best(state: State) -> None:
    state.place["best"] = {"epoch": 1}


def unknown_weight(state: State) -> None:
    name, value = next(iter(state.optimizer.items()))
    state.optimizer["nobody/" + name.rpartition("/")[2]] = value.clone()


def other_shape(state: State) -> None:
    name = next(name for name, value in state.optimizer.items() if value.ndim)
    state.optimizer[name] = torch.zeros(5)


def short_random(state: State) -> None:
    state.random["cpu"] = state.random["cpu"][:50].clone()


def no_random(state: State) -> None:
    del state.random["cpu"]


@pytest.mark.parametrize(
    "damage",
    [
        unknown_key, missing_key, wrong_type, behind_the_end, strange_best, unknown_weight,
        other_shape, short_random, no_random,
    ],
)  # fmt: skip
def test_a_state_that_is_none_is_told(
    payload: Payloads, tmp_path: Path, damage: Callable[[State], None]
) -> None:
    train(payload(), Heard(stop_at=40))
    path = RunFolder(tmp_path / "run").checkpoints / "state.safetensors"
    state = load_state(path)
    damage(state)
    save_state(path, state)
    with pytest.raises(DataError, match=r"This state is damaged.*Train again") as raised:
        train(payload(resume=True), Heard())
    assert raised.value.path == path


def test_a_state_without_one_of_its_tensors_is_told(payload: Payloads, tmp_path: Path) -> None:
    """Without it the training would go on, but not as it would have gone on."""
    train(payload(), Heard(stop_at=40))
    path = RunFolder(tmp_path / "run").checkpoints / "state.safetensors"
    with safe_open(path, framework="pt") as file:
        header, names = file.metadata(), list(file.keys())
        tensors = {name: file.get_tensor(name) for name in names}
    del tensors[next(name for name in names if name.startswith("optimizer/"))]
    save_file(tensors, path, header)
    with pytest.raises(DataError, match="not whole"):
        train(payload(resume=True), Heard())


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
@pytest.mark.usefixtures("fickle")
def test_killed_at_random_moments_it_goes_on_exactly(payload: Payloads, tmp_path: Path) -> None:
    """Forked, not started anew: torch is loaded once, and the kills come in the training."""
    longer = {"epochs": 6, "checkpoint_seconds": 0.02}
    train(payload("whole", **longer), Heard())
    before = time.monotonic()
    train(payload("again", **longer), Heard())  # now that everything is loaded
    lasts = time.monotonic() - before
    rng = random.Random(5)
    folder = tmp_path / "killed"
    kills = 0
    for attempt in range(60):
        resume = (RunFolder(folder).checkpoints / "state.safetensors").is_file()
        told = payload("killed", resume=resume, **longer)
        child = multiprocessing.get_context("fork").Process(target=train, args=(told, Heard()))
        child.start()
        child.join(rng.uniform(0.02, 0.1 if kills < 6 else 0.4) * lasts * (1 + attempt / 20))
        if child.is_alive():
            child.kill()
            kills += 1
        child.join()
        if child.exitcode == 0:
            break
        assert child.exitcode == -signal.SIGKILL
    assert kills >= 3
    assert child.exitcode == 0
    assert epochs(folder) == epochs(tmp_path / "whole")
    assert weights(folder) == weights(tmp_path / "whole")
    assert figures(folder) == figures(tmp_path / "whole")
    assert not list(folder.rglob("*.tmp"))
