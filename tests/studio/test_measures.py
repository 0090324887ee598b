"""Measures of the selected clip in the window, and the tables and pages made of them."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest
from PySide6.QtWidgets import QLabel

from driving import until
from harstudio.resources import resource

MINUTE = "untrimmed-minute"


@pytest.fixture
def demo(tmp_path: Path) -> Path:
    """The demo project with one recording."""
    folder = tmp_path / "demo"
    shutil.copytree(resource("demo"), folder, ignore=shutil.ignore_patterns("*-s0?*"))
    return folder


def test_the_selected_clip_is_measured_while_somebody_looks(window, demo: Path) -> None:
    session, measuring = window.session, window.measuring
    session.open(demo / "recordings" / f"{MINUTE}.harrec")
    until(lambda: session.history is not None, what="opening")
    clips = {c.label: c for t in window.labelling.others.documents[0].tiers for c in t.clips}
    kick = clips["kicking something"]
    session.select(kick.id)
    assert measuring.stretch is None  # nobody looks
    window.commands.run("view.measures")
    until(lambda: measuring.measures is not None, what="measuring")
    assert measuring.measures.label == "kicking something"
    panel = window.findChild(type(window.arrangement.docks["measures"]), "dock-measures")
    words = " ".join(label.text() for label in panel.findChildren(QLabel) if label.isVisible())
    assert "counted on right knee flexion" in words
    session.select(clips["hand waving"].id)
    until(lambda: measuring.measures and measuring.measures.label == "hand waving", what="another")
    session.select(None)
    until(lambda: measuring.stretch.name == "the whole recording", what="all of it")

    session.select(kick.id)
    until(lambda: measuring.stretch.name == kick.label, what="the clip again")
    told: list[str] = []
    session.message.connect(lambda _level, sentence: told.append(sentence))
    for suffix in (".csv", ".pdf"):
        out = demo / f"kicks{suffix}"
        measuring.report(out, everywhere=suffix == ".csv")
        until(out.exists, seconds=60, what="the report")
        until(lambda: any("measured into" in one for one in told), what="the word about it")
    rows = list(csv.DictReader((demo / "kicks.csv").open(encoding="utf-8")))
    assert {row["label"] for row in rows} == {"kicking something"}
    assert {row["annotator"] for row in rows} == {"alice", "bob"}
    assert (demo / "kicks.pdf").read_bytes().startswith(b"%PDF")
