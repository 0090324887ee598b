"""Recognising recordings: the same numbers as asking the network itself; who fails, says why."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from harstudio.errors import DataError, HarstudioError, MissingError, UsageError
from harstudio.jobs.context import Stopped
from harstudio.learning.data.datasets import collect
from harstudio.learning.data.looked import extent
from harstudio.learning.loading import Loader
from harstudio.learning.preprocessing import Preprocessing
from harstudio.learning.weights.checkpoints import save_weights, weights_of
from harstudio.recognition import cores
from harstudio.recognition import recognise as recognise_module
from harstudio.recognition.answers import Answers
from harstudio.recognition.jobs import explain, predict
from harstudio.recognition.recognise import Question, recognise
from harstudio.recognition.trained import load_run
from harstudio.recognition.windows import Sliding
from harstudio.recordings.formats import open_recording
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import ArrayReader, Body, SkeletonFrame, SkeletonStream
from harstudio.results import JointWeights
from harstudio.runs.folder import RunFolder
from harstudio.runs.recognitions import load_recognition
from job_context import Heard
from trained_runs import CLASSES, write_run
from trials import write_trial

FRAMES = 40
SECOND = 1_000_000_000
NOW = 4_000_000_000  # seconds since 1970, later than any file


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    write_run(folder)
    return folder


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dataset")
    for name in ("a1_s1_t1", "a2_s1_t1", "a3_s2_t1"):
        write_trial(folder, name, FRAMES)
    return folder


@pytest.fixture
def trial(dataset: Path) -> Path:
    return dataset / "Depth" / "a1_s1_t1_depth.mat"


def softmax(logits: np.ndarray) -> np.ndarray:
    exponents = np.exp(logits.astype(np.float64) - logits.max(axis=-1, keepdims=True))
    return exponents / exponents.sum(axis=-1, keepdims=True)


# ---- the same numbers


def test_windows_say_what_the_network_says_of_the_same_inputs(run: Path, trial: Path) -> None:
    network = write_run(run)
    preprocessing = Preprocessing.load(RunFolder(run).preprocessing)
    with open_recording(trial) as recording:
        said = recognise(
            load_run(run), recording, Heard(), Question(Sliding(window_s=0.5, stride_s=0.25))
        )
        assert len(said.windows) == 5  # 40 frames at 30 Hz: 1.333 s
        for window in said.windows:
            raw = preprocessing.read(recording, window.start_ns, window.end_ns)
            inputs = preprocessing.make(raw).inputs
            with torch.no_grad():
                output = network({"skeleton": torch.from_numpy(inputs["skeleton"])[None]})
            direct = torch.softmax(output.logits[0], dim=0).numpy()
            np.testing.assert_array_equal(window.probabilities, direct)
            np.testing.assert_array_equal(window.by_stream["skeleton"], direct)
    mean = np.mean([window.probabilities for window in said.windows], axis=0)
    assert (said.label, said.confidence) == (int(mean.argmax()), pytest.approx(mean.max()))
    assert said.classes == CLASSES


def test_a_training_sample_is_recognised_as_training_evaluates_it(run: Path, dataset: Path) -> None:
    network = write_run(run)
    found = collect(dataset)
    preprocessing = Preprocessing.load(RunFolder(run).preprocessing)
    loader = Loader(
        found.samples, preprocessing, 3, seed=0, train=False, cache_bytes=1 << 24, threads=1
    )
    trained = load_run(run)
    for batch in loader.batches(0):
        with torch.no_grad():
            logits = network(batch[0]).logits.numpy()
        for index, expected in zip(batch[2], softmax(logits), strict=True):
            sample = found.samples[int(index)]
            with open_recording(sample.path) as recording:
                (window,) = recognise(trained, recording, Heard()).windows
            assert (window.start_ns, window.end_ns) == (sample.start_ns, sample.end_ns)
            np.testing.assert_allclose(window.probabilities, expected, atol=1e-6)


def test_a_recording_is_one_window_up_to_two_usual_clips(tmp_path: Path, trial: Path) -> None:
    with open_recording(trial) as recording:
        for usual_s, windows in ((0.7, 1), (0.5, 8)):  # (1.333 - 0.5) / 0.125 and the last
            write_run(tmp_path, usual_s=usual_s)
            said = recognise(load_run(tmp_path), recording, Heard())
            assert len(said.windows) == windows
            assert (said.windows[0].start_ns, said.windows[-1].end_ns) == extent(recording)
            assert said.segments[0].start_ns == said.windows[0].start_ns
            assert said.segments[-1].end_ns == said.windows[-1].end_ns


# ---- runs


def test_the_best_checkpoint_comes_first_then_the_last(tmp_path: Path) -> None:
    best = write_run(tmp_path)
    run = RunFolder(tmp_path)
    last = write_run(tmp_path / "other", dropout=0.25)
    run.last.write_bytes(RunFolder(tmp_path / "other").last.read_bytes())
    assert load_run(tmp_path).network.options == best.options
    run.best.unlink()
    assert load_run(tmp_path).network.options == last.options
    assert not load_run(tmp_path).network.training


def damage(run: RunFolder, how: str) -> None:
    if how == "no checkpoint":
        run.best.unlink()
        run.last.unlink()
    elif how == "cut checkpoint":
        run.best.write_bytes(run.best.read_bytes()[:1000])
    elif how == "no preprocessing":
        run.preprocessing.unlink()
    elif how == "newer preprocessing":
        table = json.loads(run.preprocessing.read_text())
        run.preprocessing.write_text(json.dumps(table | {"version": 99}))
    elif how == "no classes":
        run.data.unlink()
    elif how == "other classes":
        run.data.write_text('{"classes": ["wave"]}')
    elif how == "classes are no names":
        run.data.write_text('{"classes": [1, 2, 3]}')
    elif how == "other joints":
        table = json.loads(run.preprocessing.read_text())
        run.preprocessing.write_text(json.dumps(table | {"topology": "kinect_v2_25"}))
    elif how == "unknown network":
        run.best.write_bytes(run.best.read_bytes().replace(b"st-gcn", b"xx-gcn"))


@pytest.mark.parametrize(
    ("how", "kind", "sentence"),
    [
        ("no checkpoint", MissingError, "no checkpoint yet. Train it"),
        ("cut checkpoint", DataError, "damaged"),
        ("no preprocessing", MissingError, "no preprocessing.json"),
        ("newer preprocessing", DataError, "version is 99"),
        ("no classes", MissingError, "does not name its classes"),
        ("other classes", DataError, "names 1 classes, but the network knows 3"),
        ("classes are no names", DataError, "does not name the classes"),
        ("other joints", DataError, "prepares kinect_v2_25 skeletons, but the network takes utd"),
        ("unknown network", DataError, "no network xx-gcn"),
    ],
)
def test_a_run_that_is_not_whole_says_what_is_wrong(
    tmp_path: Path, how: str, kind: type[HarstudioError], sentence: str
) -> None:
    write_run(tmp_path)
    damage(RunFolder(tmp_path), how)
    with pytest.raises(kind, match=sentence) as raised:
        load_run(tmp_path)
    assert raised.value.path is not None
    assert raised.value.path.is_relative_to(tmp_path)


def test_what_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="no such run"):
        load_run(tmp_path / "none")
    with pytest.raises(MissingError, match="no run folder"):
        load_run(tmp_path)


# ---- recordings that do not fit


def test_a_missing_stream_is_named_with_what_the_run_needs(run: Path, tmp_path: Path) -> None:
    depth = write_trial(tmp_path, "a1_s1_t1")
    (tmp_path / "Skeleton" / "a1_s1_t1_skeleton.mat").unlink()
    (tmp_path / "Inertial" / "a1_s1_t1_inertial.mat").unlink()
    with (
        open_recording(depth) as recording,
        pytest.raises(DataError, match="has no skeleton; st-gcn of this run needs skeleton"),
    ):
        recognise(load_run(run), recording, Heard())


def test_a_missing_modality_is_said_and_kept(tmp_path: Path) -> None:
    """The streams that are left answer: the log says so, the answer and its file too."""
    tables = {"skeleton": {"frames": 16, "bodies": 1}, "picture": {"size": 64}}
    write_run(tmp_path / "run", "mmff-lite", modalities=("depth", "skeleton"), overrides=tables)
    depth = write_trial(tmp_path / "whole")
    write_trial(tmp_path / "part")
    (tmp_path / "part" / "Depth" / "a1_s1_t1_depth.mat").unlink()
    part = tmp_path / "part" / "Skeleton" / "a1_s1_t1_skeleton.mat"
    payload = {"run": str(tmp_path / "run"), "paths": [str(depth), str(part)], "explain": True}
    heard = Heard()
    assert predict(payload | {"out": str(tmp_path / "out")}, heard)["failed"] == 0
    whole, without = heard.told("recognition")
    assert (whole["without"], without["without"]) == ([], ["depth"])
    assert heard.lines == ["a1_s1_t1 has no depth: skeleton of mmff-lite answers alone."]
    said = load_recognition(Path(without["file"]))
    assert said.without == ("depth",)
    assert set(said.windows[0].by_stream) == {"skeleton"}
    assert {one.name for one in said.explanations[0]} == {"joint saliency"}
    assert load_recognition(Path(whole["file"])).without == ()


def test_windows_in_which_nobody_is_seen_have_no_opinion(run: Path, trial: Path) -> None:
    heard = Heard()
    second = 1_000_000_000
    with open_recording(trial) as recording:
        seen, empty = (0, second), (50 * second, 51 * second)
        said = recognise(load_run(run), recording, heard, Question(spans=(seen, empty)))
        assert [(w.start_ns, w.end_ns) for w in said.windows] == [seen]
        assert heard.lines == ["a1_s1_t1 at 50.00 s is left out: Nobody is seen in this clip."]
        with pytest.raises(DataError, match="Nobody is seen"):
            recognise(load_run(run), recording, heard, Question(spans=(empty,)))


# ---- cores


def test_a_slow_network_gets_all_threads_and_they_are_given_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        for slowest_s, after in ((1e6, 1), (0.0, 2)):  # a quick network, a slow one
            monkeypatch.setattr(cores, "QUICK_S", slowest_s)
            with cores.shared(torch.device("cpu")) as shared:
                seen = []
                for _ in range(cores.LOOKED_AT + 1):
                    with shared.asking():
                        seen.append(torch.get_num_threads())
            assert seen == [1] * cores.LOOKED_AT + [after]
            assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


# ---- several persons


def write_parts(folder: Path) -> None:
    """A run on dynamic images of people in depth, and on joints of another topology."""
    tables = {
        "dynamic": {"appearance": "depth", "person_band_m": (0.4, 0.3)},
        "skeleton": {"frames": 16, "bodies": 1},
    }
    write_run(
        folder,
        "late-score",
        topology="common_16",
        modalities=("depth", "skeleton"),
        overrides=tables,
        picture_backbone="dynamic-cnn",
        skeleton_backbone="joint-tcn",
        parts=1,
    )


def walking(seconds: float, *bodies: tuple[str, float, float]) -> Recording:
    """Bodies (id, first second, last second) that swing their arms, each at its own pace."""
    times = np.arange(0, seconds * SECOND, SECOND // 30, dtype=np.int64)
    rng = np.random.default_rng(0)
    standing = {name: rng.normal(0, 0.4, (20, 3)) + np.array([0, 0, 2.5]) for name, _, _ in bodies}

    def frame(k: int) -> SkeletonFrame:
        seen = []
        for number, (name, first, last) in enumerate(bodies):
            if first * SECOND <= times[k] < last * SECOND:
                swing = 0.3 * np.sin(k / (5 + 4 * number)) * (np.arange(20) > 10)
                joints = (standing[name] + swing[:, None]).astype(np.float32)
                seen.append(Body(name, joints, np.full(20, 2, dtype=np.uint8)))
        return SkeletonFrame(tuple(seen))

    reader = ArrayReader([frame(k) for k in range(len(times))])
    stream = SkeletonStream(
        "skeleton", times, reader, topology="utd_mhad_20", joints=20, max_bodies=len(bodies)
    )
    return Recording("walking", "made", Path("walking"), {"skeleton": stream})


def test_each_person_is_recognised_by_itself(run: Path) -> None:
    """As if nobody else was there; windows in which a person is not seen long enough are not."""
    trained, sliding = load_run(run), Sliding(2.0, 1.0)
    both = recognise(
        trained,
        walking(8, ("left", 0, 8), ("right", 3, 6)),
        Heard(),
        Question(sliding, each_person=True),
    )
    alone = recognise(trained, walking(8, ("left", 0, 8)), Heard(), Question(sliding))
    assert both.persons == ("left", "right")
    left, right = (both.of_person(person) for person in both.persons)
    for one, other in zip(left.windows, alone.windows, strict=True):
        np.testing.assert_array_equal(one.probabilities, other.probabilities)
    assert [window.start_ns // SECOND for window in right.windows] == [2, 3, 4, 5]
    assert {segment.person for segment in both.segments} == {"left", "right"}
    assert not np.array_equal(left.windows[3].probabilities, right.windows[1].probabilities)


def test_recordings_without_skeletons_cannot_tell_persons_apart(tmp_path: Path) -> None:
    write_parts(tmp_path)
    depth = write_trial(tmp_path / "data")
    (tmp_path / "data" / "Skeleton" / "a1_s1_t1_skeleton.mat").unlink()
    heard = Heard()
    with open_recording(depth) as recording:
        said = recognise(load_run(tmp_path), recording, heard, Question(each_person=True))
    assert said.persons == ("",)
    assert heard.lines[-1] == "a1_s1_t1 has no skeletons: its persons are not told apart."


def test_windows_that_share_frames_say_what_they_say_alone(tmp_path: Path) -> None:
    """Depth with people cut out, mapped joints: each frame is decoded once for all windows."""
    write_parts(tmp_path)
    trained, sliding = load_run(tmp_path), Sliding(0.5, 0.125, (1.0, 1.5))
    with open_recording(write_trial(tmp_path / "data", frames=FRAMES)) as recording:
        together = recognise(trained, recording, Heard(), Question(sliding))
        for window in together.windows:
            spans = ((window.start_ns, window.end_ns),)
            (alone,) = recognise(trained, recording, Heard(), Question(spans=spans)).windows
            np.testing.assert_array_equal(window.probabilities, alone.probabilities)


def test_a_network_whose_training_went_wrong(tmp_path: Path, trial: Path) -> None:
    network = write_run(tmp_path)
    with torch.no_grad():
        next(network.parameters()).fill_(torch.nan)
    save_weights(RunFolder(tmp_path).best, network, {}, weights_of(network))
    with open_recording(trial) as recording, pytest.raises(DataError, match="no number") as raised:
        recognise(load_run(tmp_path), recording, Heard())
    assert raised.value.path == tmp_path


# ---- jobs


def predicted(payload: dict[str, Any]) -> list[dict[str, Any]]:
    """What the job tells about every recording."""
    heard = Heard()
    predict(payload, heard)
    return heard.told("recognition")


def test_the_job_recognises_folders_and_writes_files(
    run: Path, dataset: Path, tmp_path: Path
) -> None:
    heard = Heard()
    result = predict({"run": str(run), "paths": [str(dataset)], "out": str(tmp_path)}, heard)
    assert result["failed"] == 0
    assert result["classes"] == list(CLASSES)
    told = heard.told("recognition")
    assert result["recordings"] == len(told)
    assert heard.told("device") == [{"device": "cpu", "name": "CPU, 1 thread"}]
    assert heard.steps[-1][:2] == (3.0, 3)
    assert [one["recording"] for one in told] == [
        "a1_s1_t1",
        "a2_s1_t1",
        "a3_s2_t1",
    ]
    for one in told:
        saved = load_recognition(Path(one["file"]))
        assert (one["label"], one["confidence"]) == (saved.label, saved.confidence)
        assert one["name"] == CLASSES[saved.label]
        assert one["top"][0] == [one["name"], pytest.approx(one["confidence"])]
        assert sum(share for _, share in one["top"]) == pytest.approx(1)
        assert saved.explanations == ()
    json.dumps([heard.events, result])  # builtins


def test_one_bad_recording_does_not_stop_the_others(run: Path, tmp_path: Path) -> None:
    good = [write_trial(tmp_path, f"a{k}_s1_t1") for k in (1, 3)]
    bad = write_trial(tmp_path, "a2_s1_t1")
    (tmp_path / "Skeleton" / "a2_s1_t1_skeleton.mat").write_bytes(b"MATLAB 5.0 no more")
    paths = [good[0], bad, tmp_path / "none.mat", good[1], good[0]]
    heard = Heard()
    result = predict({"run": str(run), "paths": [str(p) for p in paths]}, heard)
    told = heard.told("recognition")
    assert [one["path"] for one in told] == [str(path) for path in paths[:4]]  # each once
    assert [one["error"] is None for one in told] == [True, False, False, True]
    assert "a2_s1_t1" in told[1]["error"]
    assert "no such file" in told[2]["error"]
    assert result["failed"] == 2
    assert all(one["file"] == "" for one in told)


def test_a_folder_without_recordings(run: Path, tmp_path: Path, trial: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    told = predicted({"run": str(run), "paths": [str(empty), str(trial)]})
    assert [one["error"] is None for one in told] == [False, True]
    assert "This folder is empty" in told[0]["error"]


def test_recordings_of_one_name_have_their_own_files(run: Path, tmp_path: Path) -> None:
    paths = [str(write_trial(tmp_path / folder)) for folder in ("one", "two")]
    payload = {"run": str(run), "paths": paths, "out": str(tmp_path / "out")}
    files = [one["file"] for one in predicted(payload)]
    roots = [Path(load_recognition(Path(file)).path).parents[1].name for file in files]
    assert roots == ["one", "two"]
    assert [one["file"] for one in predicted(payload)] == files
    assert len(list((tmp_path / "out").iterdir())) == 2


def test_a_stop_keeps_what_was_recognised(run: Path, dataset: Path, tmp_path: Path) -> None:
    heard = Heard()
    payload = {"run": str(run), "paths": [str(dataset)], "out": str(tmp_path / "all")}
    predict(payload, heard)
    stopped = Heard(stop_at=heard.pauses)  # at the last window
    with pytest.raises(Stopped):
        predict(payload | {"out": str(tmp_path / "some")}, stopped)
    assert len(stopped.told("recognition")) == 2
    assert len(list((tmp_path / "some").iterdir())) == 2


def test_a_new_checkpoint_is_noticed(tmp_path: Path, trial: Path) -> None:
    payload = {"run": str(tmp_path), "paths": [str(trial)]}
    write_run(tmp_path)
    before = predicted(payload)[0]
    assert predicted(payload)[0] == before
    write_run(tmp_path, seed=1)
    after = predicted(payload)[0]
    assert after["confidence"] != before["confidence"]


def test_a_window_is_explained_for_any_class(run: Path, trial: Path, tmp_path: Path) -> None:
    payload = {"run": str(run), "paths": [str(trial)], "out": str(tmp_path), "explain": True}
    (one,) = predicted(payload)
    said = load_recognition(Path(one["file"]))
    ((own,),) = said.explanations
    window = said.windows[0]
    asked = {"start_ns": window.start_ns, "end_ns": window.end_ns, "path": str(trial)}
    files = {}
    for target in (None, *CLASSES):
        payload = {"run": str(run), **asked, "target_class": target, "out": str(tmp_path / "one")}
        answer = explain(payload, Heard())
        assert answer["target_name"] == (target or said.classes[said.label])
        again = load_recognition(Path(answer["file"]))
        np.testing.assert_array_equal(again.windows[0].probabilities, window.probabilities)
        ((files[target],),) = again.explanations
    assert isinstance(own, JointWeights)
    np.testing.assert_array_equal(files[None].values, own.values)
    assert files["throw"].meaning == "joint saliency, for throw, ST-GCN"
    assert not np.array_equal(files["wave"].values, files["throw"].values)


@pytest.mark.parametrize("target", ["thrwo", 3, -1])
def test_a_class_that_is_not_there(run: Path, trial: Path, target: int | str) -> None:
    with pytest.raises(UsageError, match=f"no class {target}"):
        predict({"run": str(run), "paths": [str(trial)], "target_class": target}, Heard())


@pytest.mark.parametrize("name", ["../../escaped", "x" * 250, "a/b\0c", "..", ""])
def test_a_name_never_leads_out_of_the_folder(
    run: Path, trial: Path, tmp_path: Path, name: str
) -> None:
    with open_recording(trial) as recording:
        recording.name = name
        said = recognise(load_run(run), recording, Heard())
    file = Path(Answers(tmp_path / "a" / "out").save(said))
    assert file.parent == tmp_path / "a" / "out"
    assert load_recognition(file).recording == name


def test_only_so_many_windows_are_explained(
    run: Path, trial: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recognise_module, "MAX_EXPLAINED", 2)
    payload = {"run": str(run), "paths": [str(trial)], "out": str(tmp_path), "window_s": 0.5}
    heard = Heard()
    predict(payload | {"explain": True}, heard)
    (told,) = heard.told("recognition")
    said = load_recognition(Path(told["file"]))
    assert [bool(one) for one in said.explanations] == [True, True, *[False] * 6]
    assert heard.lines == ["a1_s1_t1 has 8 windows: the first 2 are explained."]


# ---- going on where it stopped


def test_what_was_answered_in_the_same_way_is_not_asked_again(
    run: Path, dataset: Path, tmp_path: Path
) -> None:
    write_run(run)
    out = tmp_path / "out"
    payload = {"run": str(run), "paths": [str(dataset)], "out": str(out), "window_s": 0.5}
    stopped = Heard(stop_at=14)  # in the second recording
    with pytest.raises(Stopped):
        predict(payload, stopped)
    (first,) = stopped.told("recognition")
    again = predicted(payload | {"resume": True})
    assert [one["kept"] for one in again] == [True, False, False]
    assert again[0] == first | {"kept": True}
    os.utime(dataset / "Depth" / "a2_s1_t1_depth.mat", (NOW, NOW))  # recorded anew
    assert [one["kept"] for one in predicted(payload | {"resume": True})] == [True, False, True]
    os.utime(dataset / "Depth" / "a2_s1_t1_depth.mat", (1, 1))
    other = [payload | {"explain": True}, payload | {"window_s": 1.0, "scales": [0.5]}]
    for changed in other:
        assert not any(one["kept"] for one in predicted(changed | {"resume": True}))
    assert all(one["kept"] for one in predicted(changed | {"resume": True}))
    payload = changed
    write_run(run, seed=2)  # learned on
    os.utime(RunFolder(run).best, (NOW, NOW))
    assert not any(one["kept"] for one in predicted(payload | {"resume": True}))
    write_run(run)


def test_older_weights_are_noticed(trial: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    write_run(run)
    payload = {"run": str(run), "paths": [str(trial)], "out": str(tmp_path), "resume": True}
    assert [one["kept"] for one in predicted(payload) + predicted(payload)] == [False, True]
    write_run(run, seed=2)
    os.utime(RunFolder(run).best, (1, 1))
    assert [one["kept"] for one in predicted(payload) + predicted(payload)] == [False, True]


def test_an_answer_that_cannot_be_written_does_not_stop_the_others(
    run: Path, dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = Answers.save

    def failing(answers: Answers, said: Any) -> str:
        if said.recording == "a2_s1_t1":
            raise OSError(number, os.strerror(number), str(tmp_path / "a2"))
        return save(answers, said)

    monkeypatch.setattr(Answers, "save", failing)
    payload = {"run": str(run), "paths": [str(dataset)], "out": str(tmp_path)}
    number = errno.ENAMETOOLONG
    assert [one["error"] is None for one in predicted(payload)] == [True, False, True]
    number = errno.ENOSPC
    with pytest.raises(HarstudioError, match="Make room"):
        predict(payload, Heard())


def test_kept_answers_are_trimmed_anew(run: Path, trial: Path, tmp_path: Path) -> None:
    payload = {"run": str(run), "paths": [str(trial)], "out": str(tmp_path), "window_s": 0.5}
    (before,) = predicted(payload)
    assert before["segments"] >= 1
    strict = {"trimming": {"smooth_s": 0.2, "confidence": 1.0, "least_s": 0.1}, "resume": True}
    (after,) = predicted(payload | strict)
    assert (after["kept"], after["segments"]) == (True, 0)
    assert load_recognition(Path(after["file"])).segments == ()


def test_explained_answers_serve_where_no_explanation_is_asked_for(
    run: Path, trial: Path, tmp_path: Path
) -> None:
    payload = {"run": str(run), "paths": [str(trial)], "out": str(tmp_path)}
    predicted(payload | {"explain": True})
    (kept,) = predicted(payload | {"resume": True})
    assert kept["kept"]
    assert load_recognition(Path(kept["file"])).explanations
