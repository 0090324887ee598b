"""Following runs while they grow: half lines, cut files, damaged files, status."""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harstudio.errors import ConflictError, DataError, MissingError
from harstudio.runs.folder import RunFolder
from harstudio.runs.reading import (
    MetricsTail,
    find_runs,
    newest_lines,
    read_config,
    read_data,
    read_evaluation,
    read_status,
)
from harstudio.runs.status import StatusWriter, claimed, refuse_if_at_work


def line(k: int) -> bytes:
    return json.dumps({"kind": "step", "step": k, "text": "ä" * (k % 5)}).encode() + b"\n"


@given(cuts=st.lists(st.integers(0, 700), max_size=12))
@settings(max_examples=60, deadline=None)
def test_a_growing_file_gives_every_line_once(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[int]
) -> None:
    path = tmp_path_factory.mktemp("run") / "metrics.jsonl"
    text = b"".join(line(k) for k in range(16))
    tail = MetricsTail(path)
    assert tail.new() == []
    seen = []
    for end in [*sorted(cuts), len(text)]:
        path.write_bytes(text[:end])
        seen += [one["step"] for one in tail.new()]
        assert not tail.restarted
        assert len(seen) == text[:end].count(b"\n")
    assert seen == list(range(16))


def test_a_file_that_was_cut_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(b"".join(line(k) for k in range(9)))
    tail = MetricsTail(path)
    assert len(tail.new()) == 9
    path.write_bytes(b"".join(line(k) for k in range(4)))  # back to the checkpoint
    assert [one["step"] for one in tail.new()] == [0, 1, 2, 3]
    assert tail.restarted
    path.write_bytes(b"".join(line(k) for k in range(5)))
    assert [one["step"] for one in tail.new()] == [4]
    assert not tail.restarted


def test_a_file_that_was_cut_and_grew_beyond_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(b"".join(line(k) for k in range(5)))
    tail = MetricsTail(path)
    tail.new()
    path.write_bytes(b"".join(line(k) for k in (0, 1, 20, 21, 22, 23, 24)))
    assert [one["step"] for one in tail.new()] == [0, 1, 20, 21, 22, 23, 24]
    assert tail.restarted


def test_lines_that_are_no_objects_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    long = b'{"a": "' + b"x" * 100_000 + b'"}\n'
    path.write_bytes(b"nonsense\n[1]\n\xff\xfe\n" + long + b"[" * 5000 + b"\n" + line(3))
    assert [one["step"] for one in MetricsTail(path).new()] == [3]


def test_status_is_written_and_read(tmp_path: Path) -> None:
    path = RunFolder(tmp_path).status
    assert read_status(tmp_path) is None
    with StatusWriter(path) as writer:
        writer.at("fusion", 3, 30)
        assert read_status(tmp_path)["state"] == "running"  # type: ignore[index]
        writer.end("finished")
    status = read_status(tmp_path)
    assert status is not None
    assert (status["state"], status["stage"], status["epoch"]) == ("finished", "fusion", 3)
    assert status["pid"] == os.getpid()
    assert sorted(tmp_path.iterdir()) == [path]


def test_an_error_on_the_way_is_the_reason(tmp_path: Path) -> None:
    def fail() -> None:
        with StatusWriter(RunFolder(tmp_path).status):
            raise ValueError("the roof fell in")

    with pytest.raises(ValueError, match="roof"):
        fail()
    status = read_status(tmp_path)
    assert status is not None
    assert (status["state"], status["reason"]) == ("failed", "the roof fell in")


def test_who_waits_for_long_is_paused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harstudio.runs.status.BEAT_S", 0.02)
    monkeypatch.setattr("harstudio.runs.status.WAITING_S", 0.05)
    with StatusWriter(RunFolder(tmp_path).status) as writer:
        writer.waiting(True)
        assert _becomes(tmp_path, "paused")
        writer.waiting(False)
        assert _becomes(tmp_path, "running")
        writer.end("stopped")


def _becomes(folder: Path, state: str) -> bool:
    until = time.monotonic() + 5
    while time.monotonic() < until:
        status = read_status(folder)
        if status is not None and status["state"] == state:
            return True
        time.sleep(0.01)
    return False


