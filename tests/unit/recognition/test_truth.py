"""Measures of explanations on networks whose truth is known in closed form, and the job."""

from __future__ import annotations

import json
import shutil
import tomllib
from pathlib import Path

import numpy as np
import pytest
import tomli_w
import torch
from typer.testing import CliRunner

from harstudio.cli import app
from harstudio.errors import DataError, UsageError
from harstudio.jobs.context import Stopped
from harstudio.learning.data.samples import Sample
from harstudio.learning.inputs.places import PicturePlace, Placement, Shot, Stretch
from harstudio.learning.inputs.tracks import read_tracks
from harstudio.networks import create_network
from harstudio.recognition.truth.curves import ORDERS, STEPS, Orders
from harstudio.recognition.truth.gates import steadiness
from harstudio.recognition.truth.inputs import Units, joint_units, mean_pose, picture_units
from harstudio.recognition.truth.jobs import check_explanations, some_of
from harstudio.recognition.truth.likeness import fresh, likeness
from harstudio.recognition.truth.pieces import shown_in
from harstudio.recognition.truth.places import HANDS, Scene, is_of_hands
from harstudio.recognition.truth.shares import on_joints, on_picture
from harstudio.recordings.formats import open_recording
from harstudio.resources import resource
from harstudio.results import Box, HeatMap, JointWeights
from harstudio.runs.folder import RunFolder
from harstudio.runs.truth import Truth, read_truth
from harstudio.skeletons.cameras import Camera
from job_context import Heard
from trials import write_trial

WHOLE = Box(100.0, 40.0, 200.0, 140.0)
TIMES = np.array([0], dtype=np.int64)


def heat(values: np.ndarray, boxes: tuple[Box, ...] = (WHOLE,), times=TIMES) -> HeatMap:
    return HeatMap("it", "", "color", np.asarray(times), values.astype(np.float32), boxes)


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(3).normal(size=shape).astype(np.float32)


def corner(rows: int = 7) -> np.ndarray:
    """A map of the cells at the left above."""
    values = np.zeros((1, rows, rows))
    values[0, :2, :2] = 1
    return values


def mean_of_corner(inputs: list[np.ndarray]) -> np.ndarray:
    """A network: two classes, its logit is the mean of the corner at the left above."""
    means = [float(one[..., :16, :16].mean()) for one in inputs]
    logits = torch.tensor([[20 * (mean - 0.85), 0.0] for mean in means])
    return torch.softmax(logits, dim=1)[:, 0].double().numpy()


def bright_corner() -> np.ndarray:
    values = np.zeros((3, 56, 56), dtype=np.float32)
    values[:, :16, :16] = 1
    return values


def units(values: np.ndarray, told: HeatMap) -> Units:
    place = PicturePlace("color", tuple(Shot(int(t), WHOLE) for t in told.times_ns))
    return picture_units(told, values, place, "picture")


# ---- deletion and insertion


def test_a_map_of_what_counts_beats_every_random_order() -> None:
    seen = Orders((0,)).curves(units(bright_corner(), heat(corner())), mean_of_corner)
    assert len(seen.deletion) == len(seen.insertion) == STEPS + 1
    assert len(seen.random_areas) == ORDERS
    assert seen.matters
    assert seen.deletion_area < min(seen.random_areas)
    assert seen.insertion_area > max(seen.random_areas)
    # Four of 49 cells are gone with the first step, and nothing else counts.
    assert seen.deletion[1:] == pytest.approx(np.full(STEPS, seen.deletion[-1]), abs=1e-6)
    assert seen.insertion[0] == seen.deletion[-1]


def test_the_same_map_upside_down_is_beaten_by_every_random_order() -> None:
    seen = Orders((0,)).curves(units(bright_corner(), heat(1 - corner())), mean_of_corner)
    assert seen.deletion_area > max(seen.random_areas)
    assert seen.insertion_area < min(seen.random_areas)


def test_an_input_that_does_not_count_is_not_asked_where() -> None:
    seen = Orders((0,)).curves(
        units(bright_corner(), heat(corner())), lambda inputs: np.full(len(inputs), 0.9)
    )
    assert not seen.matters
    blank = Orders((0,)).curves(units(bright_corner(), heat(0 * corner())), mean_of_corner)
    assert blank.blank


