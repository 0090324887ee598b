"""A trained network with modalities missing, and under worse conditions."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harstudio.cli import main
from harstudio.errors import UsageError
from harstudio.jobs.context import Stopped
from harstudio.learning.evaluating.disturbing import CONDITIONS
from harstudio.learning.evaluating.robustness import conditions_of
from harstudio.learning.jobs import evaluate, train
from harstudio.learning.preprocessing import Preprocessing
from harstudio.networks import create_network, network_card
from harstudio.runs.folder import RunFolder
from harstudio.runs.reading import read_evaluation
from job_context import Heard

Payloads = Callable[..., dict[str, Any]]


@pytest.fixture
def trained(payload: Payloads, tmp_path: Path) -> Path:
    train(payload(epochs=4), Heard())
    return tmp_path / "run"


def names(network: str, **options: Any) -> list[str]:
    card = network_card(network, options)
    topology = "utd_mhad_20"
    made = create_network(network, 3, topology, **options)
    return [name for name, *_ in conditions_of(made, Preprocessing.for_card(card, topology))]


def test_a_modality_is_left_out_where_a_stream_can_answer_without_it() -> None:
    found = names("late-score", modalities="skeleton+inertial")
    assert found[:2] == ["without-inertial", "without-skeleton"]
    assert "joint-noise-0.05" in found
    assert not any("color" in CONDITIONS[name].kinds and "skeleton" not in CONDITIONS[name].kinds
                   for name in found[2:])  # fmt: skip
    assert not any(name.startswith("without") for name in names("st-gcn"))


def test_every_condition_against_evaluating_under_it(trained: Path) -> None:
    """And what was found stays with the figures that it belongs to."""
    context = Heard()
    told = evaluate({"run": str(trained), "robustness": True}, context)
    rows = {row["condition"]: row for row in told["robustness"]}
    assert set(rows) == {name for name, one in CONDITIONS.items() if "skeleton" in one.kinds}
    worse = [name for name, row in rows.items() if row["change"] < 0]
    assert worse
    for name in (worse[0], "half-rate"):
        alone = evaluate({"run": str(trained), "disturbed": name}, Heard())
        row = rows[name]
        assert (alone["disturbed"], alone["top1"]) == (name, pytest.approx(row["top1"]))
        assert row["change"] == pytest.approx(alone["top1"] - told["top1"])
        assert row["change_ci95"][0] <= row["change"] <= row["change_ci95"][1]
        assert (row["clips"], row["problem"]) == (12, "")
    steps = [done / total for done, total, text in context.steps if "Evaluating" not in text]
    assert steps == sorted(steps)

    assert read_evaluation(trained) == told
    again = evaluate({"run": str(trained)}, Heard())
    assert again["robustness"] == told["robustness"]
    kept = read_evaluation(trained)
    assert kept == again
    run = RunFolder(trained)
    kept["confusion"] = [[12, 0, 0], [0, 0, 0], [0, 0, 0]]
    run.evaluation.write_text(json.dumps(kept))
    assert "robustness" not in evaluate({"run": str(trained)}, Heard())
    assert "robustness" not in (read_evaluation(trained) or {})


def test_it_stops_when_asked_and_keeps_what_was_found_before(trained: Path) -> None:
    RunFolder(trained).evaluation.unlink()
    context = Heard()
    evaluate({"run": str(trained)}, context)
    RunFolder(trained).evaluation.unlink()
    with pytest.raises(Stopped):
        evaluate({"run": str(trained), "robustness": True}, Heard(stop_at=context.pauses + 2))
    kept = read_evaluation(trained)
    assert kept is not None
    assert "robustness" not in kept
    with pytest.raises(UsageError, match="no condition fog"):
        evaluate({"run": str(trained), "disturbed": "fog"}, Heard())


def test_clips_that_cannot_be_read_under_a_condition(
    trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from harstudio.learning.evaluating import disturbing, robustness

    def nobody(stream: Any, sight: Any) -> Any:
        gone = sight.recording.name == "a1_s2_t1" if few else True
        return disturbing.changed(stream, order=range(0)) if gone else stream

    conditions = {"nobody": replace(CONDITIONS["half-rate"], change=nobody)}
    monkeypatch.setattr(disturbing, "CONDITIONS", conditions)
    monkeypatch.setattr(robustness, "CONDITIONS", conditions)
    few = True
    (row,) = evaluate({"run": str(trained), "robustness": True}, Heard())["robustness"]
    assert (row["clips"], row["problem"]) == (11, "1 of 12 clips cannot be read so.")
    assert row["change"] == 0
    few = False
    (row,) = evaluate({"run": str(trained), "robustness": True}, Heard())["robustness"]
    assert (row["clips"], row["top1"], row["change"]) == (0, None, None)
    assert "cannot be read" in row["problem"]


def test_the_command(trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "out" / "page.html"
    with pytest.raises(SystemExit) as ended:
        main(["evaluate", str(trained), "--robustness", "--threads", "1", "--html", str(page)])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    for words in ("top-1 ", "macro F1 ", "stream  ", "M weights", "Half the frame rate  "):
        assert words in shown, shown
    assert shown.endswith(f"Report: {page}\n")
    assert "Half the frame rate" in page.read_text("utf-8")
    assert RunFolder(trained).embedding.is_file()
    kept = RunFolder(trained).evaluation.read_bytes()
    with pytest.raises(SystemExit) as ended:
        main(["evaluate", str(trained), "--disturbed", "half-rate", "--html", str(page)])
    assert ended.value.code == 0
    assert "part test, made worse: half-rate\n" in capsys.readouterr().out
    text = page.read_text("utf-8")
    assert "made worse: half-rate" in text
    assert "--disturbed half-rate" in text
    assert RunFolder(trained).evaluation.read_bytes() == kept
    with pytest.raises(SystemExit) as ended:
        main(["evaluate", str(trained), "--disturbed", "blur"])
    assert ended.value.code == 2
    assert "blur changes nothing that the run sees" in capsys.readouterr().err
    with pytest.raises(SystemExit) as ended:
        main(["evaluate", str(trained), "--html", str(tmp_path)])
    assert ended.value.code == 2
    assert capsys.readouterr().out == ""
