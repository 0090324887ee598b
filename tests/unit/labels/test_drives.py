"""Drives that are full, read-only or gone, and other people's hands in the same folder.

Real file systems, not stand-ins: a small tmpfs, a bind mount that is made read-only or taken away.
They need the right to mount, and are skipped without it; a file size limit needs none.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from harstudio.errors import ConflictError, HarstudioError
from harstudio.labels.editing.edits import AddClip, AddTier
from harstudio.labels.keeping import lock as locks
from harstudio.labels.keeping.history import History
from harstudio.labels.keeping.journal import parse_journal
from harstudio.labels.keeping.lock import Lock
from harstudio.labels.keeping.recovery import journal_path
from harstudio.labels.model import Clip, new_id

posix = pytest.mark.skipif(sys.platform == "win32", reason="limits and mounts of POSIX")


def opened(folder: Path) -> History:
    return History(folder / "labels" / "r" / "alice.json", "r", "alice")


def label(history: History, number: int, comment: str = "") -> str:
    """One clip more; its label."""
    name = f"label {number}"
    if not history.document.tiers:
        history.do(AddTier("t"))
    clip = Clip(number * 10, number * 10 + 10, name, comment=comment, id=new_id())
    history.do(AddClip("t", clip))
    return name


def labels(history: History) -> list[str]:
    return [clip.label for tier in history.document.tiers for clip in tier.clips]


def crash(history: History) -> None:
    history._journal.close()
    assert history._lock is not None
    history._lock.release()


def mount(*arguments: str | Path) -> None:
    done = subprocess.run(["mount", *map(str, arguments)], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")


def unmount(folder: Path) -> None:
    subprocess.run(["umount", "-l", str(folder)], check=False, capture_output=True)


@pytest.fixture
def small_drive(tmp_path: Path) -> Iterator[Path]:
    """128 KiB, of which an edit takes little."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount("-t", "tmpfs", "-o", "size=128k", "tmpfs", folder)
    yield folder
    unmount(folder)


