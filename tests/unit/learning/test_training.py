"""A training and its folder: it learns, says what it does, and fails in plain words."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import scipy.io
import torch

from harstudio.errors import DataError, HarstudioError, UsageError
from harstudio.learning.devices import choose_device
from harstudio.learning.jobs import train
from harstudio.learning.loop.stepping import Stepper
from harstudio.learning.loop.training import Trainer
from harstudio.learning.weights.checkpoints import load_network, load_state
from harstudio.runs.folder import RunFolder
from harstudio.runs.reading import read_data, read_evaluation, read_metrics, read_status
from job_context import Heard
from small_dataset import write_dataset
from tiny_network import Tiny

Payloads = Callable[..., dict[str, Any]]
TESTS = Path(__file__).resolve().parents[2]


def test_it_learns_and_leaves_a_whole_folder(payload: Payloads, tmp_path: Path) -> None:
    context = Heard()
    result = train(payload(epochs=8, optimizer="adam"), context)
    run = RunFolder(tmp_path / "run")
    assert result["run"] == str(run.path)
    assert result["evaluation"]["top1"] >= 0.9
    assert {path.name for path in run.path.iterdir() if "tfevents" not in path.name} == {
        "config.toml", "environment.json", "data.json", "preprocessing.json", "status.json",
        "metrics.jsonl", "checkpoints", "evaluation.json", "answers.npz", "card.md",
    }  # fmt: skip
    assert {path.name for path in run.checkpoints.iterdir()} == {
        "last.safetensors", "best.safetensors", "state.safetensors", "state.json",
        "best-place.safetensors", "best-motion.safetensors", "best-fusion.safetensors",
    }  # fmt: skip
    status = read_status(run.path)
    assert status is not None
    assert (status["state"], status["stage"], status["epoch"]) == ("finished", "all", 8)
    evaluation = read_evaluation(run.path)
    assert evaluation is not None
    assert evaluation["top1"] == result["evaluation"]["top1"]
    assert set(evaluation["streams"]) == {"place", "motion"}
    assert evaluation["weights"] == "best"
    card = run.card.read_text("utf-8")
    assert f"top-1 {evaluation['top1']:.1%}" in card
    assert "terms of the data are not known" in card
    assert context.told("device") == [{"device": "cpu", "name": "CPU, 1 thread"}]
    assert context.told("metrics") == read_metrics(run.metrics)
    assert json.loads(run.environment.read_text())["packages"]["torch"] == torch.__version__


def test_the_parts_are_the_protocols(payload: Payloads, tmp_path: Path) -> None:
    train(payload(epochs=1), Heard())
    data = read_data(tmp_path / "run")
    assert data is not None
    people = {name: {one["subject"] for one in part} for name, part in data["parts"].items()}
    assert people["test"] == {2, 4}
    assert people["train"] | people["validation"] == {1, 3}
    assert len(people["validation"]) == 1
    assert data["clip_seconds"]["median"] == pytest.approx(12 / 30)


def test_progress_counts_steps_of_all_stages(payload: Payloads) -> None:
    context = Heard()
    train(payload(), context)
    done = [step for step in context.steps if step[2].startswith("Stage")]
    total = 6 * 2  # epochs of all stages, six clips in batches of four
    assert {step[1] for step in done} == {total}
    assert done[-1][0] == total
    assert done[-1][2].startswith("Stage all, epoch 2 of 2, ")


def test_epochs_tell_rate_and_both_parts(payload: Payloads, tmp_path: Path) -> None:
    train(payload(), Heard())
    lines = [
        line
        for line in read_metrics(RunFolder(tmp_path / "run").metrics)
        if line["kind"] == "epoch"
    ]
    assert [line["learning_rate"] for line in lines] == pytest.approx(
        [0.02, 0.002, 0.02, 0.02, 0.01, 0.01]
    )
    for line in lines:
        assert 0 <= line["train"]["accuracy"] <= 1
        assert 0 <= line["validation"]["accuracy"] <= 1
        assert line["seconds"] > 0
        assert 0 <= line["wait_share"] <= 1


def test_tensorboard_reads_the_same_figures(payload: Payloads, tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    train(payload(), Heard(stop_at=45))
    train(payload(resume=True), Heard())
    events = EventAccumulator(str(tmp_path / "run"))
    events.Reload()
    lines = [
        line
        for line in read_metrics(RunFolder(tmp_path / "run").metrics)
        if line["kind"] == "epoch"
    ]
    told = [scalar.value for scalar in events.Scalars("all/train loss")]
    wanted = [line["train"]["loss"] for line in lines if line["stage"] == "all"]
    assert told == pytest.approx(wanted, rel=1e-5)


def test_without_validation_the_last_weights_are_the_runs(
    payload: Payloads, tmp_path: Path
) -> None:
    told = payload()
    told["config"]["data"]["validation_subjects"] = 0
    train(told, Heard())
    run = RunFolder(tmp_path / "run")
    assert not list(run.checkpoints.glob("best*"))
    evaluation = read_evaluation(run.path)
    assert evaluation is not None
    assert evaluation["weights"] == "last"
    assert all(line["validation"] is None for line in read_metrics(run.metrics)
               if line["kind"] == "epoch")  # fmt: skip


@pytest.mark.parametrize("validated", [True, False])
def test_a_stage_begins_from_the_best_epoch_of_the_one_before(
    payload: Payloads, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, validated: bool
) -> None:
    """Each stage is best at its second of three epochs; fusion has none and hands on."""
    accuracies = iter([0.2, 0.9, 0.5, 0.1, 0.8, 0.4, 0.1, 0.7, 0.3])  # falling from stage to stage
    ends: list[dict[str, torch.Tensor]] = []
    begins: list[dict[str, torch.Tensor]] = []
    real_begin, real_finish = Stepper.begin, Trainer._finish_epoch

    def copied(network: torch.nn.Module) -> dict[str, torch.Tensor]:
        return {name: value.clone() for name, value in network.state_dict().items()}

    def begin(self: Stepper, stage: Any) -> None:
        begins.append(copied(self.network))
        real_begin(self, stage)

    def finish(self: Trainer, stage: Any) -> None:
        ends.append(copied(self._network))
        real_finish(self, stage)

    def judged(self: Trainer, stage: Any) -> Any:
        return SimpleNamespace(accuracy=next(accuracies), loss=1.0)

    monkeypatch.setattr(Stepper, "begin", begin)
    monkeypatch.setattr(Trainer, "_finish_epoch", finish)
    if validated:
        monkeypatch.setattr(Trainer, "_validate", judged)
    told = payload(epochs=3, stage={"fusion": {"epochs": 0}})
    told["config"]["data"]["validation_subjects"] = int(validated)
    context = Heard()
    train(told, context)
    assert (len(begins), len(ends)) == (3, 9)
    for number in (1, 2):
        handed_on = ends[3 * number - (2 if validated else 1)]
        other = ends[3 * number - (1 if validated else 2)]
        changed = {name for name in handed_on if not torch.equal(handed_on[name], other[name])}
        assert changed
        assert all(torch.equal(begins[number][name], handed_on[name]) for name in handed_on)
    remarks = [line for line in context.lines if "goes on from" in line]
    run = RunFolder(tmp_path / "run")
    if validated:
        assert remarks == [
            "Stage motion goes on from epoch 2 of place, the best on the validation part.",
            "Stage all goes on from epoch 2 of motion, the best on the validation part.",
        ]
        best = load_network(run.best).state_dict()
        assert all(torch.equal(best[name], ends[7][name]) for name in best)
    else:
        assert remarks == []
    last = load_network(run.last).state_dict()
    assert all(torch.equal(last[name], ends[8][name]) for name in last)


def test_without_a_test_part_nothing_is_evaluated(payload: Payloads, tmp_path: Path) -> None:
    told = payload(epochs=1)
    told["config"]["data"]["protocol"] = "all"
    assert train(told, Heard())["evaluation"] is None
    assert not RunFolder(tmp_path / "run").evaluation.exists()
    assert "Not tested" in RunFolder(tmp_path / "run").card.read_text()


def test_weights_make_the_network_again(payload: Payloads, tmp_path: Path) -> None:
    train(payload(), Heard())
    run = RunFolder(tmp_path / "run")
    network = load_network(run.last)
    assert isinstance(network, Tiny)
    assert not network.training
    state = load_state(run.checkpoints / "state.safetensors")
    for name, value in network.state_dict().items():
        assert torch.equal(value, state.weights[name])


def test_the_config_of_the_run_is_complete(payload: Payloads, small: Path, tmp_path: Path) -> None:
    train(payload(), Heard())
    with RunFolder(tmp_path / "run").config.open("rb") as file:
        tables = tomllib.load(file)
    assert tables["data"]["path"] == str(small)
    assert tables["data"]["modalities"] == ["skeleton"]
    assert tables["network"] == {"name": "tiny", "dropout": 0.3}
    assert tables["preprocessing"]["skeleton"]["rotate_deg"] == 20.0
    assert tables["training"]["stage"]["place"] == {
        "epochs": 2, "learning_rate": 0.02, "decay_at": [1],
    }  # fmt: skip


def test_short_memory_is_told_and_the_training_ends_well(payload: Payloads) -> None:
    Tiny.most = 2
    context = Heard()
    assert train(payload(), context)["state"] == "finished"
    assert [told["text"][:19] for told in context.told("remark")] == ["Memory was short: 2"]


def test_a_lost_loss_ends_it_and_keeps_the_checkpoint(payload: Payloads, tmp_path: Path) -> None:
    train(payload(), Heard(stop_at=40))
    state = RunFolder(tmp_path / "run").checkpoints / "state.safetensors"
    with pytest.MonkeyPatch.context() as patch:
        real = Tiny.forward

        def broken(self: Tiny, *args: Any, **keys: Any) -> Any:
            output = real(self, *args, **keys)
            output.logits.data[:] = float("nan")
            return output

        patch.setattr(Tiny, "forward", broken)
        with pytest.raises(DataError, match=r"no longer a number.*lower learning rate"):
            train(payload(resume=True), Heard())
    kept = load_state(state)
    assert all(value.isfinite().all() for value in kept.weights.values())
    status = read_status(tmp_path / "run")
    assert status is not None
    assert status["state"] == "failed"
    assert "no longer a number" in status["reason"]
    assert train(payload(resume=True), Heard())["state"] == "finished"


def test_an_unplugged_disk_is_told_and_it_goes_on_later(payload: Payloads, tmp_path: Path) -> None:
    folder, unplugged = tmp_path / "run", tmp_path / "unplugged"
    gone = False

    def pull() -> None:
        nonlocal gone
        if not gone and (folder / "checkpoints" / "state.json").exists():
            folder.rename(unplugged)
            folder.write_text("nothing can be written here")
            gone = True

    with pytest.raises(DataError, match="The run cannot be written") as raised:
        train(payload(), Heard(at_pause=pull))
    assert gone
    assert raised.value.path == folder
    folder.unlink()
    unplugged.rename(folder)
    assert train(payload(resume=True), Heard())["state"] == "finished"


SMALL_DISK = """
import json, sys
sys.path.insert(0, sys.argv[1])
import tiny_network
from harstudio.errors import HarstudioError
from harstudio.learning.devices import choose_device
from harstudio.learning.jobs import train
from job_context import Heard
tiny_network.install()
try:
    train(json.loads(sys.argv[2]), Heard())
