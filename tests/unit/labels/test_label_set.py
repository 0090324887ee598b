"""Label sets: the bundled ones, colours, keys, files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harstudio.errors import DataError
from harstudio.labels.label_sets.label_set import (
    BUNDLED,
    HOTKEYS,
    PALETTE,
    Label,
    LabelSet,
    bundled_label_set,
    bundled_label_sets,
    label_color,
    label_set_for,
    text_on,
)

SIZES = {"ntu60": 60, "ntu120": 120, "utd-mhad": 27, "n-ucla": 10, "sysu": 12, "pku-mmd": 51}


def luminance(color: str) -> float:
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, two: str) -> float:
    light, dark = sorted((luminance(one), luminance(two)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("name", SIZES)
def test_bundled_sets_are_whole(name: str) -> None:
    label_set = bundled_label_set(name)
    assert len(label_set.labels) == SIZES[name]
    keys = [label.hotkey for label in label_set.labels[: len(HOTKEYS)]]
    assert keys == list(HOTKEYS[: len(keys)])
    assert not any(label.hotkey for label in label_set.labels[len(HOTKEYS) :])
    assert all(label.code for label in label_set.labels)


def test_all_are_listed() -> None:
    assert list(BUNDLED) == list(SIZES)
    assert len({label_set.name for label_set in bundled_label_sets()}) == len(SIZES)


def test_known_labels() -> None:
    ntu = bundled_label_set("ntu120")
    assert ntu.labels[0].name == "drink water"
    assert ntu.labels[42].code == "A043"
    assert ntu.labels[:60] == bundled_label_set("ntu60").labels
    assert bundled_label_set("utd-mhad").labels[0].name == "right arm swipe to the left"
    assert label_set_for("utd-mhad").name == "UTD-MHAD"
    assert label_set_for("no such format").name == "NTU RGB+D"


def test_player_keys_are_no_label_keys() -> None:
    assert not set("FIJKLO") & set(HOTKEYS)
    assert len(set(HOTKEYS)) == len(HOTKEYS) == 30


def test_colors_are_spread_in_a_set() -> None:
    for label_set in bundled_label_sets():
        counts = [sum(la.color == color for la in label_set.labels) for color in PALETTE]
        assert max(counts) - min(counts) <= 1


def test_colors_are_stable_by_name() -> None:
    assert label_color("drink water") == label_color("drink water")
    assert len({label_color(f"label {i}") for i in range(300)}) == len(set(PALETTE)) == 20
    assert LabelSet("x").color_of("walk") == label_color("walk")
    known = LabelSet("x", (Label("walk", color="#123456"),))
    assert known.color_of("walk") == "#123456"


def test_text_is_readable_on_every_color() -> None:
    grid = [
        f"#{r:02x}{g:02x}{b:02x}"
        for r in range(0, 256, 15)
        for g in range(0, 256, 15)
        for b in range(0, 256, 15)
    ]
    for color in [*PALETTE, *grid]:
        assert contrast(text_on(color), color) >= 4.5


def test_label_colors_stand_out_on_dark_and_light() -> None:
    assert all(contrast(color, "#000000") > 3.5 for color in PALETTE)
    assert all(contrast(color, "#ffffff") > 1.5 for color in PALETTE)


def test_round_trip(tmp_path: Path) -> None:
    label_set = LabelSet("übung", (Label("a", "1", "#ff0000", "Q", "what it means"), Label("b")))
    label_set.save(tmp_path / "labels.toml")
    assert LabelSet.load(tmp_path / "labels.toml") == label_set
    assert label_set.by_hotkey("q") == label_set.labels[0]
    assert label_set.by_hotkey("") is None
    assert label_set.by_hotkey("w") is None


def test_of_plain_names() -> None:
    label_set = LabelSet.of("mine", [f"l{i}" for i in range(40)])
    assert [la.hotkey for la in label_set.labels] == [*HOTKEYS, *[""] * 10]


@pytest.mark.parametrize(
    "text",
    [
        "labels = 3",
        "[[labels]]\ncode = 'x'",
        "[[labels]]\nname = ''",
        "[[labels]]\nname = 'a'\n[[labels]]\nname = 'a'",
        "[[labels]]\nname = 'a'\nhotkey='1'\n[[labels]]\nname = 'b'\nhotkey='1'",
        "[[labels]]\nname = 'a'\nhotkey='K'",
        "[[labels]]\nname = 'a'\ncolor='red'",
        "[[labels]]\nname = 'a'\ncolor='#zzzzzz'",
        "[[labels]\n",
    ],
)
def test_damaged_files_are_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "labels.toml"
    path.write_text(text)
    with pytest.raises(DataError, match="damaged") as caught:
        LabelSet.load(path)
    assert caught.value.path == path


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        LabelSet.load(tmp_path / "none.toml")


def test_names_agree_with_the_datasets_own() -> None:
    """Every bundled name is there once; the order is the label number."""
    for label_set in bundled_label_sets():
        names = [label.name for label in label_set.labels]
        assert json.loads(json.dumps(names)) == list(dict.fromkeys(names))
