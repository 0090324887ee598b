"""What collecting saw is kept: recordings are opened again only when their files change."""

from __future__ import annotations

from pathlib import Path

import pytest

from harstudio.learning.data import looked
from harstudio.learning.data.datasets import collect
from harstudio.recordings.formats import open_recording
from harstudio.settings import cache_dir
from trials import write_trial


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the recordings that collecting opens, which still opens them."""
    names: list[str] = []

    def counted(path: Path):
        names.append(path.name)
        return open_recording(path)

    monkeypatch.setattr(looked, "open_recording", counted)
    return names


@pytest.fixture
def trials(tmp_path: Path) -> Path:
    for name in ("a1_s1_t1", "a2_s1_t1", "a1_s2_t1"):
        write_trial(tmp_path / "utd", name)
    return tmp_path / "utd"


def test_the_second_time_nothing_is_opened(trials: Path, opened: list[str]) -> None:
    first = collect(trials)
    assert len(opened) == 3
    assert collect(trials) == first
    assert len(opened) == 3
    write_trial(trials, "a2_s2_t1")
    assert len(collect(trials).samples) == 4
    assert opened[3:] == ["a2_s2_t1_skeleton.mat"]


def test_any_file_of_a_recording_that_changed_has_it_opened_again(
    trials: Path, opened: list[str]
) -> None:
    collect(trials)
    changed = next(trials.rglob("a1_s1_t1_inertial.mat"))
    changed.write_bytes(changed.read_bytes() + b"\0" * 8)
    collect(trials)
    assert opened[3:] == ["a1_s1_t1_skeleton.mat"]


def test_a_stream_that_is_gone_has_it_opened_again(trials: Path, opened: list[str]) -> None:
    assert len(collect(trials).lacking.get("inertial", ())) == 0
    next(trials.rglob("a1_s2_t1_inertial.mat")).unlink()
    assert len(collect(trials).lacking["inertial"]) == 1
    assert opened[3:] == ["a1_s2_t1_skeleton.mat"]


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"version": "0.0", "recordings": {}}'])
def test_a_damaged_index_only_costs_time(trials: Path, opened: list[str], damage: bytes) -> None:
    first = collect(trials)
    (index,) = (cache_dir() / "looked").iterdir()
    index.write_bytes(damage)
    assert collect(trials) == first
    assert len(opened) == 6


def test_entries_that_say_nonsense_are_not_believed(trials: Path, opened: list[str]) -> None:
    first = collect(trials)
    (index,) = (cache_dir() / "looked").iterdir()
    index.write_text(index.read_text().replace('"skeleton"', "null"))
    assert collect(trials) == first
    assert len(opened) == 6


def test_who_stops_keeps_what_was_seen(trials: Path, opened: list[str]) -> None:
    def stop(done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        collect(trials, progress=stop)
    assert len(opened) == 2
    collect(trials)
    assert len(opened) == 3
