from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from harstudio.errors import DataError, MissingError
from harstudio.labels.suggested import suggestions_folder, suggestions_path
from harstudio.runs.suggestions import (
    LEARNED,
    Learned,
    Suggestion,
    Suggestions,
    add_learned,
    load_learned,
    load_suggestions,
    save_suggestions,
)

CLIPS = (
    Suggestion(0, 2_000_000_000, "wave", "72057594037927937", 0.75, "clap", 0.25, 0.5, 1.0),
    Suggestion(3_000_000_000, 4_000_000_000, "clap"),
)
MADE = Suggestions("/runs/a", "dora", 1.5, CLIPS, "room", "/data/room", "learned")


def test_suggestions_come_back_as_they_were_kept(tmp_path: Path) -> None:
    path = suggestions_path(tmp_path, "dora", "room: 1")
    save_suggestions(path, MADE)
    assert load_suggestions(path) == MADE
    assert MADE.uncertain == pytest.approx((0.25 + 1) / 2)
    assert CLIPS[0].margin == 0.5


def test_everybody_has_a_folder_of_their_own(tmp_path: Path) -> None:
    assert suggestions_folder(tmp_path, "dora") != suggestions_folder(tmp_path, "bob")
    assert suggestions_path(tmp_path, "../x", "../y").parent.parent == tmp_path / "suggestions"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("start_ns", 5_000_000_000),
        ("start_ns", True),
        ("label", None),
        ("confidence", 1.5),
        ("confidence", "1"),
        ("novelty", math.inf),
    ],
)
def test_damaged_suggestions_are_named(tmp_path: Path, key: str, value: object) -> None:
    path = tmp_path / "room.json"
    save_suggestions(path, MADE)
    document = json.loads(path.read_text())
    document["clips"][0][key] = value
    path.write_text(json.dumps(document))
    with pytest.raises(DataError, match=r"room\.json.*damaged.*again"):
        load_suggestions(path)


def test_no_suggestions_are_missing(tmp_path: Path) -> None:
    with pytest.raises(MissingError):
        load_suggestions(tmp_path / "room.json")
    assert load_learned(tmp_path) == ()


def test_the_learning_curve_grows_and_passes_over_damage(tmp_path: Path) -> None:
    first = Learned(1.0, 4, 2, math.nan, math.nan, math.nan, 0.5)
    second = Learned(2.0, 8, 3, 0.75, 0.4, 0.9, 1.0, "stretches", "/runs/a")
    add_learned(tmp_path, first)
    with (tmp_path / LEARNED).open("ab") as file:
        file.write(b'{"at": \n[]\n{"at": 1.5, "cl')
    add_learned(tmp_path, second)
    kept = load_learned(tmp_path)
    assert math.isnan(kept[0].accuracy)
    assert (kept[0].clips, kept[1]) == (4, second)
