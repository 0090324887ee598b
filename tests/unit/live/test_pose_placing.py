"""Landmarks become metres: exactly where they must, near a real Kinect's joints by real depth."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from harstudio.live.pose.bodies import make_body
from harstudio.live.pose.depth_placing import place_by_depth
from harstudio.live.pose.finder import LEAST_HZ, SPEED_HZ, PoseFinder, _Smoothing
from harstudio.live.pose.landmarks import Landmarks
from harstudio.live.pose.people import Seen
from harstudio.live.pose.placing import assumed_camera, place
from harstudio.live.pose.regions import Region
from harstudio.live.pose.smoothing import OneEuro
from harstudio.recordings.formats import open_recording
from harstudio.recordings.streams import SECOND_NS
from harstudio.skeletons.cameras import Camera
from harstudio.skeletons.topology import topology

NAMES = topology("mediapipe_33").joints
KINECT = {
    "shoulder": "Shoulder", "elbow": "Elbow", "wrist": "Wrist", "hip": "Hip", "knee": "Knee",
    "ankle": "Ankle", "foot_index": "Foot",
}  # fmt: skip


def landmarks_of(
    points: np.ndarray, camera: Camera, known: np.ndarray | None = None, believed: float = 1.0
) -> Landmarks:
    """What an estimator would say of (33, 3) joints in the depth camera's frame: their pixels, and
    their shape around the hips, which it believes to be ``believed`` times as large."""
    known = np.ones(33, dtype=bool) if known is None else known
    seen = points @ camera.rotation.T + camera.translation
    hips = seen[[NAMES.index("left_hip"), NAMES.index("right_hip")]].mean(axis=0)
    world = (seen - hips) * (believed, -believed, believed)
    visibility = known.astype(np.float32)
    pixels = camera.project(points).astype(np.float32)
    nowhere = Region(0, 0, 1, 0)
    return Landmarks(1.0, pixels, visibility, visibility, world.astype(np.float32), nowhere)


def body_at(away: float) -> np.ndarray:
    rng = np.random.default_rng(4)
    points = rng.normal(0, (0.25, 0.5, 0.1), (33, 3))
    points[[23, 24]] = (0.15, -0.05, 0.02), (-0.15, -0.05, -0.02)
    return points + np.array([0.4, -0.2, away])


def test_one_picture_gives_the_distance_of_a_body_of_the_believed_size() -> None:
    camera = assumed_camera(640, 480)
    wide = math.degrees(2 * math.atan(320 / camera.fx))
    assert wide == pytest.approx(60)
    for away in (1.5, 4.0):
        placed = place(landmarks_of(body_at(away), camera), camera)
        assert placed.joints == pytest.approx(body_at(away), abs=1e-3)
    child = place(landmarks_of(body_at(2.0), camera, believed=1.25), camera)
    assert child.joints[23, 2] == pytest.approx(2.5, abs=0.05)
    assert camera.project(child.joints) == pytest.approx(camera.project(body_at(2.0)), abs=0.01)


def test_rays_undo_a_camera_with_distortion_that_stands_beside_the_depth_camera() -> None:
    turn = np.array(
        [[math.cos(0.1), 0, math.sin(0.1)], [0, 1, 0], [-math.sin(0.1), 0, math.cos(0.1)]]
    )
    camera = Camera(
        1920, 1080, 1060, 1055, 960, 540, k1=0.05, k2=-0.02, p1=0.001, p2=-0.002,
        rotation=turn, translation=np.array([0.052, 0.01, -0.003]),
    )  # fmt: skip
    points = body_at(2.5)
    seen = points @ camera.rotation.T + camera.translation
    rays = camera.rays(camera.project(points))
    assert rays == pytest.approx(seen[:, :2] / seen[:, 2:], abs=1e-6)
    assert camera.to_depth_frame(seen) == pytest.approx(points, abs=1e-9)
    assert camera.scaled(960, 540).project(points) == pytest.approx(camera.project(points) / 2)
    placed = place(landmarks_of(points, camera), camera)
    assert placed.joints == pytest.approx(points, abs=2e-3)


def kinect_moment(folder: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray, Camera]:
    """Of a real frame: (33, 3) joints, which of them Kinect gives, depth in mm, its camera."""
    with open_recording(next(iter(sorted(folder.rglob("a26_s*_t1_depth.mat"))))) as recording:
        streams = {str(one.kind): one for one in recording.streams.values()}
        skeletons, depth = streams["skeleton"], streams["depth"]
        index = len(skeletons) // 2
        joints = skeletons.frame(index).bodies[0].joints
        picture = depth.frame(depth.nearest(int(skeletons.times_ns[index]), SECOND_NS))
        camera = recording.cameras[depth.name]
        kinect = topology(skeletons.topology).joints
    points, known = np.zeros((33, 3)), np.zeros(33, dtype=bool)
    for k, name in enumerate(NAMES):
        side, _, part = name.partition("_")
        if part in KINECT:
            points[k] = joints[kinect.index(f"{KINECT[part]}{side.capitalize()}")]
            known[k] = True
    points[~known] = points[[23, 24]].mean(axis=0)
    return points, known, picture, camera


def test_real_depth_puts_joints_where_kinect_saw_them(utd_mhad: Path) -> None:
    points, known, depth, camera = kinect_moment(utd_mhad)
    landmarks = landmarks_of(points, camera, known, believed=0.85)
    placed = place_by_depth(landmarks, camera, depth, camera)
    gap = np.linalg.norm(placed.joints - points, axis=1)[known]
    alone = np.linalg.norm(place(landmarks, camera).joints - points, axis=1)[known]
    assert gap.mean() < 0.06
    assert alone.mean() > 0.3  # what the size alone says
    assert placed.measured[known].mean() > 0.8
    assert placed.depth_px == pytest.approx(camera.project(placed.joints), abs=0.01)

    wrist = NAMES.index("left_wrist")
    x, y = np.rint(camera.project(points)[wrist]).astype(int)
    for hidden_by in (0, 700):  # a hole, then something near the camera
        spoiled = depth.copy()
        spoiled[max(0, y - 25) : y + 25, max(0, x - 25) : x + 25] = hidden_by
        other = place_by_depth(landmarks, camera, spoiled, camera)
        assert not other.measured[wrist]
        assert np.linalg.norm(other.joints[wrist] - points[wrist]) < 0.15
    nothing = place_by_depth(landmarks, camera, np.zeros_like(depth), camera)
    assert nothing.joints == pytest.approx(place(landmarks, camera).joints)


def test_a_body_keeps_its_size_where_a_picture_has_no_depth() -> None:
    camera = assumed_camera(640, 480)
    finder = PoseFinder.__new__(PoseFinder)  # needs no model to place
    finder._color = finder._depth = camera
    seen = Seen("1", landmarks_of(body_at(3.0), camera, believed=0.8))
    depth = np.full((480, 640), 2900, dtype=np.uint16)
    kept = _Smoothing()
    measured = finder._place(seen, camera, depth, kept)
    assert measured.measured.any()
    for missing in (None, np.zeros_like(depth)):
        placed = finder._place(seen, camera, missing, kept)
        assert not placed.measured.any()
        assert placed.joints[23:25, 2] == pytest.approx(measured.joints[23:25, 2], abs=0.1)
    assert place(seen.landmarks, camera).joints[23, 2] < 2.6  # what the picture alone says


def test_a_body_is_tracked_where_it_is_seen_inside_the_picture() -> None:
    camera = assumed_camera(640, 480)
    landmarks = landmarks_of(body_at(2.0), camera)
    visibility, pixels = landmarks.visibility.copy(), landmarks.pixels.copy()
    visibility[NAMES.index("left_knee")] = 0.2
    pixels[NAMES.index("right_knee")] = (300, 600)
    joints = place(landmarks, camera).joints
    body = make_body(
        "7", joints, pixels, None, visibility, (640, 480),
        topology_name="kinect_v2_25", mirrored=True,
    )  # fmt: skip
    v2 = topology("kinect_v2_25")
    knee = v2.index("KneeRight")  # the left one of a mirrored person
    assert body.tracking[knee] == 1
    assert body.joints[knee] == pytest.approx(joints[NAMES.index("left_knee")])
    assert body.tracking[v2.index("KneeLeft")] == 1
    assert body.color_px is not None
    assert body.color_px[v2.index("KneeLeft")] == pytest.approx([300, 600])
    assert body.depth_px is None


def test_one_euro_holds_still_what_stands_and_follows_what_moves() -> None:
    rng = np.random.default_rng(1)
    times = np.cumsum(rng.integers(28_000_000, 38_000_000, 200))
    noise = rng.normal(0, 0.01, (200, 4))
    still = OneEuro(LEAST_HZ, SPEED_HZ)
    held = np.array([still.smooth(row, int(t)) for row, t in zip(noise, times, strict=True)])
    assert held[20:].std() < 0.5 * noise[20:].std()

    moving = OneEuro(LEAST_HZ, SPEED_HZ)
    ramp = 2.0 * times[:, None] / SECOND_NS  # 2 m/s
    followed = np.array([moving.smooth(row, int(t)) for row, t in zip(ramp, times, strict=True)])
    lag_s = (ramp - followed)[100:].mean() / 2.0
    assert 0 < lag_s < 0.025

    gone = moving.smooth(np.array([np.nan]), int(times[-1]) + 30_000_000)
    assert np.isnan(gone).all()
    assert moving.smooth(np.array([5.0]), int(times[-1]) + 60_000_000) == pytest.approx([5.0])
    assert moving.smooth(np.array([9.0]), int(times[-1]) + 5 * SECOND_NS) == pytest.approx([9.0])
