"""Mutated label files: a clear error or a whole document, never a crash and never an overlap."""

from __future__ import annotations

import random
from itertools import pairwise
from pathlib import Path

import pytest

from harstudio.errors import DataError
from harstudio.labels.editing.edits import AddClip, AddTier
from harstudio.labels.keeping.document_file import dump_document, parse_document
from harstudio.labels.keeping.history import History
from harstudio.labels.keeping.journal import parse_journal
from harstudio.labels.label_sets.label_set import LabelSet, bundled_label_set
from harstudio.labels.model import Clip, Document, Origin, Tier

SNIPPETS = [
    b"{",
    b"]",
    b'"',
    b",",
    b"null",
    b"-1",
    b"1e999",
    b"NaN",
    b"\x00",
    b"\xff",
    b"\n",
    b"tru",
]


def sample() -> bytes:
    clips = [
        Clip(i * 10, i * 10 + 10, f"läbel {i % 3}", "1", 0.5, Origin.MODEL, "c", id=f"c{i}")
        for i in range(20)
    ]
    return dump_document(Document("r", "ä", [Tier("a", clips), Tier("b")], 21), "journal")


def mutated(data: bytes, chance: random.Random) -> bytes:
    data = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(data) + 1)
        what = chance.randrange(4)
        if what == 0 and place < len(data):
            data[place] ^= 1 << chance.randrange(8)
        elif what == 1:
            del data[place : place + chance.randint(1, 40)]
        elif what == 2:
            data[place:place] = chance.choice(SNIPPETS)
        elif what == 3:
            other = chance.randrange(len(data) + 1)
            data[place:place] = data[other : other + chance.randint(1, 60)]
    return bytes(data)


def read_mutated(count: int) -> int:
    """How many of so many mutated documents were refused."""
    chance, path, data = random.Random(5), Path("x.json"), sample()
    sentences: list[str] = []
    for _ in range(count):
        try:
            document, _ = parse_document(mutated(data, chance), path)
        except DataError as error:
            sentences.append(str(error))
        else:
            for tier in document.tiers:
                assert all(a.end_ns <= b.start_ns for a, b in pairwise(tier.clips))
    assert all("x.json" in sentence and len(sentence) < 1000 for sentence in sentences)
    return len(sentences)


def read_mutated_journals(folder: Path, count: int) -> int:
    """How many of so many mutated journals lost something, all of it told."""
    path = folder / "r.json"
    history = History(path, "r", "ä")
    history.do(AddTier("t", 0))
    for number in range(20):
        history.do(AddClip("t", Clip(number, number + 1, "x")))
    history._journal.close()
    data = (folder / "r.journal.jsonl").read_bytes()
    whole, chance, lossy = parse_journal(data), random.Random(6), 0
    for _ in range(count):
        contents = parse_journal(mutated(data, chance))
        assert set(contents.records) <= set(whole.records)
        lossy += len(contents.records) < len(whole.records)
    history.close()
    return lossy


def test_mutated_documents() -> None:
    assert 100 < read_mutated(300) < 300


def test_mutated_journals(tmp_path: Path) -> None:
    assert read_mutated_journals(tmp_path, 100) > 50


@pytest.mark.slow
def test_many_mutated_documents(tmp_path: Path) -> None:
    assert 1000 < read_mutated(5000) < 5000
    assert read_mutated_journals(tmp_path, 2000) > 1000


def test_mutated_label_sets(tmp_path: Path) -> None:
    path, chance = tmp_path / "labels.toml", random.Random(7)
    bundled_label_set("n-ucla").save(path)
    data, refused = path.read_bytes(), 0
    for _ in range(200):
        path.write_bytes(mutated(data, chance))
        try:
            LabelSet.load(path)
        except DataError:
            refused += 1
    assert 50 < refused < 200
