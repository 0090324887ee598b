"""Samples: which stretches of a dataset or a project show which class."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from harstudio.errors import DataError, MissingError, UsageError
from harstudio.labels.editing import clip_edits
from harstudio.labels.label_sets.label_set import Label, LabelSet
from harstudio.labels.model import Clip, Origin
from harstudio.labels.project import Project
from harstudio.learning.data.datasets import Dataset, collect
from harstudio.recordings.formats import open_recording
from harstudio.resources import resource
from trials import write_trial

SECOND = 1_000_000_000
DEMO = resource("demo")


@pytest.fixture
def trials(tmp_path: Path) -> Path:
    root = tmp_path / "utd"
    for name in ("a2_s1_t1", "a1_s2_t1", "a1_s10_t1", "a1_s1_t1"):
        write_trial(root, name)
    return root


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Two trials of twelve frames (0.37 s) each; nobody has labelled them."""
    labels = LabelSet("mine", (Label("wave"), Label("clap")))
    project = Project.create(tmp_path / "project", "mine", label_set=labels)
    for name in ("a1_s1_t1", "a1_s2_t1"):
        write_trial(project.folder / "recordings", name)
    return project


def say(project: Project, recording: str, annotator: str, tier: str, *clips: Clip) -> None:
    history = project.history(recording, annotator)
    for clip in clips:
        history.do(clip_edits.place(history.document, tier, clip))
    history.close()


def clip(start: int, label: str, origin: Origin = Origin.HUMAN, person: str = "") -> Clip:
    return Clip(start * 10_000_000, (start + 5) * 10_000_000, label, origin=origin, person=person)


