"""One window with something taken away: what bundled weights say, now and again from memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import scipy.io

from harstudio.errors import DataError, UsageError
from harstudio.jobs.foreground import run
from harstudio.recognition.network_cache import network_of, window_of
from harstudio.recognition.one_window import say
from harstudio.recognition.removing import Changes, Region, changes_of, removed
from harstudio.recognition.trained import TrainedNetwork, load_run
from harstudio.recognition.what_if import WindowAtHand
from harstudio.recordings.formats import open_recording
from harstudio.recordings.recording import Recording
from harstudio.resources import resource
from harstudio.results import Box
from harstudio.runs.bundled import find_run
from harstudio.runs.recognitions import load_recognition
from job_context import Heard
from trials import write_trial

SECOND = 1_000_000_000
SPAN = (SECOND, 2 * SECOND)
PERSON = Box(200, 60, 330, 300)  # where the demo's person stands in depth
MIDDLE = Box(380, 100, 600, 420)
ALL = "synthetic-all-views"


@pytest.fixture(scope="module")
def clip() -> Path:
    return resource("demo") / "recordings" / "clap-s01.harrec"


@pytest.fixture(scope="module")
def all_views() -> TrainedNetwork:
    return load_run(find_run(ALL))


@pytest.fixture(scope="module")
def window(clip: Path, all_views: TrainedNetwork) -> Iterator[WindowAtHand]:
    with open_recording(clip) as recording:
        yield WindowAtHand(all_views, recording, *SPAN, "")


def afresh(trained: TrainedNetwork, recording: Recording, changes: Changes) -> np.ndarray:
    """What the network says about the changed recording, with nothing kept."""
    preprocessing = trained.preprocessing
    if changes.without:
        preprocessing = preprocessing.leaving_out(changes.without)
    raw = preprocessing.read(removed(recording, changes), *SPAN)
    return say(trained, preprocessing.make(raw, None), SPAN).window.probabilities


CHANGES = {
    "nothing": Changes(),
    "no depth": Changes(without=frozenset({"depth"})),
    "no joints": Changes(without=frozenset({"skeleton"})),
    "masked": Changes(masked=(Region("depth", PERSON), Region("infrared", PERSON))),
    "masked twice": Changes(masked=(Region("color", MIDDLE), Region("color", Box(0, 0, 90, 90)))),
    "hidden": Changes(joints=frozenset({"WristRight", "HandRight"})),
    "all of it": Changes(
        frozenset({"infrared"}), (Region("depth", PERSON),), frozenset({"WristLeft"})
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_memory_changes_no_answer(
    name: str, window: WindowAtHand, all_views: TrainedNetwork, clip: Path
) -> None:
    changes = CHANGES[name]
    window.ask(CHANGES["masked"])  # what is kept of other changes is not taken for these
    window.ask(Changes(joints=changes.joints))
    with open_recording(clip) as recording:
        wanted = afresh(all_views, recording, changes)
    for _ in range(2):
        np.testing.assert_array_equal(window.ask(changes).window.probabilities, wanted)
    if name == "nothing":
        np.testing.assert_array_equal(window.before.probabilities, wanted)
    else:
        assert np.abs(window.before.probabilities - wanted).sum() > 1e-4


def test_a_masked_picture_shows_nothing_there(clip: Path) -> None:
    with open_recording(clip) as recording:
        for name in ("color", "depth", "infrared"):
            stream = recording.streams[name]
            box = Box(30.4, stream.height + 50, -5, 100)  # any corner first, beyond the picture
            index, seen = 40, stream.frame(40)
            masked = removed(recording, Changes(masked=(Region(name, box),))).streams[name]
            shown = masked.frame(index)
            assert shown.dtype == seen.dtype
            inside, outside = shown[100:, :30], np.ones(seen.shape[:2], dtype=bool)
            outside[100:, :30] = False
            np.testing.assert_array_equal(shown[outside], seen[outside])
            mean = 0 if name == "depth" else np.rint(seen[outside].mean(axis=0))
            assert np.abs(inside.astype(float) - mean).max() <= 1
            np.testing.assert_array_equal(stream.frame(index), seen)


def test_a_hidden_joint_is_seen_by_nobody(clip: Path) -> None:
    with open_recording(clip) as recording:
        changed = removed(recording, Changes(joints=frozenset({"HandRight"})))
        before, after = (one.of_kind("skeleton").frame(5).bodies[0] for one in (recording, changed))
    gone = np.isnan(after.joints).any(axis=1)
    assert gone.sum() == 1
    assert not np.isnan(before.joints[gone]).any()
    assert after.tracking[gone] == 0


def test_nothing_is_left(window: WindowAtHand) -> None:
    kinds = frozenset(window.kinds)
    assert kinds == {"color", "depth", "infrared", "skeleton"}
    assert set(window.can_drop(frozenset())) == kinds
    assert window.can_drop(kinds - {"skeleton"}) == ("color", "depth", "infrared")
    with pytest.raises(DataError, match="nothing of late-score answers"):
        window.ask(Changes(without=kinds))
    with pytest.raises(UsageError, match="no joint Tail"):
        window.ask(Changes(joints=frozenset({"Tail"})))
    with pytest.raises(UsageError, match="no picture stream wrist"):
        window.ask(Changes(masked=(Region("wrist", PERSON),)))


def test_the_job_answers_again_from_what_it_read(clip: Path, tmp_path: Path) -> None:
    payload = {
        "run": str(find_run("depth-skeleton")), "path": str(clip), "start_ns": SPAN[0],
        "end_ns": SPAN[1], "person": "", "out": str(tmp_path), "explain": True,
        "masked": [{"stream": "depth", "left": 200, "top": 60, "right": 330, "bottom": 300}],
        "joints": ["HandRight"],
    }  # fmt: skip
    job = "harstudio.recognition.jobs:what_if"
    told = run(job, payload, threads=1)
    assert told["kinds"] == ["depth", "skeleton"] == told["can_drop"]
    assert told["before"]["probabilities"] != told["probabilities"]
    assert 0 < told["moved"] <= 1
    assert told["name"] == told["classes"][int(np.argmax(told["probabilities"]))]
    kept = load_recognition(Path(told["file"]))
    np.testing.assert_array_equal(kept.windows[0].probabilities, np.float32(told["probabilities"]))
    assert all("what if" in one.meaning for one in kept.explanations[0])
    again = run(job, {**payload, "masked": [], "joints": [], "explain": False}, threads=1)
    assert again["probabilities"] == told["before"]["probabilities"]
    assert again["moved"] == 0
    assert again["file"] == ""
    with pytest.raises(UsageError, match="ends before it starts"):
        run(job, {**payload, "end_ns": 0}, threads=1)


def test_a_window_is_read_again_when_any_of_its_files_changed(tmp_path: Path) -> None:
    path = write_trial(tmp_path, frames=40)
    trained = network_of(find_run("joints-any-sensor"), Heard())
    first = window_of(trained, path, 0, SECOND)
    assert window_of(trained, path, 0, SECOND) is first
    assert window_of(trained, path, 0, SECOND // 2) is not first
    first = window_of(trained, path, 0, SECOND)
    file = tmp_path / "Skeleton" / "a1_s1_t1_skeleton.mat"  # beside the file that is opened
    joints = scipy.io.loadmat(file)["d_skel"]
    scipy.io.savemat(file, {"d_skel": joints + np.linspace(0, 0.5, 40)})
    again = window_of(trained, path, 0, SECOND)
    assert not np.array_equal(again.before.probabilities, first.before.probabilities)
    network_of(find_run("depth-skeleton"), Heard())  # another network: the window goes, too
    assert window_of(trained, path, 0, SECOND) is not again


def test_a_payload_says_what_is_taken_away() -> None:
    assert changes_of({"without": None}) == Changes()
    told = {"stream": "depth", "left": 1, "top": 2, "right": 3, "bottom": 4}
    assert changes_of({"masked": [told]}).masked == (Region("depth", Box(1, 2, 3, 4)),)