@pytest.fixture
def share(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """A folder that is mounted at another place, as a network drive is."""
    server, share = tmp_path / "server", tmp_path / "share"
    server.mkdir()
    share.mkdir()
    mount("--bind", server, share)
    yield server, share
    unmount(share)


def fill(drive: Path) -> Path:
    """Take all the room that is left."""
    ballast = drive / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (4096, 1):
            try:
                while file.write(b"x" * size) == size:
                    pass
            except OSError:
                pass
    return ballast


@posix
def test_a_full_drive_refuses_edits_and_saves_and_goes_on_when_there_is_room(
    small_drive: Path,
) -> None:
    history = opened(small_drive)
    kept = [label(history, 0), label(history, 1)]
    ballast = fill(small_drive)
    refused: list[str] = []
    for number in range(2, 40):  # what is left of the journal's last block takes a few yet
        try:
            kept.append(label(history, number, comment="why? " * 40))
        except HarstudioError as error:
            refused.append(str(error))
    assert len(refused) > 10
    assert all("No space left on device" in told and "Make room" in told for told in refused)
    assert labels(history) == kept
    with pytest.raises(HarstudioError, match="No space left"):
        history.save()
    pending = history.begin_save()
    assert pending is not None
    pending.write()
    with pytest.raises(HarstudioError, match="No space left"):
        history.end_save(pending)
    crash(history)
    history = opened(small_drive)  # full as it is
    assert labels(history) == kept
    assert history.problems == ()
    crash(history)
    ballast.unlink()
    history = opened(small_drive)
    assert labels(history) == kept
    kept.append(label(history, 50))
    history.save()
    kept.append(label(history, 51))
    history.close()
    history = opened(small_drive)
    assert labels(history) == kept
    assert history.problems == ()
    history.close()


@posix
@pytest.mark.parametrize("links", [True, False])
def test_a_full_drive_keeps_no_empty_lock(
    small_drive: Path, links: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(1, "Operation not permitted")

    if not links:
        monkeypatch.setattr(os, "link", refuse)
    (small_drive / "labels" / "r").mkdir(parents=True)
    ballast = fill(small_drive)
    looking = opened(small_drive)
    assert looking.read_only
    with pytest.raises(HarstudioError, match="No space left on device"):
        label(looking, 0)
    looking.close()
    with pytest.raises(OSError, match="No space left"):
        locks._create_without_link(small_drive / "one.lock", b"content")
    assert not (small_drive / "one.lock").exists()
    ballast.unlink()
    history = opened(small_drive)
    assert not history.read_only
    history.close()


@posix
def test_half_a_line_that_a_full_drive_took_is_cut_off(tmp_path: Path) -> None:
    """By the limit of a file's size the kernel takes a part of the line and refuses the rest."""
    import resource

    history = opened(tmp_path)
    kept = [label(history, 0), label(history, 1)]
    journal = journal_path(history.path)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (journal.stat().st_size + 50, hard))
    try:
        for _ in range(3):
            with pytest.raises(HarstudioError, match="cannot be written"):
                label(history, 2)
        torn = journal.read_bytes()  # as a kill would find it
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not parse_journal(torn).torn
    kept.append(label(history, 3))
    crash(history)
    history = opened(tmp_path)
    assert labels(history) == kept
    assert history.problems == ()
    history.close()


@posix
def test_a_drive_that_becomes_read_only_while_editing(share: tuple[Path, Path]) -> None:
    _, folder = share
    history = opened(folder)
    kept = [label(history, 0)]
    history._journal.close()  # no drive becomes read-only while a file is open for writing
    mount("-o", "remount,bind,ro", folder)
    with pytest.raises(HarstudioError, match="Read-only file system"):
        label(history, 1)
    with pytest.raises(HarstudioError, match="Read-only file system"):
        history.save()
    crash(history)
    looking = opened(folder)
    assert looking.read_only
    assert "Read-only file system" in looking.problems[0]
    assert labels(looking) == kept
    looking.close()
    mount("-o", "remount,bind,rw", folder)
    subprocess.run(["rm", "-f", str(history.path.with_suffix(".lock"))], check=True)
    history = opened(folder)
    kept.append(label(history, 2))
    history.close()
    history = opened(folder)
    assert labels(history) == kept
    history.close()


@posix
def test_a_drive_that_is_gone_and_comes_back(share: tuple[Path, Path]) -> None:
    """Nothing is written to the empty place that a mount leaves."""
    server, folder = share
    history = opened(folder)
    kept = [label(history, 0)]
    history.save()
    kept.append(label(history, 1))
    pending = history.begin_save()
    assert pending is not None
    unmount(folder)
    with pytest.raises(HarstudioError, match="whether the drive is there"):
        label(history, 2)
    pending.write()
    with pytest.raises(HarstudioError, match="whether the drive is there"):
        history.end_save(pending)
    with pytest.raises(HarstudioError, match="whether the drive is there"):
        history.save()
    assert labels(history) == kept
    assert list(folder.iterdir()) == []
    mount("--bind", server, folder)
    kept.append(label(history, 3))
    history.save()
    kept.append(label(history, 4))
    crash(history)
    history = opened(folder)
    assert labels(history) == kept
    assert history.problems == ()
    assert [v.revision for v in history.versions()] == [5, 4, 3, 2, 1]
    history.close()


def test_a_folder_that_is_moved_away_and_back(tmp_path: Path) -> None:
    history = opened(tmp_path)
    kept = [label(history, 0)]
    folder, away = history.path.parent, tmp_path / "away"
    if sys.platform == "win32":
        history._journal.close()
    folder.rename(away)
    for number in (1, 2):
        with pytest.raises(HarstudioError, match="whether the drive is there"):
            label(history, number)
    with pytest.raises(HarstudioError, match="whether the drive is there"):
        history.save()
    assert not folder.exists()
    away.rename(folder)
    kept.append(label(history, 3))
    history.close()
    history = opened(tmp_path)
    assert labels(history) == kept
    history.close()


def test_closing_while_the_folder_is_gone_keeps_every_edit(tmp_path: Path) -> None:
    history = opened(tmp_path)
    kept = [label(history, 0), label(history, 1)]
    folder, away = history.path.parent, tmp_path / "away"
    history._journal.close()
    folder.rename(away)
    with pytest.raises(HarstudioError, match="whether the drive is there"):
        history.close()
    away.rename(folder)
    history = opened(tmp_path)  # the lock is of this process, which let it go
    assert labels(history) == kept
    assert history.problems == ()
    history.close()


# ---- other people


def theirs(history: History, host: str = "lab-3") -> None:
    """Somebody deletes our lock and opens the document on another computer."""
    content = {"pid": 7, "host": host, "machine": "other", "token": "theirs", "beats": True}
    history.path.with_suffix(".lock").unlink()
    history.path.with_suffix(".lock").write_text(json.dumps(content))


def test_a_lock_that_was_deleted_is_taken_again(tmp_path: Path) -> None:
    history = opened(tmp_path)
    label(history, 0)
    history.path.with_suffix(".lock").unlink()
    label(history, 1)
    with pytest.raises(ConflictError, match="another window"):
        opened(tmp_path)
    history.close()
    assert not history.path.with_suffix(".lock").exists()


def test_who_took_the_document_over_is_told_and_nothing_overwritten(tmp_path: Path) -> None:
    history = opened(tmp_path)
    kept = [label(history, 0), label(history, 1)]
    theirs(history)
    before = journal_path(history.path).read_bytes()
    with pytest.raises(ConflictError, match=r"HARStudio on lab-3 while they were open here"):
        label(history, 2)
    with pytest.raises(ConflictError, match="lab-3"):
        history.save()
    with pytest.raises(ConflictError, match="lab-3"):
        history.close()
    assert journal_path(history.path).read_bytes() == before
    assert not history.path.exists()
    lock = history.path.with_suffix(".lock")
    assert "theirs" in lock.read_text()
    lock.unlink()
    history = opened(tmp_path)
    assert labels(history) == kept
    history.close()


def test_two_that_edit_one_document_notice_it(tmp_path: Path) -> None:
    """The worst case: the lock was deleted, both append to one journal."""
    first = opened(tmp_path)
    kept = [label(first, 0)]
    first.path.with_suffix(".lock").unlink()
    second = opened(tmp_path)
    kept.append(label(second, 1))
    with pytest.raises(ConflictError, match="another window"):
        label(first, 2)
    kept.append(label(second, 3))
    with pytest.raises(ConflictError):
        first.close()
    second.close()
    history = opened(tmp_path)
    assert labels(history) == kept
    assert history.problems == ()
    history.close()


@pytest.mark.parametrize("what", ["longer", "another", "shorter"])
def test_a_journal_that_something_else_wrote_is_kept_and_so_are_the_edits(
    tmp_path: Path, what: str
) -> None:
    history = opened(tmp_path)
    kept = [label(history, 0)]
    history.save()
    kept.append(label(history, 1))
    first = journal_path(history.path).read_bytes()
    kept.append(label(history, 2))
    journal = journal_path(history.path)
    data = {"longer": journal.read_bytes() + b"x\n", "another": b"theirs\n", "shorter": first}[what]
    journal.write_bytes(data)
    with pytest.raises(ConflictError, match=r"kept as alice\.journal\.conflict-1\.jsonl"):
        label(history, 3)
    assert history.path.with_name("alice.journal.conflict-1.jsonl").read_bytes() == data
    kept.append(label(history, 4))
    crash(history)
    history = opened(tmp_path)
    assert labels(history) == kept
    assert history.problems == ()
    history.close()


def test_a_journal_that_comes_from_nowhere_is_not_overwritten(tmp_path: Path) -> None:
    history = opened(tmp_path)
    kept = [label(history, 0)]
    history.save()
    journal_path(history.path).write_bytes(b"theirs\n")
    with pytest.raises(ConflictError, match=r"kept as alice\.journal\.conflict-1\.jsonl"):
        label(history, 1)
    kept.append(label(history, 2))
    history.close()
    assert history.path.with_name("alice.journal.conflict-1.jsonl").read_bytes() == b"theirs\n"
    history = opened(tmp_path)
    assert labels(history) == kept
    history.close()


def test_where_document_and_journal_were_replaced_both_sides_are_kept(tmp_path: Path) -> None:
    history = opened(tmp_path)
    label(history, 0)
    history.save()
    saved = history.path.read_bytes()
    mine = label(history, 1)
    other = saved.replace(b"label 0", b"theirs")
    history.path.write_bytes(other)
    journal_path(history.path).write_bytes(b"theirs\n")
    with pytest.raises(ConflictError, match="nothing was overwritten"):
        label(history, 2)
    with pytest.raises(ConflictError, match="Your edits are kept as") as caught:
        history.close()
    assert history.path.read_bytes() == other
    name = str(caught.value).rpartition("kept as ")[2].rstrip(".")
    records = parse_journal(history.path.with_name(name).read_bytes()).records
    assert [record.edit.title for record in records] == [f"Label “{mine}”"]


def test_a_lock_of_another_computer_is_stale_after_a_long_silence(tmp_path: Path) -> None:
    path = tmp_path / "r" / "alice.lock"
    path.parent.mkdir()
    content = {"pid": 7, "host": "lab-3", "machine": "other", "token": "theirs", "beats": True}
    path.write_text(json.dumps(content))
    with pytest.raises(ConflictError, match=r"if that computer is off, try again in 15 min"):
        Lock(path)
    then = time.time() - locks.STALE_S - 5
    os.utime(path, (then, then))
    lock = Lock(path)
    assert "theirs" not in path.read_text()
    lock.release()


def test_a_holder_touches_its_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    history = opened(tmp_path)
    lock = history.path.with_suffix(".lock")
    os.utime(lock, (1000, 1000))
    history.keep_alive()
    assert lock.stat().st_mtime == 1000  # not more often than once a minute
    monkeypatch.setattr(locks, "BEAT_S", -1.0)
    history.keep_alive()
    assert time.time() - lock.stat().st_mtime < 60
    label(history, 0)
    history.close()


def test_two_computers_of_one_name_do_not_judge_by_process_numbers(tmp_path: Path) -> None:
    import platform

    path = tmp_path / "alice.lock"
    content = {"pid": 2**22 + 1, "host": platform.node(), "machine": "other", "beats": True}
    path.write_text(json.dumps(content))
    with pytest.raises(ConflictError, match="if that computer is off"):
        Lock(path)
