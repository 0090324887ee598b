"""Sixteen samples as the network gets them, and one batch learned by heart."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtTest import QTest

from driving import until
from harstudio.errors import DataError
from harstudio.settings import Settings
from harstudio.skeletons.topology import topology
from harstudio.studio.session import Session
from harstudio.studio.training.check_data import CheckData
from harstudio.studio.training.check_data_curve import Step, verdict
from harstudio.studio.training.check_data_files import read_samples
from harstudio.studio.training.check_data_grid import SampleGrid
from harstudio.studio.training.check_data_sample import Film, Motion, Seen, Signals
from studio.handed_in import HandedIn

SECOND = 1_000_000_000
TOPOLOGY = "utd_mhad_20"
CONFIG = {"network": {"name": "mmff-lite"}, "data": {"path": "trials"}}


def write_samples(folder: Path, count: int = 16) -> None:
    """What the job leaves: a bright left half, joints in a ring, the focus in the upper left."""
    picture = np.zeros((count, 3, 8, 8), dtype=np.uint8)
    picture[:, :, :, :4] = 255
    angles = np.linspace(0, 2 * np.pi, 20, endpoint=False)
    ring = np.stack([np.cos(angles), np.sin(angles), np.full(20, 2.0)]).astype(np.float32)
    skeleton = np.zeros((count, 3, 6, 20, 2), dtype=np.float32)  # nobody second
    skeleton[..., 0] = ring[None, :, None, :]
    focus = np.tile(np.float32([0.0, 0.0, 0.5, 0.5]), (count, 1))
    np.savez(folder / "samples.npz", skeleton=skeleton, picture=picture, focus=focus)
    about = [
        {"path": f"/data/{k}.mat", "recording": f"trial {k}", "start_ns": k * SECOND,
         "end_ns": (k + 1) * SECOND, "name": "wave", "subject": 1}
        for k in range(count)
    ]  # fmt: skip
    kinds = {"skeleton": "skeleton", "picture": "picture"}
    document = {"topology": TOPOLOGY, "inputs": kinds, "samples": about}
    (folder / "samples.json").write_text(json.dumps(document))


@pytest.fixture
def check(qtbot, monkeypatch):
    """The view with a job that the test answers; ``opened`` are the clips it asked for."""
    session = Session(Settings(annotator="alice", reduce_motion=True))
    made = CheckData(session)
    made.handed_in = HandedIn(session, monkeypatch)
    made.opened = []
    monkeypatch.setattr(session, "open_clip", lambda *clip: made.opened.append(clip))
    qtbot.addWidget(made)
    made.resize(1000, 640)
    made.show()
    qtbot.waitExposed(made)
    made.begin(CONFIG, "MMFF, light")
    yield made
    made.rest()
    session.close()
    session.deleteLater()


def folder_of(check: CheckData) -> Path:
    return Path(check.handed_in.last("check_data").payload["out"])


# ---- the view


def test_samples_are_shown_as_soon_as_they_are_made(check) -> None:
    assert check.title.text() == "16 samples as MMFF, light gets them"
    assert check.handed_in.last("check_data").payload["config"] == CONFIG
    write_samples(folder_of(check))
    check.handed_in.tell("check_data", "samples", {})
    until(lambda: check.grid.samples)
    assert len(check.grid.samples) == 16
    assert "the square the network is pointed to" in check.explained.text()
    assert check.doing.text() == "Learning them by heart…"
    for k in range(1, 6):
        check.handed_in.tell(
            "check_data", "overfit", {"step": k, "loss": 3.0 / k, "accuracy": k / 5}
        )
    assert check.verdict.text().startswith("All of them right after 5 steps")
    folder = folder_of(check)
    check.handed_in.answer("check_data", {"steps": 5})
    assert check.verdict.text().startswith("Learned by heart after 5 steps")
    assert not folder.exists()  # nothing is left behind
    assert len(check.grid.samples) == 16


def test_samples_of_a_job_that_is_over_at_once_are_read_before_they_go(check) -> None:
    folder = folder_of(check)
    write_samples(folder)
    check.handed_in.answer("check_data", {"steps": 0})
    assert folder.exists()
    until(lambda: check.grid.samples)
    assert not folder.exists()


def test_samples_that_cannot_be_read_say_why(check) -> None:
    (folder_of(check) / "samples.json").write_text("{")
    check.handed_in.tell("check_data", "samples", {})
    until(lambda: "cannot be shown" in check.verdict.text())
    assert not check.grid.samples


def test_arrows_move_and_enter_or_a_click_opens_the_clip(check) -> None:
    write_samples(folder_of(check))
    check.handed_in.tell("check_data", "samples", {})
    until(lambda: check.grid.samples)
    grid = check.grid
    grid.setFocus()
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Down, Qt.Key.Key_Return):
        QTest.keyClick(grid, key)
    assert check.opened == [(Path("/data/5.mat"), 5 * SECOND, 6 * SECOND)]
    QTest.mouseClick(grid, Qt.MouseButton.LeftButton, pos=grid.tile(15).center())
    assert check.opened[-1][0] == Path("/data/15.mat")
    assert grid.rect().contains(grid.tile(15))


def test_other_samples_stop_the_job_and_draw_anew(check) -> None:
    first = check.handed_in.last("check_data")
    folder = folder_of(check)
    check.again.click()
    second = check.handed_in.last("check_data")
    assert check.handed_in.stopped == [first.id]
    assert not folder.exists()
    assert second.payload["seed"] != first.payload["seed"]
    assert folder_of(check).is_dir()


def test_a_check_that_fails_says_why(check) -> None:
    check.handed_in.answer("check_data", error="No sample can be read.")
    assert check.verdict.text() == "No sample can be read."
    assert not check.bar.isVisible()


# ---- files


@pytest.mark.parametrize("name", ["samples.json", "samples.npz"])
def test_damaged_files_are_an_error(name, tmp_path) -> None:
    write_samples(tmp_path)
    assert len(read_samples(tmp_path)[0]) == 16
    (tmp_path / name).write_bytes(b"{")
    with pytest.raises(DataError, match="cannot be shown"):
        read_samples(tmp_path)


# ---- drawing


def painted(draw) -> QImage:
    image = QImage(100, 100, QImage.Format.Format_RGB32)
    image.fill(QColor("black"))
    painter = QPainter(image)
    draw(painter, QRectF(0, 0, 100, 100))
    painter.end()
    return image


def test_the_picture_is_scaled_and_the_focus_is_an_outline(tmp_path) -> None:
    write_samples(tmp_path)
    seen = read_samples(tmp_path)[0][0]
    image = painted(lambda painter, box: seen.looks["picture"].draw(painter, box, None, None))
    assert image.pixelColor(20, 80) == QColor("white")
    assert image.pixelColor(80, 80) == QColor("black")
    assert image.pixelColor(80, 20) == QColor("black")
    film = Film(seen.inputs["picture"], np.float32([0.6, 0.6, 0.9, 0.9]))
    image = painted(lambda painter, box: film.draw(painter, box, None, None))
    assert image.pixelColor(75, 75) == QColor("black")  # not filled
    assert image.pixelColor(60, 75).lightness() > 150


def test_movement_is_fitted_into_its_square_with_up_above(tmp_path) -> None:
    joints = np.zeros((3, 4, 20, 1), dtype=np.float32)
    joints[1, :, 3] = 1.0  # the head of this topology, above the others
    joints[0, 2:] += 5.0  # the whole person moves to the right
    motion = Motion(joints)
    points = motion.points
    assert points.shape == (4, 1, 20, 2)
    assert np.nanmin(points) >= 0
    assert np.nanmax(points) <= 1
    assert points[2, 0, 0, 0] > points[0, 0, 0, 0]
    assert points[2, 0, 3, 1] < points[2, 0, 0, 1]
    image = painted(lambda p, box: motion.draw(p, box, topology(TOPOLOGY), 2))
    lit = [x for x in range(100) for y in range(100) if image.pixelColor(x, y).lightness() > 20]
    assert min(lit) < 20
    assert max(lit) > 80  # the other moments are there too


def test_nobody_is_not_drawn_at_the_origin() -> None:
    joints = np.zeros((3, 4, 20, 2), dtype=np.float32)
    joints[:, :, :, 0] = np.random.default_rng(0).normal(size=(3, 4, 20)) + 3
    points = Motion(joints).points
    assert np.isnan(points[:, 1]).all()
    assert np.isfinite(points[:, 0]).all()


def clip_of(frames: int) -> np.ndarray:
    """(3, frames, 20, 10) uint8: every frame one grey, lighter and lighter."""
    greys = np.linspace(40, 240, frames).round().astype(np.uint8)
    return np.broadcast_to(greys[None, :, None, None], (3, frames, 20, 10)).copy()


def greys_at(image: QImage, *places: tuple[int, int]) -> list[int]:
    return [image.pixelColor(x, y).red() for x, y in places]


def test_a_clip_shows_four_moments_at_rest_and_plays_in_hand() -> None:
    film = Film(clip_of(9))
    rest = painted(lambda p, box: film.draw(p, box, None, None))
    four = greys_at(rest, (25, 25), (75, 25), (25, 75), (75, 75))
    assert four[0] == 40
    assert four[3] == 240
    assert four == sorted(four)
    for frame, grey in ((0, 40), (8, 240), (9, 40), (4, 140)):
        played = painted(lambda p, box, at=frame: film.draw(p, box, None, at))
        assert greys_at(played, (50, 50), (10, 50)) == [grey, 0]  # twice as tall as wide


def test_signals_are_curves_acceleration_above_rotation_below() -> None:
    values = np.zeros((6, 50), dtype=np.float32)
    values[0] = np.linspace(-1, 1, 50)  # x of the acceleration rises
    values[4] = np.linspace(1, -1, 50)  # y of the rotation falls
    image = painted(lambda p, box: Signals(values).draw(p, box, None, None))
    red, green = ([(x, y) for x in range(100) for y in range(100) if strong(image, x, y, channel)]
                  for channel in (0, 1))  # fmt: skip
    assert all(y < 50 for _, y in red)
    assert np.polyfit(*zip(*red, strict=True), 1)[0] < -0.3  # up to the right
    falling = [(x, y) for x, y in green if y > 50]
    assert np.polyfit(*zip(*falling, strict=True), 1)[0] > 0.3


def strong(image: QImage, x: int, y: int, channel: int) -> bool:
    """Whether a pixel is of that colour above all."""
    values = list(image.pixelColor(x, y).getRgb()[:3])
    mine = values.pop(channel)
    return mine > 120 and mine > 1.25 * max(values)


def test_every_input_of_a_sample_has_its_place_pictures_first(check) -> None:
    folder = folder_of(check)
    rng = np.random.default_rng(0)
    arrays = {
        "inertial": rng.normal(size=(3, 6, 40)).astype(np.float32),
        "clip": np.stack([clip_of(8)] * 3),
        "parts": rng.integers(0, 255, (3, 3, 30, 30), np.uint8),
        "skeleton": rng.normal(size=(3, 3, 6, 20, 1)).astype(np.float32),
    }
    np.savez(folder / "samples.npz", **arrays)
    kinds = {name: {"parts": "regions"}.get(name, name) for name in arrays}
    about = [{"path": "/x", "recording": "x", "start_ns": 0, "end_ns": 1, "name": "wave"}] * 3
    (folder / "samples.json").write_text(
        json.dumps({"topology": TOPOLOGY, "inputs": kinds, "samples": about})
    )
    check.handed_in.tell("check_data", "samples", {})
    until(lambda: check.grid.samples)
    seen = check.grid.samples[0]
    assert list(seen.looks) == ["clip", "parts", "inertial", "skeleton"]
    sentence = check.grid._sentence(seen)
    assert "clip: 8 pictures, 10 × 20" in sentence
    assert "inertial: 6 signals, 40 moments" in sentence
    assert "skeleton: 6 frames, 20 joints, 1 body" in sentence
    assert "the parts of the body" in check.explained.text()
    assert "acceleration above" in check.explained.text()
    assert check.title.text() == "3 samples as MMFF, light gets them"
    check.grid.grab()


def test_inputs_stand_beside_or_below_each_other_as_large_as_they_can() -> None:
    seen = Seen(
        Path("x"), "x", 0, 1, "walk", None,
        {"a": clip_of(2), "b": clip_of(2), "c": clip_of(2)}, dict.fromkeys("abc", "clip"),
    )  # fmt: skip
    for size, columns in (((300, 100), 3), ((100, 300), 1), ((210, 210), 2)):
        room = QRectF(5, 7, *size)
        boxes = SampleGrid._boxes(room, seen)
        assert len(boxes) == 3
        assert all(room.adjusted(-0.01, -0.01, 0.01, 0.01).contains(box) for box in boxes)
        assert len({round(box.left()) for box in boxes}) == columns
        assert not any(a.intersects(b) for a in boxes for b in boxes if a is not b)


def test_an_input_of_another_shape_than_its_kind_is_an_error(tmp_path) -> None:
    write_samples(tmp_path)
    text = (tmp_path / "samples.json").read_text()
    (tmp_path / "samples.json").write_text(
        text.replace('"picture": "picture"', '"picture": "inertial"')
    )
    with pytest.raises(DataError, match="picture has the wrong shape"):
        read_samples(tmp_path)


# ---- words


@pytest.mark.parametrize(
    ("accuracies", "over", "tone", "words"),
    [
        ([], True, "", ""),
        ([0.2, 0.5], False, "", "Learning one batch"),
        ([0.2, 1.0], False, "good", "All of them right after 2 steps"),
        ([0.2, 1.0], True, "good", "Learned by heart after 2 steps"),
        ([0.5] * 79 + [0.94], True, "warn", "94 % of the batch learned after 80 steps"),
        ([0.1] * 80, True, "bad", "Only 10 % of one batch learned after 80 steps"),
        ([0.1] * 3, True, "warn", "There was time for 3 steps only"),
    ],
)
def test_the_verdict_is_in_words(accuracies, over, tone, words) -> None:
    steps = [Step(k, 1.0, accuracy) for k, accuracy in enumerate(accuracies, 1)]
    told = verdict(steps, over=over)
    assert told[0] == tone
    assert told[1].startswith(words)


def test_a_loss_that_is_no_number_is_said_at_once() -> None:
    assert verdict([Step(1, float("nan"), 0.1)], over=False)[0] == "bad"
    assert "after 1 step:" in verdict([Step(1, 0.1, 1.0)], over=True)[1]
    assert "for 1 step only" in verdict([Step(1, 2.0, 0.1)], over=True)[1]
