"""Pages say what their documents say, name nothing outside themselves and stand on bad input."""

from __future__ import annotations

import csv
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from defusedxml import ElementTree

from harstudio.errors import DataError, MissingError, UsageError
from harstudio.labels.label_sets.label_set import bundled_label_set
from harstudio.learning.data.protocols import PROTOCOLS
from harstudio.learning.evaluating.comparing import compare_runs
from harstudio.reports import charts, jobs, matrices
from harstudio.reports.documents import Evaluation, checked
from harstudio.reports.evaluation import evaluation_report
from harstudio.reports.figures import drawing
from harstudio.reports.printed import printed_for
from harstudio.reports.sheet import sheet
from harstudio.resources import resource
from job_context import Heard
from made_documents import made_evaluation, made_truth
from made_runs import write_run

NASTY = ("<b>sit & $1</b>", "wave_50%", "throw {x}", "kick ~^\\", 'clap "twice"', "<style>fall")
VOID = {"meta", "img", "br"}


class Reader(HTMLParser):
    """Tags with their attributes, whether each is closed, and the text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def read(page: Path) -> Reader:
    reader = Reader()
    reader.feed(page.read_text("utf-8"))
    reader.close()
    assert reader.open == []
    return reader


def make(job: Any, out: Path, **payload: Any) -> Reader:
    job({"out": str(out), **payload}, Heard())
    return read(out)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("report")


@pytest.fixture(scope="module")
def run(folder: Path) -> Path:
    return write_run(folder / "run")


@pytest.fixture(scope="module")
def document(run: Path) -> dict[str, Any]:
    return made_evaluation(run, NASTY)


@pytest.fixture(scope="module")
def shown(run: Path, document: dict[str, Any]) -> dict[str, Any]:
    """With everything, its key frames from recordings of the demo, but for one that is gone."""
    shown: dict[str, Any] = json.loads(json.dumps(document))
    places = sorted(resource("demo", "recordings").glob("*.harrec"))
    for k, sample in enumerate(shown["samples"][1:]):
        sample["path"] = str(places[k % len(places)])
    shown["robustness"] = [
        {"condition": "a", "title": "Dark", "clips": 9, "top1": 0.5, "ci95": [0.4, 0.6],
         "change": -0.2, "change_ci95": [-0.3, -0.1], "problem": ""},
        {"condition": "b", "title": "Blur", "clips": 0, "top1": None, "ci95": None,
         "change": None, "change_ci95": None, "problem": "No clip can be read so."},
    ]  # fmt: skip
    shown["selected_by"] = "test"
    shown["explanations"] = made_truth(run)
    return shown


@pytest.fixture(scope="module")
def page(folder: Path, shown: dict[str, Any]) -> Reader:
    count = len(shown["samples"])
    embedding = {
        "streams": {"skeleton": [[float(k), k / 2] for k in range(count)]},
        "samples": list(range(count)),
        "of": count,
    }
    (folder / "run" / "embedding.json").write_text(json.dumps(embedding))
    return make(jobs.evaluation, folder / "all.html", document=shown, command="harstudio <x>")


def test_nothing_outside_is_named(page: Reader) -> None:
    for tag, attributes in page.tags:
        assert tag not in ("script", "link", "iframe", "object")
        for name in ("src", "href", "xlink:href"):
            value = attributes.get(name)
            assert value is None or value.startswith(("#", "data:image/")), (tag, value)
        assert "http" not in (attributes.get("style") or "")
    assert "url(h" not in "".join(page.text)
    assert "@import" not in "".join(page.text)


def test_names_inside_are_one_each(page: Reader) -> None:
    """Figures side by side do not take each other's shapes."""
    names = [attributes["id"] for _, attributes in page.tags if attributes.get("id")]
    assert len(names) == len(set(names))
    for _, attributes in page.tags:
        for name in ("href", "xlink:href"):
            if (value := attributes.get(name)) and value.startswith("#"):
                assert value[1:] in names


