"""History: journalled before anybody hears, undo that knows what is saved, save and reopen."""

from __future__ import annotations

import errno
import os
from dataclasses import replace
from pathlib import Path

import pytest

from harstudio.errors import HarstudioError, UsageError
from harstudio.labels.editing.edits import AddClip, AddTier, ChangeClip, Edit
from harstudio.labels.keeping.document_file import parse_document
from harstudio.labels.keeping.history import History
from harstudio.labels.keeping.recovery import journal_path, load
from harstudio.labels.model import Clip


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "labels" / "r" / "alice.json"


def opened(path: Path) -> History:
    return History(path, "r", "alice")


def clip(number: int) -> Clip:
    return Clip(number * 100, number * 100 + 100, f"label {number}", id=f"clip{number}")


def labelled(path: Path, count: int) -> History:
    history = opened(path)
    history.do(AddTier("t", 0))
    for number in range(count):
        history.do(AddClip("t", clip(number)))
    return history


def crash(history: History) -> None:
    """What a killed process leaves: nothing is saved, the lock of a dead process is there."""
    history._journal.close()
    assert history._lock is not None
    history._lock.release()


def test_an_edit_is_in_the_journal_before_it_is_told(path: Path) -> None:
    history = opened(path)
    told: list[Edit] = []

    def listen(edit: Edit) -> None:
        told.append(edit)
        assert load(path, "r", "alice").document == history.document

    history.changed.connect(listen)
    history.do(AddTier("t", 0))
    history.do(AddClip("t", clip(0)))
    history.undo()
    history.redo()
    assert [type(edit).__name__ for edit in told] == ["AddTier", "AddClip", "RemoveClip", "AddClip"]
    history.close()


def test_every_append_is_synced(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    history = labelled(path, 1)
    synced: list[int] = []
    fsync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda fd: (synced.append(fd), fsync(fd))[1])
    for number in (1, 2):
        history.do(AddClip("t", clip(number)))
    history.undo()
    assert len(synced) == 3
    history.close()


def test_unsaved_knows_about_undo(path: Path) -> None:
    history = labelled(path, 2)
    assert history.unsaved
    history.save()
    assert not history.unsaved
    assert history.undo_title == "Label “label 1”"  # undo goes on across saving
    history.undo()
    assert history.unsaved
    history.redo()
    assert not history.unsaved
    history.undo()
    history.save()
    assert not history.unsaved
    history.redo()
    assert history.unsaved
    history.close()
    assert opened_clips(path) == 2


def opened_clips(path: Path) -> int:
    history = opened(path)
    count = sum(len(tier.clips) for tier in history.document.tiers)
    history.close()
    return count


def test_reopened_document_is_equal_and_the_folder_clean(path: Path) -> None:
    history = labelled(path, 5)
    document = history.document
    history.close()
    assert sorted(p.name for p in path.parent.iterdir()) == ["alice.history.jsonl", "alice.json"]
    again = opened(path)
    assert again.document == document
    assert not again.can_undo
    assert not again.unsaved
    again.close()


def test_looking_leaves_nothing_behind(path: Path) -> None:
    opened(path).close()
    assert not path.parent.exists()


def test_doing_and_undoing_leaves_nothing_behind(path: Path) -> None:
    history = opened(path)
    history.do(AddTier("t", 0))
    history.undo()
    assert not history.unsaved
    history.close()
    assert not path.parent.exists()


def test_after_a_crash_state_and_undo_stack_are_back(path: Path) -> None:
    history = labelled(path, 3)
    history.undo()
    crash(history)
    again = opened(path)
    assert again.document == history.document
    assert again.problems == ()
    assert again.unsaved
    assert (again.undo_title, again.redo_title) == ("Label “label 1”", "Label “label 2”")
    again.redo()
    assert opened_after_crash(again, path) == 3


def opened_after_crash(history: History, path: Path) -> int:
    crash(history)
    return opened_clips(path)


def test_undo_of_a_saved_edit_survives_a_crash(path: Path) -> None:
    history = labelled(path, 3)
    history.save()
    history.undo()
    crash(history)
    again = opened(path)
    assert again.document == history.document
    assert again.unsaved
    assert again.redo_title == "Label “label 2”"
    again.redo()
    assert not again.unsaved
    again.close()


