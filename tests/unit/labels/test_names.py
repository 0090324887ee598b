"""Folder names for recordings: readable, safe everywhere, no two alike."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harstudio.labels.keeping.names import Names, safe_name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a1_s1_t1", "a1_s1_t1"),
        ("S001C001P001R001A001", "S001C001P001R001A001"),
        ("日本語 übung", "日本語 übung"),
        ("a/b\\c:d", "a%2Fb%5Cc%3Ad"),
        ("..", "%2E%2E"),
        ("", "%"),
        (".hidden", "%2Ehidden"),
        ("dot.", "dot%2E"),
        ("space ", "space%20"),
        ("CON", "%43ON"),
        ("nul.txt", "%6Eul.txt"),
        ("com1", "%63om1"),
        ("console", "console"),
        ("100%", "100%25"),
        ("u\u0308ber", "über"),
    ],
)
def test_known_names(name: str, expected: str) -> None:
    assert safe_name(name) == expected


@given(st.lists(st.text(max_size=30), unique=True, max_size=8))
def test_other_names_get_other_folders(names: list[str]) -> None:
    import unicodedata

    taken: list[str] = []
    whose: dict[str, str] = {}
    for name in names:
        folder = Names(taken).safe(name)
        whole = unicodedata.normalize("NFC", name)
        assert whose.setdefault(folder.casefold(), whole) == whole
        taken.append(folder)
        assert Names(taken).safe(name) == folder
        assert name in Names(taken)


@given(st.text(max_size=400))
def test_names_can_be_made(name: str) -> None:
    folder = safe_name(name)
    assert len(folder.encode()) < 200
    assert not set(folder) & set('<>:"/\\|?*\0')
    assert folder == Path(folder).name
    assert folder[-1] not in ". "
    assert folder[0] != "."


def test_names_alike_but_for_case_are_kept_apart() -> None:
    marked = Names(["walk"]).safe("Walk")
    assert marked.startswith("Walk~")
    assert Names(["Walk", "walk"]).safe("Walk") == "Walk"
    assert Names(["walk", marked]).safe("Walk") == marked
    assert "Walk" not in Names(["walk"])


def test_long_names_differ() -> None:
    one, two = safe_name("長" * 200 + "a"), safe_name("長" * 200 + "b")
    assert one != two
