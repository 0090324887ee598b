"""What the virtual sensor sees agrees with where the actors are."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest

from harstudio.recordings.formats.ntu_writer import infrared_8bit
from harstudio.synthesis import subject as s
from harstudio.synthesis.raster import mix, rasterise
from harstudio.synthesis.room import Room
from harstudio.synthesis.scripts import SCRIPTS, perform
from harstudio.synthesis.sensor import FIRST_BODY_ID, masked
from harstudio.synthesis.shooting import Rig, Shot, film, make_rig, mesh_of
from harstudio.synthesis.sound import SAMPLE_RATE, soundtrack
from harstudio.synthesis.subject import make_subject
from harstudio.synthesis.take import Sound
from harstudio.synthesis.viewpoint import color_camera, depth_camera, make_viewpoint

COLOR = color_camera(480)


def rig(view: int = 1, furniture: tuple[str, ...] = ()) -> Rig:
    room = Room(0, frozenset(furniture))
    return make_rig(make_viewpoint(view, 0), room, COLOR, depth_camera())


def shots(key: str, view: int, every: int, count: int) -> list[Shot]:
    script = SCRIPTS[key]
    take = perform(script, [make_subject(1, 0), make_subject(2, 0)], [0, 1])
    filmed = film(take, rig(view, script.furniture), [0, view])
    return list(islice(filmed, 0, every * count, every))


@pytest.fixture(scope="module")
def waving() -> list[Shot]:
    return shots("wave", 1, 12, 6)


def test_joints_lie_inside_the_rendered_body(waving: list[Shot]) -> None:
    camera = depth_camera()
    view = make_viewpoint(1, 0)
    for shot in waving:
        joints = view.to_sensor(shot.truth[0].joints)
        column, row = np.rint(camera.project(joints)).astype(int).T
        behind = joints[:, 2] - shot.depth.clean[row, column]
        assert shot.depth.mask[row, column].mean() > 0.9
        inside = shot.depth.mask[row, column]
        assert behind[inside].min() > -0.03
        assert behind[inside].max() < 0.25


def test_depth_is_millimetres_with_the_sensors_errors(waving: list[Shot]) -> None:
    shot = waving[0].depth
    assert shot.depth.shape == (424, 512)
    assert shot.depth.dtype == np.uint16
    known = shot.depth > 0
    assert 0.3 < known.mean() < 0.999
    error = shot.depth[known] - shot.clean[known] * 1000
    assert abs(np.median(error)) < 1
    assert 0.5 < error.std() < 8
    assert 4000 < shot.depth.max() <= 8000
    body = masked(shot)
    assert 0 < (body > 0).mean() < 0.2
    assert (body[~(body == 0)] == shot.depth[~(body == 0)]).all()


def test_the_projectors_shadow_lies_on_one_side_of_the_body(waving: list[Shot]) -> None:
    shot = waving[0].depth
    dark = {}
    for side in (1, -1):
        edge = shot.mask & ~np.roll(shot.mask, side, axis=1)
        rows, columns = np.nonzero(edge[100:200])
        dark[side] = float((shot.depth[rows + 100, columns - 2 * side] == 0).mean())
    assert dark[1] < 0.1
    assert dark[-1] > 0.8


def test_infrared_falls_with_distance(waving: list[Shot]) -> None:
    shot = waving[0].depth
    assert shot.infrared.dtype == np.uint16
    floor = shot.infrared[330:420, 60:110].astype(float).mean(axis=1)
    assert floor[-1] > 1.3 * floor[0]
    assert infrared_8bit(shot.infrared).dtype == np.uint8
    assert infrared_8bit(shot.infrared).std() > 5


def test_pictures_show_a_person_and_change(waving: list[Shot]) -> None:
    first, later = waving[0].color, waving[3].color
    assert first.shape == (270, 480, 3)
    assert first.dtype == np.uint8
    assert np.abs(first.astype(int) - later).max() > 60
    u, v = COLOR.project(make_viewpoint(1, 0).to_sensor(waving[0].truth[0].joints)).T
    chest = first[round(v[s.SPINE_MID]), round(u[s.SPINE_MID])].astype(int)
    wall = first[30, 60].astype(int)
    assert np.abs(chest - wall).max() > 25


def test_the_right_hand_is_on_the_right_of_the_mirrored_picture(waving: list[Shot]) -> None:
    body = waving[0].bodies.bodies[0]
    assert body.joints[s.SHOULDER_R, 0] > body.joints[s.SHOULDER_L, 0]
    assert body.color_px is not None
    assert body.color_px[s.SHOULDER_R, 0] > body.color_px[s.SHOULDER_L, 0]


def test_tracked_bodies_stay_close_to_the_truth(waving: list[Shot]) -> None:
    view = make_viewpoint(1, 0)
    for shot in waving:
        (body,) = shot.bodies.bodies
        assert int(body.id) >= FIRST_BODY_ID
        assert body.joints.dtype == np.float32
        assert body.tracking.dtype == np.uint8
        true = view.to_sensor(shot.truth[0].joints)
        error = np.linalg.norm(body.joints - true, axis=1)
        assert error[body.tracking == 2].max() < 0.08
        assert error.max() < 0.3
        assert body.orientations is not None
        norms = np.linalg.norm(body.orientations, axis=1)
        assert norms[[3, 15, 19, 21, 22, 23, 24]].max() == 0
        assert norms[[0, 1, 5, 10, 17]] == pytest.approx(1, abs=1e-5)


def test_hidden_joints_are_guessed_from_the_side() -> None:
    front = shots("wave", 1, 25, 2)
    side = shots("wave", 2, 25, 2)

    def guessed(filmed: list[Shot]) -> float:
        states = [b.tracking for shot in filmed for b in shot.bodies.bodies]
        return float((np.stack(states) < 2).mean())

    assert guessed(front) < 0.15
    assert guessed(front) < guessed(side) < 0.6


def test_two_people_have_two_identities() -> None:
    filmed = shots("handshake", 1, 20, 2)
    for shot in filmed:
        assert len({body.id for body in shot.bodies.bodies}) == 2


def test_meshes_are_closed_skins_of_human_size() -> None:
    for number in (1, 2):
        mesh = mesh_of(make_subject(number, 0))
        edges = np.sort(
            np.concatenate([mesh.triangles[:, [0, 1]], mesh.triangles[:, [1, 2]],
                            mesh.triangles[:, [2, 0]]]), axis=1)  # fmt: skip
        _, counts = np.unique(edges, axis=0, return_counts=True)
        assert (counts == 1).sum() == 0  # no holes
        a, b, c = (mesh.rest[mesh.triangles[:, k]].astype(float) for k in range(3))
        litres = float(np.einsum("fi,fi->f", a, np.cross(b, c)).sum()) / 6 * 1000
        assert 45 < litres < 110  # positive: triangles face outwards
        totals = np.zeros(len(mesh.rest))
        for rows, weights in mesh.bound:
            totals[rows] += weights
        assert totals == pytest.approx(1, abs=1e-4)


def test_the_nearest_triangle_wins_and_values_mix() -> None:
    u = np.array([1, 8, 1, 1, 8, 1], dtype=np.float32)
    v = np.array([1, 1, 8, 1, 1, 8], dtype=np.float32)
    z = np.array([2, 2, 2, 1, 1, 1], dtype=np.float32)
    triangles = np.array([[0, 1, 2], [3, 4, 5]], dtype=np.int32)
    found = rasterise(u, v, z, triangles, 10, 10)
    assert set(found.faces.tolist()) == {1}
    assert found.depth == pytest.approx(1)
    values = mix(u[:, None], triangles, found)[:, 0]
    assert values == pytest.approx(found.pixels % 10, abs=1e-3)
    turned = rasterise(u, v, z, triangles[:, ::-1].copy(), 10, 10)
    assert len(turned.pixels) == 0  # seen from inside


def test_sounds_are_heard_at_their_time() -> None:
    heard = soundtrack([Sound(1.0, "clap", 0.8)], 2.0, [0])
    assert heard.dtype == np.int16
    assert heard.shape == (2 * SAMPLE_RATE, 1)
    loudest = int(np.abs(heard[:, 0].astype(int)).argmax())
    assert loudest / SAMPLE_RATE == pytest.approx(1.0, abs=0.05)
    quiet = np.abs(heard[: SAMPLE_RATE // 2].astype(int)).max()
    assert np.abs(heard.astype(int)).max() > 8 * quiet
    for kind in ("step", "thud", "knock", "whoosh", "ring", "voice"):
        one = soundtrack([Sound(0.1, kind, 0.8)], 1.0, [0])
        assert np.abs(one.astype(int)).max() > 3000, kind
