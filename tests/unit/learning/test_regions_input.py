"""MMNet's mosaic: which frames, which joints, how pieces are laid, where they come from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from clips import HEIGHT, WIDTH, at_pixels, body, recording, spread, where
from harstudio.errors import DataError
from harstudio.learning.inputs.places import Made, Placement, Stretch
from harstudio.learning.inputs.regions import RegionsInput, columns, make, read
from harstudio.learning.inputs.tracks import read_tracks
from harstudio.networks.network import Gaze
from harstudio.recognition.explaining import Explainer
from harstudio.recordings.formats import open_recording
from harstudio.recordings.projection import project_joints
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import Body, evenly
from harstudio.results import HeatMap, Kind
from harstudio.skeletons.topology import topology

ALL = (0, 10**12)
# Head, right hand, left hand, right ankle, left ankle, in the order of the rows.
JOINTS = [
    topology("utd_mhad_20").index(name)
    for name in ("Head", "HandRight", "HandLeft", "AnkleRight", "AnkleLeft")
]
# A piece is 96 px of this picture, as if it were 1080 high, so that nothing is scaled.
KEYS: dict[str, Any] = {"mean": 0.0, "std": 1 / 255, "region_px": 96 * 1080 / HEIGHT}


def person(seed: int, name: str = "1", left: float = 60) -> Body:
    pixels = spread(left, 40, left + 90, 160)
    pixels += np.random.default_rng(seed).integers(-20, 20, pixels.shape)
    return body(at_pixels(pixels), name)


def moving(count: int, name: str = "1", left: float = 60) -> list[list[Body]]:
    return [[person(t, name, left)] for t in range(count)]


def numbered(count: int) -> list[NDArray[Any]]:
    """Pictures that tell the place in red and green and their number in blue."""
    pictures = []
    for k in range(count):
        picture = where()
        picture[..., 2] = k + 1
        pictures.append(picture)
    return pictures


def prepared(made: Recording, rng: int | None = None, **keys: Any) -> Made:
    chosen = RegionsInput(**(KEYS | {"size": 480} | keys))
    tracks = read_tracks(made, *ALL, "", 2, "")
    seen = read(Stretch(made, *ALL, tracks, "utd_mhad_20"), chosen)
    return make(seen, chosen, None if rng is None else np.random.default_rng(rng))


def pixels_of(made: Recording, frame: int, m: int = 0) -> NDArray[np.float32]:
    """(5, 2) where the five joints of a body are in the picture."""
    bodies = made.streams["skeleton"].frame(frame).bodies
    points = project_joints(made, "color", bodies[m])
    assert points is not None
    return points[JOINTS]


def surroundings(frame: NDArray[Any], x: float, y: float, wide: int, high: int) -> NDArray[Any]:
    """(high, wide, 3) pixel by pixel around a place, black beyond the picture."""
    left, top = round(x - wide / 2), round(y - high / 2)
    out = np.zeros((high, wide, 3))
    for i in range(high):
        for j in range(wide):
            if 0 <= top + i < HEIGHT and 0 <= left + j < WIDTH:
                out[i, j] = frame[top + i, left + j]
    return out


# ---- which frames


@pytest.mark.parametrize(
    ("count", "frames"),
    [
        (30, [5, 10, 15, 20, 25]),
        (6, [1, 2, 3, 4, 5]),
        (65, [10, 20, 30, 40, 50]),
        (5, [0, 1, 2, 3, 4]),
        (3, [0, 0, 1, 2, 2]),
        (1, [0, 0, 0, 0, 0]),
    ],
)
def test_frames_of_testing(count: int, frames: list[int]) -> None:
    assert columns(count, 5, None).tolist() == frames
    out = prepared(recording(moving(count), pictures={"color": numbered(count)}))
    shown = [out.values[2, :, 96 * k : 96 * (k + 1)].max() - 1 for k in range(5)]
    assert np.rint(shown).tolist() == frames


def test_training_draws_interval_and_start() -> None:
    intervals, starts, ends = set(), set(), set()
    for k in range(300):
        index = columns(30, 5, np.random.default_rng(k))
        (interval,) = set(np.diff(index).tolist())
        intervals.add(interval)
        starts.add(int(index[0]))
        ends.add(int(index[-1]))
    assert intervals == {1, 2, 3, 4, 5}
    assert min(starts) == 0
    assert max(ends) == 29


def test_training_shows_the_frames_it_drew_or_what_is_nearest() -> None:
    made = recording(moving(60), pictures={"color": numbered(60)})
    for k in range(20):
        out = prepared(made, k)
        wanted = columns(60, 5, np.random.default_rng(k))
        shown = [out.values[2, :, 96 * c : 96 * (c + 1)].max() - 1 for c in range(5)]
        assert np.abs(np.rint(shown) - wanted).max() <= 2
    few = recording(moving(14), pictures={"color": numbered(14)})
    for k in range(20):
        shown = [prepared(few, k).values[2, :, 96 * c : 96 * (c + 1)].max() - 1 for c in range(5)]
        assert shown == columns(14, 5, np.random.default_rng(k)).tolist()


# ---- how pieces are laid


def test_every_piece_by_plain_loops() -> None:
    frames = numbered(30)
    made = recording(moving(30), pictures={"color": frames})
    out = prepared(made)
    assert out.values.shape == (3, 480, 480)
    for column, frame in enumerate((5, 10, 15, 20, 25)):
        for row, (x, y) in enumerate(pixels_of(made, frame)):
            piece = out.values[:, 96 * row : 96 * (row + 1), 96 * column : 96 * (column + 1)]
            want = surroundings(frames[frame], float(x), float(y), 96, 96)
            np.testing.assert_allclose(piece.transpose(1, 2, 0), want, atol=1e-3)


def test_two_people_share_a_piece() -> None:
    frames = [[*a, *b] for a, b in zip(moving(30), moving(30, "2", 120), strict=True)]
    shown = numbered(30)
    made = recording(frames, pictures={"color": shown})
    tracks = read_tracks(made, *ALL, "", 2, "")
    assert tracks is not None
    out = prepared(made)
    for half, name in enumerate(tracks.persons):
        for row, (x, y) in enumerate(pixels_of(made, 15, int(name) - 1)):
            left = 96 * 2 + 48 * half
            piece = out.values[:, 96 * row : 96 * (row + 1), left : left + 48]
            want = surroundings(shown[15], float(x), float(y), 48, 96)
            np.testing.assert_allclose(piece.transpose(1, 2, 0), want, atol=1e-3)
    assert out.picture is not None
    assert len(out.picture.shots) == 50
    alone = prepared(made, people="one")
    first = int(tracks.persons[0]) - 1
    x, y = pixels_of(made, 5, first)[0].tolist()
    want = surroundings(shown[5], x, y, 96, 96)
    np.testing.assert_allclose(alone.values[:, :96, :96].transpose(1, 2, 0), want, atol=1e-3)


def test_who_is_away_leaves_a_black_half() -> None:
    frames = [[*a, *b] for a, b in zip(moving(60), moving(60, "2", 120), strict=True)]
    for bodies in frames[30:]:
        del bodies[1]
    made = recording(frames, pictures={"color": numbered(60)})
    tracks = read_tracks(made, *ALL, "", 2, "")
    assert tracks is not None
    half = tracks.persons.index("2")
    out = prepared(made)
    for column in range(5):
        left = 96 * column + 48 * half
        assert out.values[..., left : left + 48].any() == (column < 3)  # frames 10, 20, 30, ...


def test_the_mosaic_is_scaled_to_its_size() -> None:
    made = recording(moving(30), pictures={"color": where()})
    large, small = prepared(made), prepared(made, size=225)
    assert small.values.shape == (3, 225, 225)
    mean = large.values.reshape(3, 5, 96, 5, 96).mean(axis=(2, 4))
    np.testing.assert_allclose(small.values.reshape(3, 5, 45, 5, 45).mean((2, 4)), mean, atol=2)
    assert small.picture is not None
    assert large.picture is not None
    assert small.picture.shots == large.picture.shots


def test_squares_grow_with_the_picture() -> None:
    made = recording(moving(30), pictures={"color": where()})
    out = prepared(made, region_px=96.0)
    assert out.picture is not None
    for shot in out.picture.shots:
        assert shot.box.right - shot.box.left == round(96 * HEIGHT / 1080)


# ---- what is missing


def test_a_frame_without_a_pose_gives_way_to_the_next_with_one() -> None:
    frames: list[list[Body]] = moving(60)
    for t in range(18, 30):  # the column of frame 20; a pose a tenth of a second away will do
        frames[t] = []
    for t in range(47, 60):  # frame 50: there is none after it
        frames[t] = []
    out = prepared(recording(frames, pictures={"color": numbered(60)}))
    shown = [out.values[2, :, 96 * k : 96 * (k + 1)].max() - 1 for k in range(5)]
    assert shown == [10, 20, 30, 40, -1], "the pose of frame 17 is near enough to frame 20"
    for t in range(13, 30):
        frames[t] = []
    for t in range(45, 60):
        frames[t] = []
    out = prepared(recording(frames, pictures={"color": numbered(60)}))
    shown = [out.values[2, :, 96 * k : 96 * (k + 1)].max() - 1 for k in range(5)]
    assert shown == [10, 27, 30, 40, -1], "from frame 27 on the pose of frame 30 is near"
    assert out.picture is not None
    assert len(out.picture.shots) == 20


def test_a_missing_joint_is_a_black_piece() -> None:
    frames = moving(30)
    frames[10][0].joints[JOINTS[1]] = np.nan
    out = prepared(recording(frames, pictures={"color": numbered(30)}))
    assert not out.values[:, 96:192, 96:192].any()
    assert out.values[:, 96:192, :96].any()
    assert out.picture is not None
    assert len(out.picture.shots) == 24


def test_nobody_known() -> None:
    made = recording(None, pictures={"color": where()})
    with pytest.raises(DataError, match="nobody in this clip"):
        read(Stretch(made, *ALL, None), RegionsInput())


def test_a_pose_that_nobody_can_place_is_black_and_comes_from_nowhere() -> None:
    far = [[body(at_pixels(spread(5000, 5000, 5100, 5100)))]] * 30
    out = prepared(recording(far, pictures={"color": where()}))
    assert not out.values.any()
    assert out.picture is None


# ---- where it comes from


def test_shots_say_where_every_piece_comes_from() -> None:
    made = recording(moving(30), pictures={"color": numbered(30)})
    out = prepared(made)
    assert out.picture is not None
    assert len(out.picture.shots) == 25
    parts = set()
    for shot in out.picture.shots:
        frame = int(np.searchsorted(evenly(30, 30), shot.time_ns))
        column, row = round(shot.part.left * 5), round(shot.part.top * 5)
        assert frame == 5 * (column + 1)
        x, y = pixels_of(made, frame)[row].tolist()
        assert (shot.box.left + shot.box.right) / 2 == pytest.approx(x, abs=1)
        assert (shot.box.top + shot.box.bottom) / 2 == pytest.approx(y, abs=1)
        assert shot.part.right - shot.part.left == pytest.approx(0.2)
        assert shot.part.bottom - shot.part.top == pytest.approx(0.2)
        parts.add((column, row))
    assert len(parts) == 25


def test_a_map_over_the_mosaic_lies_over_the_joints() -> None:
    """What a network looks at in one cell is told where that piece comes from, and nowhere else."""
    made = recording(moving(30), pictures={"color": where()})
    chosen = RegionsInput(**(KEYS | {"region_px": 20 * 1080 / HEIGHT}))
    tracks = read_tracks(made, *ALL, "", 2, "")
    out = make(read(Stretch(made, *ALL, tracks, "utd_mhad_20"), chosen), chosen, None)
    assert out.picture is not None
    placement = Placement({"regions": out.picture.times_ns}, ("1",), {"regions": out.picture})
    values = torch.zeros(1, 1, 5, 5)
    row, column = 2, 3  # the left hand in frame 20
    values[0, 0, row, column] = 1
    gaze = Gaze(Kind.HEAT_MAP, "regions", values)
    explainer = Explainer("MMNet", ("a",), "utd_mhad_20", ("color",))
    (told,) = explainer.explain({"map": gaze}, 0, placement, (0, 10**9), 0)
    assert isinstance(told, HeatMap)
    assert told.times_ns.tolist() == evenly(30, 30)[5:30:5].tolist()
    assert [bool(one.any()) for one in told.values] == [k == column for k in range(5)]
    box, shown = told.boxes[column], told.values[column]
    y, x = np.nonzero(shown > 0.5)
    across = box.left + (x.mean() + 0.5) * (box.right - box.left) / shown.shape[1]
    down = box.top + (y.mean() + 0.5) * (box.bottom - box.top) / shown.shape[0]
    np.testing.assert_allclose((across, down), pixels_of(made, 20)[row], atol=5)


def test_the_same_generator_gives_the_same() -> None:
    made = recording(moving(40), pictures={"color": numbered(40)})
    one, same, other = (prepared(made, k).values for k in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert np.abs(one - other).max() > 5


def test_a_real_trial(utd_mhad: Path) -> None:
    """Every piece of a person in the middle of a UTD-MHAD picture shows some of that person."""
    chosen = RegionsInput(mean=0.0, std=1 / 255, appearance="depth", region_px=200.0)
    with open_recording(utd_mhad / "Depth" / "a24_s7_t1_depth.mat") as real:
        tracks = read_tracks(real, *ALL, "", 2, "")
        seen = read(Stretch(real, *ALL, tracks, "utd_mhad_20"), chosen)
        out = make(seen, chosen, None)
        assert out.picture is not None
        shares = []
        for shot in out.picture.shots:
            found = real.streams["depth"].at(shot.time_ns)
            assert found is not None
            box = shot.box
            rows = slice(max(0, int(box.top)), max(0, int(box.bottom)))
            cut = found.data[rows, max(0, int(box.left)) : max(0, int(box.right))]
            shares.append((cut > 0).mean())
    assert out.values.shape == (3, 225, 225)
    assert len(shares) == 25
    assert min(shares) > 0.1
