"""Explanations lie where the network looked: pixels, times, joints, persons."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from harstudio.learning.inputs.places import PicturePlace, Placement, Pointer, Shot
from harstudio.learning.preprocessing import Preprocessing
from harstudio.networks import network_card
from harstudio.networks.network import Gaze
from harstudio.networks.shown import shown
from harstudio.recognition.explaining import Explainer, by_time, evidence, over_frames
from harstudio.recognition.recognise import Question, recognise
from harstudio.recognition.trained import load_run
from harstudio.recognition.windows import Sliding
from harstudio.recordings.formats import open_recording
from harstudio.results import (
    Box,
    HeatMap,
    Importance,
    JointWeights,
    Kind,
    Matrix,
    ModalityShare,
    Picture,
    Recognition,
    Relation,
)
from harstudio.runs.recognitions import load_recognition, save_recognition
from job_context import Heard
from trained_runs import CLASSES, write_run
from trials import write_trial

TOPOLOGY = "utd_mhad_20"
MS = 1_000_000
CROP = Box(-20.0, 40.0, 180.0, 140.0)
PERSON = "72057594037931101"
FOCUS = Pointer(Box(30.0, 50.0, 80.0, 100.0), 7, 0.5, PERSON)
SEEN = Placement(
    times_ns={
        "skeleton": np.arange(8, dtype=np.int64) * 100 * MS,
        "picture": np.array([400 * MS], dtype=np.int64),
    },
    persons=(PERSON, ""),
    pictures={"picture": PicturePlace("depth", (Shot(400 * MS, CROP),), (FOCUS,))},
)
NOTHING = Placement()
SPAN = (0, 800 * MS)


def explained(gaze: Gaze, placement: Placement = SEEN, target: int | None = None, item: int = 0):
    explainer = Explainer("Net", CLASSES, TOPOLOGY, ("depth", "skeleton"), target)
    told = explainer.explain({"it": gaze}, item, placement, SPAN, 1)
    return told[0] if told else None


def noise(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


# ---- the parts


def test_positions_lie_on_the_frames_in_the_middle_of_their_strides() -> None:
    ramp = np.arange(4, dtype=np.float32)[:, None]
    wide = over_frames(ramp, 16)[:, 0]
    np.testing.assert_allclose(wide[::4], [0, 1, 2, 3])
    np.testing.assert_allclose(wide[:13], np.arange(13) / 4)  # linear between
    np.testing.assert_allclose(wide[13:], 3)  # the last stands
    np.testing.assert_array_equal(over_frames(ramp, 4), ramp)
    np.testing.assert_array_equal(over_frames(ramp, 2)[:, 0], [0, 2])


def test_a_moment_that_is_seen_twice_has_one_row() -> None:
    values = np.array([[1.0], [2.0], [3.0], [5.0]], dtype=np.float32)
    rows, times = by_time(values, np.array([20, 10, 20, 30]))
    assert times.tolist() == [10, 20, 30]
    assert rows[:, 0].tolist() == [2.0, 2.0, 5.0]


def test_evidence_is_what_speaks_for() -> None:
    shown = evidence(np.array([-4.0, 0.0, 1.0, 2.0], dtype=np.float32))
    assert shown.tolist() == [0.0, 0.0, 0.5, 1.0]
    assert evidence(np.array([-4.0, -1.0], dtype=np.float32)).tolist() == [0.0, 0.0]


# ---- every kind


def test_a_heat_map_lies_on_the_crop() -> None:
    values = torch.rand(2, 1, 3, 4, generator=torch.Generator().manual_seed(0))
    told = explained(Gaze(Kind.HEAT_MAP, "picture", values), item=1)
    assert isinstance(told, HeatMap)
    np.testing.assert_array_equal(told.values, values[1].numpy())
    assert (told.stream, told.times_ns.tolist(), told.boxes) == ("depth", [400 * MS], (CROP,))
    assert (told.outlines, told.joint, told.moved_m) == ((), None, None)
    assert told.meaning == "it, Net, 3x4"


def test_a_heat_map_that_was_pointed_to_has_the_square_and_the_joint() -> None:
    told = explained(Gaze(Kind.HEAT_MAP, "focus", torch.zeros(1, 1, 2, 2)))
    assert isinstance(told, HeatMap)
    assert (told.outlines, told.joint, told.moved_m) == ((FOCUS.box,), 7, 0.5)


def test_a_class_map_is_evidence_for_the_class() -> None:
    values = noise(1, 3, 1, 2, 2)
    for target, label in ((None, 1), (2, 2)):
        told = explained(Gaze(Kind.HEAT_MAP, "picture", values, per_class=True), target=target)
        assert isinstance(told, HeatMap)
        over_all = values[0, label] - values[0].mean(dim=0)
        np.testing.assert_array_equal(told.values, evidence(over_all.numpy()))
        assert told.meaning == f"it, for {CLASSES[label]}, Net, 2x2"


def test_joint_weights_are_of_persons_that_were_seen() -> None:
    values = noise(1, 3, 4, 20, 2) + 1
    values[:, 1, :, :, 1] += 100  # nobody: must not squeeze the others
    told = explained(Gaze(Kind.JOINT_WEIGHTS, "skeleton", values, per_class=True))
    assert isinstance(told, JointWeights)
    assert told.times_ns.tolist() == SEEN.times_ns["skeleton"].tolist()
    assert told.persons == SEEN.persons
    assert not told.values[:, :, 1].any()
    over_all = (values[0, 1] - values[0].mean(dim=0))[..., 0]
    expected = evidence(over_frames(over_all.numpy(), 8))
    np.testing.assert_allclose(told.values[:, :, 0], expected, atol=1e-6)
    assert told.values.max() == 1


def test_a_relation_knows_its_picture_and_its_person() -> None:
    values = torch.softmax(noise(1, 26, 26), dim=-1)
    told = explained(Gaze(Kind.RELATION, "picture", values, grid=(2, 3)))
    assert isinstance(told, Relation)
    assert (told.stream, told.time_ns, told.box, told.grid) == ("depth", 400 * MS, CROP, (2, 3))
    assert told.person == PERSON
    np.testing.assert_allclose(told.values.sum(axis=1), 1, atol=1e-6)
    joints_only = explained(Gaze(Kind.RELATION, "skeleton", values[:, :20, :20]), NOTHING)
    assert isinstance(joints_only, Relation)
    assert (joints_only.grid, joints_only.stream, joints_only.box) == ((0, 0), "", None)


@pytest.mark.parametrize(
    ("on", "count", "times_ms"),
    [
        ("skeleton", 4, [0, 200, 400, 600]),
        ("picture", 1, [400]),
        ("", 2, [200, 600]),
    ],
)
def test_importance_and_shares_have_times_in_the_window(
    on: str, count: int, times_ms: list[int]
) -> None:
    weights = torch.rand(1, count)
    told = explained(Gaze(Kind.IMPORTANCE, on, weights))
    assert isinstance(told, Importance)
    np.testing.assert_array_equal(told.values, weights[0].numpy())
    shares = torch.softmax(noise(1, count, 2), dim=-1)
    share = explained(Gaze(Kind.MODALITY_SHARE, on, shares))
    assert isinstance(share, ModalityShare)
    assert share.modalities == ("depth", "skeleton")
    for one in (told, share):
        assert (one.times_ns // MS).tolist() == times_ms


def clip_at(*times_ms: int) -> Placement:
    """A clip whose crop wanders ten pixels to the right a frame."""
    shots = tuple(
        Shot(ms * MS, Box(10.0 * k, 0.0, 10.0 * k + 80, 80.0)) for k, ms in enumerate(times_ms)
    )
    times = {"clip": np.array(times_ms, dtype=np.int64) * MS}
    return Placement(times, (), {"clip": PicturePlace("color", shots)})


def test_a_map_of_a_clip_has_every_frame_at_its_time_and_place() -> None:
    values = torch.rand(1, 2, 3, 4, generator=torch.Generator().manual_seed(0))
    told = explained(Gaze(Kind.HEAT_MAP, "clip", values), clip_at(0, 100, 200, 300))
    assert isinstance(told, HeatMap)
    assert (told.times_ns // MS).tolist() == [0, 100, 200, 300]
    assert [box.left for box in told.boxes] == [0, 10, 20, 30]
    first, second = values[0].numpy()
    expected = [first, (first + second) / 2, second, second]
    np.testing.assert_allclose(told.values, expected, atol=1e-6)
    assert told.stream == "color"


def test_a_frame_that_a_short_clip_shows_twice_is_told_once() -> None:
    """In the order of time, each with the box of the first time that it is shown."""
    values = torch.arange(4.0)[None, :, None, None].expand(1, 4, 2, 2) / 4
    told = explained(Gaze(Kind.HEAT_MAP, "clip", values), clip_at(0, 100, 0, 100))
    assert isinstance(told, HeatMap)
    assert (told.times_ns // MS).tolist() == [0, 100]
    assert [box.left for box in told.boxes] == [0, 10]
    np.testing.assert_array_equal(told.values[:, 0, 0], [0, 0.25])


def test_a_map_lies_on_the_part_of_the_crop_that_its_cells_cover() -> None:
    """Half a cell to the left of the crop and a fourth below its top."""
    values = torch.zeros(1, 1, 2, 2)
    gaze = Gaze(Kind.HEAT_MAP, "clip", values, over=Box(-0.25, 0.25, 0.75, 1.25))
    told = explained(gaze, clip_at(0, 100))
    assert isinstance(told, HeatMap)
    assert told.boxes == (Box(-20, 20, 60, 100), Box(-10, 20, 70, 100))


@pytest.mark.parametrize(("shift", "warm"), [(0.0, 0.5), (0.125, 0.531), (-0.125, 0.281)])
def test_a_map_over_pieces_is_read_where_its_cells_lie(shift: float, warm: float) -> None:
    """Two pieces side by side; a map of four cells grows by a fourth a cell to the right. Where the
    second piece begins with a cell, nothing of the cell before counts."""
    values = (torch.arange(4.0) / 4)[None, None, None].expand(1, 1, 4, 4)
    shots = (
        Shot(0, Box(0, 0, 64, 128), Box(0, 0, 0.5, 1)),
        Shot(MS, Box(0, 0, 64, 128), Box(0.5, 0, 1, 1)),
    )
    placement = Placement({}, (), {"regions": PicturePlace("color", shots)})
    gaze = Gaze(Kind.HEAT_MAP, "regions", values, over=Box(-shift, 0, 1 - shift, 1))
    told = explained(gaze, placement)
    assert isinstance(told, HeatMap)
    left = told.values[1, :, : told.values.shape[2] // 8].mean()  # a 16th of the mosaic's width
    assert left == pytest.approx(warm, abs=0.01)


def test_one_map_of_a_whole_clip_lies_on_all_its_frames() -> None:
    values = torch.rand(1, 1, 5, 5, generator=torch.Generator().manual_seed(0))
    told = explained(Gaze(Kind.HEAT_MAP, "clip", values), clip_at(0, 50, 90))
    assert isinstance(told, HeatMap)
    assert len(told.times_ns) == 3
    for one in told.values:
        np.testing.assert_array_equal(one, values[0, 0].numpy())


def mosaic() -> Placement:
    """Two rows (head, foot) of two frames; the second frame stands 100 pixels to the right."""
    shots = []
    for row, top in enumerate((0.0, 120.0)):
        for column in range(2):
            part = Box(column / 2, row / 2, (column + 1) / 2, (row + 1) / 2)
            left = 100.0 * column
            shots.append(Shot(column * 100 * MS, Box(left, top, left + 40, top + 40), part))
    return Placement({}, (), {"regions": PicturePlace("color", tuple(shots))})


@pytest.mark.parametrize(("row", "column"), [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_a_map_of_a_mosaic_comes_back_to_where_its_pieces_were_cut_out(
    row: int, column: int
) -> None:
    values = torch.zeros(1, 1, 4, 4)
    values[0, 0, 2 * row : 2 * row + 2, 2 * column : 2 * column + 2] = 1
    told = explained(Gaze(Kind.HEAT_MAP, "regions", values), mosaic())
    assert isinstance(told, HeatMap)
    assert (told.times_ns // MS).tolist() == [0, 100]
    assert told.boxes == (Box(0, 0, 40, 160), Box(100, 0, 140, 160))
    assert not told.values[1 - column].any()  # the other frame
    warm = told.values[column]
    rows = len(warm)
    high = (np.arange(rows) + 0.5) / rows * 160  # pixels down
    inside = (high < 40) if row == 0 else (high > 120)
    near = np.abs(high - (40 if row == 0 else 120)) < 160 / rows
    np.testing.assert_array_equal(warm[inside & ~near], 1)
    np.testing.assert_array_equal(warm[~inside & ~near], 0)  # nor what lies between the pieces


def test_shares_of_a_moment_that_is_seen_twice_still_sum_to_one() -> None:
    shares = torch.softmax(noise(1, 4, 2), dim=-1)
    told = explained(Gaze(Kind.MODALITY_SHARE, "clip", shares), clip_at(0, 100, 0, 100))
    assert isinstance(told, ModalityShare)
    assert len(np.unique(told.times_ns)) == len(told.times_ns) == len(told.values)
    np.testing.assert_allclose(told.values.sum(axis=1), 1, atol=1e-6)


def test_numbers_of_a_matrix_stay_as_they_are() -> None:
    values = 5 * noise(2, 3, 7)
    gaze = Gaze(Kind.MATRIX, "skeleton", values, rows="gate", columns="feature")
    told = explained(gaze, NOTHING, item=1)
    assert isinstance(told, Matrix)
    np.testing.assert_array_equal(told.values, values[1].numpy())
    assert (told.rows, told.columns, told.meaning) == ("gate", "feature", "it, Net")


def test_a_picture_becomes_pixels() -> None:
    values = torch.zeros(1, 3, 2, 4)
    values[0, 0, 1, 3], values[0, 2, 0, 1] = 1.0, 0.5
    told = explained(Gaze(Kind.PICTURE, "clip", values), NOTHING)
    assert isinstance(told, Picture)
    assert (told.pixels.shape, told.pixels.dtype) == ((2, 4, 3), np.uint8)
    assert told.pixels[1, 3].tolist() == [255, 0, 0]
    assert told.pixels[0, 1].tolist() == [0, 0, 128]


@pytest.mark.parametrize("wrong", [float("nan"), float("inf")])
def test_what_is_no_number_is_left_out(wrong: float) -> None:
    for kind, shape in ((Kind.MATRIX, (1, 3, 3)), (Kind.HEAT_MAP, (1, 1, 3, 3))):
        values = torch.full(shape, 0.5)
        gaze = Gaze(kind, "picture", values, rows="r", columns="c")
        assert explained(gaze) is not None
        values[0, ..., 0, 0] = wrong
        assert explained(gaze) is None


def test_of_several_pictures_the_one_in_the_middle_is_related() -> None:
    shots = tuple(Shot(k * MS, Box(k, 0.0, k + 8.0, 8.0)) for k in range(3))
    pointers = tuple(Pointer(shot.box, 7, 0.5, f"person {k}") for k, shot in enumerate(shots))
    place = Placement({}, ("someone",), {"picture": PicturePlace("depth", shots, pointers)})
    values = torch.softmax(noise(1, 24, 24), dim=-1)
    told = explained(Gaze(Kind.RELATION, "picture", values, grid=(2, 2)), place)
    assert isinstance(told, Relation)
    assert (told.time_ns, told.box, told.person) == (MS, shots[1].box, "person 1")


@pytest.mark.parametrize(
    "gaze",
    [
        Gaze(Kind.HEAT_MAP, "picture", torch.zeros(1, 1, 2, 2)),
        Gaze(Kind.JOINT_WEIGHTS, "skeleton", torch.zeros(1, 2, 20, 1)),
        Gaze(Kind.RELATION, "picture", torch.ones(1, 24, 24) / 24, grid=(2, 2)),
    ],
)
def test_what_lies_on_nothing_is_left_out(gaze: Gaze) -> None:
    assert explained(gaze, NOTHING) is None


def test_the_class_that_is_said_always_has_something_for_it() -> None:
    """Also where all of its evidence is below nought."""
    values = noise(1, 3, 4, 20, 2) - 50
    values[:, 1] += 1
    assert (values < 0).all()
    told = explained(Gaze(Kind.JOINT_WEIGHTS, "skeleton", values, per_class=True))
    assert isinstance(told, JointWeights)
    assert told.values.max() == 1


# ---- on recordings


def test_a_cell_lies_on_the_pixels_that_it_saw(tmp_path: Path) -> None:
    """The network's own picture as heat map: the person that is warm in it is where the depth
    picture has the person, cell by cell."""
    with open_recording(write_trial(tmp_path)) as recording:
        preprocessing = Preprocessing.for_card(
            network_card("mmff-lite"), TOPOLOGY, ("depth", "skeleton"), {"picture": {"size": 64}}
        )
        prepared = preprocessing.make(preprocessing.read(recording, 0, recording.stop_ns))
        picture = torch.from_numpy(prepared.inputs["picture"])
        middle = picture[:, 32:33, 32:33]  # the person, who is flat and so of one colour
        person = ((picture - middle).abs().amax(dim=0) < 0.05).float()
        cells = person.view(8, 8, 8, 8).mean(dim=(1, 3))
        told = explained(Gaze(Kind.HEAT_MAP, "picture", cells[None, None]), prepared.placement)
        assert isinstance(told, HeatMap)
        depth = recording.streams["depth"].at(int(told.times_ns[0]), 0)
    assert depth is not None  # the very frame
    (box,) = told.boxes
    assert (told.values == 0).any()
    assert (told.values == 1).any()
    padded = np.pad(depth.data, 500)
    high, wide = (box.bottom - box.top) / 8, (box.right - box.left) / 8
    for (row, column), value in np.ndenumerate(told.values[0]):
        top, left = 500 + box.top + row * high, 500 + box.left + column * wide
        cell = padded[round(top) : round(top + high), round(left) : round(left + wide)]
        assert value == pytest.approx((cell == 2000).mean(), abs=0.15)


def test_a_cell_of_a_clip_lies_on_the_pixels_that_it_saw(tmp_path: Path) -> None:
    """The clip that the network gets as heat map: in every frame the warm cells are the person."""
    with open_recording(write_trial(tmp_path, frames=24)) as recording:
        tables = {"skeleton": {"frames": 16, "bodies": 1}, "clip": {"size": 64, "frames": 8}}
        card = network_card("amfi-net")
        preprocessing = Preprocessing.for_card(card, TOPOLOGY, ("depth", "skeleton"), tables)
        prepared = preprocessing.make(preprocessing.read(recording, 0, recording.stop_ns))
        clip = torch.from_numpy(prepared.inputs["clip"])
        place = prepared.placement.pictures["clip"]
        box = place.shots[0].box
        middle_x, middle_y = (  # of the person, in the network's picture
            int((160 - box.left) / (box.right - box.left) * 64),
            int((140 - box.top) / (box.bottom - box.top) * 64),
        )
        middle = clip[:, :, middle_y : middle_y + 1, middle_x : middle_x + 1]
        person = ((clip - middle).abs().amax(dim=0) < 0.05).float()
        cells = person.view(8, 8, 8, 8, 8).mean(dim=(2, 4))
        told = explained(Gaze(Kind.HEAT_MAP, "clip", cells[None]), prepared.placement)
        assert isinstance(told, HeatMap)
        assert len(told.times_ns) == 8
        frames = [recording.streams["depth"].at(int(time), 0) for time in told.times_ns]
    for at, (depth, box) in enumerate(zip(frames, told.boxes, strict=True)):
        assert depth is not None
        padded = np.pad(depth.data, 500)
        high, wide = (box.bottom - box.top) / 8, (box.right - box.left) / 8
        for (row, column), value in np.ndenumerate(told.values[at]):
            top, left = 500 + box.top + row * high, 500 + box.left + column * wide
            cell = padded[round(top) : round(top + high), round(left) : round(left + wide)]
            assert value == pytest.approx((cell == 2000).mean(), abs=0.25)
    assert told.values.max() == 1
    assert told.values.min() == 0


@pytest.fixture(scope="module")
def looked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A run of the light MMFF on depth, and a trial."""
    run, data = tmp_path_factory.mktemp("run"), tmp_path_factory.mktemp("data")
    write_run(
        run,
        "mmff-lite",
        modalities=("depth", "skeleton"),
        overrides={"skeleton": {"frames": 16, "bodies": 1}, "picture": {"size": 96}},
    )
    return run, write_trial(data, frames=30)


