"""Protocols: the published splits, and nothing in two parts."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harstudio.errors import DataError, UsageError
from harstudio.learning.datasets import Dataset
from harstudio.learning.protocols import Parts, split
from harstudio.learning.samples import Sample


def sample(subject: int | None, name: str = "", view: int | None = 1, part: int = 0) -> Sample:
    name = name or f"s{subject}-{part}"
    return Sample(Path(f"/data/{name}"), name, part, part + 1, 0, subject=subject, view=view)


def dataset(*samples: Sample) -> Dataset:
    return Dataset(Path("/data"), ("a",), samples, "utd_mhad_20", frozenset({"skeleton"}))


def people(*subjects: int, clips: int = 2) -> Dataset:
    return dataset(*(sample(s, part=k) for s in subjects for k in range(clips)))


def subjects(part: tuple[Sample, ...]) -> set[int | None]:
    return {one.subject for one in part}


def test_odd_subjects_train_and_even_ones_test() -> None:
    parts = split(people(*range(1, 9)), "cross-subject", validation_subjects=0)
    assert subjects(parts.train) == {1, 3, 5, 7}
    assert subjects(parts.test) == {2, 4, 6, 8}
    assert not parts.validation
    two = split(people(1, 2), "cross-subject")
    assert (subjects(two.train), subjects(two.test)) == ({1}, {2})


def test_ntu_has_published_lists() -> None:
    everyone = [sample(p, f"S001C001P{p:03d}R001A001") for p in range(1, 107)]
    parts = split(dataset(*everyone), "cross-subject", validation_subjects=0)
    trained = subjects(parts.train)
    assert len(trained) == 53
    assert {p for p in trained if p is not None and p <= 40} == {
        1, 2, 4, 5, 8, 9, 13, 14, 15, 16, 17, 18, 19, 25, 27, 28, 31, 34, 35, 38
    }  # fmt: skip
    assert {45, 103} <= trained
    assert {3, 40, 41, 106} <= subjects(parts.test)


def test_views_and_setups() -> None:
    views = dataset(*(sample(v, view=v) for v in (1, 2, 3)))
    parts = split(views, "cross-view", validation_subjects=0)
    assert ([s.view for s in parts.train], [s.view for s in parts.test]) == ([2, 3], [1])
    setups = dataset(*(sample(k, f"S{k:03d}C001P001R001A001") for k in range(1, 5)))
    parts = split(setups, "cross-setup", validation_subjects=0)
    assert [s.recording[:4] for s in parts.train] == ["S002", "S004"]
    with pytest.raises(UsageError, match="cross-setup needs names of NTU"):
        split(people(1, 2), "cross-setup")
    with pytest.raises(UsageError, match="needs the view"):
        split(dataset(sample(1, view=None)), "cross-view")


def test_one_subject_out() -> None:
    parts = split(people(1, 2, 3), "leave-one-subject-out:2")
    assert (subjects(parts.train), subjects(parts.test)) == ({1, 3}, {2})
    with pytest.raises(UsageError, match=r"no subject 9.* The subjects are 1, 2, 3"):
        split(people(1, 2, 3), "leave-one-subject-out:9")


@pytest.mark.parametrize("known", [True, False], ids=["subjects", "recordings"])
def test_every_fold_tests_once(known: bool) -> None:
    whole = dataset(
        *(sample(k if known else None, f"r{k}", part=part) for k in range(7) for part in range(3))
    )
    tested: list[Sample] = []
    for fold in range(3):
        parts = split(whole, f"kfold:3:{fold}", validation_subjects=0, seed=4)
        assert len(parts.train) + len(parts.test) == len(whole.samples)
        assert not {s.recording for s in parts.train} & {s.recording for s in parts.test}
        tested += parts.test
    assert sorted(s.recording for s in tested) == sorted(s.recording for s in whole.samples)
    with pytest.raises(UsageError, match="not possible with 7"):
        split(whole, "kfold:8:0")
    with pytest.raises(UsageError, match="not possible"):
        split(whole, "kfold:3:3")


def test_everything_trains() -> None:
    whole = people(1, 2, 3, 4, 5)
    assert split(whole, "all") == Parts(whole.samples, (), ())
    parts = split(whole, "all", validation_subjects=2)
    assert len(subjects(parts.validation)) == 2


def test_validation_is_cut_from_training_by_subject() -> None:
    parts = split(people(*range(1, 9)), "cross-subject")
    assert len(subjects(parts.validation)) == 1
    assert subjects(parts.validation) < {1, 3, 5, 7}
    assert subjects(parts.train) == {1, 3, 5, 7} - subjects(parts.validation)
    assert split(people(*range(1, 9)), "cross-subject") == parts
    drawn = {
        min(subjects(split(people(*range(1, 9)), "cross-subject", seed=k).validation), key=str)
        for k in range(20)
    }
    assert len(drawn) > 1, "the seed draws"
    assert not split(people(1, 2, 3, 4, 5, 6), "cross-subject").validation, "only three train"
    with pytest.raises(UsageError, match="4 subjects cannot validate where 4 train"):
        split(people(*range(1, 9)), "cross-subject", validation_subjects=4)


@pytest.mark.parametrize(
    ("protocol", "says"),
    [
        ("cross-person", "no protocol cross-person"),
        ("kfold:3", "no protocol kfold:3"),
        ("kfold:a:b", "Write it like kfold:5:0"),
        ("kfold:" + "9" * 5000 + ":0", "Write it like kfold:5:0"),
        ("cross-subjet", "Did you mean cross-subject"),
        ("leave-one-subject-out", "Write it like leave-one-subject-out:3"),
        ("all:1", "no protocol all:1"),
        ("", "no protocol"),
    ],
)
def test_what_is_no_protocol(protocol: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        split(people(1, 2), protocol)


def test_nothing_trains_or_tests() -> None:
    with pytest.raises(DataError, match="nothing would train"):
        split(people(2, 4), "cross-subject")
    with pytest.raises(DataError, match="nothing would test"):
        split(people(1, 3), "cross-subject")
    with pytest.raises(UsageError, match="needs the subject"):
        split(dataset(sample(None), sample(1)), "cross-subject")


def test_advice_is_a_protocol_that_the_data_can_follow() -> None:
    with pytest.raises(UsageError, match=r"not possible with 1 subject\..* the protocol all"):
        split(people(1), "kfold:2:0")
    with pytest.raises(DataError, match="for example all, or"):
        split(people(1), "cross-subject")
    with pytest.raises(DataError, match="for example kfold:2:0"):
        split(people(1, 3), "cross-subject")
    split(people(1, 3), "kfold:2:0")
    with pytest.raises(UsageError, match="Use kfold:3:0, which needs none"):
        split(dataset(*(sample(None, f"r{k}") for k in range(3))), "cross-subject")
    with pytest.raises(UsageError, match="Use all"):
        split(dataset(sample(None)), "cross-subject")


def test_one_recording_in_two_parts_is_refused() -> None:
    one = sample(1, "twice", view=1)
    with pytest.raises(DataError, match="/data/twice would be in two parts"):
        split(dataset(one, dataclasses.replace(one, view=2, start_ns=9, end_ns=10)), "cross-view")


@settings(max_examples=60, deadline=None)
@given(
    people_and_views=st.lists(
        st.tuples(st.integers(1, 12), st.integers(1, 3)), min_size=2, max_size=30
    ),
    protocol=st.sampled_from(
        ["cross-subject", "cross-view", "leave-one-subject-out:1", "kfold:2:1", "all"]
    ),
    validation=st.sampled_from([None, 0, 1, 2]),
    seed=st.integers(0, 5),
)
def test_parts_never_share_anything(
    people_and_views: list[tuple[int, int]], protocol: str, validation: int | None, seed: int
) -> None:
    whole = dataset(*(sample(s, f"r{k}", v, k) for k, (s, v) in enumerate(people_and_views)))
    try:
        parts = split(whole, protocol, validation_subjects=validation, seed=seed)
    except (DataError, UsageError):
        return
    every = [*parts.train, *parts.validation, *parts.test]
    assert len({one.path for one in every}) == len(every) <= len(whole.samples)
    if protocol != "cross-view":
        assert not subjects(parts.train) & subjects(parts.test)
    assert not subjects(parts.train) & subjects(parts.validation)