def test_names_of_classes_are_text(page: Reader) -> None:
    text = "".join(page.text)
    assert all(name in text for name in NASTY)
    assert not any(tag == "b" and "sit" in str(attributes) for tag, attributes in page.tags)
    assert "harstudio <x>" in text


def test_the_headline(page: Reader, document: dict[str, Any]) -> None:
    text = "".join(page.text)
    assert f"{100 * document['top1']:.1f} %" in text
    assert "Chosen by the test part." in text
    assert "No clip can be read so." in text
    titles = [attributes.get("aria-label") for tag, attributes in page.tags if tag == "svg"]
    assert titles == [
        "Accuracy and loss by epoch",
        "Accuracy by class",
        "Confusion matrices",
        "What the fusion changes",
        "Reliability",
        "Accuracy when the input is disturbed",
        "Features in a plane",
        "Deletion and insertion",
    ]


def test_how_true_explanations_are(
    page: Reader, folder: Path, run: Path, document: dict[str, Any]
) -> None:
    text = " ".join(" ".join(page.text).split())
    assert "12 of 40 clips of the test part, 7 of them actions of the hands" in text
    assert "Grad-CAM picture : deletion beats random orders on 80 % of clips" in text
    assert "relation : It lies on no cells." in text
    rows = (folder / "all_files" / "explanations.csv").read_text("utf-8").splitlines()
    assert rows[1].startswith("Grad-CAM picture,12,0.8,0.5,1.0,1.0,0.5,1.0,,5.0,,")
    # Of the document, else of the run's own test part, and of nothing else.
    plain = evaluation_report(document)
    assert "explanations" not in {one.name for one in plain.tables}
    with pytest.raises(DataError, match="explanations"):
        evaluation_report({**document, "explanations": {"version": 1}})


def test_key_frames_and_a_recording_that_is_gone(page: Reader, document: dict[str, Any]) -> None:
    pictures = [attributes for tag, attributes in page.tags if tag == "img"]
    assert pictures
    assert all(str(one["src"]).startswith("data:image/jpeg") for one in pictures)
    gone = document["samples"][0]
    assert (f"{gone['recording']} cannot be shown" in "".join(page.text)) == any(
        f"{gone['recording']}," in text for text in page.text
    )


def test_all_recordings_gone_is_said(document: dict[str, Any]) -> None:
    right, wrong = sheet(checked(Evaluation, document), ["skeleton"])
    assert all(clip.clip.right for clip in right)
    assert not any(clip.clip.right for clip in wrong)
    for entry in (*right, *wrong):
        assert not entry.strips
        assert "cannot be shown: There is no such file or folder." in entry.problem