def test_mmff_tells_five_things_about_every_window(
    looked: tuple[Path, Path], tmp_path: Path
) -> None:
    run, trial = looked
    trained = load_run(run)
    assert trained.modalities == ("skeleton", "depth")  # as the card names its branches
    with open_recording(trial) as recording:
        question = Question(Sliding(0.5, 0.25), explain=True)
        said = recognise(trained, recording, Heard(), question)
        depth = recording.streams["depth"].times_ns
    assert len(said.windows) == len(said.explanations) == 3
    for window, told in zip(said.windows, said.explanations, strict=True):
        assert set(window.by_stream) == {"skeleton", "picture"}
        assert {one.name: one.kind for one in told} == dict(trained.network.card.explains)
        for one in told:
            times = np.array([one.time_ns]) if isinstance(one, Relation) else one.times_ns
            assert ((window.start_ns <= times) & (times < window.end_ns)).all()
            assert (one.values >= 0).all()
            assert (one.values <= 1).all()
            if isinstance(one, HeatMap):
                assert one.times_ns[0] in depth
                assert one.stream == "depth"
        assert_square_over_joint(told)
        relation = next(one for one in told if isinstance(one, Relation))
        assert len(relation.values) == relation.grid[0] * relation.grid[1] + 20
        np.testing.assert_allclose(relation.values.sum(axis=1), 1, atol=1e-5)
    save_recognition(tmp_path / "one.npz", said)
    again: Recognition = load_recognition(tmp_path / "one.npz")
    for ours, kept in zip(said.explanations[1], again.explanations[1], strict=True):
        np.testing.assert_array_equal(ours.values, kept.values)