def test_without_a_beat_it_is_lost(tmp_path: Path) -> None:
    with StatusWriter(RunFolder(tmp_path).status):
        now = time.time()
        assert read_status(tmp_path, now + 14)["state"] == "running"  # type: ignore[index]
        lost = read_status(tmp_path, now + 16)
    assert lost is not None
    assert lost["state"] == "lost"
    assert "without a word" in lost["reason"]


def test_only_one_works_on_a_run(tmp_path: Path) -> None:
    with StatusWriter(RunFolder(tmp_path).status):
        status = read_status(tmp_path)
        assert status is not None
        refuse_if_at_work(tmp_path, status)  # this very process
        refuse_if_at_work(tmp_path, {**status, "pid": 2**22 + 1})  # no such process
        with pytest.raises(ConflictError, match=f"Process {os.getppid()}"):
            refuse_if_at_work(tmp_path, {**status, "pid": os.getppid()})
        with pytest.raises(ConflictError, match="on elsewhere"):
            refuse_if_at_work(tmp_path, {**status, "host": "elsewhere"})
        refuse_if_at_work(tmp_path, {**status, "host": "elsewhere", "state": "lost"})
    refuse_if_at_work(tmp_path, None)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"state": "flying"}', "\x00\xff"])
def test_a_damaged_status_is_none(tmp_path: Path, text: str) -> None:
    RunFolder(tmp_path).status.write_text(text, "utf-8")
    assert read_status(tmp_path) is None


def test_documents_that_are_not_there_or_damaged(tmp_path: Path) -> None:
    assert read_evaluation(tmp_path) is None
    assert read_data(tmp_path) is None
    with pytest.raises(MissingError):
        read_config(tmp_path)
    run = RunFolder(tmp_path)
    for path, read in ((run.evaluation, read_evaluation), (run.data, read_data)):
        for text in ("{", "[1]", "\x00"):
            path.write_text(text, "utf-8")
            with pytest.raises(DataError) as raised:
                read(tmp_path)
            assert raised.value.path == path
    run.config.write_text("[data", "utf-8")
    with pytest.raises(DataError) as damaged:
        read_config(tmp_path)
    assert damaged.value.path == run.config


def test_runs_are_found_newest_first(tmp_path: Path) -> None:
    for k, name in enumerate(("old", "lab/new", "lab/deep/er/too-deep", "lab/.hidden")):
        folder = tmp_path / name
        folder.mkdir(parents=True)
        config = RunFolder(folder).config
        config.write_text("", "utf-8")
        os.utime(config, (1000 + k, 1000 + k))
    inside = tmp_path / "old" / "checkpoints"
    inside.mkdir()
    RunFolder(inside).config.write_text("", "utf-8")  # a run holds no runs
    found = find_runs([tmp_path, tmp_path / "lab", tmp_path / "nowhere"])
    assert [path.relative_to(tmp_path).as_posix() for path in found] == [
        "lab/deep/er/too-deep", "lab/new", "old",
    ]  # fmt: skip
    assert find_runs([tmp_path / "old"]) == [tmp_path / "old"]
    RunFolder(tmp_path / "old").metrics.write_bytes(line(1))
    assert find_runs([tmp_path])[0] == tmp_path / "old"


def test_a_run_is_claimed_by_one_at_a_time(tmp_path: Path) -> None:
    folder, inside, most = tmp_path / "run", 0, 0

    def claim() -> None:
        nonlocal inside, most
        with claimed(folder):
            inside += 1
            most = max(most, inside)
            time.sleep(0.01)
            inside -= 1

    threads = [threading.Thread(target=claim) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1
    assert list(folder.iterdir()) == []


def test_the_claim_of_one_that_was_killed_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harstudio.runs.status.CLAIM_S", 0.1)
    (tmp_path / ".claim").touch()
    with claimed(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []


def test_of_a_long_file_the_newest_lines_are_read(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    path.write_text("".join(f'{{"n": {n}}}\n' for n in range(10)) + "[1]\nnone\n", "utf-8")
    assert [line["n"] for line in newest_lines(path, 1 << 20)] == list(range(10))
    assert [line["n"] for line in newest_lines(path, 30)] == [8, 9]  # 7 is cut