def test_files_beside_the_page(page: Reader, folder: Path, document: dict[str, Any]) -> None:
    beside = folder / "all_files"
    names = {path.name for path in beside.iterdir()}
    for figure in ("confusion", "confusion_difference", "per_class", "reliability", "features"):
        assert ElementTree.parse(beside / f"{figure}.svg").getroot().tag.endswith("svg")
        assert (beside / f"{figure}.pdf").read_bytes().startswith(b"%PDF")
    assert {
        f"{table}.{form}" for table in ("per_class", "figures") for form in ("csv", "tex")
    } < names
    with (beside / "per_class.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["class"] for row in rows] == list(NASTY)
    shares = [one["accuracy"] for one in document["per_class"].values()]
    assert [float(row["fusion"]) for row in rows] == shares


def test_latex_is_escaped(page: Reader, folder: Path) -> None:
    text = (folder / "all_files" / "per_class.tex").read_text("utf-8")
    assert r"wave\_50\%" in text
    assert r"throw \{x\}" in text
    assert r"kick \textasciitilde{}\textasciicircum{}\textbackslash{}" in text
    assert r"\textless{}b\textgreater{}sit \& \$1" in text
    rows = [line for line in text.splitlines() if line.endswith(r"\\")]
    columns = re.search(r"begin\{tabular\}\{(\w+)\}", text)
    assert columns is not None
    assert {len(re.findall(r"(?<!\\)&", row)) + 1 for row in rows} == {len(columns[1])}


def test_the_same_bytes_again(page: Reader, folder: Path, shown: dict[str, Any]) -> None:
    again = make(jobs.evaluation, folder / "again.html", document=shown, command="harstudio <x>")
    assert again.tags == page.tags
    first, second = folder / "all_files", folder / "again_files"
    assert {path.name for path in first.iterdir()} == {path.name for path in second.iterdir()}
    for path in first.iterdir():
        assert path.read_bytes() == (second / path.name).read_bytes(), path.name


def test_many_classes(run: Path) -> None:
    """Every class is named, and the cells of a large matrix hold no numbers."""
    names = [f"class number {k}" for k in range(120)]
    document = checked(Evaluation, made_evaluation(run, names, streams=("skeleton",), each=1))
    with drawing():
        matrix = matrices.confusion(document.judges, names).svg().decode()
        bars = charts.class_bars(document).svg().decode()
    assert all(f">{name}  {k + 1}<" in matrix for k, name in enumerate(names))
    assert matrix.count("<text") == 2 * 120 + 2  # with the title and the name of the axis
    assert all(f">{name}<" in bars for name in names)


def test_printed_figures_stand_beside(folder: Path, run: Path) -> None:
    names = [label.name for label in bundled_label_set("utd-mhad").labels]
    document = made_evaluation(run, names, each=1)
    text = "".join(make(jobs.evaluation, folder / "utd.html", document=document).text)
    assert "93.21 %" in text
    assert "Best printed: 94.51 %" in text
    assert "Where the papers contradict themselves" not in text
    assert "this run" in text
    assert "clips, 1 seed" in text
    ntu = [label.name for label in bundled_label_set("ntu60").labels]
    notes = [note for _, note in printed_for(ntu, "cross-view").notes]
    assert any("37,920" in note for note in notes)
    assert not any("Setting-1 90.3" in note for note in notes)  # of SYSU


def test_only_what_is_comparable_stands_beside(run: Path) -> None:
    names = [label.name for label in bundled_label_set("utd-mhad").labels]
    assert len(printed_for(names, "cross-subject").rows) == 4
    alone = printed_for(names, "leave-one-subject-out:1")
    assert not alone.rows
    assert "UTD-MHAD under the protocol leave-one-subject-out:1" in alone.sentence
    assert not printed_for(names[:-1], "cross-subject").dataset
    less = {**made_evaluation(run, names, each=1), "without": ["depth"]}
    assert "published" not in [table.name for table in evaluation_report(less).tables]
    worse = {**made_evaluation(run, names, each=1), "disturbed": "half-rate"}
    report = evaluation_report(worse)
    assert "published" not in [table.name for table in report.tables]
    assert not report.values["embedded"]


def test_every_printed_figure_has_its_place() -> None:
    """Each dataset has its label set, each protocol one of ours, each paper its name."""
    facts = json.loads(resource("datasets", "published_figures.json").read_text("utf-8"))
    known = {
        (dataset, called)
        for dataset, one in facts["datasets"].items()
        for protocols in one["protocols"].values()
        for called in protocols
    }
    assert {(row["dataset"], row["protocol"]) for row in facts["rows"]} == known
    assert {row["paper"] for row in facts["rows"]} <= facts["papers"].keys()
    for one in facts["datasets"].values():
        assert bundled_label_set(one["labels"]).labels
        assert one["protocols"].keys() <= {name.partition(":")[0] for name in PROTOCOLS}


def test_a_run_that_is_gone_is_no_end(tmp_path: Path) -> None:
    report = evaluation_report(made_evaluation(tmp_path / "gone", ("a", "b")))
    assert any("it has no config.toml" in sentence for sentence in report.values["missing"])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"confusion": [[1]]}, "the confusion matrix of fusion is not of 6 classes"),
        ({"top1": 7.0}, "top1"),
        ({"top1": float("nan")}, "top1"),
        ({"samples": None}, "samples"),
        ({"per_class": {}}, "the confusion matrix of"),
    ],
)
def test_a_bad_document_is_said(
    tmp_path: Path, document: dict[str, Any], change: dict[str, Any], said: str
) -> None:
    with pytest.raises(DataError, match=said):
        make(jobs.evaluation, tmp_path / "page.html", document={**document, **change})
    assert not (tmp_path / "page.html").exists()


