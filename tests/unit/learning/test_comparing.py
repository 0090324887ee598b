"""Runs side by side: matching of clips, McNemar's test, groups over seeds and folds, sums."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tomli_w
from numpy.typing import NDArray

from harstudio.cli import main
from harstudio.errors import DataError, MissingError, UsageError
from harstudio.jobs.context import Stopped
from harstudio.learning.data.samples import Sample
from harstudio.learning.evaluating.evaluation import evaluate_answers
from harstudio.learning.evaluating.figures import interval
from harstudio.learning.evaluating.inference import Answers
from harstudio.learning.evaluating.told import corrected, mcnemar
from harstudio.learning.jobs import compare
from harstudio.runs.answers import StoredAnswers, save_answers
from harstudio.runs.folder import RunFolder
from job_context import Heard

CLASSES = ("wave", "clap", "throw")


def write_run(
    folder: Path,
    labels: Sequence[int],
    said: Sequence[int],
    *,
    names: Sequence[str] = (),
    classes: Sequence[str] = CLASSES,
    protocol: str = "cross-subject",
    seed: int = 0,
    logits: NDArray[np.float32] | None = None,
    streams: dict[str, Sequence[int]] | None = None,
    **options: Any,
) -> str:
    """A run folder that was evaluated: on clips ``names``, where it said ``said``."""

    def scores(answers: Sequence[int]) -> NDArray[np.float32]:
        return (3 * np.eye(len(classes), dtype=np.float32))[list(answers)]

    names = names or [f"r{k}" for k in range(len(labels))]
    samples = [
        Sample(folder / name, name, 0, 9, label) for name, label in zip(names, labels, strict=True)
    ]
    logits = scores(said) if logits is None else logits
    own = {name: scores(answers) for name, answers in (streams or {}).items()}
    answers = Answers(logits, np.array(labels), np.arange(len(labels)), own)
    run = RunFolder(folder)
    folder.mkdir(parents=True)
    config = {
        "data": {"path": "/data", "protocol": protocol},
        "network": {"name": "tiny", **options},
        "training": {"seed": seed},
        "run": {"folder": str(folder)},
    }
    run.config.write_text(tomli_w.dumps(config))
    document = {"network": "tiny", **evaluate_answers(answers, samples, classes)}
    run.evaluation.write_text(json.dumps(document))
    save_answers(run.answers, StoredAnswers(logits, answers.labels, own))
    return str(folder)


def told(*runs: str, **payload: Any) -> dict[str, Any]:
    return compare({"runs": list(runs), **payload}, Heard())


@pytest.mark.parametrize(
    ("only_a", "only_b", "p"),
    [  # twice the smaller tail of the binomial distribution, by hand
        (0, 0, 1.0),
        (3, 3, 1.0),
        (0, 5, 2 / 2**5),
        (1, 9, 2 * (1 + 10) / 2**10),
        (2, 8, 2 * (1 + 10 + 45) / 2**10),
        (4, 12, 2 * sum(math.comb(16, k) for k in range(5)) / 2**16),
    ],
)
def test_mcnemar_against_tables_by_hand(only_a: int, only_b: int, p: float) -> None:
    assert mcnemar(only_a, only_b) == pytest.approx(p)
    assert mcnemar(only_b, only_a) == pytest.approx(p)


def test_clips_are_matched_by_recording_and_stretch(tmp_path: Path) -> None:
    """b has the clips in another order, one more and one fewer, and its classes too."""
    a = write_run(tmp_path / "a", [0, 0, 1, 1, 2, 2], [0, 1, 1, 0, 2, 0])
    b = write_run(
        tmp_path / "b",
        [1, 1, 2, 2, 0, 0, 0],
        [1, 1, 2, 2, 0, 1, 0],
        names=["r5", "r4", "r1", "r0", "r3", "r2", "new"],
        classes=("clap", "throw", "wave"),
    )
    (pair,) = told(a, b)["pairs"]
    # a has r0, r2 and r4 right; b has all of r0, r1, r3, r4, r5, and r2 wrong
    assert (pair["a"], pair["b"], pair["clips"]) == ("a", "b", 6)
    assert (pair["only_a"], pair["only_b"]) == (1, 3)
    assert pair["top1"] == pytest.approx([3 / 6, 5 / 6])
    assert pair["p"] == pytest.approx(2 * (1 + 4) / 2**4)
    assert pair["change"] == pytest.approx(2 / 6)
    assert pair["ci95"][0] <= 0 <= pair["change"] <= pair["ci95"][1]
    assert [(one["class"], one["clips"], one["a"], one["b"]) for one in pair["gains"]] == [
        ("wave", 2, 0.5, 1.0),
        ("throw", 2, 0.5, 1.0),
        ("clap", 2, 0.5, 0.5),
    ]


def test_clips_of_several_people_in_one_stretch_are_matched_in_their_order(tmp_path: Path) -> None:
    a = write_run(tmp_path / "a", [0, 1, 1], [0, 1, 0], names=["r", "r", "s"])
    b = write_run(tmp_path / "b", [1, 0, 1], [1, 1, 1], names=["s", "r", "r"])
    (pair,) = told(a, b)["pairs"]
    assert (pair["clips"], pair["only_a"], pair["only_b"]) == (3, 1, 1)


def test_clips_are_the_same_however_a_format_rounds_their_end(tmp_path: Path) -> None:
    runs = [write_run(tmp_path / name, [0, 1], [0, 1]) for name in ("mat", "harrec")]
    for by, run in enumerate(runs):
        path = RunFolder(Path(run)).evaluation
        document = json.loads(path.read_text())
        for one in document["samples"]:
            one["end_ns"] = 2_533_333_333 + by
        path.write_text(json.dumps(document))
    (pair,) = told(*runs)["pairs"]
    assert pair["clips"] == 2


def test_runs_without_a_clip_in_common_are_no_pair(tmp_path: Path) -> None:
    a = write_run(tmp_path / "a", [0, 1], [0, 1])
    b = write_run(tmp_path / "b", [0, 1], [0, 1], names=["x", "y"])
    assert told(a, b)["pairs"] == []
    with pytest.raises(UsageError, match="no clip in common"):
        told(a, b, sum=True)


def test_a_run_against_its_own_streams(tmp_path: Path) -> None:
    streams = {"depth": [1, 1, 0], "skeleton": [0, 1, 0]}
    (first, second) = told(write_run(tmp_path / "run", [0, 1, 2], [0, 1, 2], streams=streams))[
        "pairs"
    ]
    assert (first["a"], first["b"]) == ("run: stream depth", "run")
    assert (first["only_a"], first["only_b"]) == (0, 2)
    assert (second["a"], second["only_b"]) == ("run: stream skeleton", 1)


def test_seeds_are_averaged(tmp_path: Path) -> None:
    labels = [0, 1, 2, 0, 1, 2, 0, 1, 2, 0]
    runs = []
    for seed, right in enumerate((7, 8, 9)):
        said = labels[:right] + [(k + 1) % 3 for k in labels[right:]]
        runs.append(write_run(tmp_path / f"s{seed}", labels, said, seed=seed))
    (group,) = told(*runs)["groups"]
    assert (group["name"], group["seeds"], group["folds"]) == ("tiny, cross-subject", [0, 1, 2], [])
    assert group["top1"] == pytest.approx([0.7, 0.8, 0.9])
    assert (group["mean"], group["std"]) == pytest.approx((0.8, 0.1))
    half = 4.302653 * 0.1 / math.sqrt(3)  # Student's t, 2 degrees of freedom
    assert group["ci95_seeds"] == pytest.approx([0.8 - half, min(1.0, 0.8 + half)], abs=1e-6)
    assert group["ci95_clips"] == pytest.approx(interval(8, 10))
    assert (group["selected_by"], group["coverage"], group["left_out"]) == ("", "", [])
    assert np.sum(group["confusion"]) == pytest.approx(10)
    assert np.trace(group["confusion"]) == pytest.approx(8)


def test_one_seed_has_no_spread_of_seeds(tmp_path: Path) -> None:
    labels = [0, 1, 2, 0]
    (group,) = told(write_run(tmp_path / "a", labels, [0, 1, 2, 1]))["groups"]
    assert (group["std"], group["ci95_seeds"]) == (None, None)
    assert group["ci95_clips"] == pytest.approx(interval(3, 4))


def folds(folder: Path, cells: Sequence[tuple[int, int]], wrong: int = 0) -> list[str]:
    """Runs of (seed, fold) of kfold:4, four clips a fold, so many of which are wrong."""
    return [
        write_run(
            folder / f"s{seed}f{fold}", [0, 1, 2, 0], [1, 2, 0, 1][:wrong] + [0, 1, 2, 0][wrong:],
            seed=seed, protocol=f"kfold:4:{fold}", names=[f"f{fold}-{k}" for k in range(4)],
        )
        for seed, fold in cells
    ]  # fmt: skip


def test_a_seed_and_fold_that_is_there_twice_counts_once(tmp_path: Path) -> None:
    first = folds(tmp_path, [(0, 0), (0, 1)])
    again = folds(tmp_path / "again", [(0, 0)], wrong=4)
    document = told(*first, *again)
    (group,) = document["groups"]
    assert (group["clips"], group["top1"], group["coverage"]) == ([8], [1.0], "folds 0-1 of 4")
    assert np.sum(group["confusion"]) == 8
    (left_out,) = group["left_out"]
    assert left_out["run"] == "again/s0f0"
    assert "same seed and fold" in left_out["reason"]


def test_a_seed_that_lacks_folds_is_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = folds(tmp_path, [(0, k) for k in range(4)], wrong=1)
    runs += folds(tmp_path, [(1, 0), (1, 2)], wrong=4)
    (group,) = told(*runs)["groups"]
    assert (group["seeds"], group["top1"], group["mean"]) == ([0], [0.75], 0.75)
    assert (group["std"], group["ci95_seeds"]) == (None, None)
    assert group["ci95_clips"] == pytest.approx(interval(12, 16))
    assert group["coverage"] == "all 4 folds"
    assert [one["run"] for one in group["left_out"]] == ["s1f0", "s1f2"]
    assert group["left_out"][0]["reason"] == "seed 1 has folds 0, 2, others folds 0-3"
    with pytest.raises(SystemExit):
        main(["compare", *runs])
    shown = capsys.readouterr().out
    assert "Left out of the mean: s1f0, seed 1 has folds 0, 2, others folds 0-3" in shown
    assert "all 4 folds" in shown


def test_seeds_whose_folds_have_other_clips_have_no_figures_by_fold(tmp_path: Path) -> None:
    runs = folds(tmp_path, [(0, 0), (0, 1)])
    for fold, other in ((0, 1), (1, 0)):
        names = [f"f{other}-{k}" for k in range(4)]
        labels = [0, 1, 2, 0]
        runs.append(
            write_run(tmp_path / f"old{fold}", labels, labels, names=names, seed=1,
                      protocol=f"kfold:4:{fold}")
        )  # fmt: skip
    (group,) = told(*runs)["groups"]
    assert group["seeds"] == [0, 1]
    assert (group["by_fold"], group["std_over_folds"]) == ([], None)


def test_folds_that_share_clips_count_each_once(tmp_path: Path) -> None:
    labels = [0, 1, 2, 0]
    runs = [
        write_run(tmp_path / f"f{fold}", labels, said, protocol=f"setting-1:{fold}")
        for fold, said in enumerate(([0, 1, 2, 0], [0, 1, 2, 1]))
    ]
    (group,) = told(*runs)["groups"]
    assert group["ci95_clips"] == pytest.approx(interval(3.5, 4))
    assert group["coverage"] == "folds 0-1 of 30"


def test_data_that_moved_are_the_same_data(tmp_path: Path) -> None:
    """By the classes and clips that data.json names, not by their place."""
    labels = [0, 1, 2, 0]
    runs = [write_run(tmp_path / f"s{seed}", labels, labels, seed=seed) for seed in range(3)]
    for seed, run in enumerate(runs):
        folder = RunFolder(Path(run))
        text = folder.config.read_text().replace('"/data"', f'"/place{seed}"')
        folder.config.write_text(text)
        names = [f"{'other' * (seed == 2)}r{k}" for k in range(4)]
        clips = [
            {
                "path": f"{seed}/{n}",
                "recording": n,
                "start_ns": 0,
                "end_ns": 2_533_333_333 + seed,
                "subject": 1,
            }
            for n in names
        ]
        parts = {"train": clips[:2], "test": clips[2:]}
        folder.data.write_text(json.dumps({"classes": list(CLASSES), "parts": parts}))
    groups = told(*runs)["groups"]
    assert [one["seeds"] for one in groups] == [[0, 1], [2]]


def test_folds_of_people_are_told_of_all_people(tmp_path: Path) -> None:
    runs = []
    for subject in (1, 2, 3):
        protocol = f"leave-one-subject-out:{subject}"
        runs.append(write_run(tmp_path / f"f{subject}", [0], [0], protocol=protocol))
        parts = {"train": [{"recording": f"r{k}", "subject": k} for k in range(1, 9)]}
        RunFolder(Path(runs[-1])).data.write_text(json.dumps({"parts": parts}))
    (group,) = told(*runs)["groups"]
    assert group["coverage"] == "folds 1-3 of 8"


def test_a_mean_of_weights_that_the_test_part_chose_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = folds(tmp_path, [(0, 0), (1, 0)])
    for run, by in zip(runs, ("test", "validation"), strict=True):
        path = RunFolder(Path(run)).evaluation
        path.write_text(json.dumps({**json.loads(path.read_text()), "selected_by": by}))
    (group,) = told(*runs)["groups"]
    assert group["selected_by"] == "test and validation"
    with pytest.raises(SystemExit):
        main(["compare", *runs])
    assert "too good: the mean of tiny, kfold:4" in capsys.readouterr().out


def test_p_of_many_pairs_is_corrected() -> None:
    """Holm: the least times 4, the next times 3; never below the one before, never above 1."""
    pairs = [{"p": p} for p in (0.04, 0.01, 0.02, 0.6)]
    assert [one["p_holm"] for one in corrected(pairs)] == pytest.approx([0.08, 0.04, 0.06, 0.6])
    assert [one["p_holm"] for one in corrected([{"p": 0.6}, {"p": 0.7}])] == [1.0, 1.0]


def test_folds_are_put_together(tmp_path: Path) -> None:
    """Two seeds of three folds of different size; fused and by stream."""
    runs = []
    for seed in (0, 1):
        for subject, clips in ((2, 6), (4, 3), (10, 9)):
            labels = [k % 3 for k in range(clips)]
            wrong = [(k + 1) % 3 for k in labels]
            said = labels[: clips - 1 - seed] + wrong[clips - 1 - seed :]
            runs.append(
                write_run(
                    tmp_path / f"seed{seed}" / f"fold{subject}",
                    labels, said, seed=seed, protocol=f"leave-one-subject-out:{subject}",
                    names=[f"p{subject}-{k}" for k in range(clips)],
                    streams={"depth": wrong, "skeleton": said},
                )
            )  # fmt: skip
    document = told(*runs)
    assert document["runs"][0]["name"] == "seed0/fold2"
    (group,) = document["groups"]
    assert group["name"] == "tiny, leave-one-subject-out"
    assert (group["seeds"], group["folds"], group["clips"]) == ([0, 1], ["2", "4", "10"], [18, 18])
    assert group["top1"] == pytest.approx([15 / 18, 12 / 18])
    assert np.sum(group["confusion"]) == pytest.approx(18)
    assert np.trace(group["confusion"]) == pytest.approx((15 + 12) / 2)
    assert [one["fold"] for one in group["by_fold"]] == ["2", "4", "10"]
    tops = [(5 / 6 + 4 / 6) / 2, (2 / 3 + 1 / 3) / 2, (8 / 9 + 7 / 9) / 2]
    assert [one["top1"] for one in group["by_fold"]] == pytest.approx(tops)
    assert group["std_over_folds"] == pytest.approx(np.std(tops, ddof=1))
    pairs = {(one["a"], one["b"]): one for one in document["pairs"]}
    name = "tiny, leave-one-subject-out, seed 1"
    whole = pairs[f"{name}: stream depth", name]
    assert (whole["clips"], whole["only_a"], whole["only_b"]) == (18, 0, 12)
    assert whole["p"] == pytest.approx(2 / 2**12)


def test_groups_of_different_configs_have_different_names(tmp_path: Path) -> None:
    labels = [0, 1, 2]
    a = write_run(tmp_path / "a", labels, labels, width=8)
    b = write_run(tmp_path / "b", labels, labels, width=16, seed=3)
    c = write_run(tmp_path / "c", labels, labels, width=8, seed=1)
    document = told(a, b, c)
    assert [(one["name"], one["runs"]) for one in document["groups"]] == [
        ("tiny, cross-subject, width=8", ["a", "c"]),
        ("tiny, cross-subject, width=16", ["b"]),
    ]
    assert document["configs"] == {"network.width": [8, 16, 8], "training.seed": [0, 3, 1]}


def test_runs_that_start_from_runs_that_differ_in_seed_are_one_group(tmp_path: Path) -> None:
    labels, starts = [0, 1, 2], []
    for seed in (0, 1):
        starts.append(write_run(tmp_path / f"start{seed}", labels, labels, seed=seed))
        run = write_run(tmp_path / f"run{seed}", labels, labels, seed=seed)
        config = RunFolder(Path(run)).config
        text = config.read_text().replace("[training]", f'[training]\nstart = "{starts[-1]}"')
        config.write_text(text)
    runs = [str(tmp_path / f"run{seed}") for seed in (0, 1)]
    assert len(told(*runs)["groups"]) == 1
    assert len(told(*runs, *starts)["groups"]) == 2


def test_the_sum_of_two_runs(tmp_path: Path) -> None:
    """Of r2 a is sure that it shows 0, and b that it does not: only logarithms say 1."""
    labels, names = [0, 1, 1], ["r0", "r1", "r2"]
    shares_a = [[0.8, 0.1, 0.1], [0.4, 0.3, 0.3], [0.97, 0.02, 0.01]]
    shares_b = [[0.2, 0.5, 0.3], [0.01, 0.98, 0.01], [0.001, 0.698, 0.301]]
    a, b = np.log(np.array(shares_a, np.float32)), np.log(np.array(shares_b, np.float32))
    one = write_run(tmp_path / "a", labels, [0, 0, 0], names=names, logits=a)
    other = write_run(
        tmp_path / "b", labels[::-1], [1, 1, 1], names=names[::-1], logits=b[::-1] + 5
    )
    document = told(one, other, sum=True)
    rows = {row["rule"]: row for row in document["sums"]}
    assert list(rows) == ["probabilities", "log probabilities"]
    assert rows["probabilities"]["top1"] == pytest.approx(2 / 3)
    said = np.array(rows["log probabilities"]["confusion"])
    assert said.tolist() == [[1, 0, 0], [0, 2, 0], [0, 0, 0]]
    pairs = {(one["a"], one["b"]): one for one in document["pairs"]}
    assert pairs["a", "sum of probabilities"]["only_b"] == 1
    with pytest.raises(UsageError, match="one run"):
        told(one, sum=True)


def test_what_cannot_be_compared(tmp_path: Path) -> None:
    good = write_run(tmp_path / "good", [0, 1], [0, 1])
    other = write_run(tmp_path / "other", [0, 1], [0, 1], classes=("x", "y"))
    with pytest.raises(UsageError, match="different classes"):
        told(good, other, sum=True)
    bad = Path(write_run(tmp_path / "bad", [0, 1], [0, 1]))
    with pytest.raises(Stopped):
        compare({"runs": [good, str(bad)]}, Heard(stop_at=1))
    RunFolder(bad).answers.unlink()
    with pytest.raises(MissingError, match="answers were not kept"):
        told(good, str(bad), sum=True)
    document = json.loads(RunFolder(bad).evaluation.read_text())
    document["samples"][0]["label"] = 7
    RunFolder(bad).evaluation.write_text(json.dumps(document))
    with pytest.raises(DataError, match="damaged") as raised:
        told(good, str(bad))
    assert raised.value.path == bad
    RunFolder(bad).evaluation.unlink()
    with pytest.raises(MissingError, match="no evaluation"):
        told(good, str(bad))
    with pytest.raises(MissingError, match="no such run"):
        told(good, str(tmp_path / "nowhere"))
    with pytest.raises(UsageError, match="needs runs"):
        compare({}, Heard())


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a = write_run(tmp_path / "a", [0, 1, 2] * 4, [0, 1, 1] * 4, width=8)
    b = write_run(tmp_path / "b", [0, 1, 2] * 4, [1, 1, 2] * 4, width=9)
    with pytest.raises(SystemExit) as ended:
        main(["compare", a, b])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert "a - b  12     4           4            1  1        +0.0 points" in shown
    assert "throw: +100.0 points of 4 clips" in shown
    assert "wave: -100.0 points of 4 clips" in shown
    assert "network.width  8  9" in shown
    with pytest.raises(SystemExit):
        main(["compare", a, b, "--sum"])
    assert "a - sum of probabilities" in capsys.readouterr().out
    runs = [write_run(tmp_path / f"n{k}", [0, 1], [0, k % 2], width=k) for k in range(7)]
    with pytest.raises(SystemExit):
        main(["compare", *runs])
    shown = capsys.readouterr().out
    assert "pairs left out: 1; see --json" in shown
    assert "network.width  0, 1, 2, 3, 4, 5, 6" in shown
    with pytest.raises(SystemExit):
        main(["compare", a, b, "--json"])
    document = json.loads(capsys.readouterr().out)
    assert [one["top1"] for one in document["runs"]] == pytest.approx([2 / 3, 2 / 3])
