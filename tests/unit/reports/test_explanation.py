"""Explanations as pictures, videos and arrays: what is drawn where, and what numpy reads."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from harstudio.cli import main
from harstudio.errors import MissingError, UsageError
from harstudio.jobs.context import Stopped
from harstudio.labels.project import Project
from harstudio.recordings.faces import FaceMask
from harstudio.recordings.formats import open_recording
from harstudio.recordings.overlay.heat_colors import inferno
from harstudio.reports.explanation import chosen, save
from harstudio.reports.explanation_arrays import arrays_of
from harstudio.resources import resource
from harstudio.results import Box, Cut, Picture, Recognition, Window
from harstudio.runs.recognitions import save_recognition
from job_context import Heard
from studio.made_recognition import made_recognition


@pytest.fixture(scope="module")
def said(tmp_path_factory) -> tuple[Path, Path]:
    """(recording, recognition): a clip of the demo in a folder of its own, with every kind."""
    folder = tmp_path_factory.mktemp("explained")
    path = folder / "clap-s01.harrec"
    shutil.copytree(resource("demo") / "recordings" / path.name, path)
    file = folder / "clap-s01.recognition.npz"
    with open_recording(path) as recording:
        save_recognition(file, made_recognition(recording, picture="color", windows=1, more=True))
    return path, file


def run(*arguments: object) -> None:
    """The command line, which ends the process with status 0."""
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    assert not ended.value.code


def picture(said, out: Path, **choice) -> np.ndarray:
    """(H, W, 3) RGB of what the job writes."""
    payload = {"recognition": str(said[1]), "file": str(out), **choice}
    assert save(payload, Heard())["file"] == str(out)
    return cv2.imread(str(out))[..., ::-1].astype(int)


def test_a_picture_has_the_map_on_its_cells_and_words_below(said, tmp_path):
    only = {"map": "Grad-CAM clip", "joints": "", "opacity": 1.0, "threshold": 0.1}
    with open_recording(said[0]) as recording:
        color = recording.streams["color"]
        told = made_recognition(recording, picture="color", windows=1, more=True)
        heat = next(one for one in told.explanations[0] if one.name == "Grad-CAM clip")
        at_ns = int(heat.times_ns[3])
        height, width = color.height, color.width
        start_ns = recording.start_ns
    shown = picture(said, tmp_path / "map.png", at_ns=at_ns - start_ns, **only)
    plain = picture(said, tmp_path / "no.png", at_ns=at_ns - start_ns, map="", joints="")
    scale = shown.shape[1] / width
    assert shown.shape[0] > plain.shape[0] > round(height * scale)  # a line more for the map
    box, cell = heat.boxes[3], np.unravel_index(heat.values[3].argmax(), (7, 7))
    x = round((box.left + (cell[1] + 0.5) / 7 * (box.right - box.left)) * scale)
    y = round((box.top + (cell[0] + 0.5) / 7 * (box.bottom - box.top)) * scale)
    assert np.abs(shown[y, x] - inferno()[-1]).max() < 90
    assert np.abs(shown[y, x] - plain[y, x]).max() > 40
    ground = round(height * scale)
    assert (shown[:ground, -20:] == plain[:ground, -20:]).mean() > 0.9  # nothing far from it
    assert (shown[ground:].max(axis=2) > 200).sum() > 200  # words


def test_joints_and_links_and_inputs_are_drawn(said, tmp_path):
    bare = picture(said, tmp_path / "bare.png", map="", joints="")
    for name in ("joints", "learned links"):
        shown = picture(said, tmp_path / "shown.png", map="", joints=name)
        high = min(len(shown), len(bare)) * 3 // 4
        assert (np.abs(shown[:high] - bare[:high]).max(axis=2) > 60).sum() > 30


def test_a_video_has_the_frames_of_its_span_and_stops_when_asked(said, tmp_path):
    out = tmp_path / "some.mp4"
    payload = {
        "recognition": str(said[1]), "file": str(out), "start_ns": 400_000_000,
        "end_ns": 900_000_000,
    }  # fmt: skip
    heard = Heard()
    assert save(payload, heard)["problems"] == []
    with av.open(str(out)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    with open_recording(said[0]) as recording:
        times = recording.streams["color"].times_ns - recording.start_ns
    assert len(frames) == int(((times >= 400_000_000) & (times < 900_000_000)).sum())
    assert heard.steps[-1][:2] == (len(frames), len(frames))
    again = tmp_path / "stopped.mp4"
    with pytest.raises(Stopped):
        save({**payload, "file": str(again)}, Heard(stop_at=3))
    assert list(tmp_path.iterdir()) == [out]
    with pytest.raises(MissingError, match="no frame in that time"):
        save({**payload, "start_ns": 10**12, "end_ns": 2 * 10**12}, Heard())


def test_faces_are_hidden_where_that_is_asked_for(said, tmp_path):
    only = {"map": "", "joints": "", "at_ns": 500_000_000}
    shown = picture(said, tmp_path / "seen.png", hide_faces=False, **only)
    hidden = picture(said, tmp_path / "hidden.png", hide_faces=True, **only)
    changed = np.argwhere(np.abs(shown - hidden).max(axis=2) > 8)
    assert len(changed) > 20
    assert np.ptp(changed, axis=0).max() < 0.5 * len(shown)  # a head, not the picture


def test_arrays_are_read_by_numpy_alone(said, tmp_path):
    out = tmp_path / "all.npz"
    save({"recognition": str(said[1]), "file": str(out), "title": "r7"}, Heard())
    with open_recording(said[0]) as recording:
        told = made_recognition(recording, picture="color", windows=1, more=True)
    with np.load(out, allow_pickle=False) as arrays:
        assert str(arrays["recording"]) == "r7"
        assert arrays["classes"].tolist() == list(told.classes)
        for one in told.explanations[0]:
            key = f"0/{one.name}"
            assert str(arrays[f"{key}/kind"]) == str(one.kind)
            assert str(arrays[f"{key}/meaning"]) == one.meaning
            name = "pixels" if str(one.kind) == "picture" else "values"
            assert np.array_equal(arrays[f"{key}/{name}"], getattr(one, name))
        clip = next(one for one in told.explanations[0] if one.name == "Grad-CAM clip")
        boxes = arrays["0/Grad-CAM clip/boxes"]
        assert boxes[2].tolist() == [
            clip.boxes[2].left, clip.boxes[2].top, clip.boxes[2].right, clip.boxes[2].bottom
        ]  # fmt: skip
        assert "SpineBase" in arrays["0/joints/joints"]


def test_names_are_those_that_the_project_asks_for(said, tmp_path):
    folder = Path(shutil.copytree(resource("demo"), tmp_path / "demo"))
    project = Project.open(folder)
    payload = {
        "recognition": str(said[1]),
        "file": str(tmp_path / "x.npz"),
        "recording": str(folder / "recordings" / "clap-s01.harrec"),
    }
    names = []
    for pseudonyms in (False, True):
        (folder / "subjects.toml").write_text('[subjects]\n"s01" = "P01"\n')
        project.set_policy(replace(project.policy, pseudonyms=pseudonyms))
        save(payload, Heard())
        with np.load(payload["file"]) as arrays:
            names.append(str(arrays["recording"]))
    assert names == ["clap-s01", "clap-P01"]


def test_what_cannot_be_is_said(said, tmp_path):
    asked = {"recognition": str(said[1]), "file": str(tmp_path / "x.png")}
    with pytest.raises(UsageError, match="tells no gaze"):
        save({**asked, "map": "gaze"}, Heard())
    with pytest.raises(UsageError, match=r"not saved as \.gif"):
        save({**asked, "file": str(tmp_path / "x.gif")}, Heard())
    with pytest.raises(UsageError, match="no picture at 999 s"):
        save({**asked, "at_ns": 999 * 10**9}, Heard())
    with pytest.raises(UsageError, match="between 0 and 1"):
        save({**asked, "opacity": 3}, Heard())
    with pytest.raises(MissingError, match="is not there"):
        save({**asked, "recording": str(tmp_path / "gone.harrec")}, Heard())
    assert not list(tmp_path.iterdir())


def test_of_several_persons_one_is_drawn():
    told = Recognition(
        "r", "n", ("a", "b"), "x", "x",
        tuple(Window(0, 10, np.array(row, np.float32), person=name)
              for name, row in (("7", (0.8, 0.2)), ("9", (0.1, 0.9)))),
        (), 0, 0.8,
    )  # fmt: skip
    assert chosen(told, {}).opinion.ranking(0, 1)[0][0] == 0
    assert chosen(told, {"person": "9"}).opinion.ranking(0, 1)[0][0] == 1
    with pytest.raises(UsageError, match="nothing about person 8"):
        chosen(told, {"person": "8"})
    assert arrays_of(told)["window_persons"].tolist() == ["7", "9"]


def test_the_command_says_what_there_is_and_writes_it(said, tmp_path, capsys):
    run("explain", said[1], "--json")
    told = json.loads(capsys.readouterr().out)
    kinds = {one["name"]: one["shown"] for one in told["explanations"]}
    assert kinds["Grad-CAM clip"] == "picture"
    assert kinds["learned links"] == "joints"
    out = tmp_path / "relation.png"
    run("explain", said[1], out, "--map", "relation", "--joints", "none", "--at", "1")
    assert capsys.readouterr().out == f"Written: {out}\n"
    assert cv2.imread(str(out)) is not None


def test_what_a_network_was_given_hides_faces_too(said, tmp_path):
    """A whole frame and one cut out around a head: where the head is, and all of the piece."""
    with open_recording(said[0]) as recording:
        color = recording.streams["color"]
        mask, time_ns = FaceMask(recording, "color"), int(color.times_ns[10])
        head, frame = mask.heads(time_ns)[0], color.frame(10)
        told = made_recognition(recording, picture="color", windows=1)
    whole = Box(0, 0, frame.shape[1], frame.shape[0])
    box = Box(head.x - 40, head.y - 40, head.x + 40, head.y + 40)
    noise = np.random.default_rng(1).integers(0, 256, frame.shape, dtype=np.uint8)
    full = Box(0, 0, 1, 1)
    given = (
        Picture("whole", "whole", noise, "color", (Cut(time_ns, whole, full),)),
        Picture("piece", "piece", noise, "color", (Cut(time_ns, box, full, "head"),)),
        Picture("unknown", "unknown", noise),
    )
    file = tmp_path / "x.recognition.npz"
    save_recognition(file, replace(told, explanations=(given,)))
    payload = {"recognition": str(file), "file": str(tmp_path / "x.npz"), "hide_faces": True}
    assert not save(payload, Heard())["problems"]
    with np.load(payload["file"]) as arrays:
        same = {one.name: arrays[f"0/{one.name}/pixels"] == noise for one in given}
    assert same["piece"].mean() < 0.05
    assert same["unknown"].mean() < 0.05
    reach = round(head.radius / 2)
    x, y = round(head.x), round(head.y)
    assert same["whole"][y - reach : y + reach, x - reach : x + reach].mean() < 0.05
    assert same["whole"].mean() > 0.8
    save({**payload, "hide_faces": None}, Heard())
    with np.load(payload["file"]) as arrays:
        assert (arrays["0/whole/pixels"] == noise).all()
    gone = {**payload, "hide_faces": None, "recording": str(tmp_path / "gone.harrec")}
    assert "is not there" in save(gone, Heard())["problems"][0]
    with np.load(payload["file"]) as arrays:
        assert not [key for key in arrays.files if key.endswith("pixels")]
