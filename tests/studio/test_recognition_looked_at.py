"""What was looked at, in the panel: grouped, chosen, followed through time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from harstudio.results import JointWeights, Kind, Matrix, Relation
from harstudio.runs.recognised.opinion import Opinion, Where
from harstudio.runs.recognised.patches import joint_links
from harstudio.studio import theme
from harstudio.studio.recognition.looked_at import LookedAt
from harstudio.studio.recognition.panel import without_sentence
from harstudio.studio.recognition.tables import Large, colored, ends
from studio.made_recognition import made_recognition
from studio.made_recording import made_recording
from studio.session_bench import SessionBench
from studio.test_panes import grabbed, near

FRAMES = 60


@pytest.fixture
def bench(qtbot, tmp_path, monkeypatch):
    made = SessionBench(qtbot, tmp_path, monkeypatch)
    theme.apply(QApplication.instance(), "dark")
    made.show(made_recording(FRAMES))
    yield made
    made.close()


@pytest.fixture
def looked(bench, qtbot) -> LookedAt:
    recognition = made_recognition(bench.session.recording, windows=1, more=True)
    bench.session.show_recognition(recognition)
    made = LookedAt(bench.session)
    qtbot.addWidget(made)
    made.resize(300, 900)
    made.show()
    made.meet(recognition.classes)
    return made


def all_shown(looked: LookedAt, bench) -> None:
    for name in looked.views:
        if not bench.session.explaining.is_shown(name):
            looked.buttons[name].click()


def test_they_are_grouped_by_what_they_are_in_plain_words(looked) -> None:
    assert list(looked.groups) == [
        "Which modality counted", "Over the picture", "On the joints", "Which moments counted",
        "What it was given", "Inside the network",
    ]  # fmt: skip
    assert list(looked.buttons) == [
        "modality share", "share over time", "self-attention 1", "self-attention 2",
        "skeleton attention", "relation", "Grad-CAM clip", "joints", "learned links",
        "exposure color", "exposure depth", "dynamic image", "gate", "frame affinity",
    ]  # fmt: skip


def test_maps_of_several_layers_stand_below_what_they_have_in_common(looked, bench) -> None:
    told = bench.session.recognition
    heat = next(one for one in told.explanations[0] if one.name == "self-attention 1")
    names = "color looks at depth, layer 1", "color looks at depth, layer 2", "Grad-CAM color"
    maps = tuple(replace(heat, name=name) for name in names)
    bench.session.show_recognition(replace(told, explanations=(maps,)))
    looked.meet(told.classes)
    rows = [looked._rows.itemAt(k).widget() for k in range(looked._rows.count())]
    assert [row.text() for row in rows] == [
        "Over the picture", "colour looks at depth", "layer 1", "layer 2", "Grad-CAM colour",
    ]  # fmt: skip
    assert looked.buttons[names[1]].accessibleName() == "colour looks at depth, layer 2"


def test_weights_that_tell_joints_apart_are_shown_before_those_of_persons(bench) -> None:
    told = made_recognition(bench.session.recording, windows=1)
    joints = next(one for one in told.explanations[0] if isinstance(one, JointWeights))
    whole = replace(joints, name="person share", values=np.ones_like(joints.values))
    bench.session.show_recognition(replace(told, explanations=((whole, joints),)))
    assert bench.session.explaining.on_joints == joints.name
    bench.session.explaining.on_joints = ""
    bench.session.show_recognition(replace(told, explanations=((whole,),)))
    assert bench.session.explaining.on_joints == "person share"


def test_a_picture_stands_in_the_middle_of_its_window(looked) -> None:
    drawn = QImage(400, 100, QImage.Format.Format_RGB32)
    drawn.fill(Qt.GlobalColor.white)
    painter = QPainter(drawn)
    looked.views["dynamic image"].draw(painter, QRectF(drawn.rect()))
    painter.end()
    row = [x for x in range(400) if drawn.pixelColor(x, 50) != QColor(Qt.GlobalColor.white)]
    assert abs((row[0] + row[-1]) / 2 - 199.5) <= 1.5


def test_the_first_of_every_kind_is_shown_until_somebody_chooses(looked, bench) -> None:
    shown = [name for name, view in looked.views.items() if view.isVisible()]
    assert shown == ["modality share", "exposure color", "dynamic image", "gate"]
    looked.buttons["frame affinity"].click()
    looked.buttons["exposure color"].click()
    assert looked.views["frame affinity"].isVisible()
    assert not looked.views["exposure color"].isVisible()
    again = made_recognition(bench.session.recording, windows=2, more=True)
    bench.session.show_recognition(again)
    looked.meet(again.classes)
    assert looked.views["frame affinity"].isVisible()
    assert not looked.views["exposure color"].isVisible()


def test_rows_of_another_run_are_gone_at_once(looked, bench) -> None:
    old = [*looked.buttons.values(), *looked.groups.values(), *looked.views.values()]
    bench.session.show_recognition(None)
    looked.meet(())
    assert not any(one.isVisible() for one in old)
    assert looked.groups == {}


def test_hiding_what_lies_over_the_recording_leaves_the_panel(looked, bench) -> None:
    explaining = bench.session.explaining
    explaining.toggle_all()
    assert not explaining.any_shown()
    assert looked.views["gate"].isVisible()


def test_shares_and_importance_follow_the_playhead(looked, bench) -> None:
    all_shown(looked, bench)
    told = {one.name: one for one in bench.session.recognition.explanations[0]}
    over_time = looked.views["share over time"]
    curve = looked.views["exposure color"]
    for at in (0, 5, 11):
        now = int(told["share over time"].times_ns[at])
        looked.follow(now + 1_000_000)
        row = told["share over time"].values[at]
        assert over_time.words().startswith(f"colour {100 * row[0]:.0f} %, depth ")
        assert curve.words() == f"{told['exposure color'].values[at]:.2f} now"
        assert curve.accessibleDescription() == curve.words()
    assert looked.views["modality share"].plot_px < over_time.plot_px  # a bar, no areas


def test_areas_are_as_tall_as_the_shares(looked, bench) -> None:
    all_shown(looked, bench)
    view = looked.views["share over time"]
    view.resize(240, view.sizeHint().height())
    told = next(o for o in bench.session.recognition.explanations[0] if o.name == "share over time")
    looked.follow(view.span[0])
    picture = grabbed(view)
    at = 7
    x = round(view._x(int(told.times_ns[at])))
    column = picture[round(view.plot().top()) :, x]
    counts = [sum(near(pixel, view.color(k).name(), 8) for pixel in column) for k in range(3)]
    np.testing.assert_allclose(np.array(counts) / view.plot_px, told.values[at], atol=0.06)


def test_the_curve_is_as_high_as_the_importance(looked, bench) -> None:
    view = looked.views["exposure color"]
    view.resize(240, view.sizeHint().height())
    told = next(o for o in bench.session.recognition.explanations[0] if o.name == "exposure color")
    looked.follow(view.span[0])
    picture, plot = grabbed(view), view.plot()
    for at in (2, 6, 12):
        x = round(view._x(int(told.times_ns[at])))
        column = picture[round(plot.top()) : round(plot.bottom()), x]
        empty = sum(near(pixel, theme.current().raised, 6) for pixel in column)
        assert 1 - empty / len(column) == pytest.approx(told.values[at], abs=0.09)


def test_a_matrix_is_painted_number_by_number() -> None:
    values = np.array([[0.0, 1.0, 0.0], [0.5, 0.0, -1.0]], np.float32)
    image = colored(values)
    light = [[image.pixelColor(x, y).lightness() for x in range(3)] for y in range(2)]
    assert np.argsort(np.ravel(light)).tolist()[0] == 5  # the least is the darkest
    assert np.argmax(light) == 1
    assert light[0][0] == light[0][2] == light[1][1]
    assert light[0][0] < light[1][0] < light[0][1]


def test_one_row_is_a_histogram_and_says_its_mean(looked, bench) -> None:
    gate = next(one for one in bench.session.recognition.explanations[0] if one.name == "gate")
    view = looked.views["gate"]
    mean = f"{gate.values.mean():.2f}"
    assert view.words() == f"share of the skeleton\nmean {mean} over 256 features"
    assert looked.views["frame affinity"].is_row is False
    view.show_one(Matrix("gate", "the same", np.full((1, 9), 0.3, np.float32), "share", "feature"))
    assert "mean 0.30 over 9 features" in view.words()
    assert grabbed(view).any()


def test_ends_of_a_scale_can_be_told_apart() -> None:
    assert ends(0.1, 0.93) == ("0.10", "0.93")
    assert ends(0.03121, 0.03129) == ("0.0312", "0.0313")
    assert ends(0.5, 0.5) == ("0.50", "0.50")


def test_click_and_enter_enlarge_a_picture_and_escape_closes_it(looked, bench, qtbot) -> None:
    view = looked.views["dynamic image"]
    assert (view.image.width(), view.image.height()) == (120, 90)
    assert view.image.pixelColor(10, 40).getRgb()[:3] == (80, 20, 175)
    for ask in (
        lambda: QTest.mouseClick(view, Qt.MouseButton.LeftButton),
        lambda: QTest.keyClick(view, Qt.Key.Key_Return),
    ):
        ask()
        (large,) = view.window().findChildren(Large)
        assert large.isVisible()
        assert large.windowTitle() == "dynamic image"
        QTest.keyClick(large, Qt.Key.Key_Escape)
        qtbot.waitUntil(lambda: not view.window().findChildren(Large), timeout=2000)


def test_an_enlarged_picture_outlives_what_it_was_opened_from(looked, bench, qtbot) -> None:
    looked.views["dynamic image"].enlarge()
    bench.session.show_recognition(None)
    looked.meet(())
    qtbot.waitUntil(lambda: not looked.window().findChildren(Large), timeout=2000)


def test_an_enlarged_matrix_follows_what_is_shown(looked) -> None:
    view = looked.views["gate"]
    large = view.enlarge()
    before = grabbed(large)
    other = np.linspace(0, 1, 40, dtype=np.float32)[None] ** 4
    view.show_one(Matrix("gate", "another window's", other, "share", "feature"))
    assert np.abs(grabbed(large).astype(int) - before).max() > 60
    large.close()


def test_what_is_shown_already_is_not_made_again(looked, bench, monkeypatch) -> None:
    """Sliders ask for it with every step."""
    made = []
    monkeypatch.setattr(type(looked.views["gate"]), "show_one", lambda *told: made.append(told))
    looked.opacity.setValue(20)
    looked.threshold.setValue(50)
    assert made == []
    looked.buttons["frame affinity"].click()
    assert len(made) == 1


# ---- links between joints


def test_links_are_the_strongest_and_those_of_the_joint_that_is_asked(looked, bench) -> None:
    explaining = bench.session.explaining
    assert explaining.places()["learned links"] is Where.JOINTS
    looked.buttons["learned links"].click()
    assert not explaining.is_shown("joints")  # one at a time
    now = bench.session.transport.position_ns
    links, meaning = explaining.links(now)
    assert meaning == "learned links, AGCN"
    assert links.joint is None
    assert 3 in links.links[-1][:2]  # everybody looks at the head
    assert looked.joints.isVisible()
    assert looked.joints.itemText(0) == "the strongest of all"
    explaining.choose_joint(7)
    found = explaining.links(now)[0]
    assert all(one == 7 for one, _, _ in found.links)
    assert found.links[-1][1] == 3  # the head, then the one it was told of
    assert found.links[-2][1] == 11
    assert explaining.links_of(now, "0", "kinect_v2_25") == found.links


def test_links_are_of_their_person_alone(bench) -> None:
    recognition = made_recognition(bench.session.recording, windows=1, more=True)
    (told,) = recognition.explanations
    relation = next(one for one in told if one.name == "learned links")
    bench.session.show_recognition(
        replace(recognition, explanations=((replace(relation, person="1"),),))
    )
    explaining = bench.session.explaining
    now = bench.session.transport.position_ns
    assert explaining.on_joints == "learned links"  # there are no weights
    assert explaining.links_of(now, "0", "kinect_v2_25") == ()
    assert explaining.links_of(now, "1", "kinect_v2_25") != ()


def test_an_even_relation_has_no_links() -> None:
    even = Relation("r", "r", np.full((20, 20), 1 / 20, np.float32), (0, 0), "utd_mhad_20")
    assert joint_links(even, None).links == ()
    assert joint_links(even, 4).links == ()


# ---- a modality that is not there


def test_a_lacking_modality_is_said_in_plain_words(bench) -> None:
    said = made_recognition(bench.session.recording, windows=1)
    assert without_sentence(Opinion(said)) == ""
    lacking = replace(said, without=("color", "depth"))
    alone = tuple(replace(w, by_stream={"skeleton": w.probabilities}) for w in said.windows)
    assert without_sentence(Opinion(replace(lacking, windows=alone))) == (
        "This recording has no colour and no depth: only skeleton answered."
    )


def test_every_kind_has_its_place(bench) -> None:
    opinion = Opinion(made_recognition(bench.session.recording, windows=1, more=True))
    assert set(opinion.explained.values()) == set(Kind)
    beside = {name for name, at in opinion.places.items() if at is Where.BESIDE}
    assert {opinion.explained[name] for name in beside} == {
        Kind.MODALITY_SHARE, Kind.IMPORTANCE, Kind.MATRIX, Kind.PICTURE,
    }  # fmt: skip