def told(dataset: Dataset) -> list[tuple[str, int, str, str]]:
    return [
        (one.recording, one.start_ns // 10_000_000, dataset.classes[one.label], one.source)
        for one in dataset.samples
    ]


def test_file_names_tell_the_actions(trials: Path) -> None:
    steps: list[tuple[int, int]] = []
    dataset = collect(trials, progress=lambda done, total: steps.append((done, total)))
    assert steps[0] == (0, 0)
    assert [step for step in steps if step[1]] == [(0, 4), (1, 4), (2, 4), (3, 4)]
    assert dataset.classes == ("right arm swipe to the left", "right arm swipe to the right")
    assert [one.label for one in dataset.samples] == [
        int(one.recording.startswith("a2")) for one in dataset.samples
    ]
    assert {one.recording: one.subject for one in dataset.samples} == {
        "a1_s1_t1": 1, "a1_s2_t1": 2, "a1_s10_t1": 10, "a2_s1_t1": 1,
    }  # fmt: skip
    assert (dataset.topology, dataset.bodies) == ("utd_mhad_20", 1)
    assert dataset.kinds == {"depth", "skeleton", "inertial"}
    assert dataset.problems == ()


def test_a_sample_holds_every_frame_of_its_recording(trials: Path) -> None:
    for one in collect(trials).samples:
        with open_recording(one.path) as recording:
            for stream in (recording.streams["skeleton"], recording.streams["depth"]):
                inside = (stream.times_ns >= one.start_ns) & (stream.times_ns < one.end_ns)
                assert inside.all()
                assert one.end_ns - stream.end_ns <= stream.period_ns


def test_the_order_does_not_depend_on_the_place(trials: Path, tmp_path: Path) -> None:
    other = shutil.copytree(trials, tmp_path / "elsewhere" / "deep")
    names = [one.recording for one in collect(trials).samples]
    assert names == [one.recording for one in collect(other).samples]


def test_what_cannot_be_opened_is_told_and_the_others_go_on(trials: Path) -> None:
    for kind in ("Depth", "Skeleton", "Inertial"):
        (trials / kind / f"a1_s2_t1_{kind.lower()}.mat").write_bytes(b"no matlab file")
    dataset = collect(trials)
    assert [one.recording for one in dataset.samples] == ["a1_s10_t1", "a1_s1_t1", "a2_s1_t1"]
    assert any("a1_s2_t1" in problem for problem in dataset.problems)


def test_a_kind_that_many_lack_is_not_one_to_learn_from(trials: Path) -> None:
    for name in ("a1_s2_t1", "a1_s1_t1", "a2_s1_t1"):
        (trials / "Depth" / f"{name}_depth.mat").unlink()
    dataset = collect(trials)
    assert dataset.kinds == {"skeleton", "inertial"}
    assert dataset.scarce() == {"depth": "1 of 4"}


def test_a_kind_that_few_lack_is_told(tmp_path: Path) -> None:
    for k in range(10):
        write_trial(tmp_path, f"a{k + 1}_s1_t1", frames=2)
    (tmp_path / "Depth" / "a4_s1_t1_depth.mat").unlink()
    dataset = collect(tmp_path)
    assert "depth" in dataset.kinds
    assert dataset.without(["depth", "skeleton"]) == ["1 of 10 recordings without depth: a4_s1_t1."]


def test_recordings_that_lack_what_the_network_needs_are_left_out(trials: Path) -> None:
    (trials / "Skeleton" / "a1_s2_t1_skeleton.mat").unlink()
    dataset = collect(trials)
    assert dataset.with_kinds(["depth"]) == dataset
    left = dataset.with_kinds(["depth", "skeleton"])
    assert [one.recording for one in left.samples] == ["a1_s10_t1", "a1_s1_t1", "a2_s1_t1"]
    assert left.problems[-1] == "1 of 4 recordings without skeleton left out: a1_s2_t1."
    with pytest.raises(DataError, match="No recording here has color and depth"):
        dataset.with_kinds(["color", "depth"])


def test_two_kinds_of_skeleton_are_refused(trials: Path) -> None:
    shutil.copytree(DEMO / "recordings" / "kick-s01.harrec", trials / "kick-s01.harrec")
    with pytest.raises(DataError, match=r"kick-s01 with kinect_v2_25 and .* and 1 more with utd_"):
        collect(trials)


def test_classes_of_a_trained_network_keep_their_order(trials: Path) -> None:
    classes = ("right hand wave", "right arm swipe to the right")
    dataset = collect(trials, classes=classes)
    assert dataset.classes == classes
    assert [(one.recording, one.label) for one in dataset.samples] == [("a2_s1_t1", 1)]
    assert dataset.problems == (
        "3 samples of “right arm swipe to the left” left out: not one of the classes.",
    )
    with pytest.raises(DataError, match="None of its labels"):
        collect(trials, classes=["jump"])
    with pytest.raises(UsageError, match="twice"):
        collect(trials, classes=["jump", "jump"])


def test_nothing_to_learn_from(tmp_path: Path, project: Project) -> None:
    with pytest.raises(MissingError, match="no such folder"):
        collect(tmp_path / "nowhere")
    with pytest.raises(DataError, match="No recording here tells"):
        collect(tmp_path / "project" / "labels")
    with pytest.raises(DataError, match="Nobody labelled a clip"):
        collect(project.folder)


@pytest.mark.parametrize("when", [(0, 0), (2, 4)])
def test_what_progress_raises_ends_it(trials: Path, when: tuple[int, int]) -> None:
    def stop(done: int, total: int) -> None:
        if (done, total) == when:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        collect(trials, progress=stop)


# ---- projects


def test_clips_of_a_project(project: Project) -> None:
    say(project, "a1_s1_t1", "alice", "actions", clip(20, "clap"), clip(3, "wave", person="1"))
    say(project, "a1_s2_t1", "alice", "actions", clip(1, "zebra"))
    dataset = collect(project.folder / "project.toml")
    assert dataset.classes == ("wave", "clap", "zebra")  # the label set's order, then others
    assert told(dataset) == [
        ("a1_s1_t1", 3, "wave", "alice"),
        ("a1_s1_t1", 20, "clap", "alice"),
        ("a1_s2_t1", 1, "zebra", "alice"),
    ]
    assert [one.person for one in dataset.samples] == ["1", "", ""]


def test_of_two_annotators_the_one_with_most_clips_counts(project: Project) -> None:
    say(project, "a1_s1_t1", "alice", "actions", clip(3, "wave"))
    say(project, "a1_s1_t1", "bob", "actions", clip(3, "wave"), clip(20, "clap"))
    say(project, "a1_s2_t1", "bob", "actions", clip(2, "clap"))
    say(project, "a1_s2_t1", "alice", "actions", clip(2, "wave"))  # as many: the first by name
    assert told(collect(project.folder)) == [
        ("a1_s1_t1", 3, "wave", "bob"),
        ("a1_s1_t1", 20, "clap", "bob"),
        ("a1_s2_t1", 2, "wave", "alice"),
    ]
    assert {one.source for one in collect(project.folder, annotator="bob").samples} == {"bob"}
    for annotator in ("", "bob"):  # who else could be asked for is told all the same
        assert collect(project.folder, annotator=annotator).annotators == ("alice", "bob")
    assert collect(project.folder).problems == (
        "2 recordings were labelled by several people; who made most clips counts: alice in 1, "
        "bob in 1. data.annotator chooses one person.",
    )
    assert collect(project.folder, annotator="bob").problems == ()
    with pytest.raises(DataError, match=r"no clips of carol.* Known are: alice, bob"):
        collect(project.folder, annotator="carol")
    with pytest.raises(DataError, match=r"no clips of alic here.* Did you mean alice"):
        collect(project.folder, annotator="alic")


def test_what_a_model_proposed_does_not_count(project: Project) -> None:
    say(
        project, "a1_s1_t1", "alice", "proposals",
        clip(1, "clap", Origin.MODEL), clip(7, "clap", Origin.MODEL),
    )  # fmt: skip
    say(project, "a1_s1_t1", "alice", "actions", clip(4, "wave"))
    say(project, "a1_s1_t1", "alice", "second", clip(5, "clap"), clip(12, "clap"))
    assert told(collect(project.folder)) == [("a1_s1_t1", 4, "wave", "alice")]


def test_a_clip_beyond_the_recording_is_no_sample(project: Project) -> None:
    say(project, "a1_s1_t1", "alice", "actions", clip(4, "wave"), clip(4000, "wave"))
    dataset = collect(project.folder)
    assert told(dataset) == [("a1_s1_t1", 4, "wave", "alice")]
    assert dataset.problems == ("1 clip lies outside the recording, left out: a1_s1_t1.",)


def test_where_every_clip_lies_beyond_its_recording(project: Project) -> None:
    say(project, "a1_s1_t1", "alice", "actions", clip(4000, "wave"), clip(5000, "wave"))
    with pytest.raises(DataError, match=r"Every clip here lies outside.* 2 clips lie outside"):
        collect(project.folder)


def test_a_damaged_document_is_told_and_the_others_go_on(project: Project) -> None:
    say(project, "a1_s1_t1", "alice", "actions", clip(3, "wave"))
    say(project, "a1_s2_t1", "alice", "actions", clip(3, "wave"))
    (project.folder / "labels" / "a1_s1_t1" / "alice.json").write_text("{")
    dataset = collect(project.folder)
    assert told(dataset) == [("a1_s2_t1", 3, "wave", "alice")]
    assert any("alice.json" in problem for problem in dataset.problems)


def test_a_folder_that_was_labelled_without_a_project(tmp_path: Path) -> None:
    folder = tmp_path / "videos"
    shutil.copytree(DEMO / "recordings" / "untrimmed-minute.harrec", folder / "u.harrec")
    with pytest.raises(DataError, match="No recording here tells"):
        collect(folder)
    own = Project.private_for(folder)
    say(own, "untrimmed-minute", "me", "actions", clip(100, "wave"))
    assert told(collect(folder)) == [("untrimmed-minute", 100, "wave", "me")]


def test_the_demo_project() -> None:
    dataset = collect(DEMO)
    assert len(dataset.samples) == 25
    assert (dataset.topology, dataset.bodies) == ("kinect_v2_25", 2)
    assert {"color", "depth", "infrared", "skeleton"} <= dataset.kinds
    assert {(one.subject, one.view) for one in dataset.samples} == {(1, 1), (2, 3)}
    untrimmed = [one for one in dataset.samples if one.recording == "untrimmed-minute"]
    assert len(untrimmed) == 13
    ends = [one.end_ns for one in untrimmed]
    assert all(one.start_ns >= end for one, end in zip(untrimmed[1:], ends, strict=False))


@pytest.mark.slow
def test_the_whole_of_utd_mhad(utd_mhad: Path) -> None:
    dataset = collect(utd_mhad)
    assert (len(dataset.samples), len(dataset.classes)) == (861, 27)
    assert dataset.kinds == {"depth", "skeleton", "inertial"}