def assert_square_over_joint(told: tuple[object, ...]) -> None:
    """The only map with a square is the one that comes from it; the warmest cell is the square's,
    which sees half a cell beside it at most."""
    pointed = [one for one in told if isinstance(one, HeatMap) and one.outlines]
    assert [one.name for one in pointed] == ["skeleton attention"]
    (one,) = pointed
    ((square,), (box,)) = one.outlines, one.boxes
    assert one.joint is not None
    assert (square.right - square.left) == pytest.approx((box.right - box.left) / 4)
    rows, columns = one.values.shape[1:]
    x, y = (square.left + square.right) / 2, (square.top + square.bottom) / 2
    assert one.values.max() > 0
    row, column = divmod(int(one.values[0].argmax()), columns)
    wide, high = (box.right - box.left) / columns, (box.bottom - box.top) / rows
    assert abs(box.left + (column + 0.5) * wide - x) <= wide
    assert abs(box.top + (row + 0.5) * high - y) <= high


def test_saliency_is_what_the_logits_are_made_of(tmp_path: Path) -> None:
    """Over all joints and moments it sums up to the logit; the shown weights keep its order."""
    network = write_run(tmp_path / "run")
    trained = load_run(tmp_path / "run")
    with open_recording(write_trial(tmp_path / "data", frames=40)) as recording:
        raw = trained.preprocessing.read(recording, 0, 500 * MS)
        prepared = trained.preprocessing.make(raw)
        output = trained.ask(prepared, explaining=True)
        said = recognise(
            trained, recording, Heard(), Question(spans=((0, 500 * MS),), explain=True, target=2)
        )
    assert output.explanation is not None
    saliency = output.explanation["joint saliency"].values
    np.testing.assert_allclose(
        saliency.mean(dim=(2, 3, 4)).numpy(), output.logits.numpy(), atol=1e-4
    )
    ((shown,),) = said.explanations
    assert isinstance(shown, JointWeights)
    # 15 frames of half a second are played again to fill 16: the first moment is there twice.
    assert shown.times_ns.tolist() == [round(k / 30 * 1e9) for k in range(15)]
    raw_weights = over_frames((saliency[0, 2] - saliency[0].mean(dim=0)).numpy(), 16)
    raw_weights[0] = (raw_weights[0] + raw_weights[15]) / 2
    np.testing.assert_allclose(shown.values, evidence(raw_weights[:15]), atol=1e-5)
    assert shown.values.max() == 1
    assert network.card.name == "st-gcn"


