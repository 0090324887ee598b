"""The version log: who did what when, any of it brought back, and nothing that depends on it."""

from __future__ import annotations

import datetime
import random
from pathlib import Path

import pytest

from harstudio.errors import DataError, UsageError
from harstudio.labels.editing.edits import (
    AddClip,
    AddTier,
    ChangeClip,
    ChangeTier,
    Edit,
    Keep,
    MarkDone,
)
from harstudio.labels.keeping import history as history_module
from harstudio.labels.keeping import versions
from harstudio.labels.keeping.document_file import dump_document, parse_document
from harstudio.labels.keeping.history import History
from harstudio.labels.keeping.recovery import journal_path, snapshot
from harstudio.labels.keeping.versions import log_path
from harstudio.labels.model import Clip, Document, Tier, TierRules
from harstudio.labels.team.differences import edit_between


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "r" / "alice.json"


def opened(path: Path, by: str = "") -> History:
    return History(path, "r", "alice", by=by)


def crash(history: History) -> None:
    history._journal.close()
    assert history._lock is not None
    history._lock.release()


def clip(number: int) -> Clip:
    return Clip(number * 10, number * 10 + 10, f"label {number}", id=f"c{number}")


def edited(path: Path, sessions: int = 3, each: int = 3) -> dict[int, object]:
    """A document of several sessions; what it was at each revision."""
    states: dict[int, object] = {}
    for session in range(sessions):
        history = opened(path)
        history.changed.connect(lambda _edit, h=history: None)
        if session == 0:
            states[0] = snapshot(history.document)
            history.do(AddTier("t"))
            states[1] = snapshot(history.document)
        for number in range(each):
            history.do(AddClip("t", clip(session * each + number)))
            states[history.document.revision] = snapshot(history.document)
            if number == 0:
                history.save()
        history.close()
    return states


def test_every_version_of_every_session_can_be_restored_and_that_undone(path: Path) -> None:
    states = edited(path)
    history = opened(path)
    told = history.versions()
    assert [version.revision for version in told] == sorted(states, reverse=True)[:-1]
    assert told[0].title == "Label “label 8”"
    assert {version.by for version in told} == {"alice"}
    latest = snapshot(history.document)
    for revision, state in states.items():
        if revision == max(states):
            continue
        edit = history.restore(revision)
        assert edit.title == f"Restore version {revision}"
        assert snapshot(history.document) == state
        history.undo()
        assert snapshot(history.document) == latest
    with pytest.raises(UsageError, match="already"):
        history.restore(max(states))
    history.close()


