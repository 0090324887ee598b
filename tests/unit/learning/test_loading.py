"""Batches: the same whatever threads do, kept within a budget, bad recordings left out."""

from __future__ import annotations

import dataclasses
import shutil
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from harstudio.errors import DataError
from harstudio.jobs.context import Stopped
from harstudio.learning.data.datasets import collect
from harstudio.learning.data.samples import Sample
from harstudio.learning.loading import Batch, Loader
from harstudio.learning.preprocessing import Preprocessing
from harstudio.results import NetworkCard, Recipe
from trials import write_trial

CARD = NetworkCard(
    name="two",
    title="Two",
    paper="",
    authors="",
    year=2022,
    branches={"skeleton": ("skeleton",), "picture": ("depth",)},
    streams={"skeleton": ("skeleton",), "picture": ("picture",)},
    preprocessing={
        "skeleton": {"frames": 8, "bodies": 1, "rotate_deg": 30.0, "crop": (0.5, 1.0)},
        "picture": {"size": 16},
    },
    recipe=Recipe(()),
)
OWN = Preprocessing.for_card(CARD, "utd_mhad_20")
COUNT = 13


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("utd")
    for k in range(COUNT):
        write_trial(root, f"a{k % 5 + 1}_s{k + 1}_t1", frames=6 + k)
    return root


@pytest.fixture(scope="module")
def samples(root: Path) -> tuple[Sample, ...]:
    return collect(root).samples


def run(loader: Loader, epoch: int = 0, skip: int = 0) -> list[Batch]:
    return list(loader.batches(epoch, skip))


def same(one: list[Batch], other: list[Batch]) -> bool:
    return len(one) == len(other) and all(
        a.indices == b.indices
        and torch.equal(a.labels, b.labels)
        and a.inputs.keys() == b.inputs.keys()
        and all(torch.equal(a.inputs[name], b.inputs[name]) for name in a.inputs)
        for a, b in zip(one, other, strict=True)
    )


def test_shapes_and_labels(samples: tuple[Sample, ...]) -> None:
    batches = run(Loader(samples, OWN, 4))
    assert [len(batch.indices) for batch in batches] == [4, 4, 4, 1]
    inputs, labels, indices = batches[0]
    assert {name: tuple(value.shape) for name, value in inputs.items()} == {
        "skeleton": (4, 3, 8, 20, 1), "picture": (4, 3, 16, 16), "focus": (4, 4),
    }  # fmt: skip
    assert labels.dtype == torch.int64
    assert labels.tolist() == [samples[index].label for index in indices]
    assert [i for batch in batches for i in batch.indices] == list(range(COUNT))


@pytest.mark.parametrize("train", [True, False], ids=["train", "test"])
def test_threads_and_cache_change_nothing(samples: tuple[Sample, ...], train: bool) -> None:
    """Bit for bit, for every number of threads, from the cache or decoded again."""
    plain = Loader(samples, OWN, 3, seed=5, train=train, threads=0, cache_bytes=0)
    first, second = run(plain, 0), run(plain, 1)
    assert same(first, second) is not train
    for threads in (1, 3):
        loader = Loader(samples, OWN, 3, seed=5, train=train, threads=threads)
        assert same(run(loader, 0), first)
        assert same(run(loader, 1), second)
        assert same(run(loader, 0), first), "again, now from the cache"


def test_the_order_comes_from_the_seed(samples: tuple[Sample, ...]) -> None:
    def order(seed: int, epoch: int) -> list[int]:
        loader = Loader(
            samples,
            Preprocessing("utd_mhad_20", {"skeleton": OWN.inputs["skeleton"]}),
            4,
            seed=seed,
            train=True,
        )
        return [i for batch in run(loader, epoch) for i in batch.indices]

    assert sorted(order(1, 0)) == list(range(COUNT))
    assert order(1, 0) == order(1, 0)
    assert order(1, 0) != order(1, 1)
    assert order(1, 0) != order(2, 0)


def test_every_epoch_draws_anew(samples: tuple[Sample, ...]) -> None:
    loader = Loader([samples[9]] * 5, OWN, 4, train=True)
    first, again, second = (loader.prepared(3, epoch) for epoch in (0, 0, 1))
    other = loader.prepared(4, 0)  # the same clip, at another place
    for name in ("skeleton", "picture"):
        np.testing.assert_array_equal(first[name], again[name])
        assert not np.array_equal(first[name], second[name])
        assert not np.array_equal(first[name], other[name])


def test_going_on_in_the_middle(samples: tuple[Sample, ...]) -> None:
    whole = run(Loader(samples, OWN, 3, seed=2, train=True), 4)
    rest = run(Loader(samples, OWN, 3, seed=2, train=True), 4, skip=2)
    assert same(rest, whole[2:])


def test_no_batch_of_one_in_training(samples: tuple[Sample, ...]) -> None:
    loader = Loader(samples, OWN, 4, train=True)
    assert [len(batch.indices) for batch in run(loader)] == [4, 4, 5]
    assert len(loader) == 3
    assert [len(b.indices) for b in run(Loader(samples[:1], OWN, 4, train=True))] == [1]


