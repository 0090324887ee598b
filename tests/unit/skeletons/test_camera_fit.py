"""Cameras fitted to joints and their pixels."""

from __future__ import annotations

import numpy as np
import pytest

from harstudio.skeletons.cameras import Camera
from harstudio.skeletons.fit import fit_camera

DEPTH = Camera(512, 424, 366.2, 365.1, 258.7, 209.4)
TURN = np.array([[0.99995, -0.01, 0.0], [0.01, 0.99995, 0.0], [0.0, 0.0, 1.0]])
COLOR = Camera(1920, 1080, 1079.0, 1083.0, 961.0, 536.0, rotation=TURN,
               translation=np.array([0.052, 0.001, 0.004]))  # fmt: skip


def person(frames: int = 60, seed: int = 0) -> np.ndarray:
    """(frames, 25, 3): a body of human size that walks to and fro."""
    rng = np.random.default_rng(seed)
    shape = rng.normal(scale=(0.25, 0.5, 0.12), size=(25, 3))
    walk = np.stack([np.linspace(-0.8, 0.8, frames), np.zeros(frames),
                     3 + np.sin(np.linspace(0, 6, frames))], axis=1)  # fmt: skip
    return shape + walk[:, None] + rng.normal(scale=0.02, size=(frames, 25, 3))


def fit(camera: Camera, joints: np.ndarray, pixels: np.ndarray, tracking: np.ndarray):
    return fit_camera(joints, pixels, tracking, width=camera.width, height=camera.height,
                      same_frame=camera is DEPTH)  # fmt: skip


@pytest.mark.parametrize("camera", [DEPTH, COLOR])
def test_exact_pixels_give_the_camera_back(camera: Camera) -> None:
    joints = person()
    found = fit(camera, joints, camera.project(joints), np.full((60, 25), 2))
    assert found is not None
    assert found.points == 60 * 25
    assert found.p95_px < 0.3
    assert found.camera.fx == pytest.approx(camera.fx, rel=0.003)
    assert found.camera.cy == pytest.approx(camera.cy, abs=3)


@pytest.mark.parametrize("camera", [DEPTH, COLOR])
def test_wild_points_do_not_move_it(camera: Camera) -> None:
    joints = person()
    pixels = camera.project(joints) + np.random.default_rng(2).normal(scale=0.3, size=(60, 25, 2))
    tracking = np.full((60, 25), 2)
    true = pixels.copy()
    pixels[::6, ::4] += 300
    pixels[3, 3] = np.nan
    pixels[4, 4] = np.inf
    joints[5, 5] = np.nan
    joints[6, 6, 2] = 0
    pixels[7] = 50
    tracking[7] = 1
    found = fit(camera, joints, pixels, tracking)
    assert found is not None
    assert found.median_px < 1
    again = found.camera.project(joints)
    whole = np.isfinite(again).all(axis=-1) & np.isfinite(true).all(axis=-1)
    assert np.median(np.linalg.norm(again - true, axis=-1)[whole]) < 0.6


def test_color_keeps_its_parallax_nearer_and_farther() -> None:
    joints = person()
    found = fit(COLOR, joints, COLOR.project(joints), np.full((60, 25), 2))
    assert found is not None
    elsewhere = person(seed=9) * np.array([1, 1, 0.8])
    error = np.linalg.norm(found.camera.project(elsewhere) - COLOR.project(elsewhere), axis=-1)
    assert np.percentile(error, 95) < 2


@pytest.mark.parametrize("joints", [
    np.zeros((0, 25, 3)), person(1)[:, :5], np.full((10, 25, 3), 3.0), np.full((10, 25, 3), np.nan)
])  # fmt: skip
def test_too_little_gives_none(joints: np.ndarray) -> None:
    pixels = np.zeros((*joints.shape[:-1], 2))
    assert fit(DEPTH, joints, pixels, np.full(joints.shape[:-1], 2)) is None


def test_pixels_that_follow_nothing_show_in_the_residual_or_give_none() -> None:
    joints = person()
    pixels = np.random.default_rng(0).uniform(0, 400, size=(60, 25, 2))
    found = fit(DEPTH, joints, pixels, np.full((60, 25), 2))
    assert found is None or found.median_px > 20