def test_versions_say_who_and_when_though_the_clock_goes_back(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clock that runs backwards by a day at each edit; the order is that of the edits."""
    now = datetime.datetime(2026, 3, 7, 12, tzinfo=datetime.UTC)

    class Clock(datetime.datetime):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> datetime.datetime:
            nonlocal now
            now -= datetime.timedelta(days=1)
            return now

    monkeypatch.setattr(history_module.datetime, "datetime", Clock)
    history = opened(path, by="carol")
    history.do(AddTier("t"))
    history.do(AddClip("t", clip(0)))
    history.save()
    history.do(AddClip("t", clip(1)))
    crash(history)
    history = opened(path)
    told = history.versions()
    assert [version.revision for version in told] == [3, 2, 1]
    days = [version.at[:10] for version in told]
    assert days == sorted(set(days))  # the newest version has the oldest date
    assert len(days) == 3
    assert {version.by for version in told} == {"carol"}
    history.restore(2)
    assert [c.label for c in history.document.tiers[0].clips] == ["label 0"]
    assert history.undo() is not None
    history.close()


def test_a_dragged_edge_is_one_version(path: Path) -> None:
    history = opened(path)
    history.do(AddTier("t"))
    history.do(AddClip("t", clip(0)))
    before = clip(0)
    for end_ns in range(11, 16):
        after = Clip(0, end_ns, "label 0", id="c0")
        history.do(ChangeClip("t", before, after), merge=end_ns > 11)
        before = after
    assert [(v.revision, v.title) for v in history.versions()] == [
        (7, "Move edge"),
        (2, "Label “label 0”"),
        (1, "Add tier “t”"),
    ]
    history.close()


def test_a_kill_between_log_and_journal_doubles_nothing(path: Path) -> None:
    history = opened(path)
    history.do(AddTier("t"))
    for number in range(3):
        history.do(AddClip("t", clip(number)))
    pending = history.begin_save()
    assert pending is not None
    pending.write()  # document and log are written, the journal is there yet
    crash(history)
    assert log_path(path).exists()
    history = opened(path)
    assert history.undo_title == "Label “label 2”"
    history.do(AddClip("t", clip(3)))
    history.save()
    assert log_path(path).read_bytes().count(b'"revision":2,') == 2
    assert [version.revision for version in history.versions()] == [5, 4, 3, 2, 1]
    history.restore(1)
    assert history.document.tiers[0].clips == []
    history.close()


def test_undo_goes_back_over_saves_and_kills_to_the_opening(path: Path) -> None:
    edited(path, sessions=1)
    history = opened(path)
    for number in range(10, 14):
        history.do(AddClip("t", clip(number)))
        history.save()
        crash(history)
        history = opened(path)
    assert not journal_path(path).exists()
    for number in range(13, 9, -1):
        assert history.undo_title == f"Label “label {number}”"
        history.undo()
    assert not history.can_undo
    assert len(history.document.tiers[0].clips) == 3
    for _ in range(4):
        history.redo()
    assert not history.unsaved
    history.close()


def test_half_a_line_of_a_killed_write_costs_no_undo(path: Path) -> None:
    edited(path, sessions=1)
    history = opened(path)
    for number in range(10, 13):
        history.do(AddClip("t", clip(number)))
        if number == 10:
            history.save()
    crash(history)
    journal_path(path).write_bytes(journal_path(path).read_bytes()[:-5])
    history = opened(path)
    assert "half written" in history.problems[0]
    assert [edit.title for edit in history._stack.done] == ["Label “label 10”", "Label “label 11”"]
    history.close()


def test_without_a_log_labels_are_as_ever_and_older_versions_are_refused(path: Path) -> None:
    edited(path)
    log_path(path).unlink()
    history = opened(path)
    assert len(history.document.tiers[0].clips) == 9
    assert history.versions() == ()
    with pytest.raises(DataError, match="does not tell what happened between the versions 4 and"):
        history.restore(4)
    history.do(AddClip("t", clip(20)))
    history.close()
    history = opened(path)
    assert [version.title for version in history.versions()] == ["Label “label 20”"]
    history.restore(10)
    assert len(history.document.tiers[0].clips) == 9
    history.close()


@pytest.mark.parametrize("seed", range(8))
def test_a_damaged_log_never_harms_the_labels(path: Path, seed: int) -> None:
    """What is restored is right, or refused in words; the document opens, and grows."""
    states = edited(path)
    chance = random.Random(seed)
    data = bytearray(log_path(path).read_bytes())
    for _ in range(chance.randint(1, 6)):
        data[chance.randrange(len(data))] = chance.randrange(256)
    log_path(path).write_bytes(bytes(data[: chance.randint(len(data) // 2, len(data))]))
    history = opened(path)
    assert history.problems == ()
    latest = snapshot(history.document)
    assert latest == states[max(states)]
    refused: list[str] = []
    for revision in states:
        try:
            history.restore(revision)
        except DataError as error:
            refused.append(str(error))
            assert snapshot(history.document) == latest
        except UsageError:
            assert revision == max(states)
        else:
            assert snapshot(history.document) == states[revision]
            history.undo()
    assert all("Nothing was changed" in told for told in refused)
    history.do(AddClip("t", clip(30)))
    history.close()
    history = opened(path)
    assert history.versions()[0].title == "Label “label 30”"
    history.close()


def test_an_older_file_that_was_put_back_can_be_brought_forward(path: Path) -> None:
    """As by version control: the log knows what the file does not."""
    edited(path, sessions=1)
    older = path.read_bytes()
    edited_again = opened(path)
    edited_again.do(AddClip("t", clip(8)))
    edited_again.close()
    latest = path.read_bytes()
    path.write_bytes(older)
    history = opened(path)
    assert not history.can_undo
    history.restore(5)
    assert history.document.tiers == parse_document(latest, path)[0].tiers
    history.undo()
    history.do(AddClip("t", clip(9)))  # another revision 5 and so on: it counts now
    history.close()
    history = opened(path)
    history.restore(4)
    assert len(history.document.tiers[0].clips) == 3
    history.close()


def test_a_document_that_something_else_changed_refuses_what_does_not_fit(path: Path) -> None:
    edited(path, sessions=1)
    path.write_bytes(path.read_bytes().replace(b"label 2", b"theirs"))
    history = opened(path)
    with pytest.raises(DataError, match="something else changed them"):
        history.restore(2)
    assert [c.label for c in history.document.tiers[0].clips][-1] == "theirs"
    history.close()


def test_only_the_end_of_a_huge_log_is_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    edited(path)
    monkeypatch.setattr(versions, "READ_AT_MOST", log_path(path).stat().st_size // 2)
    history = opened(path)
    told = history.versions()
    assert 2 < len(told) < 9
    history.restore(told[-1].revision)
    history.undo()
    with pytest.raises(DataError, match="does not tell"):
        history.restore(0)
    history.close()


def test_a_log_that_cannot_be_written_keeps_the_journal(path: Path) -> None:
    log_path(path).mkdir(parents=True)  # nothing can be appended to a folder
    history = opened(path)
    history.do(AddTier("t"))
    history.save()
    assert not history.unsaved
    assert path.exists()
    assert journal_path(path).exists()
    history.close()
    log_path(path).rmdir()
    history = opened(path)
    history.do(AddClip("t", clip(0)))
    history.close()
    assert not journal_path(path).exists()
    history = opened(path)
    assert [version.revision for version in history.versions()] == [2, 1]
    history.close()


def random_document(chance: random.Random) -> Document:
    document = Document("r", "alice", done=chance.random() < 0.5)
    if chance.random() < 0.5:
        document.kept["elan"] = f"<x>{chance.randrange(2)}</x>"
    for name in chance.sample("abcd", chance.randrange(5)):
        overlap = chance.random() < 0.3
        rules = TierRules(overlap=overlap, person=chance.choice(("", "1")))
        tier = Tier(name, rules=rules)
        for number in range(6):
            if chance.random() < 0.6:
                end = number * 10 + (30 if overlap else 10)
                tier.insert(Clip(number * 10, end, chance.choice("xyz"), id=f"{name}{number}"))
        document.tiers.append(tier)
    return document


@pytest.mark.parametrize("seed", range(40))
def test_the_edit_between_two_documents_makes_one_the_other(seed: int) -> None:
    chance = random.Random(seed)
    now, then = random_document(chance), random_document(chance)
    edit = edit_between(now, then, "Restore")
    start = snapshot(now)
    if edit is None:
        assert start == snapshot(then)
        return
    edit = Edit.from_dict(edit.to_dict())
    edit.apply(now)
    assert snapshot(now) == snapshot(then)
    edit.inverse().apply(now)
    assert snapshot(now) == start


def test_a_plain_clip_is_written_as_any_other() -> None:
    strange = Clip(1, 2, 'a "quoted"\n\\ \u2028 name \udcff 日本', id="i\x00d")
    document = Document("r", "a", [Tier("t", [strange])], kept={"x": "y"}, done=True)
    data = dump_document(document, "j")
    again, journal = parse_document(data, Path("x"))
    assert (again, journal) == (document, "j")
    assert b'{"id":"i\\u0000d","start_ns":1,' in data


def test_rules_marks_and_what_is_kept_are_restored_too(path: Path) -> None:
    history = opened(path)
    history.do(AddTier("t"))
    history.do(MarkDone(True))
    history.do(Keep("elan", "", "<x/>"))
    history.do(ChangeTier("t", "u", TierRules(), TierRules(overlap=True)))
    history.restore(1)
    document = history.document
    assert (document.done, document.kept) == (False, {})
    assert [(tier.name, tier.rules) for tier in document.tiers] == [("t", TierRules())]
    history.close()
