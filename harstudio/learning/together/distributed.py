"""One training by several processes: each has a share of every batch, all have the same weights.

``torchrun`` starts the processes and says in the environment who each is. They agree on every
step, add up their gradients and normalise by the statistics of the whole batch, so that N
processes compute what one would with the same batch, but for rounding. Process 0 writes, prints
and evaluates; the others wait for its word. Why not torch's own wrapper:
docs/decisions/0013-gradients-are-added-by-our-own-hand.md.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, distributed, nn
from torch.distributed import PrefixStore  # type: ignore[attr-defined]
from torch.distributed.rendezvous import rendezvous

from harstudio.errors import HarstudioError, UsageError
from harstudio.jobs.context import Context, Stopped
from harstudio.jobs.torchrun import place
from harstudio.learning.evaluating.inference import Answers
from harstudio.learning.together.group import Group, Share
from harstudio.learning.together.peers import Peers
from harstudio.learning.together.process_context import Patient, Quiet
from harstudio.learning.together.whole_batch import WholeBatch
from harstudio.learning.weights.checkpoints import random_state, restore_random

T = TypeVar("T")
TIMEOUT = timedelta(minutes=30)  # of one step, where somebody may still be decoding
POLL_S = 0.05
_TRAININGS = itertools.count()  # of this process, alike in all
BUCKET = 1 << 25  # values that go in one message


class Short(torch.OutOfMemoryError):
    """Memory was short in another process."""


class Processes(Group):
    """One of several processes, known by the environment that torchrun sets.

    Raises HarstudioError where another one ends before the training does.
    """

    def __init__(self) -> None:
        self.local = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
        self._local_rank = int(os.environ.get("LOCAL_RANK", "0"))
        store, self.rank, self.count = next(rendezvous("env://", timeout=TIMEOUT))
        self._store = PrefixStore(f"training {next(_TRAININGS)}", store)
        self._peers = Peers(self._store, self.rank, self.count)
        self._words = 0
        self._watchful, self._fitted, self._largest = True, 0, 0
        self._waits: Patient | None = None

    # ---- beginning and end

    def connect(self, device: torch.device, pause: Callable[[], None]) -> None:
        """Meet the others: gloo for the CPU, NCCL for GPUs. pause: see ``Peers.meet``."""
        self._peers.meet(pause, TIMEOUT.total_seconds())
        if device.type == "cuda":
            torch.cuda.set_device(device)
        backend = "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo"
        distributed.init_process_group(
            backend,
            store=PrefixStore("group", self._store),
            rank=self.rank,
            world_size=self.count,
            timeout=TIMEOUT,
        )

    def close(self, error: BaseException | None) -> None:
        """Leave; ``error`` is why, where it is not the end."""
        silent = error is None or isinstance(error, SystemExit)
        self._peers.leave("" if silent else str(error) or type(error).__name__)
        if distributed.is_initialized() and error is None:
            distributed.destroy_process_group()

    def device(self, wanted: str) -> str:
        """cuda:N for the N-th process of this computer; UsageError where GPUs are too few."""
        if wanted == "auto":
            wanted = "cuda" if torch.cuda.is_available() else "cpu"
        if wanted == "cuda":
            have = torch.cuda.device_count()
            if have < self.local:
                raise UsageError(
                    f"{self.local} processes cannot share {have} GPU{'s' * (have != 1)}.",
                    remedy="Start one process for each GPU: torchrun --nproc-per-node "
                    f"{max(1, have)}.",
                )
            return f"cuda:{self._local_rank}"
        if wanted.startswith("cuda"):
            raise UsageError(
                f"{self.count} processes cannot train on {wanted}.",
                remedy="Use device auto or cuda: each process takes a GPU of its own.",
            )
        return wanted

    def lead(self, work: Callable[[], T]) -> T | None:
        """The first works and gives its word; the others look for it again and again, so that they
        hear signals meanwhile, and wait as long as it takes."""
        key, self._words = f"word {self._words}", self._words + 1
        if not self.first:
            while not self._store.check([key]):
                self._peers.check()
                time.sleep(POLL_S)
            word = json.loads(self._store.get(key))
            if word == "stopped":
                raise Stopped
            if word != "done":
                raise SystemExit(int(word))  # the first has said why
            return None
        try:
            done = work()
        except Stopped:
            self._store.set(key, json.dumps("stopped"))
            raise
        except BaseException as error:
            self._store.set(key, json.dumps(getattr(error, "exit_code", 1)))
            raise
        self._store.set(key, json.dumps("done"))
        return done

    # ---- agreeing

    def context(self, context: Context) -> Context:
        """One that never raises Stopped by itself: all processes stop before the same step."""
        self._waits = Patient(context)
        return self._waits

    def begin_stage(self) -> None:
        self._fitted = 0

    def step(self, clips: int, due: bool) -> Share:
        asked = self._waits is not None and self._waits.asked
        told = torch.tensor([clips, asked, due and self.first], dtype=torch.int64)
        every = self._every(told)
        if bool(every[:, 1].any()):
            raise Stopped
        self._largest = int(every[:, 0].max())
        self._watchful = self._largest > self._fitted
        return Share(int(every[:, 0].sum()), self._largest, bool(every[:, 2].any()))

    def fits(self) -> None:
        if self._watchful:
            self._flag(0)
            self._fitted = self._largest

    def tell_short(self, error: RuntimeError) -> None:
        if isinstance(error, Short):
            return
        if not self._watchful:
            raise HarstudioError(
                f"Memory ran short in process {self.rank} of {self.count}, though as many clips "
                "went through before.",
                remedy="Train with a smaller training.batch_size or on more GPUs.",
            ) from error
        self._flag(1)

    def _flag(self, short: int) -> None:
        """Before anything is exchanged in a step that may not fit: whether all still take part."""
        flag = torch.tensor([short])
        self._sum(flag)
        if int(flag) and not short:
            raise Short("memory was short in another process")

    def normalising(self, counts: bool) -> contextlib.AbstractContextManager[object]:
        return WholeBatch(self._exchange, counts)

    def _exchange(self, own: Tensor) -> Tensor:
        """The rows (R, n) of all processes, while memory may run short."""
        if self._watchful:
            self._flag(0)
        return self._every(own)

    def add_gradients(self, weights: Sequence[nn.Parameter], told: Tensor) -> Tensor:
        """In messages of many gradients. A weight that only some processes reached counts as one
        with no gradient in the others; one that nobody reached keeps none."""
        reached = torch.tensor([weight.grad is not None for weight in weights], dtype=torch.int32)
        self._sum(reached)
        there = [one for one, some in zip(weights, reached.tolist(), strict=True) if some]
        for weight in there:
            if weight.grad is None:
                weight.grad = torch.zeros_like(weight)
        for bucket in buckets(there, BUCKET):
            gradients = [weight.grad for weight in bucket if weight.grad is not None]
            flat = torch.cat([one.reshape(-1) for one in gradients])
            self._sum(flat)
            parts = torch.split(flat, [one.numel() for one in gradients])
            for one, part in zip(gradients, parts, strict=True):
                one.copy_(part.view_as(one))
        told = told.double()
        self._sum(told)
        return told

    # ---- answers and random numbers

    def share(self, samples: Sequence[T]) -> tuple[T, ...]:
        return tuple(samples[self.rank :: self.count])

    def answers(self, work: Callable[[], Answers]) -> Answers:
        """Stopped where any process was asked to stop meanwhile."""
        own: Answers | None = None
        with self._waits or contextlib.nullcontext(), contextlib.suppress(Stopped):
            own = work()
        if bool(self._every(torch.tensor([own is None])).any()) or own is None:
            raise Stopped
        indices = self._gathered(own.indices * self.count + self.rank)
        order = np.argsort(indices)
        logits, labels = self._gathered(own.logits), self._gathered(own.labels)
        return Answers(logits[order], labels[order], indices[order], seconds=own.seconds)

    def _gathered(self, array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Rows (n, ...) of all processes one after another."""
        own = torch.from_numpy(np.array(array))
        shape = torch.zeros(8, dtype=torch.int64)
        shape[: own.ndim] = torch.tensor(own.shape)
        shapes = self._every(shape)
        whole = own.new_zeros(int(shapes[:, 0].max()), *shapes[:, 1 : own.ndim].amax(0).tolist())
        if len(own):
            whole[: len(own)] = own
        every = self._every(whole.reshape(-1)).view(self.count, *whole.shape)
        return torch.cat(
            [one[: int(n)] for one, n in zip(every, shapes[:, 0], strict=True)]
        ).numpy()

    def same(self, network: nn.Module, seed: int) -> None:
        for value in network.state_dict().values():
            with self._peers.told():
                distributed.broadcast(value, 0)
        if not self.first:
            _seed([seed, self.rank])

    def random(self, device: torch.device) -> dict[str, Tensor]:
        found = {}
        for name, state in random_state(device).items():
            for rank, one in enumerate(self._every(state)):
                found[f"{name}.{rank}" if rank else name] = one.clone()
        return found

    def restore_random(
        self, states: Mapping[str, Tensor], device: torch.device, seed: Sequence[int]
    ) -> None:
        own = {
            name: states[key]
            for name in ("cpu", "cuda")
            if (key := f"{name}.{self.rank}" if self.rank else name) in states
        }
        if "cpu" in own or self.first:
            restore_random(own, device)
        else:
            _seed([*seed, self.rank])

    def problems(self, told: Sequence[str]) -> tuple[str, ...]:
        text = "\n".join(told).encode()
        rows = self._gathered(np.frombuffer(text + b"\n" * bool(text), dtype=np.uint8))
        return tuple(dict.fromkeys(rows.tobytes().decode().splitlines()))

    # ---- messages

    def _every(self, own: Tensor) -> Tensor:
        """(R, n): the row (n,) of every process."""
        rows = own.new_zeros(self.count, *own.shape)
        rows[self.rank] = own
        if rows.dtype == torch.bool:
            rows = rows.byte()
        self._sum(rows)
        return rows

    def _sum(self, tensor: Tensor) -> None:
        with self._peers.told():
            distributed.all_reduce(tensor)


