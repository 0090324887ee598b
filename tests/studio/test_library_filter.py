"""What is typed above the library."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harstudio.recordings.formats.found import Found
from harstudio.recordings.recording import Action
from harstudio.studio.panels.library_filter import Filter, parse_filter, searchable

WAVE = Found(
    Path("/d/a3_s1_t2"), "utd-mhad", "a3_s1_t2", 1, None, Action("a3", 2, "right hand wave"),
    ("depth", "skeleton"),
)  # fmt: skip
KICK = Found(
    Path("/d/S001C002P003R001A024"), "ntu", "S001C002P003R001A024", 3, 2,
    Action("A024", 23, "kicking something"), ("color", "skeleton"),
)  # fmt: skip
BARE = Found(Path("/d/film.mp4"), "video", "film", None, None, None, ("color",))
ALL = (WAVE, KICK, BARE)


def accepted(text: str, state: str = "unlabelled") -> list[str]:
    wanted = parse_filter(text)
    return [f.name for f in ALL if wanted.accepts(f, searchable(f), state)]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", [f.name for f in ALL]),
        ("wave", [WAVE.name]),
        ("hand right", [WAVE.name]),
        ("WAVE Subject:1", [WAVE.name]),
        ("wave subject:2", []),
        ("subject:1,3", [WAVE.name, KICK.name]),
        ("subject:P003", [KICK.name]),
        ("s:s1", [WAVE.name]),
        ("view:2", [KICK.name]),
        ("view:c2 format:ntu", [KICK.name]),
        ("stream:color", [KICK.name, BARE.name]),
        ("has:depth", [WAVE.name]),
        ("action:a3", [WAVE.name]),
        ('action:"kicking some"', [KICK.name]),
        ("-film", [WAVE.name, KICK.name]),
        ("name:film", [BARE.name]),
        ("subject:", [f.name for f in ALL]),
        ("subjekt:1", []),
        ("s", [f.name for f in (WAVE, KICK)]),
    ],
)
def test_filter(text: str, names: list[str]) -> None:
    assert accepted(text) == names


def test_state() -> None:
    assert accepted("state:labelled", "labelled") == [f.name for f in ALL]
    assert accepted("state:labelled", "unlabelled") == []
    assert accepted('state:"in progress"', "in progress") == [f.name for f in ALL]


def test_an_unknown_key_is_named() -> None:
    assert parse_filter("subjekt:1").unknown == ("subjekt",)


def test_nothing_typed_is_no_filter() -> None:
    assert not parse_filter("   ")
    assert parse_filter("wave") == Filter(words=("wave",))


@given(st.text())
def test_half_typed_text_never_fails(text: str) -> None:
    for found in ALL:
        parse_filter(text).accepts(found, searchable(found), "unlabelled")
