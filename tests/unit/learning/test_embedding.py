"""Features in a plane: classes that lie apart stay apart, the same every time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harstudio.errors import MissingError, UsageError
from harstudio.jobs.context import Stopped
from harstudio.learning.evaluating import embedding
from harstudio.learning.jobs import embed
from harstudio.runs.answers import StoredAnswers, save_answers
from harstudio.runs.folder import RunFolder
from job_context import Heard


def keep(folder: Path, clips: int, **features: np.ndarray) -> RunFolder:
    labels = np.arange(clips, dtype=np.int64) % 3
    halves = {name: one.astype(np.float16) for name, one in features.items()}
    run = RunFolder(folder)
    save_answers(
        run.answers, StoredAnswers(np.eye(3, dtype=np.float32)[labels], labels, {}, halves)
    )
    return run


def test_classes_that_lie_apart_stay_apart(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 3
    apart = 20 * np.eye(3, 80)[labels] + rng.normal(size=(60, 80))
    run = keep(tmp_path, 60, apart=apart, mixed=rng.normal(size=(60, 80)), same=np.ones((60, 4)))
    told = embed({"run": str(tmp_path)}, Heard())
    assert (told["samples"], told["of"], told["run"]) == (list(range(60)), 60, str(tmp_path))
    assert told["perplexity"] == pytest.approx(59 / 3)

    def purity(name: str) -> float:
        points = np.array(told["streams"][name])
        gaps = np.linalg.norm(points[:, None] - points[None], axis=-1)
        np.fill_diagonal(gaps, np.inf)
        return float((labels[gaps.argmin(axis=1)] == labels).mean())

    assert purity("apart") == 1.0
    assert purity("mixed") < 0.7
    assert told["streams"]["same"] == [[0.0, 0.0]] * 60
    written = run.embedding.read_bytes()
    run.embedding.unlink()
    assert embed({"run": str(tmp_path)}, Heard()) == told
    assert run.embedding.read_bytes() == written


def test_it_is_kept_and_of_many_clips_some_are_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedding, "MOST_CLIPS", 20)
    run = keep(tmp_path, 50, one=np.random.default_rng(1).normal(size=(50, 6)))
    told = embed({"run": str(tmp_path)}, Heard())
    assert (len(told["samples"]), told["of"], len(told["streams"]["one"])) == (20, 50, 20)
    assert told["samples"] == sorted(set(told["samples"]))
    run.answers.unlink()
    assert embed({"run": str(tmp_path)}, Heard()) == told
    run.embedding.write_text("[")
    with pytest.raises(MissingError, match="answers were not kept"):
        embed({"run": str(tmp_path)}, Heard())


def test_what_cannot_be_spread_out(tmp_path: Path) -> None:
    keep(tmp_path, 9)
    with pytest.raises(UsageError, match="No features"):
        embed({"run": str(tmp_path)}, Heard())
    keep(tmp_path, 3, one=np.ones((3, 2)))
    with pytest.raises(UsageError, match="too few"):
        embed({"run": str(tmp_path)}, Heard())
    keep(tmp_path, 9, one=np.ones((9, 2)))
    with pytest.raises(Stopped):
        embed({"run": str(tmp_path)}, Heard(stop_at=1))
    with pytest.raises(UsageError, match="needs run"):
        embed({}, Heard())