def test_dragging_is_one_undo_step_also_after_a_crash(path: Path) -> None:
    history = labelled(path, 1)
    before = clip(0)
    for step in range(1, 6):
        after = replace(before, end_ns=100 + step)
        history.do(ChangeClip("t", before, after), merge=step > 1)
        before = after
    crash(history)
    again = opened(path)
    assert again.undo_title == "Move edge"
    again.undo()
    assert again.document.tiers[0].clips == [clip(0)]
    assert again.undo_title == "Label “label 0”"
    again.close()


def test_dragging_away_and_back_leaves_no_undo_step(path: Path) -> None:
    history = labelled(path, 1)
    history.save()
    there = ChangeClip("t", clip(0), replace(clip(0), end_ns=150))
    history.do(there)
    history.do(there.inverse(), merge=True)
    assert history.undo_title == "Label “label 0”"
    assert not history.unsaved
    history.close()


def test_a_new_gesture_does_not_merge_after_an_undo(path: Path) -> None:
    history = labelled(path, 1)
    first = ChangeClip("t", clip(0), replace(clip(0), end_ns=150))
    history.do(first)
    history.do(ChangeClip("t", first.after, replace(clip(0), end_ns=160)))
    history.undo()
    history.do(ChangeClip("t", first.after, replace(clip(0), end_ns=170)), merge=True)
    history.undo()
    assert history.document.tiers[0].clips == [first.after]
    history.close()


@pytest.mark.parametrize("written", [0, 10])
def test_a_full_disk_refuses_the_edit_and_nothing_else(
    path: Path, monkeypatch: pytest.MonkeyPatch, written: int
) -> None:
    history = labelled(path, 2)
    before = load(path, "r", "alice").document
    told: list[Edit] = []
    history.changed.connect(told.append)

    class FullDisk:
        """The journal's file on a disk that takes only so many bytes more."""

        def __init__(self, file: object) -> None:
            self.file = file

        def __getattr__(self, name: str) -> object:
            return getattr(self.file, name)

        def write(self, data: bytes) -> int:
            self.file.write(data[:written])  # type: ignore[attr-defined]
            if not written:
                raise OSError(errno.ENOSPC, "No space left on device")
            return written

    journal = history._journal
    journal._file = FullDisk(journal._opened())  # type: ignore[assignment]
    with pytest.raises(HarstudioError, match="No space left"):
        history.do(AddClip("t", clip(2)))
    assert told == []
    assert history.document == before
    assert history.undo_title == "Label “label 1”"
    history.do(AddClip("t", clip(3)))  # there is room again
    crash(history)
    again = opened(path)
    assert again.problems == ()
    assert again.document == history.document
    again.close()


def test_a_deleted_journal_is_noticed_and_the_document_saved_instead(path: Path) -> None:
    history = labelled(path, 2)
    history.do(AddClip("t", clip(2)))
    journal_path(path).unlink()
    history.do(AddClip("t", clip(3)))
    assert len(parse_document(path.read_bytes(), path)[0].tiers[0].clips) == 3
    crash(history)
    assert opened_clips(path) == 4


def test_a_failed_save_keeps_every_edit(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    history = labelled(path, 2)

    def refuse(self: Path, target: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", refuse)
        with pytest.raises(HarstudioError, match="Permission denied"):
            history.close()
    assert not path.exists()
    assert [p.name for p in path.parent.iterdir()] == ["alice.journal.jsonl"]
    assert opened_clips(path) == 2


def test_a_closed_history_refuses_edits(path: Path) -> None:
    history = labelled(path, 1)
    history.close()
    history.close()
    with pytest.raises(UsageError, match="read-only"):
        history.do(AddClip("t", clip(1)))
    assert history.undo() is None


@pytest.mark.parametrize("moment", ["before replace", "after replace", "after unlink"])
def test_a_kill_while_saving_loses_and_doubles_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    class Killed(BaseException):
        pass

    def kill(*args: object, **kwargs: object) -> None:
        raise Killed

    history = labelled(path, 3)
    with monkeypatch.context() as patch:
        if moment == "before replace":
            patch.setattr(Path, "replace", kill)
        elif moment == "after replace":
            patch.setattr(Path, "unlink", kill)
        else:
            history.save()
        if moment != "after unlink":
            with pytest.raises(Killed):
                history.save()
    assert journal_path(path).exists() is (moment != "after unlink")
    crash(history)
    again = opened(path)
    assert again.problems == ()
    assert again.document.tiers == history.document.tiers
    again.do(AddClip("t", clip(3)))
    crash(again)
    assert opened_clips(path) == 4
    assert not list(path.parent.glob(".*"))