def test_a_picture_knows_the_parts_of_the_frames_that_it_was_made_from():
    pieces = (
        Shot(100 * MS, Box(10, 10, 20, 20), Box(0, 0, 0.5, 0.5), "head"),
        Shot(300 * MS, Box(12, 10, 22, 20), Box(0.5, 0, 1, 0.5), "head"),
    )
    gaze = Gaze(Kind.PICTURE, "regions", torch.rand(1, 3, 8, 8))
    place = PicturePlace("color", (*pieces, pieces[1]))  # a short clip shows a frame twice
    told = explained(gaze, Placement(pictures={"regions": place}))
    assert told.stream == "color"
    assert [(c.time_ns, c.box, c.part, c.of) for c in told.cuts] == [
        (one.time_ns, one.box, one.part, one.of) for one in pieces
    ]
    assert explained(gaze).cuts == ()


def test_dynamic_images_of_parts_of_a_clip_stand_in_rows():
    parts = torch.arange(6, dtype=torch.float32)[None, None, :, None, None].expand(1, 3, 6, 2, 2)
    gaze = shown("dynamic", parts, {"mean": 0, "std": 1})
    shots = tuple(Shot(k * MS, CROP, of=f"part {k // 2 + 1} of 6") for k in range(12))
    place = Placement(pictures={"dynamic": PicturePlace("depth", shots)})
    told = explained(gaze, place)
    assert told.pixels.shape == (4, 8, 3)
    for k, cut in enumerate(told.cuts):
        row, column = round(cut.part.top * 4), round(cut.part.left * 8)
        assert told.pixels[row, column, 0] == round(255 * (k // 2) / 5)
    assert (told.pixels[2:, 4:] == 0).all()  # nothing is there
