"""Changes of a label set, and labels out of a text."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harstudio.errors import DataError
from harstudio.labels.label_sets import label_set_edits as edits
from harstudio.labels.label_sets.attributes import Attribute
from harstudio.labels.label_sets.label_list import parse_label_list
from harstudio.labels.label_sets.label_set import Label, LabelSet, bundled_label_set

ASKED = Attribute("hand", "choice", ("left", "right"), labels=("wave", "clap"))
SET = LabelSet(
    "made",
    (
        Label("wave", hotkey="1", parent="arms"),
        Label("big wave", hotkey="2", parent="wave"),
        Label("clap", hotkey="3", synonyms=("applaud",), parent="arms"),
        Label("walk"),
    ),
    attributes=(ASKED,),
    groups=("arms",),
)


def order(label_set: LabelSet) -> list[tuple[str, str]]:
    return [(label.name, label.parent) for label in label_set.labels]


def test_groups_are_kept_and_are_no_labels(tmp_path: Path) -> None:
    SET.save(tmp_path / "set.toml")
    assert LabelSet.load(tmp_path / "set.toml") == SET
    assert SET.find("arms") is None
    with pytest.raises(ValueError, match="two groups or labels"):
        replace(SET, groups=("arms", "walk"))


def test_the_bundled_hierarchies() -> None:
    ntu = bundled_label_set("ntu120")
    counts = [sum(la.parent == group for la in ntu.labels) for group in ntu.groups]
    assert counts == [82, 12, 26]  # A1-40 and A61-102; A41-49 and A103-105; A50-60 and A106-120
    assert {la.parent for la in bundled_label_set("ntu60").labels} == set(ntu.groups)


def test_a_new_name_is_said_everywhere() -> None:
    now = edits.changed(SET, "wave", replace(SET.labels[0], name="hail", hotkey="3"))
    assert order(now)[:2] == [("hail", "arms"), ("big wave", "hail")]
    assert now.attributes[0].labels == ("hail", "clap")
    assert now.find("clap").hotkey == ""  # the key went to the other


def test_what_stood_under_a_removed_label_goes_up() -> None:
    now = edits.removed(SET, {"wave"})
    assert order(now) == [("big wave", "arms"), ("clap", "arms"), ("walk", "")]
    assert now.attributes[0].labels == ("clap",)
    assert edits.removed(SET, {"wave", "clap"}).attributes == ()
    assert order(edits.removed(SET, {"arms"}))[0] == ("wave", "")


def test_merging_keeps_the_names_as_synonyms() -> None:
    now = edits.merged(SET, ["clap", "wave"], "big wave")
    assert order(now) == [("big wave", "arms"), ("walk", "")]
    assert now.labels[0].synonyms == ("wave", "clap", "applaud")
    assert now.attributes[0].labels == ("big wave",)


def test_moving() -> None:
    assert [n for n, _ in order(edits.moved(SET, ["walk"], "arms", before="clap"))] == [
        "wave", "big wave", "walk", "clap",
    ]  # fmt: skip
    assert order(edits.moved(SET, ["wave"], ""))[-1] == ("wave", "")
    assert order(edits.moved(SET, ["walk"], "wave"))[2] == ("walk", "wave")
    with pytest.raises(ValueError, match="a kind of itself"):
        edits.moved(SET, ["wave"], "big wave")


def test_a_plain_list_is_names_whatever_they_hold() -> None:
    read = parse_label_list("\ufeffcheck time (from watch)\n\nkick, hit\nkick, hit\n")
    assert [label.name for label in read.labels] == ["check time (from watch)", "kick, hit"]
    assert read.problems == ("“kick, hit” stands there twice; the first one counts.",)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_table(delimiter: str) -> None:
    rows = [
        ["Name", "code", "group", "synonyms", "key", "weight"],
        ["wave", "A1", "arms", "hail|greet", "q", "3"],
        ["", "A2", "", "", "", ""],
    ]
    read = parse_label_list("\n".join(delimiter.join(row) for row in rows))
    wave = read.labels[0]
    assert (wave.code, wave.parent, wave.synonyms, wave.hotkey) == (
        "A1", "arms", ("hail", "greet"), "Q",
    )  # fmt: skip
    assert read.groups == ("arms",)
    assert len(read.labels) == 1
    assert "weight" in read.problems[0]
    assert "Line 3" in read.problems[1]
    now = edits.with_labels(SET, read.labels, read.groups)
    assert now == SET  # both are there already


def test_added_labels_get_free_keys_and_colours() -> None:
    read = parse_label_list("name,parent,key\njump,legs,1\nhop,jump,")
    now = edits.with_labels(SET, read.labels, read.groups)
    assert order(now)[-2:] == [("jump", "legs"), ("hop", "jump")]
    assert now.find("jump").hotkey == "4"
    assert now.groups == ("arms", "legs")


def test_what_is_no_list() -> None:
    for text in ("", " \n ", "a\tb"):
        with pytest.raises(DataError):
            parse_label_list(text)
