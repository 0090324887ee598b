"""What is wrong with a config is told before the data are looked at, and without a trace."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harstudio.errors import DataError, UsageError
from harstudio.learning.jobs import evaluate, train
from harstudio.runs.folder import RunFolder
from job_context import Heard

Payloads = Callable[..., dict[str, Any]]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ('network.name="st-gnc"', "Did you mean st-gcn?"),
        ("network.droput=0.1", "Did you mean dropout?"),
        ("network.dropout=2.0", "dropout"),
        ("network.dropout=nan", "network.dropout should be a finite number"),
        ("training.stages=['al']", "Did you mean all?"),
        ("training.epochs=0", "Nothing would be trained"),
        ("preprocessing.skeleton.frame=3", "Did you mean frames?"),
        ("data.modalities=['audio']", "audio"),
        ("data.protocol=cross-subjet", "Did you mean cross-subject?"),
    ],
)
def test_a_wrong_config_is_named_before_anything_else(
    tiny: str, tmp_path: Path, change: str, says: str
) -> None:
    path = tmp_path / "c.toml"
    path.write_text(f'[data]\npath = "not/there"\n[network]\nname = "{tiny}"\n', "utf-8")
    with pytest.raises(UsageError) as raised:
        train({"config_path": str(path), "overrides": [change]}, Heard())
    assert raised.value.path == path
    assert says in raised.value.sentence
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("training", "says"),
    [
        ({"stage": {"all": {"epochs": 1}}}, "The stage all has begun 2 epochs and cannot have 1"),
        ({"stage": {"place": {"epochs": 5}}}, "The stage place is over after 2 epochs"),
        ({"epochs": 3}, "The stage place is over after 2 epochs"),
    ],
)
def test_epochs_that_are_done_stay(
    payload: Payloads, tmp_path: Path, training: dict[str, Any], says: str
) -> None:
    assert train(payload(), Heard())["state"] == "finished"
    run = RunFolder(tmp_path / "run")
    before = run.config.read_bytes()
    with pytest.raises(UsageError, match=says):
        train(payload(resume=True, **training), Heard())
    assert run.config.read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"[data", b"\xff"])
def test_a_damaged_config_of_a_run_is_damage(
    payload: Payloads, tmp_path: Path, content: bytes
) -> None:
    train(payload(stages=["all"], epochs=1), Heard())
    path = RunFolder(tmp_path / "run").config
    path.write_bytes(content)
    for job in (
        lambda: evaluate({"run": str(tmp_path / "run")}, Heard()),
        lambda: train(payload(resume=True), Heard()),
    ):
        with pytest.raises(DataError, match=r"config of this run is damaged.*from a copy") as told:
            job()
        assert told.value.path == path