def test_what_is_kept_is_not_decoded_again(root: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(root, tmp_path / "copy")
    there = collect(copy).samples
    roomy = Loader(there, OWN, 4, train=True)
    tight = Loader(there, OWN, 4, train=True, cache_bytes=0)
    first = run(roomy, 0)
    assert same(run(tight, 0), first)
    shutil.rmtree(copy)
    assert same(run(roomy, 0), first)
    with pytest.raises(DataError, match="cannot be read"):
        run(tight, 0)


def test_the_cache_stays_within_its_budget(samples: tuple[Sample, ...], monkeypatch: Any) -> None:
    sizes: list[int] = []
    read = Preprocessing.read

    def counted(self: Preprocessing, *clip: Any) -> Any:
        raw = read(self, *clip)
        sizes.append(raw.nbytes)
        return raw

    monkeypatch.setattr(Preprocessing, "read", counted)
    run(Loader(samples, OWN, 4, threads=0))
    assert len(sizes) == COUNT
    budget = sum(sizes) // 2
    loader = Loader(samples, OWN, 4, cache_bytes=budget, threads=0)
    run(loader)
    assert 0.6 * budget < loader.kept_bytes <= budget
    sizes.clear()
    run(loader)
    assert 0.3 * COUNT < len(sizes) < 0.7 * COUNT, "about half of them again"


def broken(samples: tuple[Sample, ...], tmp_path: Path, *which: int) -> tuple[Sample, ...]:
    gone = tmp_path / "a1_s1_t1_skeleton.mat"
    return tuple(
        dataclasses.replace(one, path=gone.with_name(f"a1_s{k}_t1_skeleton.mat"))
        if k in which
        else one
        for k, one in enumerate(samples)
    )


@pytest.mark.parametrize("threads", [0, 2])
def test_a_recording_that_cannot_be_read_is_left_out(
    samples: tuple[Sample, ...], tmp_path: Path, threads: int
) -> None:
    loader = Loader(broken(samples, tmp_path, 5), OWN, 4, train=True, threads=threads)
    for epoch in range(2):
        read = [i for batch in run(loader, epoch) for i in batch.indices]
        assert sorted(read) == [k for k in range(COUNT) if k != 5]
    assert len(loader.problems) == 1
    assert "a1_s5_t1_skeleton.mat" in loader.problems[0]


def test_too_many_that_cannot_be_read(samples: tuple[Sample, ...], tmp_path: Path) -> None:
    loader = Loader(broken(samples, tmp_path, 3, 7), OWN, 4, train=True)
    with pytest.raises(DataError, match=r"2 of 13 samples cannot be read, for example: .*s[37]_t1"):
        run(loader)


def test_a_batch_of_which_nothing_is_left(samples: tuple[Sample, ...], tmp_path: Path) -> None:
    loader = Loader(broken(samples, tmp_path, 12), OWN, 4)
    assert [batch.indices for batch in run(loader)] == [(0, 1, 2, 3), (4, 5, 6, 7), (8, 9, 10, 11)]


def test_clips_of_one_recording_open_it_once(root: Path, monkeypatch: Any) -> None:
    import harstudio.learning.loading as loading

    opened: list[Path] = []
    real = loading.open_recording
    monkeypatch.setattr(loading, "open_recording", lambda p: opened.append(p) or real(p))
    whole = collect(root).samples[0]
    parts = [dataclasses.replace(whole, start_ns=k * 10_000_000) for k in range(6)]
    run(Loader(parts, OWN, 2, threads=0))
    assert len(opened) == 1


def test_stopping_early_leaves_no_thread(samples: tuple[Sample, ...]) -> None:
    before = threading.active_count()
    batches = Loader(samples, OWN, 2, threads=2).batches()
    next(batches)
    assert threading.active_count() > before
    batches.close()
    assert threading.active_count() == before


def test_who_waits_for_a_slow_batch_can_stop(samples: tuple[Sample, ...], monkeypatch: Any) -> None:
    def slow(self: Preprocessing, *_clip: Any) -> Any:
        time.sleep(0.4)
        raise DataError("It is slow.")

    def stop() -> None:
        raise Stopped

    monkeypatch.setattr(Preprocessing, "read", slow)
    began = time.monotonic()
    with pytest.raises(Stopped):
        next(Loader(samples, OWN, COUNT, threads=1).batches(pause=stop))
    assert time.monotonic() - began < 2  # not the whole batch of 13


def test_waiting_is_measured(samples: tuple[Sample, ...], monkeypatch: Any) -> None:
    read = Preprocessing.read

    def slow(self: Preprocessing, *clip: Any) -> Any:
        time.sleep(0.02)
        return read(self, *clip)

    monkeypatch.setattr(Preprocessing, "read", slow)
    loader = Loader(samples, OWN, 4)
    run(loader)
    decoding = loader.waited_s
    assert decoding >= 0.02 * COUNT * 0.9
    for _ in loader.batches(1):
        time.sleep(0.01)  # the consumer has something to do; what is kept is ready by then
    assert loader.waited_s - decoding < decoding / 2


def test_inputs_of_one_sample(samples: tuple[Sample, ...]) -> None:
    loader = Loader(samples, OWN, 4, seed=3, train=True)
    for batch in loader.batches(2):
        for place, index in enumerate(batch.indices):
            for name, value in loader.prepared(index, 2).items():
                np.testing.assert_array_equal(batch.inputs[name][place].numpy(), value)
