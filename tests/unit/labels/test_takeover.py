"""A computer that slept, or whose drive hung, while another one took the document over and went.

Two real processes: the sleeper, stopped between its steps or by a signal in the middle of one, and
this one under the name of another computer.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from harstudio.errors import ConflictError, HarstudioError
from harstudio.labels.editing.edits import AddClip, AddTier
from harstudio.labels.keeping import lock as locks
from harstudio.labels.keeping import saving
from harstudio.labels.keeping.history import History
from harstudio.labels.keeping.set_aside import SetAside, put_on_top, set_aside
from harstudio.labels.keeping.shared_file import read_toml, update_toml
from harstudio.labels.model import Clip

SLEEPER = """
import os, signal, sys
from pathlib import Path
from harstudio.errors import HarstudioError
from harstudio.labels.editing.edits import AddClip, AddTier
from harstudio.labels.keeping.history import History
from harstudio.labels.model import Clip

history = History(Path(sys.argv[1]), "r", "alice")
history.do(AddTier("t"))
history.do(AddClip("t", Clip(0, 10, "A0")))
history.save()
number, sync = 0, os.fsync

def hang(descriptor):
    os.fsync = sync
    sync(descriptor)
    os.kill(os.getpid(), signal.SIGSTOP)

for line in sys.stdin:
    step, _, hanging = line.strip().partition(" ")
    if hanging:
        os.fsync = hang
    try:
        if step == "do":
            number += 1
            history.do(AddClip("t", Clip(number * 10, number * 10 + 10, f"A{number}")))
        elif step == "save":
            history.save()
        else:
            history.close()
        print("done", flush=True)
    except HarstudioError as error:
        print(type(error).__name__, error, flush=True)
"""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="stops a process by a signal")


class Sleeper:
    """The other process."""

    def __init__(self, path: Path) -> None:
        self.path = path
        command = [sys.executable, "-c", SLEEPER, str(path)]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, bufsize=1)

    def begin(self, step: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(step + "\n")

    def answer(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def step(self, step: str) -> str:
        self.begin(step)
        return self.answer()

    def sleep_in(self, step: str) -> None:
        """Stop for a quarter of an hour in the middle of a step, behind its first fsync."""
        self.begin(step + " hanging")
        os.waitid(os.P_PID, self.process.pid, os.WSTOPPED)
        self.age()

    def age(self) -> None:
        then = time.time() - locks.STALE_S - 100
        os.utime(self.path.with_suffix(".lock"), (then, then))

    def wake(self) -> str:
        self.process.send_signal(signal.SIGCONT)
        return self.answer()


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[Sleeper]:
    sleeper = Sleeper(tmp_path / "labels" / "r" / "alice.json")
    assert sleeper.step("do") == "done"
    assert sleeper.step("save") == "done"
    yield sleeper
    sleeper.process.kill()
    sleeper.process.communicate()


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process is one of another computer."""
    monkeypatch.setattr(locks, "_machine", lambda: "another")


def labels(history: History) -> list[str]:
    return [clip.label for tier in history.document.tiers for clip in tier.clips]


def label_there(path: Path, *, close: bool = True) -> History:
    history = History(path, "r", "alice")
    for number in range(2):
        history.do(AddClip("t", Clip(1000 + number * 10, 1010 + number * 10, f"B{number}")))
    history.save()
    if close:
        history.close()
    return history


def read(path: Path) -> list[str]:
    return labels(History(path, "r", "alice", read_only=True))


@pytest.mark.parametrize("close", [True, False])
def test_a_save_that_slept_overwrites_nothing(
    sleeper: Sleeper, elsewhere: None, close: bool
) -> None:
    assert sleeper.step("do") == "done"
    sleeper.sleep_in("save")
    other = label_there(sleeper.path, close=close)
    assert labels(other) == ["A0", "A1", "A2", "B0", "B1"]
    assert sleeper.wake().startswith("ConflictError")
    assert read(sleeper.path) == labels(other)
    assert "ConflictError" in sleeper.step("do")
    assert "ConflictError" in sleeper.step("save")
    sleeper.step("close")
    assert read(sleeper.path) == labels(other)
    other.close()
    history = History(sleeper.path, "r", "alice")
    assert [version.revision for version in history.versions()] == [6, 5, 4, 3, 2, 1]
    history.close()


def test_an_edit_on_a_document_that_was_changed_meanwhile_is_refused(
    sleeper: Sleeper, elsewhere: None
) -> None:
    sleeper.age()
    label_there(sleeper.path)
    for _ in range(2):
        assert "Something else changed the labels" in sleeper.step("do")
    sleeper.step("close")
    assert read(sleeper.path) == ["A0", "A1", "B0", "B1"]
    assert sorted(one.name for one in sleeper.path.parent.iterdir()) == [
        "alice.history.jsonl",
        "alice.json",
    ]


