"""A real training from the window: stop, resume, death of the worker, resume from the bar."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from driving import until
from small_dataset import write_dataset

SECONDS = 90  # a worker imports torch first, on a busy machine


def config(data: Path, run: Path, epochs: int) -> dict[str, Any]:
    return {
        "data": {"path": str(data), "protocol": "cross-subject"},
        "network": {"name": "st-gcn"},
        "preprocessing": {"skeleton": {"frames": 12}},
        "training": {"epochs": epochs, "batch_size": 4, "device": "cpu"},
        "run": {"folder": str(run)},
    }


def status(run: Path) -> dict[str, Any]:
    return json.loads((run / "status.json").read_text())


@pytest.mark.skipif(sys.platform == "win32", reason="kills the worker by a signal of POSIX")
def test_stop_resume_kill_and_resume_from_the_bar(window, tmp_path):
    data = write_dataset(tmp_path / "data", subjects=2, actions=2, repeats=2)
    run = tmp_path / "runs" / "first"
    window.commands.run("view.train")
    training, page = window.training, window.train_page
    record = training.start(config(data, run, epochs=60), "Train st-gcn")
    until(lambda: record.done > 2, SECONDS, "the first steps")
    until(lambda: training.detail is not None and training.detail.growth.epochs, 20)
    assert page.curves.legend.isVisible()
    assert "st-gcn" in window.status.jobs.text()
    assert window.status.device.text().startswith("CPU, ")
    window.commands.run("train.stop")
    until(lambda: record.over, 20, "it saves and ends")
    assert (record.state, status(run)["state"]) == ("stopped", "stopped")
    until(lambda: page.buttons["train.resume"].isVisible(), 10)
    stopped_at = training.look().done

    window.commands.run("train.resume")
    second = training.record_of(run)
    assert second is not record
    until(lambda: second.done > record.done, SECONDS, "it goes on where it was")
    os.kill(status(run)["pid"], signal.SIGKILL)
    until(lambda: second.over and window.problem_bar.isVisible(), 20, "the death is told")
    assert "signal 9" in window.problem_bar.sentence.text()
    assert window.problem_bar.again_button.text() == "Resume"
    until(lambda: page.state.words.text().split(" · ")[1] in ("lost", "failed"), 10)

    window.problem_bar.again_button.click()
    third = training.record_of(run)
    assert third.over is False
    until(lambda: third.done >= stopped_at and third.state == "running", SECONDS, "it goes on")
    window.close()
    assert status(run)["state"] == "stopped"
    lines = (run / "metrics.jsonl").read_text().splitlines()
    epochs = [json.loads(line) for line in lines]
    numbers = [line["epoch"] for line in epochs if line["kind"] == "epoch"]
    assert numbers == list(range(1, len(numbers) + 1))  # none twice, none left out