def test_maps_on_one_grid_share_their_random_orders() -> None:
    asked: list[int] = []

    def ask(inputs: list[np.ndarray]) -> np.ndarray:
        asked.append(len(inputs))
        return mean_of_corner(inputs)

    orders = Orders((0,))
    first = orders.curves(units(bright_corner(), heat(corner())), ask)
    before = sum(asked)
    second = orders.curves(units(bright_corner(), heat(1 - corner(14))), ask)
    assert sum(asked) - before == 2 * (STEPS - 1)
    assert first.random_areas == second.random_areas


def test_cells_lie_where_the_input_shows_the_picture() -> None:
    """A map over a larger part of the picture than the input; an input of two frames."""
    around = Box(50.0, 40.0, 250.0, 140.0)  # twice as wide, the input is its middle
    values = np.zeros((2, 4, 8))
    values[0, 0, 2] = 1  # the input's first cell
    values[1, 3, 5] = 1  # its last
    told = heat(values, (around, around), [0, 10])
    place = PicturePlace("color", (Shot(0, WHOLE), Shot(10, WHOLE)))
    made = picture_units(told, noise(3, 2, 28, 28), place, "clip")
    weights = made.weights.reshape(made.grid)
    assert made.grid == (2, 7, 7)
    assert weights[0].argmax() == 0
    assert weights[1].argmax() == 48
    gone = np.zeros(made.weights.shape, dtype=np.bool_)
    gone[0] = True
    changed = made.without(gone) != made.values
    assert changed[:, 0, :4, :4].any()
    assert not changed[:, 1].any()
    assert not changed[:, 0, 4:].any()


def test_pieces_of_a_mosaic_take_their_weight_from_where_they_were_cut() -> None:
    values = np.zeros((1, 10, 10))
    values[0, :, :5] = 1  # the left half of the picture
    left, right = Box(110.0, 50.0, 120.0, 60.0), Box(180.0, 50.0, 190.0, 60.0)
    shots = (Shot(0, left, Box(0.5, 0, 1, 1)), Shot(0, right, Box(0, 0, 0.5, 1)))
    made = picture_units(heat(values), noise(3, 40, 40), PicturePlace("color", shots), "regions")
    weights = made.weights.reshape(10, 10)
    assert (weights[:, 5:] == 1).all()
    assert (weights[:, :5] == 0).all()


def test_a_joint_that_counts_is_found_and_stands_in_the_mean_pose_when_gone() -> None:
    values = noise(3, 8, 5, 2)
    values[:, :, 3, 0] += np.linspace(0, 6, 8)  # the third joint moves, and the network looks at it
    times = np.arange(8, dtype=np.int64)
    placement = Placement({"skeleton": times}, ("one", ""))
    weights = np.zeros((8, 5, 2))
    weights[:, 3, 0] = 1
    told = JointWeights("it", "", "coco_17", times, weights.astype(np.float32), ("one", ""))
    rest = mean_pose([values], [placement], 0)
    made = joint_units(told, values, placement, "skeleton", rest, 0)

    def ask(inputs: list[np.ndarray]) -> np.ndarray:
        moved = [float(np.ptp(one[0, :, 3, 0])) for one in inputs]
        return 1 / (1 + np.exp(-np.array(moved)))

    seen = Orders((1,)).curves(made, ask)
    assert seen.deletion_area < min(seen.random_areas)
    assert seen.insertion_area > max(seen.random_areas)
    bare = made.without(np.ones(made.weights.shape, dtype=np.bool_))
    assert np.ptp(bare[..., 0], axis=1).max() == 0  # nothing moves
    assert (bare[..., 1] == values[..., 1]).all()  # nobody is there


# ---- randomised weights


def test_maps_that_do_not_depend_on_the_weights_are_found_out() -> None:
    told = heat(noise(1, 7, 7))
    assert likeness(told, told) == pytest.approx(1)
    assert likeness(told, heat(-told.values)) == pytest.approx(-1)
    assert likeness(told, heat(np.zeros((1, 7, 7)))) is None
    other = heat(np.random.default_rng(9).normal(size=(1, 7, 7)))
    assert abs(likeness(told, other) or 1) < 0.4


