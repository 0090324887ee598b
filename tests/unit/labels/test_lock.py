"""Two that want to edit one document: the second is told, a dead one's lock is taken over."""

from __future__ import annotations

import datetime
import errno
import json
import multiprocessing
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harstudio.errors import ConflictError, UsageError
from harstudio.labels.editing.edits import AddClip, AddTier
from harstudio.labels.keeping.history import History
from harstudio.labels.keeping.lock import Lock
from harstudio.labels.model import Clip

HOLD = """
import sys, time
from pathlib import Path
from harstudio.labels.keeping.history import History
from harstudio.labels.editing.edits import AddTier
history = History(Path(sys.argv[1]), "r", "alice")
history.do(AddTier("t", 0))
print("held", flush=True)
time.sleep(100)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "r" / "alice.json"


def opened(path: Path, *, read_only: bool = False) -> History:
    return History(path, "r", "alice", read_only=read_only)


def test_another_window_is_told_and_can_look(path: Path) -> None:
    history = opened(path)
    history.do(AddTier("t", 0))
    history.do(AddClip("t", Clip(0, 1, "x")))
    with pytest.raises(ConflictError, match="another window") as caught:
        opened(path)
    assert str(path) in str(caught.value)
    looking = opened(path, read_only=True)
    assert looking.document == history.document
    assert looking.read_only
    assert not looking.unsaved
    assert not looking.can_undo
    with pytest.raises(UsageError, match="read-only"):
        looking.do(AddClip("t", Clip(5, 6, "y")))
    looking.save()
    looking.close()
    assert not path.exists()
    history.close()
    opened(path).close()


def test_a_living_process_holds_it_and_a_killed_one_does_not(path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        try:
            assert child.stdout is not None
            assert child.stdout.readline() == "held\n"
            with pytest.raises(ConflictError, match=f"process {child.pid}"):
                opened(path)
        finally:
            child.kill()
    history = opened(path)
    assert [tier.name for tier in history.document.tiers] == ["t"]
    history.close()


def owner(**other: object) -> dict[str, object]:
    mine = {"pid": os.getpid(), "host": platform.node(), "since": "then", "token": "old"}
    return mine | other


@pytest.mark.parametrize(
    ("content", "age_s", "held"),
    [
        (owner(host="another-computer"), 0, True),
        (owner(host="another-computer"), 10_000_000, True),
        (owner(), 0, False),  # our number, but an earlier process had it
        (owner(pid=os.getppid(), process="another start"), 0, sys.platform != "linux"),
        (owner(pid=os.getppid()), 0, True),
        ({}, 0, True),  # just being written
        ({}, 60, False),
        ([], 60, False),
        (None, 60, False),
    ],
)
def test_whose_locks_are_dead(path: Path, content: object, age_s: float, held: bool) -> None:
    lock = path.with_suffix(".lock")
    lock.parent.mkdir()
    lock.write_text("" if content is None else json.dumps(content))
    os.utime(lock, (time.time() - age_s, time.time() - age_s))
    if held:
        with pytest.raises(ConflictError):
            opened(path)
        assert lock.exists()
    else:
        opened(path).close()
        assert not lock.exists()


@pytest.mark.parametrize(("age_s", "held"), [(0, True), (110, True), (130, False)])
def test_a_copy_of_this_computer_is_not_judged_by_process_numbers(
    path: Path, age_s: float, held: bool
) -> None:
    """A cloned disk, or this computer before it was started anew."""
    lock = path.with_suffix(".lock")
    lock.parent.mkdir()
    lock.write_text(json.dumps(owner(pid=2**22 + 1, space="another start", beats=True)))
    os.utime(lock, (time.time() - age_s, time.time() - age_s))
    if held:
        with pytest.raises(ConflictError, match=r"if it is gone, try again in [12] min"):
            opened(path)
    else:
        opened(path).close()


@pytest.mark.skipif(sys.platform != "linux", reason="sandboxes of Linux")
def test_a_sandbox_with_processes_of_its_own_sees_that_somebody_is_here(path: Path) -> None:
    command = ["unshare", "-p", "-f", "--mount-proc"]
    if subprocess.run([*command, "true"], capture_output=True).returncode:
        pytest.skip("no sandbox can be made here")
    history = opened(path)
    command += [sys.executable, "-c", HOLD, str(path)]
    inside = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert "These labels are open in" in inside.stderr
    history.do(AddTier("t", 0))
    history.close()


def test_who_did_not_tell_a_name_is_not_called_one(path: Path) -> None:
    path.with_suffix(".lock").parent.mkdir()
    path.with_suffix(".lock").touch()
    with pytest.raises(ConflictError, match="open in a program that did not tell its name"):
        opened(path)


def test_a_conflict_names_the_computer(path: Path) -> None:
    lock = path.with_suffix(".lock")
    lock.parent.mkdir()
    lock.write_text(json.dumps(owner(host="lab-3")))
    with pytest.raises(ConflictError, match=r"HARStudio on lab-3\. .*delete alice\.lock"):
        opened(path)


def test_without_hard_links_too(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    lock = Lock(path)
    with pytest.raises(ConflictError):
        Lock(path)
    lock.release()
    assert list(path.parent.iterdir()) == []


def test_a_lock_taken_over_is_not_released(path: Path) -> None:
    lock = Lock(path)
    path.write_text(json.dumps(owner() | {"token": "theirs"}))
    lock.release()
    assert path.exists()


def _compete(path: Path, start: object, wins: object) -> None:
    start.wait()  # type: ignore[attr-defined]
    try:
        lock = Lock(path)
    except ConflictError:
        return
    with wins.get_lock():  # type: ignore[attr-defined]
        wins.value += 1  # type: ignore[attr-defined]
    time.sleep(1.0)  # hold it until all have tried
    lock.release()


def test_of_many_that_find_a_dead_lock_one_gets_it(path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    path.parent.mkdir()
    path.write_text(json.dumps(owner(pid=2**22 + 12345)))
    start, wins = context.Barrier(4), context.Value("i", 0)
    children = [context.Process(target=_compete, args=(path, start, wins)) for _ in range(4)]
    for child in children:
        child.start()
    for child in children:
        child.join(60)
    assert wins.value == 1


def test_where_no_lock_can_be_made_it_opens_read_only(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = opened(path)
    history.do(AddTier("t", 0))
    history.close()

    def refuse(*args: object) -> bool:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr("harstudio.labels.keeping.lock._create", refuse)
    looking = opened(path)
    assert looking.read_only
    assert "Read-only file system" in looking.problems[0]
    assert looking.document == history.document


def test_a_held_lock_tells_since_when_in_plain_words(tmp_path: Path) -> None:
    path, here = tmp_path / "a.lock", datetime.datetime.now().astimezone()
    other = {"pid": 1, "host": "another-computer", "token": "x"}
    for since, told in (
        (here.astimezone(datetime.UTC), f"since {here:%H:%M}"),
        (datetime.datetime(2020, 3, 7, 12).astimezone(), "since 12:00 on 7 March"),
        ("then", "HARStudio on another-computer."),
    ):
        stamp = since if isinstance(since, str) else since.isoformat(timespec="seconds")
        path.write_text(json.dumps({**other, "since": stamp}))
        with pytest.raises(ConflictError, match=told):
            Lock(path)
