"""The vispy view, on a display with OpenGL."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication
from shiboken6 import delete

from harstudio.studio import theme
from harstudio.studio.panes import PANES
from harstudio.studio.panes.skeleton3d import SOFTWARE_GL, gl_renderer
from studio.made_recording import joints_at, made_recording
from studio.session_bench import SessionBench


@pytest.fixture
def bench(qtbot, tmp_path, monkeypatch):
    made = SessionBench(qtbot, tmp_path, monkeypatch)
    theme.apply(QApplication.instance(), "dark")
    yield made
    made.close()


@pytest.fixture
def pane(bench, qtbot):
    made = PANES["skeleton3d"](bench.session, view="gl")
    qtbot.addWidget(made)
    made.resize(640, 480)
    made.show()
    qtbot.waitExposed(made)
    return made


def rendered(pane) -> np.ndarray:
    """(H, W, 3) what the GL widget shows."""
    QApplication.processEvents()
    image = pane.view.canvas.native.grabFramebuffer().convertToFormat(QImage.Format.Format_RGB888)
    flat = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1)
    return flat[:, : image.width() * 3].reshape(image.height(), image.width(), 3).copy()


def has_color(picture, at, color, reach: int = 2) -> bool:
    x, y = (round(float(v)) for v in at)
    patch = picture[y - reach : y + reach + 1, x - reach : x + reach + 1].astype(int)
    wanted = [int(color[k : k + 2], 16) for k in (1, 3, 5)]
    return bool((np.abs(patch - wanted).max(axis=2) < 25).any())


@pytest.mark.parametrize("preset", ["front", "free", "side"])
def test_joints_lie_where_the_orbit_sees_them(bench, pane, preset):
    bench.show(made_recording(without=("color", "depth", "infrared")))
    bench.session.step(6)
    pane.look(preset)
    assert pane.view.kind == "gl"
    picture = rendered(pane)
    size = (pane.view.width(), pane.view.height())
    tokens = theme.current()
    left, right = pane.orbit.project(joints_at(6)[[7, 11]], *size)
    if preset != "side":  # from the side the hands hide each other
        assert has_color(picture, left, tokens.skeleton_left)
    assert has_color(picture, right, tokens.skeleton_right)


def test_the_cloud_is_drawn_in_the_pictures_colors(bench, pane, qtbot):
    bench.show(made_recording())
    pane.look("front")
    qtbot.waitUntil(lambda: pane._cloud is not None, timeout=5000)
    picture = rendered(pane)
    like_color = np.abs(picture.astype(int) - (0, 60, 90)).max(axis=2) < 8
    assert like_color.mean() > 0.2


def test_colors_follow_the_theme(bench, pane):
    bench.show(made_recording(without=("color", "depth", "infrared")))
    dark = rendered(pane)[2, 2].mean()
    theme.apply(QApplication.instance(), "light")
    assert rendered(pane)[2, 2].mean() > dark + 150


def test_software_gl_is_left_to_the_soft_view(bench, qtbot, monkeypatch):
    monkeypatch.delenv("HARSTUDIO_3D", raising=False)
    bench.show(made_recording())
    made = PANES["skeleton3d"](bench.session)
    qtbot.addWidget(made)
    made.show()
    software = any(name in gl_renderer().lower() for name in SOFTWARE_GL)
    assert gl_renderer()
    assert made.view.kind == ("soft" if software else "gl")


def test_the_default_can_be_set(bench, qtbot, monkeypatch):
    monkeypatch.setenv("HARSTUDIO_3D", "gl")
    bench.show(made_recording())
    made = PANES["skeleton3d"](bench.session)
    qtbot.addWidget(made)
    made.show()
    assert made.view.kind == "gl"


class Ear(QObject):
    """Counts the events that reach it."""

    heard = 0

    def customEvent(self, event: QEvent) -> None:  # noqa: N802
        self.heard += 1


def test_a_pane_dies_without_letting_events_through(bench):
    bench.show(made_recording(without=("color", "depth", "infrared")))
    ear = Ear()
    for _ in range(4):
        made = PANES["skeleton3d"](bench.session, view="gl")
        made.show()  # what a fresh window still has to do waits in the queue
        assert made.view.kind == "gl"
        ear.heard = 0
        QApplication.postEvent(ear, QEvent(QEvent.Type.User))
        delete(made)
        assert ear.heard == 0  # else Qt keeps the dead pane and asks it for its style, below
        QApplication.processEvents()
        assert ear.heard == 1
    for name in ("light", "dark"):
        theme.apply(QApplication.instance(), name)
