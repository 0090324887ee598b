"""What the timeline draws, where, and how fast for very long recordings."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint
from PySide6.QtGui import QImage

from harstudio.labels.editing.edits import AddClip, AddTier, Group
from harstudio.labels.model import Clip, Origin
from harstudio.studio.timeline.motion import Motion, motion_of
from harstudio.studio.timeline.scale import LABEL_PX, TimeScale, ruler_text, ticks
from harstudio.studio.timeline.strips import Strip
from studio.label_bench import Bench, make_bench, moving_recording, shown, wheel

SECOND = 1_000_000_000
THEIRS = Clip(0, 2 * SECOND, "box", confidence=0.93, origin=Origin.MODEL)


@pytest.fixture
def others() -> dict[str, list[Clip]]:
    return {"mmff-lite": [THEIRS]}


# ---- time and pixels


def test_zooming_keeps_the_time_under_the_mouse() -> None:
    scale = TimeScale(0, 36_000 * SECOND, 1200).fit()
    for _ in range(40):
        zoomed = scale.zoomed(1.25, 300.0)
        assert abs(zoomed.x(scale.time(300.0)) - 300.0) < 1e-3 or zoomed == scale
        scale = zoomed
    for _ in range(80):
        scale = scale.zoomed(1 / 1.25, 300.0)
    assert scale.fitted
    assert scale.origin_ns == 0


@pytest.mark.parametrize("seconds", [0.05, 1, 12.6, 60, 3600, 36_000])
def test_ruler_labels_never_touch(seconds: float) -> None:
    scale = TimeScale(5 * SECOND, 5 * SECOND + round(seconds * SECOND), 1200).fit()
    labelled = [t for t in ticks(scale) if t.text]
    assert 2 <= len(labelled) <= 1200 // LABEL_PX + 1
    assert labelled[0].text.startswith("00:00")
    apart = [scale.x(b.time_ns) - scale.x(a.time_ns) for a, b in zip(labelled, labelled[1:])]  # noqa: B905, RUF007
    assert min(apart) >= LABEL_PX
    assert len({t.text for t in labelled}) == len(labelled)


def test_ruler_texts() -> None:
    assert ruler_text(2 * SECOND, SECOND) == "00:02"
    assert ruler_text(2_500_000_000, 500_000_000) == "00:02.5"
    assert ruler_text(2_505_000_000, 5_000_000) == "00:02.505"
    assert ruler_text(3_661 * SECOND, SECOND) == "1:01:01"


def test_a_page_is_turned_when_the_playhead_leaves() -> None:
    scale = TimeScale(0, 100 * SECOND, 1000).fit().zoomed(10, 0)
    assert scale.revealing(5 * SECOND) == scale
    turned = scale.revealing(20 * SECOND)
    assert 0.05 < turned.x(20 * SECOND) / 1000 < 0.15


# ---- what is drawn


def picture(bench: Bench) -> np.ndarray:
    """(H, W, 3) uint8 of the timeline as it is on the screen."""
    image = bench.timeline.viewport().grab().toImage()
    image = image.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1)
    return rows[:, : image.width() * 3].reshape(image.height(), image.width(), 3).copy()


def color(bench: Bench, label: str) -> tuple[int, int, int]:
    text = bench.labelling.color_of(label)
    return tuple(int(text[i : i + 2], 16) for i in (1, 3, 5))


def share_of(pixels: np.ndarray, rgb: tuple[int, int, int]) -> float:
    return float(np.mean(np.abs(pixels.astype(int) - rgb).max(axis=-1) < 8))


def test_the_open_clip_grows_on_the_screen(bench: Bench) -> None:
    bench.session.transport.play()
    bench.key("1")
    wide = []
    for _ in range(3):
        bench.pass_time(1.0)
        line = picture(bench)[bench.place(0).y() - 8]
        wide.append(share_of(line, color(bench, "wave")))
    assert wide[0] > 0.03
    assert wide[1] > 1.7 * wide[0]
    assert wide[2] > 2.5 * wide[0]


def test_clips_of_networks_are_dashed_outlines(bench: Bench) -> None:
    bench.add((0, 59, "box"))
    shot, box = picture(bench), color(bench, "box")
    (left, y), right = bench.place(0).toTuple(), bench.place(2 * SECOND).x()
    own = shot[y - 10 : y + 10, left + 2 : right - 2]
    other_y = bench.place(0, 1).y()
    other = shot[other_y - 10 : other_y + 10, left + 2 : right - 2]
    assert share_of(own, box) > 0.8
    assert share_of(other, box) < 0.05
    border = shot[other_y - 14 : other_y - 10, left + 6 : right - 6].reshape(-1, 3)
    assert share_of(border, box) > 0.05


def test_narrow_clips_are_columns_and_wide_ones_are_bars() -> None:
    step = 3 * SECOND
    clips = [Clip(k * step, k * step + 2 * SECOND, "wave") for k in range(12_000)]
    strip = Strip.of(clips, lambda clip: (0xFF00FF00, clip.start_ns == 0))
    scale = TimeScale(0, 36_000 * SECOND, 1000).fit()
    far = strip.clips(scale)
    assert far.wide == []
    assert (far.colors == 0xFF00FF00).mean() > 0.6
    assert np.flatnonzero(far.signs).tolist() == [0]
    near = strip.clips(scale.showing(18_000 * SECOND, 18_030 * SECOND, share=1.0))
    assert [clips[at].start_ns // SECOND for at in near.wide] == list(range(18_000, 18_030, 3))
    assert not near.colors.any()


def test_ten_hours_and_ten_thousand_clips_stay_smooth(qtbot, tmp_path: Path) -> None:
    made = make_bench(tmp_path / "p", moving_recording(36_000, rate_hz=1.0))
    grid = made.labelling.grid
    clips = [
        AddClip("alice", Clip(grid.start_of(3 * k), grid.end_of(3 * k + 1), "wave"))
        for k in range(10_000)
    ]
    made.session.history.do(Group("many", (AddTier("alice"), *clips)))
    shown(qtbot, made)
    view = made.timeline.viewport()
    spent = []
    for notch in range(30):
        before = time.perf_counter()
        wheel(made, 1 if notch < 20 else -2, QPoint(500, 60))
        view.grab()
        spent.append(time.perf_counter() - before)
    moves = []
    for k in range(60):
        before = time.perf_counter()
        made.session.transport.seek(grid.start_of(0) + k * SECOND)
        view.grab()
        moves.append(time.perf_counter() - before)
    assert np.median(spent) < 0.1
    assert np.median(moves) < 0.033
    made.session.close()


def test_motion_follows_the_hand() -> None:
    motion = motion_of(moving_recording(300).streams["skeleton"])
    assert motion.level.shape == (300,)
    assert motion.level.max() == 1
    loud = motion.level[70:110].mean()
    assert loud > 4 * motion.level[:10].mean()


def test_motion_bars_hold_the_loudest_frame() -> None:
    motion = Motion(np.arange(1000, dtype=np.int64) * SECOND, np.zeros(1000, np.float32))
    motion.level[500] = 1
    scale = TimeScale(0, 1000 * SECOND, 100).fit()
    bars = motion.bars(scale, 4)
    assert bars.shape == (25,)
    assert np.flatnonzero(bars).tolist() == [12]
    near = scale.showing(499 * SECOND, 502 * SECOND, share=1.0)
    assert near.width == 100
    assert np.flatnonzero(motion.bars(near, 4) == 1).size >= 8
