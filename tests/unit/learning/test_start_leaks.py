"""Weights to start from that have seen what a training tests on are refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harstudio.errors import DataError
from harstudio.learning.data.protocols import Parts
from harstudio.learning.data.samples import Sample
from harstudio.learning.preparing import config_of, load_data
from harstudio.learning.running import train_run
from harstudio.learning.weights.start_leaks import check_start
from harstudio.runs.bundled import bundled_runs
from job_context import Heard
from small_dataset import write_dataset

Train = Callable[..., list[str]]


@pytest.fixture
def train(payload: Callable[..., dict[str, Any]]) -> Train:
    """Trains an epoch and gives its log; people 3 and 4 test, nobody validates."""

    def train(
        name: str,
        protocol: str = "test-subjects:3,4",
        validate: int = 0,
        data: Path | None = None,
        **training: Any,
    ) -> list[str]:
        job = payload(name, epochs=1, **training)
        job["config"]["data"] |= {"protocol": protocol, "validation_subjects": validate}
        job["config"]["data"] |= {} if data is None else {"path": str(data)}
        heard = Heard()
        train_run(config_of(job), heard, resume=False)
        return heard.lines

    return train


def test_a_run_that_learned_from_test_clips_is_no_start(train: Train, tmp_path: Path) -> None:
    start = str(tmp_path / "start")
    train("start")
    with pytest.raises(DataError, match="have seen 6 of the 6 clips that test, such as") as refused:
        train("leaks", "test-subjects:1", start=start)
    assert Path(str(refused.value.path)) == tmp_path / "start"
    assert "Start from other weights" in refused.value.remedy
    assert not (tmp_path / "leaks").exists()
    assert not [line for line in train("second", start=start) if "not known" in line]
    with pytest.raises(DataError, match="6 of the 6 clips that validate"):
        train("judged", validate=1, start=start)


def test_the_start_of_a_start_counts_too(train: Train, tmp_path: Path) -> None:
    train("first")
    other = write_dataset(tmp_path / "other", frames=15)
    train("second", data=other, start=str(tmp_path / "first"))
    with pytest.raises(DataError, match="6 of the 6 clips that test") as refused:
        train("third", "test-subjects:2", start=str(tmp_path / "second"))
    assert Path(str(refused.value.path)) == tmp_path / "first"


def test_clips_and_people_are_known_again(train: Train, tmp_path: Path) -> None:
    """Of data of one name by a part of the stretch, of others by the whole of it, which another
    format may tell a little otherwise."""
    train("start")
    path = tmp_path / "start" / "data.json"
    document, parts = load_data(path, tmp_path)
    name = Path(document["path"]).name
    tested = Parts(parts.test, (), parts.train)

    def ending(sooner_ns: int) -> Parts:
        clips = tuple(replace(one, end_ns=one.end_ns - sooner_ns) for one in parts.train)
        return Parts(parts.test, (), clips)

    shorter, rounded = ending(20_000_000), ending(1)
    for data, seen in (
        ("elsewhere", tested), ("elsewhere", rounded), (name, tested), (name, shorter),
    ):  # fmt: skip
        with pytest.raises(DataError, match="12 of the 12"):
            check_start(path.parent, seen, data, people=False)
    assert check_start(path.parent, shorter, "elsewhere", people=False) == []
    new = Sample(Path("new"), "new", 0, 9, 0, subject=1)
    people = Parts(parts.train, (), (parts.test[0], new))
    assert check_start(path.parent, people, name, people=False) == []
    assert check_start(path.parent, people, "elsewhere", people=True) == []
    with pytest.raises(DataError, match="the people of 1 of the 2 clips that test: subject 1"):
        check_start(path.parent, people, name, people=True)


def test_clips_that_chose_an_epoch_are_seen(train: Train, tmp_path: Path) -> None:
    train("start", select="test")
    start = tmp_path / "start"
    document, parts = load_data(start / "data.json", tmp_path)
    with pytest.raises(DataError, match="12 of the 12 clips that test"):
        check_start(start, parts, document["path"], people=True)
    assert check_start(start, parts, document["path"], people=True, by_test=True) == []


def test_a_run_that_does_not_say_is_told(train: Train, tmp_path: Path) -> None:
    train("start")
    data = tmp_path / "start" / "data.json"
    data.write_text(json.dumps({"parts": {"train": 3}}))
    with pytest.raises(DataError, match="damaged"):
        train("next", start=str(tmp_path / "start"))
    data.unlink()
    log = train("next", start=str(tmp_path / "start"))
    assert f"What the weights of {tmp_path / 'start'} learned from is not known." in log


def test_bundled_weights_say_what_they_have_seen() -> None:
    start = bundled_runs()["joints-any-sensor"]
    document, parts = load_data(start / "data.json", start)
    assert check_start(start, parts, document["path"], people=True) == []
    with pytest.raises(DataError, match="clips that test, such as"):
        check_start(start, Parts(parts.test, (), parts.train), "mine", people=False)
