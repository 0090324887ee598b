"""Protocols: the published splits, and nothing in two parts."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harstudio.errors import DataError, MissingError, UsageError
from harstudio.learning.data.datasets import Dataset
from harstudio.learning.data.leaks import check_apart, same_content
from harstudio.learning.data.protocols import Parts, folds_of, remarks, split
from harstudio.learning.data.samples import Sample
from harstudio.recordings.formats.ntu_facts import is_listed
from harstudio.resources import resource


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
        again = split(whole, f"kfold:3:{fold}", validation_subjects=0, seed=5)
        assert again.test == parts.test
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


# ---- SYSU, N-UCLA and custom protocols


def test_settings_of_sysu_have_thirty_folds() -> None:
    whole = Dataset(
        Path("/data"),
        ("a", "b"),
        tuple(
            Sample(Path(f"/data/{s}-{c}"), f"{s}-{c}", 0, 1, c, subject=s)
            for s in range(1, 41)
            for c in (0, 1)
        ),
        "",
        frozenset(),
    )
    halves = [split(whole, f"setting-1:{k}", validation_subjects=0, seed=k) for k in range(30)]
    for parts in halves:
        assert [sum(one.label == c for one in parts.test) for c in (0, 1)] == [20, 20]
        assert [sum(one.label == c for one in parts.train) for c in (0, 1)] == [20, 20]
    assert len({parts.test for parts in halves}) == 30
    assert split(whole, "setting-1:3", seed=7).test == halves[3].test, "one seed for everybody"
    people = [split(whole, f"setting-2:{k}", validation_subjects=0) for k in range(30)]
    for parts in people:
        assert len(subjects(parts.train)) == len(subjects(parts.test)) == 20
        assert not subjects(parts.train) & subjects(parts.test)
    assert len({parts.test for parts in people}) == 30
    with pytest.raises(UsageError, match="F from 0 to 29"):
        split(whole, "setting-2:30")
    told = remarks(whole, "setting-1:3", halves[3])
    assert len(told) == 1
    assert "not public" in told[0]


def test_names_tell_which_views_train() -> None:
    named = dataset(*(sample(1, f"a01_s01_e00_v{v:02d}", view=None) for v in (1, 2, 3)))
    parts = split(named, "cross-view", validation_subjects=0)
    assert [s.recording[-1] for s in parts.train] == ["1", "2"]
    assert [s.recording[-1] for s in parts.test] == ["3"]
    variant = split(named, "test-views:1", validation_subjects=0)
    assert [s.recording[-1] for s in variant.test] == ["1"]
    with pytest.raises(UsageError, match=r"no view 4.* The views are 1, 2, 3"):
        split(named, "test-views:4")


def test_custom_parts() -> None:
    eight = people(*range(1, 9))
    assert subjects(split(eight, "test-subjects:2, 7").test) == {2, 7}
    two = split(eight, "test-recordings:s1-0,s3-1")
    assert [one.recording for one in two.test] == ["s1-0", "s3-1"]
    assert remarks(eight, "test-recordings:s1-0,s3-1", two)[0].startswith("2 people are learned")
    with pytest.raises(UsageError, match=r"no labelled recording s1-9.* Did you mean s1-"):
        split(eight, "test-recordings:s1-0,s1-9")
    with pytest.raises(UsageError, match="no subject 9"):
        split(eight, "test-subjects:9")
    for written in ("test-subjects:a", "test-subjects:", "test-subjects", "test-recordings:"):
        with pytest.raises(UsageError, match="Write it like test-"):
            split(eight, written)


def test_recordings_of_a_list(tmp_path: Path) -> None:
    eight = dataclasses.replace(people(*range(1, 9)), path=tmp_path)
    (tmp_path / "mine.txt").write_text("s1-0\n\ns2-1\ngone\n", encoding="utf-8")
    parts = split(eight, "test-recordings:@mine.txt")
    assert [one.recording for one in parts.test] == ["s1-0", "s2-1"]
    told = remarks(eight, "test-recordings:@mine.txt", parts)
    assert "Recordings of the list that are not here: gone." in told
    with pytest.raises(MissingError, match="one recording on each line"):
        split(eight, "test-recordings:@other.txt")


def test_the_clips_of_one_annotator_test() -> None:
    made = [
        dataclasses.replace(one, source="Ann" if one.subject == 1 else "Bo")
        for one in people(1, 2, 3).samples
    ]
    whole = dataclasses.replace(dataset(*made), annotators=("Ann", "Bo"))
    parts = split(whole, "test-annotators:Ann")
    assert {one.source for one in parts.test} == {"Ann"}
    assert {one.source for one in parts.train} == {"Bo"}
    with pytest.raises(UsageError, match=r"no clips of An here.* Did you mean Ann"):
        split(whole, "test-annotators:An")
    torn = dataclasses.replace(made[0], start_ns=5, end_ns=6, source="Bo")
    with pytest.raises(DataError, match="recording /data/s1-0 would be in two parts"):
        split(dataset(*made, torn), "test-annotators:Ann")


def test_all_folds_of_a_family() -> None:
    three = people(1, 2, 7)
    assert folds_of(three, "leave-one-subject-out") == tuple(
        f"leave-one-subject-out:{s}" for s in (1, 2, 7)
    )
    assert folds_of(three, "kfold:3") == ("kfold:3:0", "kfold:3:1", "kfold:3:2")
    assert folds_of(three, "setting-2")[::29] == ("setting-2:0", "setting-2:29")
    assert folds_of(three, "test-subjects:7") == ("test-subjects:7",)
    with pytest.raises(UsageError, match="not possible with 3"):
        folds_of(three, "kfold:4")
    with pytest.raises(UsageError, match="no protocol kfolds:3"):
        folds_of(three, "kfolds:3")
    with pytest.raises(UsageError, match="needs the subject"):
        folds_of(dataset(sample(None)), "leave-one-subject-out")


# ---- splits that would leak


def test_what_three_cameras_saw_at_once_is_one_take() -> None:
    names = [f"S001C00{c}P00{p}R001A001" for p in (1, 2) for c in (1, 2, 3)]
    ntu = dataset(*(sample(int(n[11]), n, view=int(n[7])) for n in names))
    with pytest.raises(DataError, match=r"take S001P001R001A001 .*or use cross-view"):
        split(ntu, f"test-recordings:{names[0]}")
    whole = split(ntu, f"test-recordings:{','.join(names[:3])}")
    assert len(whole.test) == 3
    assert len(split(ntu, "cross-view").test) == 2, "views of a take are what it asks about"


def test_leaks_are_refused_whatever_the_rule_gives() -> None:
    one, other = sample(1, "r1"), sample(2, "r2")
    view = dataclasses.replace(one, start_ns=3, end_ns=4)
    with pytest.raises(DataError, match="recording /data/r1"):
        check_apart(((one,), (), (view,)), Path("/data"), people=False, takes=False)
    again = sample(1, "r3")
    with pytest.raises(DataError, match="subject 000001"):
        check_apart(((one,), (again,), (other,)), Path("/data"), people=True, takes=False)
    check_apart(((one,), (again,), (other,)), Path("/data"), people=False, takes=True)


def test_the_same_content_under_two_names_is_told(tmp_path: Path) -> None:
    made = []
    for subject, text in ((1, b"walk" * 50_000), (2, b"wave" * 50_000), (3, b"jump" * 50_000)):
        path = tmp_path / f"r{subject}"
        path.write_bytes(text)
        made.append(Sample(path, path.name, 0, 1, 0, subject=subject))
    copy = tmp_path / "copy"
    copy.write_bytes(made[0].path.read_bytes())
    made.append(Sample(copy, "copy", 0, 1, 0, subject=4))
    folders = []
    for subject, name in ((5, "a.harrec"), (6, "b.harrec")):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "skeleton.jsonl").write_text("joints", encoding="utf-8")
        folders.append(Sample(folder, name, 0, 1, 0, subject=subject))
    whole = dataset(*made, *folders)
    parts = split(whole, "cross-subject", validation_subjects=0)
    assert same_content(parts.train, parts.test) == [
        (folders[0].path, folders[1].path),
        (made[0].path, copy),
    ]
    (told,) = remarks(whole, "cross-subject", parts)
    assert told.startswith("2 recordings are learned from and tested under another name")
    assert str(copy) in told


# ---- all names of NTU RGB+D


def ntu_names(setups: range, actions: range) -> list[str]:
    facts = json.loads(resource("datasets", "ntu_setups.json").read_text(encoding="utf-8"))
    return [
        f"S{setup:03d}C{camera:03d}P{performer:03d}R{replication:03d}A{action:03d}"
        for setup, performer in facts["setup_performer"]
        if setup in setups
        for camera in (1, 2, 3)
        for replication in (1, 2)
        for action in actions
    ]


def ntu(names: list[str], *, listed: bool) -> Dataset:
    return dataset(
        *(
            Sample(Path(name), name, 0, 1, 0, subject=int(name[9:12]), view=int(name[5:8]))
            for name in names
            if listed or not is_listed(name)
        )
    )


@pytest.mark.parametrize(
    ("protocol", "listed", "train", "test"),
    [
        ("cross-subject", True, 40320, 16560),
        ("cross-view", True, 37920, 18960),
        ("cross-subject", False, 40091, 16487),
        ("cross-view", False, 37646, 18932),
    ],
)
def test_published_counts_of_ntu_60(protocol: str, listed: bool, train: int, test: int) -> None:
    names = ntu_names(range(1, 18), range(1, 61))
    parts = split(ntu(names, listed=listed), protocol, validation_subjects=0)
    assert (len(names), len(parts.train), len(parts.test)) == (56880, train, test)


@pytest.mark.parametrize(
    ("protocol", "train", "test"),
    [("cross-subject", 63026, 50919), ("cross-setup", 54468, 59477)],
)
def test_published_counts_of_ntu_120(protocol: str, train: int, test: int) -> None:
    first, second = range(1, 18), range(18, 33)
    names = ntu_names(first, range(1, 61)) + ntu_names(second, range(61, 121))
    parts = split(ntu(names, listed=False), protocol, validation_subjects=0)
    assert (len(names), len(parts.train), len(parts.test)) == (114480, train, test)
