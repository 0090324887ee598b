"""Figures against plain loops, and evaluating runs on their own data and on others."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from harstudio.errors import DataError, MissingError, UsageError
from harstudio.jobs.context import Stopped
from harstudio.learning.data.datasets import collect
from harstudio.learning.data.samples import Sample
from harstudio.learning.evaluating.asked import unseen
from harstudio.learning.evaluating.evaluation import evaluate_answers
from harstudio.learning.evaluating.figures import (
    calibration_error,
    confusion_matrix,
    interval,
    macro_f1,
    probabilities,
    top_share,
)
from harstudio.learning.evaluating.inference import Answers, answer
from harstudio.learning.evaluating.keeping import selected_by
from harstudio.learning.jobs import evaluate, train
from harstudio.learning.preparing import restore
from harstudio.networks import create_network
from harstudio.runs import config as configs
from harstudio.runs.answers import load_answers
from harstudio.runs.folder import RunFolder
from harstudio.runs.reading import read_evaluation
from job_context import Heard
from small_dataset import write_dataset

Payloads = Callable[..., dict[str, Any]]
CLASSES = ("a", "b", "c", "d")


def drawn(seed: int, clips: int, classes: int = 4) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    rng = np.random.default_rng(seed)
    logits = rng.normal(scale=3, size=(clips, classes)).round(1).astype(np.float32)  # some ties
    return logits, rng.integers(0, classes - 1, clips)  # the last class never occurs


@given(seed=st.integers(0, 1000), clips=st.integers(1, 40))
@settings(max_examples=60, deadline=None)
def test_figures_against_plain_loops(seed: int, clips: int) -> None:
    logits, labels = drawn(seed, clips)
    scores = probabilities(logits)
    said = [max(range(4), key=lambda k: row[k]) for row in logits.tolist()]
    counts = [[0] * 4 for _ in range(4)]
    for true, guess in zip(labels.tolist(), said, strict=True):
        counts[true][guess] += 1
    assert confusion_matrix(labels, np.array(said), 4).tolist() == counts

    ranks = [
        sorted(range(4), key=lambda k: (-row[k], k)).index(true)
        for row, true in zip(logits.tolist(), labels.tolist(), strict=True)
    ]
    for top in (1, 2, 3):
        assert top_share(logits, labels, top) == pytest.approx(sum(r < top for r in ranks) / clips)

    f1 = []
    for k in range(4):
        right = counts[k][k]
        true, answered = sum(counts[k]), sum(row[k] for row in counts)
        if true or answered:
            precision = right / answered if answered else 0.0
            recall = right / true if true else 0.0
            f1.append(2 * precision * recall / (precision + recall) if right else 0.0)
    assert macro_f1(np.array(counts)) == pytest.approx(sum(f1) / len(f1))

    error = 0.0
    for b in range(15):
        there = [
            (float(row.max()), int(row.argmax()) == true)
            for row, true in zip(scores, labels.tolist(), strict=True)
            if b / 15 < float(row.max()) <= (b + 1) / 15
        ]
        if there:
            confidence = sum(c for c, _ in there) / len(there)
            accuracy = sum(r for _, r in there) / len(there)
            error += len(there) / clips * abs(accuracy - confidence)
    assert calibration_error(scores, labels) == pytest.approx(error, abs=1e-6)


def test_probabilities_of_large_logits() -> None:
    shares = probabilities(np.array([[1000.0, 0.0], [-1000.0, -1000.0]], np.float32))
    assert shares.tolist() == [[1.0, 0.0], [0.5, 0.5]]


@pytest.mark.parametrize(
    ("right", "clips", "low", "high"),
    [  # Newcombe, Two-sided confidence intervals for the single proportion, 1998, table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_interval_is_wilsons(right: int, clips: int, low: float, high: float) -> None:
    assert interval(right, clips) == pytest.approx([low, high], abs=5e-5)
    assert interval(clips - right, clips) == pytest.approx([1 - high, 1 - low], abs=5e-5)


def test_the_ends_of_the_interval_solve_its_equation() -> None:
    for right, clips in ((3, 4), (160, 200), (1, 1)):
        for end in interval(right, clips):
            distance = abs(right / clips - end)
            assert distance == pytest.approx(1.959964 * math.sqrt(end * (1 - end) / clips))
    assert interval(0, 0) == [0.0, 1.0]


def test_the_document_of_some_answers() -> None:
    logits, labels = drawn(3, 30)
    samples = [Sample(Path(f"/r{k}"), f"r{k}", k, k + 9, 0, subject=k % 3) for k in range(40)]
    indices = np.arange(39, 9, -1)
    other = np.roll(logits, 1, axis=1)
    answers = Answers(logits, labels, indices, {"one": logits, "two": other}, seconds=3.0)
    told = evaluate_answers(answers, samples, CLASSES)
    assert told["clips"] == 30
    assert told["seconds_per_clip"] == pytest.approx(0.1)
    assert told["top1"] == pytest.approx(sum(one["label"] == one["predicted"] for one in
                                             told["samples"]) / 30)  # fmt: skip
    assert told["per_class"]["d"] == {"clips": 0, "accuracy": None}
    assert told["samples"][0]["recording"] == "r39"
    assert set(told["samples"][0]["streams"]) == {"one", "two"}
    assert told["streams"]["one"]["confusion"] == told["confusion"]
    assert told["streams"]["two"]["confusion"] != told["confusion"]
    assert np.sum(told["confusion"]) == 30
    losses = [
        -math.log(math.exp(row[true]) / sum(map(math.exp, row)))
        for row, true in zip(logits.astype(float).tolist(), labels.tolist(), strict=True)
    ]
    assert told["loss"] == pytest.approx(sum(losses) / 30)


def test_every_stream_has_the_figures_of_the_fusion() -> None:
    """The stream that says what the fusion says has its very figures; samples tell how surely."""
    logits, labels = drawn(5, 200)
    samples = [Sample(Path(f"/r{k}"), f"r{k}", 0, 9, 0, subject=k % 8) for k in range(200)]
    streams = {"one": logits, "two": np.roll(logits, 1, axis=1)}
    told = evaluate_answers(Answers(logits, labels, np.arange(200), streams), samples, CLASSES)
    shared = ("top1", "top5", "macro_f1", "ece", "ci95", "confusion")
    assert {key: told["streams"]["one"][key] for key in shared} == {k: told[k] for k in shared}
    assert told["streams"]["one"]["per_class"] == [
        one["accuracy"] for one in told["per_class"].values()
    ]
    scores = {name: probabilities(one) for name, one in streams.items()}
    for k, one in enumerate(told["samples"]):
        assert one["confidence"] == pytest.approx(float(scores["one"][k].max()))
        assert one["true_confidence"] == pytest.approx(float(scores["one"][k, labels[k]]))
        for name, own in scores.items():
            assert one["stream_confidence"][name] == pytest.approx(float(own[k].max()))
            assert one["streams"][name] == int(own[k].argmax())
    bins = told["reliability"]
    assert sum(one["clips"] for one in bins) == 200
    gaps = [one["clips"] * abs(one["accuracy"] - one["confidence"]) for one in bins if one["clips"]]
    assert sum(gaps) / 200 == pytest.approx(told["ece"])
    assert (told["bootstrap"]["by"], told["bootstrap_subjects"]["subjects"]) == ("clip", 8)
    assert json.loads(json.dumps(told)) == told


# ---- runs


@pytest.fixture
def trained(payload: Payloads, tmp_path: Path) -> Path:
    train(payload(epochs=4), Heard())
    return tmp_path / "run"


def test_evaluating_again_gives_the_same(trained: Path) -> None:
    first = read_evaluation(trained)
    again = evaluate({"run": str(trained)}, Heard())
    assert first is not None
    for document in (first, again):
        document.pop("seconds_per_clip")
    assert again == first
    assert (again["selected_by"], again["seed"], again["multiply_adds"]) == ("validation", 0, 10944)
    assert again["parameters"] == 12777
    assert again["clips"] == 12
    assert {one["subject"] for one in again["samples"]} == {2, 4}


def test_answers_are_kept_in_the_order_of_the_samples(trained: Path, small: Path) -> None:
    run = RunFolder(trained)
    run.answers.unlink()
    document = evaluate({"run": str(trained)}, Heard())
    kept = load_answers(run.answers)
    assert kept.labels.tolist() == [one["label"] for one in document["samples"]]
    assert kept.logits.argmax(1).tolist() == [one["predicted"] for one in document["samples"]]
    assert {name: own.argmax(1).tolist() for name, own in kept.streams.items()} == {
        name: [one["streams"][name] for one in document["samples"]] for name in ("place", "motion")
    }
    assert {name: own.shape for name, own in kept.features.items()} == {
        "place": (12, 12), "motion": (12, 12),
    }  # fmt: skip
    written = run.answers.read_bytes(), run.evaluation.read_bytes()
    evaluate({"run": str(trained), "part": "train"}, Heard())
    evaluate({"run": str(trained), "data": str(small)}, Heard())
    assert (run.answers.read_bytes(), run.evaluation.read_bytes()) == written


def test_features_that_take_too_much_room_are_not_kept(tiny: str) -> None:
    network = create_network(tiny, 3, "utd_mhad_20")
    batches = [({"skeleton": torch.randn(4, 3, 8, 20, 1)}, torch.zeros(4).long(), range(4))] * 3
    device = torch.device("cpu")
    row = 2 * 12 * 2  # streams, features, bytes
    kept = answer(network, batches, device, features=12 * row + 1)
    assert kept.features["place"].shape == (12, 12)
    assert answer(network, batches, device, features=12 * row).features == {}
    assert answer(network, batches, device).features == {}


@pytest.mark.parametrize(
    ("training", "weights", "chosen"),
    [
        ({"select": "test"}, "best", "test"),
        ({"select": "test"}, "last", "last"),
        ({"select": "test", "patience": 3}, "last", "test"),
        ({"select": "test", "stages": ["one", "two"]}, "last", "test"),
        ({}, "best", "validation"),
        ({}, "last", "last"),
    ],
)
def test_what_chose_the_weights(
    training: dict[str, Any], weights: str, chosen: str, tmp_path: Path
) -> None:
    tables = {"data": {"path": "d"}, "network": {"name": "n"}}
    config = configs.parse({**tables, "training": {"stages": ["all"], **training}}, base=tmp_path)
    assert selected_by(config, weights) == chosen


def test_other_parts_and_weights(trained: Path) -> None:
    assert evaluate({"run": str(trained), "part": "train"}, Heard())["clips"] == 6
    assert evaluate({"run": str(trained), "weights": "last"}, Heard())["weights"] == "last"
    with pytest.raises(UsageError, match="no part exam"):
        evaluate({"run": str(trained), "part": "exam"}, Heard())
    with pytest.raises(UsageError, match="no weights first"):
        evaluate({"run": str(trained), "weights": "first"}, Heard())


def test_other_data_by_the_names_of_the_classes(trained: Path, tmp_path: Path) -> None:
    """Four actions where the run knows three; the fourth is left out and told."""
    other = write_dataset(tmp_path / "other", subjects=1, actions=4, frames=14)
    told = evaluate({"run": str(trained), "data": str(other)}, Heard())
    assert told["clips"] == 6
    assert told["protocol"] == "all"
    assert not any("learned from" in problem for problem in told["problems"])
    assert told["part"] == "all"
    assert len(told["per_class"]) == 3
    assert any("left out: not one of the classes" in problem for problem in told["problems"])


def scored(document: dict[str, Any]) -> list[tuple[Any, ...]]:
    keys = ("recording", "start_ns", "label", "predicted", "confidence")
    return [tuple(one[key] for key in keys) for one in document["samples"]]


def test_a_copy_of_the_runs_own_data_is_tested_by_its_parts(
    trained: Path, small: Path, tmp_path: Path
) -> None:
    """What trained the run is never scored as if it were new, wherever it lies."""
    copied = tmp_path / "copied"
    shutil.copytree(small, copied)
    own = evaluate({"run": str(trained)}, Heard())
    for place in (small, copied):
        told = evaluate({"run": str(trained), "data": str(place)}, Heard())
        assert scored(told) == scored(own)
        assert (told["part"], told["protocol"], told["data"], told["problems"]) == (
            "test", "cross-subject", str(place), [],
        )  # fmt: skip
    for path in (copied / "Skeleton").glob("*_s[24]_*"):
        path.unlink()
    with pytest.raises(DataError, match=r"own data, and none is of its part test"):
        evaluate({"run": str(trained), "data": str(copied)}, Heard())
    with pytest.raises(UsageError, match="no part exam"):
        evaluate({"run": str(trained), "data": str(copied), "part": "exam"}, Heard())


def test_clips_that_trained_the_run_are_left_out_of_other_data(
    trained: Path, small: Path, tmp_path: Path
) -> None:
    mixed = tmp_path / "mixed"
    shutil.copytree(small, mixed)
    (mixed / "Skeleton" / "a1_s4_t1_skeleton.mat").rename(
        mixed / "Skeleton" / "a1_s7_t1_skeleton.mat"
    )
    told = evaluate({"run": str(trained), "data": str(mixed)}, Heard())
    assert {one["subject"] for one in told["samples"]} == {2, 4, 7}
    assert (told["clips"], told["part"], told["protocol"]) == (12, "all", "all")
    assert told["problems"] == ["12 clips left out: the run learned from the same recordings."]


def test_a_recording_that_was_learned_from_is_left_out_whatever_its_clips_are_now(
    trained: Path, small: Path
) -> None:
    run = RunFolder(trained)
    experiment = restore(configs.load(run.config), run.data, run.preprocessing)
    dataset = collect(small, classes=experiment.classes)
    edited = [replace(one, start_ns=one.start_ns + 2_000_000) for one in dataset.samples]
    left, own = unseen(experiment, replace(dataset, samples=tuple(edited)), "test")
    assert not own
    assert {one.subject for one in left} == {2, 4}
    learned = tuple(one for one in edited if one.subject in (1, 3))
    with pytest.raises(DataError, match="learned from every recording here"):
        unseen(experiment, replace(dataset, samples=learned), "test")


@pytest.fixture
def moved(payload: Payloads, small: Path, tmp_path: Path) -> Path:
    """A run in tmp_path / "run"; its data were moved here afterwards."""
    copied = tmp_path / "data"
    shutil.copytree(small, copied)
    told = payload(epochs=2)
    told["config"]["data"]["path"] = str(copied)
    train(told, Heard())
    return copied.rename(tmp_path / "moved")


def test_data_that_were_moved(moved: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    with pytest.raises(
        MissingError, match=r"recordings of this run are not here.*--data"
    ) as raised:
        evaluate({"run": str(run)}, Heard())
    assert raised.value.path == tmp_path / "data"
    document = evaluate({"run": str(run), "data": str(moved)}, Heard())
    first = read_evaluation(run)
    assert first is not None
    assert scored(document) == scored(first)
    assert (document["part"], document["problems"]) == ("test", [])


def test_other_data_of_another_camera(trained: Path, tmp_path: Path) -> None:
    from dataset_files import skeleton_text

    folder = tmp_path / "ntu"
    folder.mkdir()
    (folder / "S001C001P001R001A001.skeleton").write_text(skeleton_text([1] * 8))
    with pytest.raises(DataError):
        evaluate({"run": str(trained), "data": str(folder)}, Heard())


def test_a_recording_that_is_gone_is_told(payload: Payloads, small: Path, tmp_path: Path) -> None:
    copied = tmp_path / "data"
    shutil.copytree(small, copied)
    told = payload(epochs=1)
    told["config"]["data"]["path"] = str(copied)
    train(told, Heard())
    (copied / "Skeleton" / "a1_s2_t1_skeleton.mat").write_bytes(b"broken")
    document = evaluate({"run": str(tmp_path / "run")}, Heard())
    assert document["clips"] == 11
    assert "a1_s2_t1" in document["problems"][0]


def test_what_cannot_be_evaluated(payload: Payloads, tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="no run folder"):
        evaluate({"run": str(tmp_path)}, Heard())
    train(payload(), Heard(stop_at=2))
    with pytest.raises(MissingError):
        evaluate({"run": str(tmp_path / "run")}, Heard())
    with pytest.raises(UsageError, match="needs run"):
        evaluate({}, Heard())


def test_it_stops_when_asked(trained: Path) -> None:
    with pytest.raises(Stopped):
        evaluate({"run": str(trained)}, Heard(stop_at=2))


@pytest.mark.parametrize("damage", [b"", b"{}", b'{"parts": {"train": [3]}}', b"\xff"])
def test_a_damaged_run_is_told(trained: Path, damage: bytes) -> None:
    data = RunFolder(trained).data
    data.write_bytes(damage)
    with pytest.raises(DataError) as raised:
        evaluate({"run": str(trained)}, Heard())
    assert raised.value.path == data


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("classes", [1, 2, 3]),
        ("classes", "abc"),
        ("kinds", [7]),
        ("problems", {"a": 1}),
        ("path", 3),
        ("parts", {"train": [], "validation": [], "test": []}),
        ("start_ns", "x"),
        ("end_ns", -1),
        ("label", 1.0),
        ("subject", "one"),
        ("person", None),
        ("recording", 5),
    ],
)
def test_data_of_the_wrong_type_are_told_before_anything_is_computed(
    trained: Path, key: str, value: Any
) -> None:
    run = RunFolder(trained)
    document = json.loads(run.data.read_text())
    table = document if key in document else document["parts"]["test"][0]
    table[key] = value
    run.data.write_text(json.dumps(document))
    with pytest.raises(DataError, match=r"It is damaged .*Train the run again"):
        restore(configs.load(run.config), run.data, run.preprocessing)