except HarstudioError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits of files are POSIX")
def test_a_full_disk_is_told_and_the_checkpoint_stays(payload: Payloads, tmp_path: Path) -> None:
    train(payload(), Heard(stop_at=40))
    state = RunFolder(tmp_path / "run").checkpoints / "state.safetensors"
    before, limit = state.read_bytes(), state.stat().st_size // 2
    ended = subprocess.run(
        [sys.executable, "-c", SMALL_DISK, str(TESTS), json.dumps(payload(resume=True))],
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    assert "The run cannot be written: File too large." in ended.stdout
    assert "go on with --resume" in ended.stdout
    assert state.read_bytes() == before
    assert read_status(tmp_path / "run")["state"] == "failed"  # type: ignore[index]
    assert train(payload(resume=True), Heard())["state"] == "finished"


@pytest.mark.parametrize(
    ("table", "key", "value", "part"),
    [
        ("data", "protocol", "cross-view", "cross-view"),
        ("data", "modalities", ["depth"], "depth"),
        ("data", "path", "/nowhere/at/all", "/nowhere/at/all"),
        ("network", "name", "st-gnc", "Did you mean st-gcn?"),
        ("preprocessing", "skeleton", {"frame": 3}, "Did you mean frames?"),
    ],
)
def test_what_does_not_fit_fails_before_anything_is_trained(
    payload: Payloads, tmp_path: Path, table: str, key: str, value: Any, part: str
) -> None:
    told = payload()
    told["config"].setdefault(table, {})[key] = value
    with pytest.raises(HarstudioError) as raised:
        train(told, Heard())
    assert part in str(raised.value)
    assert not RunFolder(tmp_path / "run").last.exists()


def test_devices_that_are_not_there(payload: Payloads) -> None:
    class Elsewhere(Heard):
        device = "cuda:7"

    with pytest.raises(UsageError, match=r"cuda:7 is not there.*Use device auto or cpu"):
        train(payload(), Elsewhere())
    Elsewhere.device = "abacus"
    with pytest.raises(UsageError, match="no device abacus"):
        train(payload(), Elsewhere())


def test_no_more_threads_than_cores() -> None:
    before = torch.get_num_threads()
    try:
        device = choose_device("cpu", Heard(), 1000)
        assert torch.get_num_threads() <= (os.cpu_count() or 1)
        assert str(torch.get_num_threads()) in device.name
    finally:
        torch.set_num_threads(before)


def test_a_clip_that_cannot_be_read_is_left_out_and_on_the_card(
    payload: Payloads, tmp_path: Path
) -> None:
    data = write_dataset(tmp_path / "data", subjects=8)
    empty = np.full((20, 3, 12), np.nan)
    scipy.io.savemat(data / "Skeleton" / "a1_s1_t1_skeleton.mat", {"d_skel": empty})
    asked = payload(epochs=1)
    asked["config"]["data"] = {"path": str(data), "validation_subjects": 0}
    train(asked, Heard())
    card = (tmp_path / "run" / "card.md").read_text("utf-8")
    assert "Left out: " in card
    assert "a1_s1_t1" in card
