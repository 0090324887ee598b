"""harstudio predict: what it prints, what it writes, its exit status."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from harstudio.cli import main
from harstudio.runs.recognitions import load_recognition
from trained_runs import CLASSES, write_run
from trials import write_trial


@dataclass(frozen=True)
class Said:
    status: int
    out: str
    err: str


Predict = Callable[..., Said]


@pytest.fixture
def predict(capsys: pytest.CaptureFixture[str]) -> Predict:
    def predict(*arguments: str | Path) -> Said:
        with pytest.raises(SystemExit) as ended:
            main(["predict", "--threads", "1", *map(str, arguments)])
        captured = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return Said(ended.value.code, captured.out, captured.err)

    return predict


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    write_run(folder)
    return folder


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    for name in ("a1_s1_t1", "a2_s1_t1"):
        write_trial(tmp_path / "data", name, 40)
    return tmp_path / "data"


def test_the_best_three_of_every_recording(predict: Predict, run: Path, dataset: Path) -> None:
    said = predict(run, dataset)
    assert said.status == 0
    lines = said.out.splitlines()
    assert [line.split()[0] for line in lines] == ["a1_s1_t1", "a2_s1_t1"]
    for line in lines:
        shares = [float(word.rstrip("%")) for word in line.split()[2::2]]
        assert shares == sorted(shares, reverse=True)
        assert sum(shares) == pytest.approx(100, abs=0.2)
        assert set(line.split()[1::2]) == set(CLASSES)


def test_segments_of_a_recording_that_was_cut(predict: Predict, run: Path, dataset: Path) -> None:
    trial = dataset / "Depth" / "a1_s1_t1_depth.mat"
    said = predict(run, trial, "--window", "0.5", "--stride", "0.25")
    first, *segments = said.out.splitlines()
    assert first.startswith("a1_s1_t1 ")
    assert segments[0].startswith("  0.00 to ")
    assert " to 1.33 s" in segments[-1]


def test_scales_trimming_and_going_on(
    predict: Predict, run: Path, dataset: Path, tmp_path: Path
) -> None:
    options = ("--window", "0.4", "--scales", "1,2", "--out", tmp_path / "out", "--each-person")
    said = predict(run, dataset, "--json", *options)
    document = json.loads(said.out)
    for one in document["recordings"]:
        lengths = {window["end_ns"] - window["start_ns"] for window in one["windows"]}
        assert lengths == {400_000_000, 800_000_000}
        assert {window["person"] for window in one["windows"]} == {"1"}
        assert one["segments"]
        assert {segment["person"] for segment in one["segments"]} == {"1"}
    trimmed = ("--smooth", "0.3", "--least-confidence", "1", "--shortest", "0.2", "--resume")
    again = json.loads(predict(run, dataset, "--json", *options, *trimmed).out)
    for one, other in zip(document["recordings"], again["recordings"], strict=True):
        assert other["windows"] == one["windows"]
        assert other["segments"] == []


def test_options_that_mean_nothing(predict: Predict, run: Path, dataset: Path) -> None:
    for wrong, words in (
        (("--scales", "1,much"), "no list of scales"),
        (("--scales", "0"), "A scale is 0"),
        (("--least-confidence", "2"), "least confidence is 2"),
        (("--resume",), "Add --out DIR"),
    ):
        said = predict(run, dataset, *wrong)
        assert said.status == 2
        assert words in said.err


def test_the_document_of_json(predict: Predict, run: Path, dataset: Path) -> None:
    said = predict(run, dataset, "--json", "--window", "0.5")
    assert (said.status, said.err) == (0, "")
    document = json.loads(said.out)
    assert document["run"] == str(run)
    assert document["network"] == "st-gcn"
    assert document["classes"] == list(CLASSES)
    for one in document["recordings"]:
        assert one["error"] is None
        assert one["without"] == []
        assert one["name"] == CLASSES[one["label"]]
        assert one["windows"][0]["start_ns"] == 0
        rows = [window["probabilities"] for window in one["windows"]]
        mean = [sum(p) / len(p) for p in zip(*rows, strict=True)]
        assert len(mean) == 3
        assert one["confidence"] == pytest.approx(max(mean), abs=1e-6)
        assert one["label"] == mean.index(max(mean))
        for segment in one["segments"]:
            assert segment["name"] == CLASSES[segment["label"]]
            assert segment["start_ns"] < segment["end_ns"]
            assert 0 < segment["confidence"] <= 1


def test_one_bad_recording_has_its_error_and_the_others_go_on(
    predict: Predict, run: Path, dataset: Path
) -> None:
    (dataset / "Skeleton" / "a1_s1_t1_skeleton.mat").write_bytes(b"no more")
    trials = [dataset / "Depth" / f"{name}_depth.mat" for name in ("a1_s1_t1", "a2_s1_t1")]
    said = predict(run, *trials, dataset / "none", "--json")
    assert said.status == 1
    bad, good, none = json.loads(said.out)["recordings"]
    assert "a1_s1_t1" in bad["error"]
    assert (bad["label"], bad["name"], bad["confidence"]) == (None, None, None)
    assert (bad["windows"], bad["segments"]) == ([], [])
    assert good["error"] is None
    assert none["error"] == f"{dataset / 'none'}: There is no such file or folder."
    assert bad["error"] in said.err.splitlines()
    assert none["error"] in said.err.splitlines()
    assert "a2_s1_t1" in predict(run, *trials).out


def test_files_with_what_was_looked_at(
    predict: Predict, run: Path, dataset: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    said = predict(run, dataset, "--out", out, "--explain")
    assert said.status == 0
    assert said.out.startswith("a1_s1_t1")
    assert said.err == ""
    document = json.loads((out / "predictions.json").read_text("utf-8"))
    for one in document["recordings"]:
        saved = load_recognition(out / f"{Path(one['path']).stem[:8]}.recognition.npz")
        assert saved.confidence == one["confidence"]
        assert [told.name for told in saved.explanations[0]] == ["joint saliency"]
    assert len(list(out.iterdir())) == 3


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (["--explain"], 2, "Add --out DIR to --explain."),
        (["--device", "cuda:77"], 2, "Device cuda:77 is not there"),
        (["--window", "0"], 2, "The window lasts 0 s."),
        (["--windoe", "1"], 2, "--windoe"),
        (["--smooth", "nan"], 2, "--smooth nan is no number"),
        (["--scales", "nan,1"], 2, "nan,1 is no list of scales"),
    ],
)
def test_wrong_usage_is_one_sentence(
    predict: Predict, run: Path, dataset: Path, arguments: list[str], status: int, sentence: str
) -> None:
    said = predict(run, dataset, *arguments)
    assert (said.status, said.out) == (status, "")
    assert sentence in said.err.splitlines()[-1]
    assert "Traceback" not in said.err


def test_what_is_no_run(predict: Predict, dataset: Path, tmp_path: Path) -> None:
    for wrong in (tmp_path / "none", dataset):
        said = predict(wrong, dataset)
        assert said.status == 1
        assert said.err.count("\n") == 1
        assert str(wrong) in said.err
