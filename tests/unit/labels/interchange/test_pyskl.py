"""Skeletons of clips, written for PYSKL and read back without running anything."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from harstudio.errors import DataError, UsageError
from harstudio.labels.interchange import registry
from harstudio.labels.interchange.base import Bundle, Labelled, Reading
from harstudio.labels.interchange.skeleton_sets import load_set
from harstudio.labels.label_sets.label_set import bundled_label_set
from harstudio.labels.project import Project
from harstudio.recordings.formats import open_recording
from harstudio.resources import resource
from made_labels import all_clips

DEMO = resource("demo")
UNTRIMMED = "untrimmed-minute"


@pytest.fixture(scope="module")
def demo() -> Bundle:
    """The untrimmed minute as alice labelled it."""
    project = Project.open(DEMO)
    path = DEMO / "recordings" / f"{UNTRIMMED}.harrec"
    alice = tuple(d for d in project.documents(UNTRIMMED) if d.annotator == "alice")
    return Bundle((Labelled(UNTRIMMED, alice, path=path, subset="test"),), project.label_set)


def told(bundle: Bundle) -> list[tuple[object, ...]]:
    return sorted(
        (recording, annotator, clip.start_ns, clip.end_ns, clip.label, clip.person)
        for recording, annotator, _, clip in all_clips(bundle)
    )


@pytest.mark.parametrize("ending", [".pkl", ".npz"])
def test_the_demo_there_and_back(tmp_path, demo, ending):
    path = tmp_path / f"demo{ending}"
    notes = registry.write(demo, path)
    assert any("joints only" in note for note in notes)
    again = registry.read(path, Reading())
    assert told(again) == told(demo)
    assert again.recordings[0].subset == "test"
    # from there into the other form: the same joints, without the recording
    other = path.with_suffix(".npz" if ending == ".pkl" else ".pkl")
    registry.write(again, other)
    one, two = load_set(path), load_set(other)
    assert [clip.name for clip in one.clips] == [clip.name for clip in two.clips]
    assert all(
        np.array_equal(a.keypoint, b.keypoint) for a, b in zip(one.clips, two.clips, strict=True)
    )


def test_what_pyskl_itself_will_find(tmp_path, demo):
    path = tmp_path / "demo.pkl"
    registry.write(demo, path)
    with path.open("rb") as file:
        data = pickle.load(file)  # noqa: S301 -- our own
    clips = sorted((clip for *_, clip in all_clips(demo)), key=lambda clip: clip.start_ns)
    assert len(data["annotations"]) == len(clips) == 13
    assert data["split"] == {"test": [one["frame_dir"] for one in data["annotations"]]}
    names = [label.name for label in demo.label_set.labels]
    with open_recording(demo.recordings[0].path) as recording:
        skeleton = recording.streams["skeleton"]
        for one, clip in zip(data["annotations"], clips, strict=True):
            people, frames, joints, axes = one["keypoint"].shape
            first, stop = np.searchsorted(skeleton.times_ns, [clip.start_ns, clip.end_ns])
            assert (frames, joints, axes) == (stop - first, 25, 3) == (one["total_frames"], 25, 3)
            assert names[one["label"]] == clip.label
            bodies = skeleton.frame(int(first)).bodies
            assert np.array_equal(one["keypoint"][0, 0], bodies[0].joints)
            assert people == (2 if clip.label == "handshaking" else 1)


def test_a_set_as_others_distribute_it(tmp_path):
    """No classes and no times: NTU's names tell the classes, else the label set does."""
    path = tmp_path / "ntu.pkl"
    joints = np.zeros((1, 60, 25, 3), np.float16)
    names = ["S001C001P001R001A010", "S001C001P003R001A058"]
    annotations = [
        {"frame_dir": name, "label": int(name[-3:]) - 1, "total_frames": 60, "keypoint": joints}
        for name in names
    ]
    split = {"xsub_train": names[:1], "xsub_val": names[1:], "xview_train": names}
    path.write_bytes(pickle.dumps({"split": split, "annotations": annotations}, 4))
    found = registry.read(path, Reading())
    assert [(r, c.label, c.end_ns) for r, _, _, c in all_clips(found)] == [
        (names[0], "clapping", 2_000_000_000),
        (names[1], "handshaking", 2_000_000_000),
    ]
    assert [one.subset for one in found.recordings] == ["training", "validation"]
    assert found.notes == ("The splits xview_train are left out: a recording is in one part.",)
    for one in annotations:
        one["frame_dir"] = "video" + one["frame_dir"][-2:]
    path.write_bytes(pickle.dumps(annotations, 2))  # older files are the list alone
    utd = bundled_label_set("utd-mhad")
    other = registry.read(path, Reading(label_set=utd))
    assert [c.label for *_, c in all_clips(other)] == [utd.labels[9].name, "class 57"]
    assert "place in the label set" in other.notes[0]


