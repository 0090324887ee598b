"""Damaged documents and journals: reported with a file name, kept, never opened as empty."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from harstudio.errors import ConflictError, DataError
from harstudio.labels.editing.edits import AddClip, AddTier
from harstudio.labels.keeping.document_file import dump_document, parse_document
from harstudio.labels.keeping.history import History
from harstudio.labels.keeping.journal import parse_journal
from harstudio.labels.keeping.recovery import journal_path
from harstudio.labels.model import Clip


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "r" / "älice.json"


def opened(path: Path) -> History:
    return History(path, "r", "älice")


def crashed(path: Path, saved: int = 2, unsaved: int = 3) -> list[str]:
    """A document with clips, some only in the journal; returns the labels."""
    history = opened(path)
    history.do(AddTier("t", 0))
    for number in range(saved + unsaved):
        clip = Clip(number * 10, number * 10 + 10, f"läbel {number}", id=f"c{number}")
        history.do(AddClip("t", clip))
        if number + 1 == saved:
            history.save()
    history._journal.close()
    assert history._lock is not None
    history._lock.release()
    return labels(history)


def labels(history: History) -> list[str]:
    return [clip.label for tier in history.document.tiers for clip in tier.clips]


def test_half_a_last_line_is_left_out_told_and_kept(path: Path) -> None:
    written = crashed(path)
    journal = journal_path(path)
    torn = journal.read_bytes()[:-7]
    journal.write_bytes(torn)
    history = opened(path)
    assert labels(history) == written[:-1]
    assert "half written" in history.problems[0]
    assert str(journal) in history.problems[0]
    aside = path.with_name("älice.journal.damaged-1.jsonl")
    assert aside.read_bytes() == torn
    assert aside.name in history.problems[1]
    history.do(AddClip("t", Clip(900, 910, "after", id="after")))
    history.close()
    history = opened(path)
    assert labels(history) == [*written[:-1], "after"]
    assert history.problems == ()
    history.close()


def test_a_damaged_line_loses_only_itself(path: Path) -> None:
    written = crashed(path)
    journal = journal_path(path)
    lines = journal.read_bytes().split(b"\n")
    lines[2] = lines[2].replace(b"3", b"4", 1)
    journal.write_bytes(b"\n".join(lines))
    history = opened(path)
    assert labels(history) == [w for w in written if w != "läbel 3"]
    assert "1 of the unsaved edits cannot be read" in history.problems[0]
    history.close()
    assert path.with_name("älice.journal.damaged-1.jsonl").exists()


def test_a_missing_line_is_noticed(path: Path) -> None:
    crashed(path)
    lines = journal_path(path).read_bytes().split(b"\n")
    del lines[2]
    journal_path(path).write_bytes(b"\n".join(lines))
    history = opened(path)
    assert labels(history) == ["läbel 0", "läbel 1", "läbel 2", "läbel 4"]
    assert "1 of the unsaved edits" in history.problems[0]
    history.close()


def test_a_line_that_is_there_twice_counts_once(path: Path) -> None:
    written = crashed(path)
    lines = journal_path(path).read_bytes().split(b"\n")
    journal_path(path).write_bytes(b"\n".join([*lines[:-1], *lines[1:]]))
    history = opened(path)
    assert labels(history) == written
    history.close()


def test_a_journal_without_its_header_is_put_on_top(path: Path) -> None:
    written = crashed(path)
    lines = journal_path(path).read_bytes().split(b"\n")
    journal_path(path).write_bytes(b"\n".join([b"rubbish", *lines[1:]]))
    history = opened(path)
    assert labels(history) == written
    assert history.problems
    history.do(AddClip("t", Clip(900, 910, "after", id="after")))
    history.close()


@pytest.mark.parametrize("seed", range(40))
def test_random_damage_of_a_journal_never_harms_what_is_saved(path: Path, seed: int) -> None:
    written = crashed(path)
    chance = random.Random(seed)
    data = bytearray(journal_path(path).read_bytes())
    for _ in range(chance.randint(1, 5)):
        data[chance.randrange(len(data))] = chance.randrange(256)
    damaged = bytes(data[: chance.randint(len(data) // 2, len(data))])
    journal_path(path).write_bytes(damaged)
    history = opened(path)
    assert labels(history)[:2] == written[:2]
    assert set(labels(history)) <= set(written)
    assert history.problems or labels(history) == written
    if history.problems:
        kept = path.parent.glob("*.damaged-*.jsonl")
        assert [file.read_bytes() for file in kept] == [damaged]
    history.close()


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[: len(data) // 2],
        lambda data: b"\x00" * len(data),
        lambda data: b"[" * 100_000,
        lambda data: data.replace(b'"end_ns":10', b'"end_ns":12'),
        lambda data: data.replace(b'"end_ns":10', b'"end_ns":0'),
        lambda data: data.replace(b'"end_ns":10', b'"end_ns":"10"'),
        lambda data: data.replace(b'"c1"', b'"c0"'),
        lambda data: data.replace(b'"revision"', b'"revisoin"'),
        lambda data: data.replace(b"harstudio-labels", b"something-else"),
        lambda data: data.replace(b'"version": 2', b'"version": 3'),
        lambda data: b"<<<<<<< HEAD\n" + data,
    ],
)
def test_a_damaged_document_is_told_and_kept(path: Path, damage: object) -> None:
    crashed(path)
    damaged = damage(path.read_bytes())  # type: ignore[operator]
    journal = journal_path(path).read_bytes()
    path.write_bytes(damaged)
    with pytest.raises(DataError) as caught:
        opened(path)
    assert str(path) in str(caught.value)
    assert path.read_bytes() == damaged
    assert journal_path(path).read_bytes() == journal
    assert {p.suffix for p in path.parent.iterdir()} == {".json", ".jsonl"}  # no lock stays


def test_a_journal_whose_document_is_gone_is_not_opened_as_empty(path: Path) -> None:
    crashed(path)
    path.unlink()
    with pytest.raises(DataError, match="are gone"):
        opened(path)
    assert journal_path(path).exists()


def test_saving_never_overwrites_what_something_else_wrote(path: Path) -> None:
    crashed(path, saved=2, unsaved=0)
    history = opened(path)
    history.do(AddClip("t", Clip(500, 510, "mine", id="mine")))
    document, _ = parse_document(path.read_bytes(), path)
    document.tiers[0].clips.append(Clip(700, 710, "theirs", id="theirs"))
    document.revision += 5
    theirs = dump_document(document, "another journal")
    path.write_bytes(theirs)
    with pytest.raises(ConflictError, match="nothing was overwritten"):
        history.save()
    with pytest.raises(ConflictError):
        history.close()
    assert path.read_bytes() == theirs
    again = opened(path)
    assert labels(again) == ["läbel 0", "läbel 1", "mine", "theirs"]
    assert "put on top" in again.problems[0]
    again.close()
    again = opened(path)
    assert labels(again) == ["läbel 0", "läbel 1", "mine", "theirs"]
    assert again.problems == ()
    again.close()


def test_what_does_not_fit_on_a_changed_document_is_kept_aside(path: Path) -> None:
    crashed(path, saved=1, unsaved=1)
    document, _ = parse_document(path.read_bytes(), path)
    document.tiers[0].clips.append(Clip(15, 18, "in the way", id="x"))
    path.write_bytes(dump_document(document, "another journal"))
    history = opened(path)
    assert labels(history) == ["läbel 0", "in the way"]
    assert "1 of the unsaved edits" in history.problems[1]
    history.close()
    [aside] = path.parent.glob("*.damaged-1.jsonl")
    assert parse_journal(aside.read_bytes()).records[0].edit.title == "Label “läbel 1”"


def test_document_file_has_a_line_a_clip_and_strange_names(path: Path) -> None:
    history = opened(path)
    history.do(AddTier("日本\udcff", 0))
    for number in range(3):
        history.do(AddClip("日本\udcff", Clip(number, number + 1, 'a "quoted"\nname\u2028')))
    history.close()
    data = path.read_bytes()
    assert sum(b'"start_ns"' in line for line in data.split(b"\n")) == 3
    assert "日本".encode() in data
    assert json.loads(data)["tiers"][0]["name"] == "日本\udcff"
    again = opened(path)
    assert again.document.tiers == history.document.tiers
    again.close()