def test_an_edit_that_slept_on_its_way_to_the_disk_is_not_acknowledged(
    sleeper: Sleeper, elsewhere: None
) -> None:
    assert sleeper.step("do") == "done"
    sleeper.sleep_in("do")
    label_there(sleeper.path)
    assert "ConflictError" in sleeper.wake()
    assert "ConflictError" in sleeper.step("do")
    sleeper.step("close")
    there = read(sleeper.path)
    assert there[:3] == ["A0", "A1", "A2"]
    assert there[-2:] == ["B0", "B1"]


def test_who_slept_and_finds_everything_as_it_was_goes_on(
    sleeper: Sleeper, elsewhere: None
) -> None:
    sleeper.age()
    History(sleeper.path, "r", "alice").close()  # only looked
    assert sleeper.step("do") == "done"
    assert sleeper.step("do") == "done"
    assert sleeper.step("close") == "done"
    assert read(sleeper.path) == ["A0", "A1", "A2", "A3"]


def test_a_list_that_somebody_else_may_have_changed_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "list.toml"

    def slow(data: dict[str, object]) -> None:
        path.with_suffix(".lock").unlink()  # another computer took it over ...
        update_toml(path, lambda theirs: theirs.update(b=1))  # ... and has gone again
        data["a"] = 1

    with pytest.raises(ConflictError, match="nothing was overwritten"):
        update_toml(path, slow)
    assert read_toml(path) == {"b": 1}


# ---- the way back of edits that were set aside


def beside(history: History) -> SetAside | None:
    return set_aside(history.path, history.document, history.look_back().newest_first())


def test_set_aside_edits_are_told_and_put_on_top_as_one_step(tmp_path: Path) -> None:
    path = tmp_path / "r" / "alice.json"
    history = History(path, "r", "alice")
    history.do(AddTier("t"))
    history.do(AddClip("t", Clip(0, 10, "first")))
    history.save()
    history.do(AddClip("t", Clip(100, 110, "mine")))
    history.do(AddClip("t", Clip(200, 210, "beside theirs")))
    path.write_bytes(path.read_bytes().replace(b'"end_ns":10', b'"end_ns":105'))
    path.with_suffix(".journal.jsonl").write_bytes(b"theirs\n")
    with pytest.raises(ConflictError, match=r"kept as alice\.journal\.conflict-"):
        history.close()
    path.with_suffix(".journal.jsonl").unlink()
    history = History(path, "r", "alice")
    assert labels(history) == ["first"]
    assert "2 edits were set aside there" in history.problems[0]
    assert "1 of them fit" in history.problems[0]
    found = beside(history)
    assert found is not None
    told = put_on_top(history, found)
    assert told.startswith("1 edit put on top")
    assert "1 did not fit what is there now: Label “mine”; kept as alice.journal.used-1" in told
    assert labels(history) == ["first", "beside theirs"]
    history.undo()
    assert labels(history) == ["first"]
    history.redo()
    history.close()
    history = History(path, "r", "alice")
    assert history.problems == ()
    assert labels(history) == ["first", "beside theirs"]
    assert beside(history) is None
    history.close()


def test_what_is_in_the_labels_or_was_undone_is_not_put_on_top(tmp_path: Path) -> None:
    path = tmp_path / "r" / "alice.json"
    history = History(path, "r", "alice")
    history.do(AddTier("t"))
    history.do(AddClip("t", Clip(0, 10, "kept")))
    history.do(AddClip("t", Clip(20, 30, "undone")))
    history.undo()
    copy = path.with_suffix(".journal.jsonl").read_bytes()
    history.close()
    path.with_name("alice.journal.damaged-1.jsonl").write_bytes(copy)
    history = History(path, "r", "alice")
    assert history.problems == ()
    assert beside(history) is None
    assert labels(history) == ["kept"]
    history.close()


# ---- saves that fail by something that nobody foresaw


def test_a_save_without_memory_is_told_and_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "r" / "alice.json"
    history = History(path, "r", "alice")
    history.do(AddTier("t"))

    def no_memory(*_: object) -> bytes:
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr(saving, "dump_document", no_memory)
        pending = history.begin_save()
        assert pending is not None
        pending.write()
    with pytest.raises(HarstudioError, match=r"cannot be written \(MemoryError\)"):
        history.end_save(pending)
    assert history.unsaved
    again = history.begin_save()
    assert again is not None
    again.write()
    history.end_save(again)
    assert path.exists()
    assert not history.unsaved
    history.close()


@pytest.mark.parametrize("number", ["1e999", "-1e999", "NaN", "Infinity"])
def test_numbers_that_no_file_holds_are_refused_at_the_door(tmp_path: Path, number: str) -> None:
    path = tmp_path / "r" / "alice.json"
    history = History(path, "r", "alice")
    history.do(AddTier("t"))
    with pytest.raises(HarstudioError, match="cannot be kept"):
        history.do(AddClip("t", Clip(0, 10, "x", attributes={"n": float(number)})))
    assert history.document.tiers[0].clips == []
    history.do(AddClip("t", Clip(0, 10, "x", attributes={"n": 1.5})))
    history.close()
    path.write_text(path.read_text().replace("1.5", number))
    with pytest.raises(HarstudioError, match=r"alice\.json.*no number that can be kept"):
        History(path, "r", "alice")