def shared_lists() -> list[object]:
    """In the file a few hundred bytes, written out 10^30 of them."""
    inner: list[object] = []
    for _ in range(30):
        inner = [inner] * 10
    return inner


BAD = {
    "no annotations": {"split": {}},
    "has no frame_dir": {"annotations": [{"label": 1}]},
    "no dictionary": {"annotations": [3]},
    "“label” is": {"annotations": [{"frame_dir": "a", "label": "3", "total_frames": 2}]},
    "the label -1": {"annotations": [{"frame_dir": "a", "label": -1, "total_frames": 2}]},
    "the shape": {"annotations": [{"frame_dir": "a", "label": 1, "keypoint": np.zeros((2, 3))}]},
    "no list of names": {"annotations": [], "split": {"a": 3}},
    "total_frames: a huge number": {
        "annotations": [{"frame_dir": "a", "label": 1, "total_frames": 10**400}]
    },
    "to a huge number ns": {
        "annotations": [{"frame_dir": "a", "label": 1, "total_frames": 2, "end_ns": 10**30}]
    },
    "from 5 to 3 ns": {
        "annotations": [
            {"frame_dir": "a", "label": 1, "total_frames": 2, "start_ns": 5, "end_ns": 3}
        ]
    },
    "of the type list": {"annotations": [], "split": shared_lists()},
}


@pytest.mark.parametrize("words", BAD)
def test_sets_that_contradict_themselves(tmp_path, words):
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps(BAD[words]))
    with pytest.raises(DataError, match="annotations" if words == "no annotations" else words):
        registry.read(path, Reading())


def test_npz_with_pickled_or_missing_arrays(tmp_path):
    path = tmp_path / "a.npz"
    about = {"annotations": [{"frame_dir": "a", "label": 0, "total_frames": 2}]}
    Path(tmp_path / "a.json").write_text(json.dumps(about), "utf-8")
    np.savez(path, keypoint_0=np.array([{}], dtype=object))
    with pytest.raises(DataError, match="other data than it says"):
        registry.read(path, Reading())
    huge = io.BytesIO()
    header = {"descr": "<f4", "fortran_order": False, "shape": (1, 1 << 40, 25, 3)}
    np.lib.format.write_array_header_1_0(huge, header)
    for member in (huge.getvalue(), b"no array"):
        with zipfile.ZipFile(path, "w") as packed:
            packed.writestr("keypoint_0.npy", member)
        with pytest.raises(DataError, match=r"other data than it says|magic"):
            registry.read(path, Reading())
    np.savez(path, other=np.zeros(3))
    assert [c.label for *_, c in all_clips(registry.read(path, Reading()))] == ["class 0"]


def test_clips_without_skeletons_are_refused(tmp_path, demo):
    without = replace(demo, recordings=(replace(demo.recordings[0], path=None),))
    with pytest.raises(UsageError, match="none of these clips has any"):
        registry.write(without, tmp_path / "a.pkl")
    assert not (tmp_path / "a.pkl").exists()
