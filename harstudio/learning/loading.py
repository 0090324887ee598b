"""Batches: samples decoded ahead of the network, kept in memory while there is room."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from harstudio.errors import DataError, HarstudioError
from harstudio.learning.data.samples import Sample
from harstudio.learning.prepared.caches import Cache
from harstudio.learning.preprocessing import Preprocessing, Raw
from harstudio.recordings.formats import open_recording
from harstudio.recordings.recording import Recording

MOST_FAILING = 0.1
AHEAD = 2  # batches beyond those being made
AT_ONCE = 4  # open recordings
PAUSE_S = 0.25
_END: Any = object()


class Batch(NamedTuple):
    """inputs by name, batch first; labels (N,) int64; indices of the samples.

    Of a batch that several processes share one may have no clip: then there are no labels, and the
    inputs hold another one's clip, to know its shape, or nothing where no clip of it can be read.
    """

    inputs: dict[str, Tensor]
    labels: Tensor
    indices: tuple[int, ...]


class Loader:
    """Batches of samples, the same ones in the same order whatever threads do.

    seed: with the number of the epoch it gives the order, and with the number of the sample too
    what is drawn for it. train: random order and augmentation; else the samples as they stand,
    prepared as in testing. cache_bytes: how much decoded data is kept; the rest is decoded again in
    every epoch. threads: those that prepare, 0 = whoever asks for the batch. share: (which, of how
    many) of every batch, for processes that train together. cache: prepared data that hold the
    clips, read as the preprocessing reads; then no recording is opened, and nothing kept.

    augment: whether training samples are augmented; else they are prepared as in testing.
    problems: sentences about samples that cannot be read; they are left out of their batches.
    waited_s: how long the consumer has waited for batches so far, in all.
    """

    def __init__(
        self,
        samples: Sequence[Sample],
        preprocessing: Preprocessing,
        batch_size: int,
        *,
        seed: int = 0,
        train: bool = False,
        cache_bytes: int = 1 << 30,
        threads: int = 1,
        share: tuple[int, int] = (0, 1),
        cache: Cache | None = None,
    ) -> None:
        self.share = share
        self.samples = tuple(samples)
        self.preprocessing = preprocessing
        self.batch_size = batch_size
        self.seed = seed
        self.train = train
        self.augment = train
        self.threads = threads
        self.waited_s = 0.0
        self._kept = _Kept(cache_bytes)
        self._cache = cache
        self._recordings = _Recordings()
        self._failed: dict[int, HarstudioError] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Batches of an epoch."""
        return len(self.plan(0))

    @property
    def problems(self) -> tuple[str, ...]:
        """What could not be read so far, in the order of the samples."""
        with self._lock:
            return tuple(str(self._failed[index]) for index in sorted(self._failed))

    @property
    def kept_bytes(self) -> int:
        """Bytes of decoded samples in memory."""
        return self._kept.used_bytes

    def batches(
        self,
        epoch: int = 0,
        skip: int = 0,
        pause: Callable[[], None] | None = None,
        plan: Iterable[tuple[int, ...]] | None = None,
    ) -> Iterator[Batch]:
        """The batches of an epoch, without the first ``skip``; or those of ``plan``.

        pause: called several times a second by whoever waits for a batch; may block or raise.
        A batch of which nothing can be read is left out. DataError once more than a tenth of the
        samples cannot be read.
        """
        plan = iter(self.plan(epoch)[skip:] if plan is None else plan)
        pool, left = None, threading.Event()
        if self.threads > 0:
            cv2.setNumThreads(1)  # the pool is the threads; OpenCV's own would be in their way
            pool = ThreadPoolExecutor(self.threads, thread_name_prefix="loading")
        try:
            if pool is None:
                made = self._now(epoch, plan)
            else:
                made = self._ahead(pool, epoch, plan, left, pause)
            yield from self._counted(made)
        finally:
            left.set()
            if pool is not None:
                pool.shutdown(wait=True, cancel_futures=True)
            self._recordings.close()

    def prepared(self, index: int, epoch: int = 0) -> dict[str, NDArray[np.float32]]:
        """The inputs of one sample in an epoch; HarstudioError where it cannot be read."""
        rng = np.random.default_rng([self.seed, epoch, index]) if self.augment else None
        return self.preprocessing.make(self._raw(index), rng).inputs

    def _now(self, epoch: int, plan: Iterator[tuple[int, ...]]) -> Iterator[Batch | None]:
        for indices in plan:
            yield self._batch(epoch, indices)

    def _ahead(
        self,
        pool: ThreadPoolExecutor,
        epoch: int,
        plan: Iterator[tuple[int, ...]],
        left: threading.Event,
        pause: Callable[[], None] | None,
    ) -> Iterator[Batch | None]:
        """The batches in their order, the next ones being made meanwhile."""
        waiting = deque(
            pool.submit(self._batch, epoch, one, left) for one in islice(plan, self.threads + AHEAD)
        )
        while waiting:
            first = waiting.popleft()
            while pause is not None and not wait([first], PAUSE_S).done:
                before = time.perf_counter()
                pause()
                self.waited_s -= time.perf_counter() - before  # rest is no waiting
            batch = first.result()
            waiting.extend(pool.submit(self._batch, epoch, one, left) for one in islice(plan, 1))
            yield batch

    def _counted(self, made: Iterator[Batch | None]) -> Iterator[Batch]:
        """Batches that are not empty, with the time that they let their consumer wait."""
        while True:
            before = time.perf_counter()
            batch = next(made, _END)
            self.waited_s += time.perf_counter() - before
            if isinstance(batch, Batch):
                yield batch
            elif batch is _END:
                return

    def plan(self, epoch: int) -> list[tuple[int, ...]]:
        """Sample numbers of every batch of an epoch; in training none has one sample where it can
        help."""
        count = len(self.samples)
        order = np.arange(count)
        if self.train:
            order = np.random.default_rng([self.seed, epoch]).permutation(count)
        plan = [
            tuple(order[start : start + self.batch_size].tolist())
            for start in range(0, count, self.batch_size)
        ]
        if self.train and len(plan) > 1 and len(plan[-1]) == 1:
            plan[-2:] = [plan[-2] + plan[-1]]
        return plan

    def _batch(
        self, epoch: int, indices: tuple[int, ...], left: threading.Event | None = None
    ) -> Batch | None:
        """left: set when nobody wants it any longer."""
        which, of = self.share
        own = indices[len(indices) * which // of : len(indices) * (which + 1) // of]
        batch = self._made(epoch, own, left)
        if batch is not None or of == 1:
            return batch
        for index in indices:
            spare = self._made(epoch, (index,), left)
            if spare is not None:
                return spare._replace(labels=spare.labels[:0], indices=())
        return Batch({}, torch.empty(0, dtype=torch.int64), ())

    def _made(
        self, epoch: int, indices: tuple[int, ...], left: threading.Event | None
    ) -> Batch | None:
        """What can be read of these samples."""
        arrays: dict[str, NDArray[np.float32]] = {}
        there: list[int] = []
        for index in indices:
            if left is not None and left.is_set():
                return None
            try:
                inputs = self.prepared(index, epoch)
            except HarstudioError as error:
                self._fail(index, error)
                continue
            for name, value in inputs.items():
                if name not in arrays:
                    arrays[name] = np.empty((len(indices), *value.shape), dtype=np.float32)
                arrays[name][len(there)] = value
            there.append(index)
        if not there:
            return None
        labels = torch.tensor([self.samples[index].label for index in there], dtype=torch.int64)
        tensors = {name: torch.from_numpy(value[: len(there)]) for name, value in arrays.items()}
        return Batch(tensors, labels, tuple(there))

    def _raw(self, index: int) -> Raw:
        failed = self._failed.get(index)
        if failed is not None:
            raise failed
        if self._cache is not None:
            return self._cache.raw(self.samples[index], self.preprocessing.inputs)
        raw = self._kept.get(index)
        if raw is None:
            sample = self.samples[index]
            recording = self._recordings.get(sample)
            raw = self.preprocessing.read(recording, sample.start_ns, sample.end_ns, sample.person)
            self._kept.put(index, raw)
        return raw

    def _fail(self, index: int, error: HarstudioError) -> None:
        with self._lock:
            self._failed[index] = error
            many = len(self._failed)
        if many > MOST_FAILING * len(self.samples):
            raise DataError(
                f"{many} of {len(self.samples)} samples cannot be read, for example: {error}",
                remedy="Look at the data.",
            ) from error


class _Kept:
    """Decoded samples within a byte budget.

    What is in stays in: every epoch asks for every sample once, so none is worth more than another,
    and throwing out the oldest would throw out what comes next.
    """

    def __init__(self, budget_bytes: int) -> None:
        self._budget_bytes = budget_bytes
        self.used_bytes = 0
        self._raws: dict[int, Raw] = {}
        self._lock = threading.Lock()

    def get(self, index: int) -> Raw | None:
        return self._raws.get(index)

    def put(self, index: int, raw: Raw) -> None:
        with self._lock:
            if index in self._raws or self.used_bytes + raw.nbytes > self._budget_bytes:
                return
            self._raws[index] = raw
            self.used_bytes += raw.nbytes


class _Recordings:
    """The few recordings opened last, so that clips of one recording open it once."""

    def __init__(self) -> None:
        self._open: OrderedDict[Path, Recording] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, sample: Sample) -> Recording:
        with self._lock:
            known = self._open.get(sample.path)
            if known is not None:
                self._open.move_to_end(sample.path)
                return known
        recording = open_recording(sample.path)
        with self._lock:
            recording = self._open.setdefault(sample.path, recording)
            old = [self._open.popitem(last=False)[1] for _ in range(len(self._open) - AT_ONCE)]
        for one in old:
            one.close()  # whoever still reads from it opens its files again
        return recording

    def close(self) -> None:
        with self._lock:
            old = list(self._open.values())
            self._open.clear()
        for one in old:
            one.close()