@contextlib.contextmanager
def said_once() -> Iterator[None]:
    """What is wrong in every process alike is said by the first; the others end without a word."""
    try:
        yield
    except HarstudioError as error:
        if place()[0]:
            raise SystemExit(error.exit_code) from error
        raise


@contextlib.contextmanager
def processes(context: Context, wanted: str) -> Iterator[tuple[Group, Context]]:
    """Join the processes that torchrun started; without it, a group of one.

    wanted: the device of the config, for where the context leaves it open.
    """
    if place()[1] == 1:
        yield Group(), context
        return
    group = Processes()
    error: BaseException | None = None
    try:
        with said_once():
            device = group.device(wanted if context.device == "auto" else context.device)
        group.connect(torch.device(device), context.pause_point)
        threads = max(1, context.threads // group.local)
        yield group, Quiet(context, threads, device, speaks=group.first)
    except BaseException as caught:
        error = caught
        raise
    finally:
        group.close(error)


def buckets(weights: Sequence[nn.Parameter], most: int) -> Iterator[list[nn.Parameter]]:
    """Weights of one dtype, in order, together up to ``most`` values (one alone may be larger)."""
    bucket: list[nn.Parameter] = []
    size = 0
    for weight in weights:
        other = bucket and bucket[0].dtype != weight.dtype
        if bucket and (other or size + weight.numel() > most):
            yield bucket
            bucket, size = [], 0
        bucket.append(weight)
        size += weight.numel()
    if bucket:
        yield bucket


def _seed(numbers: Sequence[int]) -> None:
    torch.manual_seed(int(np.random.SeedSequence(list(numbers)).generate_state(1)[0]))