def test_only_places_that_a_map_can_weigh_are_ranked() -> None:
    """Two maps that have nothing in common but where they are 0: outside of what was cut out, and
    on joints that the network never weighs."""
    rng = np.random.default_rng(4)
    cells, joints = np.zeros((2, 1, 12, 12)), np.zeros((2, 5, 20, 1), dtype=np.float32)
    cells[:, :, :4, :4] = rng.uniform(0.1, 1, (2, 1, 4, 4))
    cells[1, :, :4, :4] = 1.1 - cells[0, :, :4, :4]
    joints[0, :, :4] = rng.uniform(0.1, 1, (5, 4, 1))
    joints[1] = np.where(joints[0] > 0, 1.1 - joints[0], 0)
    one, other = heat(cells[0]), heat(cells[1])
    piece = Box(100.0, 40.0, 100 + 100 / 3, 40 + 100 / 3)
    part = Box(0.0, 0.0, 0.5, 1.0)
    shown = shown_in(one, PicturePlace("color", (Shot(0, piece, part),)))
    assert shown is not None
    assert (shown == (cells[0] > 0)).all()
    assert (likeness(one, other) or 0) > 0.5
    assert likeness(one, other, shown) == pytest.approx(-1)
    assert shown_in(one, PicturePlace("color", (Shot(0, WHOLE),))) is None
    weights = [JointWeights("it", "", "x", np.arange(5), each, ("a",)) for each in joints]
    assert likeness(*weights) == pytest.approx(-1)


def test_fresh_weights_are_others_and_disturb_no_chance() -> None:
    network = create_network("joint-tcn", 3, "utd_mhad_20").eval()
    state = torch.random.get_rng_state()
    one, same, other = fresh(network, 1), fresh(network, 1), fresh(network, 2)
    assert torch.equal(torch.random.get_rng_state(), state)
    mine, first, second, third = (
        torch.cat([weight.flatten() for weight in each.parameters()])
        for each in (network, one, same, other)
    )
    assert torch.equal(first, second)
    assert not torch.equal(first, third)
    assert not torch.equal(first, mine)


# ---- places


def test_a_share_is_told_against_the_area() -> None:
    """A place that covers a quarter of what is seen of the picture; half the box lies outside."""
    box = Box(-40.0, 0.0, 40.0, 40.0)
    mask = np.zeros((40, 100), dtype=np.bool_)
    mask[:20, :20] = True
    values = np.zeros((1, 4, 8))
    values[0, :2, 4] = 3  # on the place
    values[0, 3, 7] = 2  # beside it
    values[0, :, 0] = 50  # beyond the picture
    found = on_picture(heat(values, (box,)), lambda stream, at: mask)
    assert found is not None
    assert found.chance == pytest.approx(0.25)
    assert found.share == pytest.approx(6 / 8)
    assert found.ratio == pytest.approx(3)
    assert found.most == 1  # a cell lies wholly on the place
    assert found.top == pytest.approx(1)  # a tenth of 16 cells: those of weight 3
    assert on_picture(heat(values * 0, (box,)), lambda stream, at: mask) is None
    assert on_picture(heat(values, (box,)), lambda stream, at: None) is None
    cut = np.zeros(values.shape, dtype=np.bool_)
    cut[0, :2, 4:] = True  # the upper half of the picture is all that the network saw
    found = on_picture(heat(values, (box,)), lambda stream, at: mask, cut)
    assert found is not None
    assert (found.share, found.chance) == (pytest.approx(1), pytest.approx(0.5))


def test_joints_of_hands_count_by_their_number() -> None:
    values = np.ones((4, 10, 2), dtype=np.float32)
    values[:, :2] = 4
    values[..., 1] = 99  # of a place that nobody takes
    told = JointWeights("it", "", "coco_17", np.arange(4), values, ("one", ""))
    found = on_joints(told, [0, 1])
    assert found is not None
    assert (found.share, found.chance) == (pytest.approx(0.5), pytest.approx(0.2))


def test_people_and_hands_lie_where_the_sensor_saw_them(tmp_path: Path) -> None:
    with open_recording(write_trial(tmp_path)) as recording:
        tracks = read_tracks(recording, recording.start_ns, recording.end_ns, "", 1, "")
        assert tracks is not None
        stretch = Stretch(recording, recording.start_ns, recording.end_ns, tracks, "utd_mhad_20")
        camera = Camera(320, 240, 290.0, 290.0, 160.0, 120.0)
        recording.cameras["depth"] = camera  # type: ignore[index]
        scene = Scene(recording, stretch)
        person = scene.person("depth", 0)
        assert person is not None
        assert person.sum() == 160 * 60  # the flat person of the trial
        discs = scene.discs("depth", 0, HANDS)
        assert discs is not None
        # Two discs of 0.12 m two metres away: 17.4 pixels of this camera.
        radius = 0.12 * 290 / 2
        assert discs.sum() == pytest.approx(2 * np.pi * radius**2, rel=0.1)
        assert is_of_hands(stretch) is False  # everything moves alike


