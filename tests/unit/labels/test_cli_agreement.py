"""``harstudio labels agreement`` and ``stats``: documents, tables, sentences, status."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from harstudio.cli import main
from harstudio.labels.editing import clip_edits
from harstudio.labels.editing.edits import MarkDone
from harstudio.labels.label_sets.label_set import LabelSet
from harstudio.labels.model import Clip, Origin
from harstudio.labels.project import Project
from harstudio.labels.team.assignments import assign
from harstudio.labels.team.policy import Policy
from harstudio.labels.team.pseudonyms import add_subject

MS = 1_000_000


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Two recordings that are gone; alice and bob label both, carol one, a network and gold too."""
    project = Project.create(
        tmp_path / "p", "Kitchen", label_set=LabelSet.of("L", ["drink", "eat", "wave"])
    )
    for recording, who, label, end_ms in (
        ("anna_1", "alice", "drink", 1000),
        ("anna_1", "bob", "drink", 900),
        ("anna_1", "carol", "eat", 1000),
        ("anna_1", "gold", "drink", 1000),
        ("anna_1", "st-gcn", "wave", 1000),
        ("anna_2", "alice", "eat", 2000),
        ("anna_2", "bob", "drink", 2000),
    ):
        history = project.history(recording, who)
        origin = Origin.MODEL if who == "st-gcn" else Origin.HUMAN
        clip = Clip(0, end_ms * MS, label, origin=origin)
        history.do(clip_edits.place(history.document, who, clip))
        history.do(MarkDone(True))
        history.close()
    return project


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["labels", *map(str, arguments)])
    return int(ended.value.code or 0)


def test_agreement_of_a_project(
    project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "a.csv"
    assert run("agreement", project.folder, "--json", "--csv", table) == 0
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert err == ""
    assert found["annotators"] == ["alice", "bob", "carol"]  # neither gold nor the network
    assert found["recordings"] == ["anna_1", "anna_2"]
    pairs = {tuple(one["annotators"]): one for one in found["pairs"]}
    assert pairs["alice", "bob"]["segments"][0] == {
        "iou": 0.1, "matched": 1, "first": 2, "second": 2, "f1": 0.5,
    }  # fmt: skip
    assert pairs["alice", "bob"]["boundaries"]["p95_ms"] == pytest.approx(95)
    assert pairs["alice", "carol"]["recordings"] == 1
    assert found["disagreements"][-1]["opinions"] == {"alice": "eat", "bob": "drink"}
    assert any("equal steps" in remark for remark in found["remarks"])
    assert found["problems"] == []
    with table.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["first"], row["label"]) for row in rows[:3]] == [
        ("alice", ""), ("alice", "drink"), ("alice", "eat"),
    ]  # fmt: skip
    assert float(rows[0]["cohen_kappa"]) == pairs["alice", "bob"]["cohen_kappa"]


def test_agreement_in_words(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("agreement", project.folder) == 0
    out = capsys.readouterr().out
    assert "alice and carol" in out
    assert "frames: eat against drink" in out
    assert "anna_2  0.000 to 2.000 s  alice: eat, bob: drink" in out
    arguments = ["--annotator", "gold", "--annotator", "st-gcn", "--recording", "anna_1"]
    assert run("agreement", project.folder, *arguments) == 0
    out = capsys.readouterr().out
    assert "gold and st-gcn" in out
    assert "alice" not in out
    assert run("agreement", project.folder, "--annotator", "carol") == 0
    assert "Only carol has labels here" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--annotator", "eve"], "eve has labelled none"),
        (["--recording", "no"], "Nobody has labelled “no”"),
    ],
)
def test_who_or_what_is_not_there_is_told(
    project: Project, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("agreement", project.folder, *arguments) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert words in err


def test_stats(project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assign(project.folder, {"anna_3": ["carol"]})
    table = tmp_path / "s.csv"
    assert run("stats", project.folder, "--json", "--csv", table) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["recordings"], found["labelled"]) == (0, 2)
    assert (found["total"]["documents"], found["total"]["begun"], found["total"]["clips"]) == (
        8,
        7,
        7,
    )
    by_name = {one["annotator"]: one for one in found["annotators"]}
    assert (by_name["carol"]["begun"], by_name["carol"]["documents"]) == (1, 2)
    labels = {one["label"]: one for one in found["labels"]}
    assert labels["eat"]["total_ns"] == 3000 * MS
    with table.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["recording"] for row in rows][-1] == "anna_3"
    assert run("stats", project.folder) == 0
    out = capsys.readouterr().out
    assert "Kitchen: 0 recordings, 2 of them labelled" in out
    assert "carol" in out


def test_subjects_are_not_named_where_the_policy_says_so(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.set_policy(Policy(pseudonyms=True))
    add_subject(project.folder, "Anna")
    for command in ("agreement", "stats"):
        for form in ([], ["--json"]):
            assert run(command, project.folder, *form) == 0
            out = capsys.readouterr().out
            assert "anna" not in out.casefold()
            assert "P01_1" in out or not form


def test_what_cannot_be_read_is_told_and_the_rest_counted(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    (project.folder / "labels" / "anna_2" / "bob.json").write_text("{")
    for command in ("agreement", "stats"):
        assert run(command, project.folder) == 1
        out, err = capsys.readouterr()
        assert "bob.json" in err
        assert "alice" in out
    (project.folder / "subjects.toml").write_text("[subjects")
    project.set_policy(Policy(pseudonyms=True))
    assert run("stats", project.folder, "--json") == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "subjects.toml" in err