def test_where_it_cannot_be_written(tmp_path: Path, document: dict[str, Any]) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "a_files").write_text("")
    for out in (tmp_path, tmp_path / "file" / "page.html", tmp_path / "a.html"):
        with pytest.raises(UsageError) as error:
            jobs.evaluation({"document": document, "out": str(out)}, Heard())
        assert error.value.remedy


def test_a_run_without_evaluation(run: Path, tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="has no evaluation"):
        jobs.evaluation({"run": str(run), "out": str(tmp_path / "a.html")}, Heard())


# ---- comparisons


@pytest.fixture(scope="module")
def comparison(folder: Path) -> dict[str, Any]:
    runs = []
    for seed, name in enumerate(("one", "two", "three")):
        path = write_run(folder / name, network="st-gcn" if seed < 2 else "hcn")
        told = made_evaluation(path, NASTY, streams=["skeleton"], each=8, seed=seed)
        (path / "evaluation.json").write_text(json.dumps(told))
        config = path / "config.toml"
        config.write_text(config.read_text().replace("batch_size", f"seed = {seed}\nbatch_size"))
        runs.append(path)
    return compare_runs(runs)


def test_a_comparison(folder: Path, comparison: dict[str, Any]) -> None:
    reader = make(jobs.comparison, folder / "compared.html", document=comparison)
    titles = [attributes.get("aria-label") for tag, attributes in reader.tags if tag == "svg"]
    assert titles[:2] == ["Means over seeds and folds", "Classes: one and two"]
    assert titles[-2:] == ["Accuracy and loss by epoch", "Confusion matrices"]
    text = "".join(reader.text)
    assert "McNemar" in text
    assert "network.name" in text
    beside = folder / "compared_files"
    with (beside / "pairs.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["p"]) for row in rows] == [pair["p"] for pair in comparison["pairs"]]
    assert [float(row["p, Holm"]) for row in rows] == [p["p_holm"] for p in comparison["pairs"]]
    with (beside / "groups.csv").open(newline="", encoding="utf-8") as file:
        groups = list(csv.DictReader(file))
    assert [row["chosen by"] for row in groups] == [g["selected_by"] for g in comparison["groups"]]
    with (beside / "classes_1.csv").open(newline="", encoding="utf-8") as file:
        changes = [float(row["change, points"]) for row in csv.DictReader(file)]
    assert changes == sorted(changes, reverse=True)


def test_what_is_left_out_of_a_mean_is_said(folder: Path, comparison: dict[str, Any]) -> None:
    left_out = [{"run": "<four>", "reason": "seed 3 has fold 0, others folds 0-1"}]
    groups = [{**group, "left_out": left_out} for group in comparison["groups"][:1]]
    document = {**comparison, "groups": groups}
    text = "".join(make(jobs.comparison, folder / "left.html", document=document).text)
    assert "<four>: seed 3 has fold 0, others folds 0-1." in text


def test_a_study_that_has_begun(folder: Path) -> None:
    cell = {"variant": "<v>", "protocol": "all", "seed": 0, "run": "x", "state": "waiting"}
    document = {"study": "s", "state": "stopped", "cells": [cell], "runs": [], "groups": []}
    text = "".join(make(jobs.comparison, folder / "study.html", document=document).text)
    assert "No training is finished yet." in text
    assert "<v>" in text


def test_a_comparison_of_nothing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no run"):
        make(jobs.comparison, tmp_path / "page.html", document={"runs": []})
    with pytest.raises(DataError, match="runs"):
        make(jobs.comparison, tmp_path / "page.html", document={"runs": 3})