def test_variance_is_that_of_clips_and_change_that_of_each_clip() -> None:
    plain = {"share": {0: 0.2, 1: 0.4, 2: 0.6}}
    dark = {"share": {0: 0.3, 1: 0.5, 7: 0.9}}
    rows = steadiness("skeleton", plain, {"blur": dark}, 0)
    assert [row["condition"] for row in rows] == ["", "blur"]
    assert rows[0]["variance"] == pytest.approx(np.var([0.2, 0.4, 0.6]))
    assert (rows[1]["clips"], rows[1]["change"]) == (2, pytest.approx(0.1))


# ---- the job


def test_clips_are_drawn_evenly_over_the_classes() -> None:
    samples = [Sample(Path(str(k)), str(k), 0, 1, label=k % 3) for k in range(30)]
    some = some_of(samples, 6, 0)
    assert sorted(one.label for one in some) == [0, 0, 1, 1, 2, 2]
    assert some == some_of(samples, 6, 0)
    assert some_of(samples, 0, 0) == samples


def written(tmp_path: Path) -> Path:
    """Bundled weights that see depth and joints, with three small trials as their data."""
    data, run = tmp_path / "data", tmp_path / "run"
    paths = [write_trial(data, name) for name in ("a1_s1_t1", "a1_s2_t1", "a2_s2_t1")]
    shutil.copytree(resource("weights") / "depth-skeleton", run)
    folder = RunFolder(run)
    for name in ("about.toml", "evaluation.json"):
        (run / name).unlink()
    tables = tomllib.loads(folder.config.read_text("utf-8"))
    tables["data"]["path"] = str(data)
    folder.config.write_text(tomli_w.dumps(tables), "utf-8")
    told = json.loads(folder.data.read_text("utf-8"))
    clips = [
        {**told["parts"]["test"][0], "path": str(path), "recording": path.stem, "label": k,
         "start_ns": 0, "end_ns": 400_000_000}
        for k, path in enumerate(paths)
    ]  # fmt: skip
    told |= {"path": str(data), "parts": {"train": clips[:1], "validation": [], "test": clips[1:]}}
    folder.data.write_text(json.dumps(told), "utf-8")
    return run


def test_the_job_keeps_figures_of_every_explanation_and_says_why_where_there_are_none(
    tmp_path: Path,
) -> None:
    run = written(tmp_path)
    context = Heard()
    result = check_explanations({"run": str(run), "clips": 0}, context)
    assert result["kept"]
    truth = read_truth(RunFolder(run))
    assert truth == Truth.of(result)
    assert truth is not None
    assert truth.clips == 2
    told = {one.name: one for one in truth.explanations}
    assert {"Grad-CAM dynamic", "joint saliency"} <= set(told)
    for one in truth.explanations:
        for figure in ("deletion", "randomised", "person", "hands", "top_tenth", "hand_joints"):
            assert (getattr(one, figure) is None) == (figure in one.why), (one.name, figure)
    assert told["Grad-CAM dynamic"].person is not None
    pictures = [one for one in truth.explanations if one.kind == "picture"]
    assert all("cells or joints" in one.why["deletion"] for one in pictures)
    assert pictures
    done = [step for step in context.steps if step[1]]
    assert done[-1][0] < done[-1][1]
    RunFolder(run).truth.write_text('{"version": 1}', "utf-8")
    with pytest.raises(DataError, match=r"explanations.json.*Check the explanations again"):
        read_truth(RunFolder(run))


def test_a_check_that_is_stopped_leaves_what_was_there(tmp_path: Path) -> None:
    run = written(tmp_path)
    folder = RunFolder(run)
    folder.truth.write_text("before", "utf-8")
    with pytest.raises(Stopped):
        check_explanations({"run": str(run)}, Heard(stop_at=4))
    assert folder.truth.read_text("utf-8") == "before"
    assert [one.name for one in run.glob("*explanations*")] == ["explanations.json"]
    with pytest.raises(UsageError, match="-1 clips"):
        check_explanations({"run": str(run), "clips": -1}, Heard())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--clips", "3"), "Add --explanations"),
        (("--explanations", "--disturbed", "blur"), "Leave out --weights, --without"),
    ],
)
def test_the_command_says_what_does_not_go_together(words: tuple[str, ...], said: str) -> None:
    result = CliRunner().invoke(app, ["evaluate", "joints-any-sensor", *words])
    assert isinstance(result.exception, UsageError)
    assert said in str(result.exception)
