"""The other processes of a training: whether they are still there, and why one is not."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from harstudio.errors import HarstudioError
from harstudio.jobs.context import Stopped

LOOK_S = 1.0
MEET_S = 0.05
SAYS_S = 3.0  # so long after a message was lost one may still hear who is gone
GRACE_S = 6.0  # after which a process that cannot hear of it, as on a GPU, is ended
REMEDY = "What was saved is whole: go on with --resume."


class Peers:
    """Each process leaves its number in the store that torchrun keeps, and says when it leaves.

    A process that was killed says nothing; those on the same computer see that it is gone, and end
    even where they wait for a message that will never come.
    """

    def __init__(self, store: Any, rank: int, count: int) -> None:
        self._store, self._rank, self._count = store, rank, count
        self._node = os.environ.get("GROUP_RANK", "0")
        self._over = threading.Event()
        store.set(f"process {rank}", f"{self._node} {os.getpid()}")
        threading.Thread(target=self._watch, name="peers", daemon=True).start()

    def meet(self, pause: Callable[[], None], timeout_s: float) -> None:
        """Wait until all are there. pause: raises Stopped where torchrun ends this process.

        HarstudioError, or SystemExit where another one says it, where one is still missing then.
        """
        until = time.monotonic() + timeout_s
        ranks = range(self._count)
        while missing := [rank for rank in ranks if not self._store.check([f"process {rank}"])]:
            try:
                pause()
                late = time.monotonic() > until
            except Stopped:
                late = True
            if late:
                if self._rank > min(rank for rank in ranks if rank not in missing):
                    raise SystemExit(1)
                raise HarstudioError(
                    f"The training was ended while process {missing[0]} of {self._count} (from 0) "
                    "was still starting.",
                    remedy="See what torchrun says of it, and start again.",
                )
            self.check()
            time.sleep(MEET_S)

    def leave(self, reason: str) -> None:
        """The last word; ``reason`` "" is the end of the training."""
        self._over.set()
        with contextlib.suppress(RuntimeError):
            self._store.set(f"left {self._rank}", reason)

    def check(self) -> None:
        """HarstudioError, or SystemExit where another one says it, if a process is gone."""
        with self.told():
            gone = self._gone()
        if gone is not None:
            self._end(gone)

    @contextlib.contextmanager
    def told(self) -> Iterator[None]:
        """A message that did not arrive becomes a sentence on who is gone."""
        try:
            yield
        except RuntimeError as error:
            until = time.monotonic() + SAYS_S
            gone = None
            while gone is None and time.monotonic() < until:
                time.sleep(0.1)
                with contextlib.suppress(RuntimeError):  # the store may be gone as well
                    gone = self._gone()
            self._end(gone if gone is not None else (-1, " ".join(str(error).split())[:300]))

    def _end(self, gone: tuple[int, str]) -> None:
        if self._speaks():
            raise HarstudioError(sentence(*gone, self._count), remedy=REMEDY)
        raise SystemExit(1)

    def _gone(self) -> tuple[int, str] | None:
        """The first that is not there any more, and what it said."""
        for rank in range(self._count):
            if rank != self._rank:
                said = self._read(f"left {rank}")
                if said or (said is None and not self._alive(rank)):
                    return rank, said or ""
        return None

    def _speaks(self) -> bool:
        """Whether no process before this one is there to say it."""
        with contextlib.suppress(RuntimeError):
            return not any(
                self._alive(rank) or self._read(f"left {rank}") is not None
                for rank in range(self._rank)
            )
        return True

    def _alive(self, rank: int) -> bool:
        """Whether a process runs; one on another computer does as far as anybody here knows."""
        node, _, pid = (self._read(f"process {rank}") or "").partition(" ")
        if node != self._node or not pid or os.name == "nt":
            return True
        try:
            os.kill(int(pid), 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return True

    def _read(self, key: str) -> str | None:
        return self._store.get(key).decode() if self._store.check([key]) else None

    def _watch(self) -> None:
        while not self._over.wait(LOOK_S):
            try:
                gone = self._gone()
            except RuntimeError:
                gone = None if self._over.is_set() else (-1, "torchrun has ended")
            if gone is not None:
                break
        else:
            return
        if not self._over.wait(GRACE_S):
            if self._speaks():
                sys.stderr.write(f"{sentence(*gone, self._count)} {REMEDY}\n")
                sys.stderr.flush()
            os._exit(1)


def sentence(rank: int, reason: str, count: int) -> str:
    """Who is gone and why, as far as it is known."""
    if rank < 0:
        return f"The processes of this training lost each other ({reason})."
    why = f": {reason.rstrip('.')}" if reason else " before the training did"
    return f"Process {rank} of {count} (from 0) ended{why}."
