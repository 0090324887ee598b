"""The window on real and made-up recordings, and what it says when something fails."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolButton

from driving import until
from harstudio.errors import DataError
from harstudio.recordings.formats.found import Found
from harstudio.recordings.streams import StreamKind
from harstudio.settings import config_dir, data_dir, load_settings
from harstudio.studio.dialogs.crash import SAFE, CrashReporter
from harstudio.studio.pane_area import relevant_panes, rows_for
from harstudio.studio.panels.library_model import LibraryModel
from harstudio.studio.panels.thumbnails import HEIGHT, WIDTH, Thumbnails
from harstudio.studio.problem_bar import ProblemBar, Trouble
from harstudio.studio.session import Session
from harstudio.studio.timecode import clock_text
from harstudio.studio.window import MainWindow

OPEN_MS = 20_000


@pytest.fixture
def opened(window: MainWindow, utd_mhad: Path, qtbot) -> MainWindow:
    with qtbot.waitSignal(window.session.recording_changed, timeout=OPEN_MS):
        window.open_path(utd_mhad / "Depth" / "a3_s1_t1_depth.mat")
    return window


def test_a_trial_opens_with_the_panes_that_it_fills(opened: MainWindow, qtbot) -> None:
    assert opened.session.recording.name == "a3_s1_t1"
    assert "a3_s1_t1" in opened.windowTitle()
    shown = {pane for pane in opened.pane_area.docks if opened.pane_area.is_shown(pane)}
    assert shown == {"depth", "skeleton3d", "signals"}
    qtbot.waitUntil(lambda: opened.library.model.total > 800, timeout=OPEN_MS)
    row = opened.library.model.row_of(opened.session.recording.path, "a3_s1_t1")
    assert row is not None
    assert opened.library.list.currentIndex().row() == row


def test_view_menu_toggles_a_pane_and_panel(opened: MainWindow) -> None:
    opened.commands.run("view.pane_depth")
    assert not opened.pane_area.is_shown("depth")
    opened.commands.run("view.pane_infrared")
    assert opened.pane_area.is_shown("infrared")
    opened.commands.run("view.reset_panes")
    assert opened.pane_area.is_shown("depth")
    assert not opened.pane_area.is_shown("infrared")
    opened.commands.run("view.labels")
    assert not opened.arrangement.is_shown("labels")
    opened.commands.run("view.labels")
    until(lambda: opened.arrangement.is_seen("labels"))
    opened.commands.run("view.team")  # it shares the place of the labels
    until(lambda: opened.arrangement.is_seen("team"))
    opened.commands.run("view.labels")
    until(lambda: opened.arrangement.is_seen("labels"))
    assert not opened.commands["view.team"].checked()
    opened.commands.run("view.team")
    until(lambda: opened.arrangement.is_seen("team"))
    opened.commands.run("view.team")
    assert not opened.arrangement.is_shown("team")


def test_a_narrow_window_shows_that_there_are_more_menus(window: MainWindow, qtbot) -> None:
    more = window.top_bar.menus.findChild(QToolButton, "qt_menubar_ext_button")
    window.resize(960, 640)
    qtbot.waitUntil(more.isVisible)
    picture = more.grab().toImage()
    colors = {picture.pixel(x, y) for x in range(more.width()) for y in range(more.height())}
    assert len(colors) > 2  # a mark is drawn on it


def test_transport_follows_keys_and_buttons(opened: MainWindow, qtbot) -> None:
    opened.activateWindow()
    opened.pane_area.setFocus()
    QTest.keyClick(opened, Qt.Key.Key_Right)
    assert opened.session.frame_index() == 1
    QTest.keyClick(opened, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert opened.session.frame_index() == 11
    assert "frame 11" in opened.transport_bar._rest.text()
    QTest.keyClick(opened, Qt.Key.Key_Home)
    assert opened.session.frame_index() == 0
    QTest.keyClick(opened, Qt.Key.Key_Space)
    assert opened.session.transport.playing
    QTest.keyClick(opened, Qt.Key.Key_K)
    assert not opened.session.transport.playing


def test_scrub_bar_goes_where_it_is_pressed(opened: MainWindow) -> None:
    scrub, transport = opened.transport_bar.scrub, opened.session.transport
    middle = scrub.rect().center()
    QTest.mouseClick(scrub, Qt.MouseButton.LeftButton, pos=middle)
    share = (transport.position_ns - transport.start_ns) / (transport.stop_ns - transport.start_ns)
    assert share == pytest.approx(0.5, abs=0.02)


def test_scrub_bar_shows_what_is_cached(opened: MainWindow, qtbot) -> None:
    qtbot.waitUntil(lambda: opened.transport_bar.scrub.cached_stretches() != [], timeout=OPEN_MS)
    for start, stop in opened.transport_bar.scrub.cached_stretches():
        assert 0 <= start < stop <= 1


def test_loop_clip_loops_the_recording_without_a_clip(opened: MainWindow) -> None:
    transport = opened.session.transport
    opened.commands.run("transport.loop_clip")
    assert transport.loop == (transport.start_ns, transport.stop_ns)
    opened.commands.run("transport.loop_clip")
    assert transport.loop is None


def test_library_opens_the_next_by_key(opened: MainWindow, qtbot) -> None:
    qtbot.waitUntil(lambda: opened.library.model.total > 800, timeout=OPEN_MS)
    opened.library.search.setText("wave subject:1")
    names = {opened.library.model.found(row).name for row in range(opened.library.model.rowCount())}
    assert "a3_s1_t1" in names
    assert all(name.startswith("a3_s1_") for name in names)
    before = opened.session.recording.name
    with qtbot.waitSignal(opened.session.recording_changed, timeout=OPEN_MS):
        opened.commands.run("file.next")
    assert opened.session.recording.name != before
    assert opened.session.recording.name.startswith("a3_s1_")


def test_enter_in_the_search_opens_the_first_that_is_left(opened: MainWindow, qtbot) -> None:
    qtbot.waitUntil(lambda: opened.library.model.total > 800, timeout=OPEN_MS)
    opened.library.search.setText("clap subject:2")
    with qtbot.waitSignal(opened.session.recording_changed, timeout=OPEN_MS):
        QTest.keyClick(opened.library.search, Qt.Key.Key_Return)
    assert opened.session.recording.name == opened.library.model.found(0).name
    assert opened.session.recording.subject == 2


def test_arrangement_is_remembered(opened: MainWindow, qtbot, utd_mhad: Path) -> None:
    opened.commands.run("view.review")
    opened.commands.run("view.library")
    assert not opened.arrangement.is_shown("library")
    opened.close()
    session = Session()
    again = MainWindow(session)
    qtbot.addWidget(again)
    again.show()
    assert again.arrangement.workspace == "view.review"
    assert not again.arrangement.is_shown("library")
    again.commands.run("view.label")
    assert again.arrangement.is_shown("library")
    again.close()
    session.deleteLater()


def test_full_screen_comes_and_goes(opened: MainWindow, qtbot) -> None:
    opened.commands.run("view.full_screen")
    assert not opened.arrangement.is_shown("library")
    assert opened.top_bar.isHidden()
    opened.commands.run("label.back_out") or opened.back_out()
    assert opened.arrangement.is_shown("library")
    assert not opened.top_bar.isHidden()


def test_settings_stay_in_the_test(opened: MainWindow, home: Path) -> None:
    opened.close()
    assert config_dir().is_relative_to(home)
    assert data_dir().is_relative_to(home)
    assert (config_dir() / "window.ini").is_file()
    assert load_settings().recent[0].endswith("a3_s1_t1_depth.mat")


def test_a_damaged_file_is_told_beside_its_cause(window: MainWindow, tmp_path: Path, qtbot) -> None:
    broken = tmp_path / "a1_s1_t1_depth.mat"
    broken.write_bytes(b"no matlab")
    with qtbot.waitSignal(window.session.failed, timeout=OPEN_MS):
        window.open_path(broken)
    assert window.problem_bar.isVisible()
    assert str(broken) in window.problem_bar.file.text()
    assert window.problem_bar.sentence.text().endswith(".")
    window.problem_bar.copy()
    assert str(broken) in QApplication.clipboard().text()
    window.back_out()
    assert window.problem_bar.isHidden()


def test_dropping_a_folder_opens_it(window: MainWindow, utd_mhad: Path, qtbot) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(utd_mhad / "Depth" / "a1_s1_t1_depth.mat"))])
    event = QDropEvent(
        QPointF(10, 10), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )  # fmt: skip
    with qtbot.waitSignal(window.session.recording_changed, timeout=OPEN_MS):
        window.dropEvent(event)
    assert window.session.recording.name == "a1_s1_t1"


def test_themes_change_the_window(opened: MainWindow) -> None:
    opened.commands.run("view.theme_light")
    light = opened.grab().toImage().pixelColor(4, 60)
    opened.commands.run("view.theme_dark")
    dark = opened.grab().toImage().pixelColor(4, 60)
    assert light.lightness() > 200
    assert dark.lightness() < 60
    assert load_settings().theme == "dark"


def test_alignment_moves_a_stream(opened: MainWindow) -> None:
    opened.commands.run("view.align")
    from harstudio.studio.dialogs.alignment import AlignmentBox

    box = opened.findChild(AlignmentBox)
    box.offsets["depth"].setValue(100.0)
    assert opened.session.recording.streams["depth"].offset_ns == 100_000_000
    box.close()


def test_screenshot_is_a_picture_of_the_panes(opened: MainWindow, tmp_path: Path) -> None:
    assert opened.save_screenshot(tmp_path / "panes.png")
    assert (tmp_path / "panes.png").read_bytes().startswith(b"\x89PNG")
    assert not opened.save_screenshot(tmp_path / "nowhere" / "panes.png")
    assert opened.problem_bar.file.text() == str(tmp_path / "nowhere" / "panes.png")


# ---- parts


def test_problem_bar_keeps_older_troubles(qtbot) -> None:
    bar = ProblemBar()
    qtbot.addWidget(bar)
    first = Trouble.of(DataError("It is cut off.", path="a.mat", remedy="Copy it again."))
    bar.tell(first)
    bar.tell(Trouble("It is empty.", Path("b.mat")))
    assert "and 1 more" in bar.more.text()
    bar.dismiss()
    assert bar.sentence.text() == "It is cut off. Copy it again."
    assert bar.dismiss()
    assert not bar.dismiss()
    assert bar.isHidden()


def test_trouble_shows_its_cause_as_details() -> None:
    def fail() -> None:
        try:
            raise ValueError("byte 12")
        except ValueError as cause:
            raise DataError("It is damaged.") from cause

    with pytest.raises(DataError) as caught:
        fail()
    assert "ValueError: byte 12" in Trouble.of(caught.value).details


def test_crash_dialog_says_labels_are_safe_and_goes_on(qtbot) -> None:
    reporter = CrashReporter()
    visitors = True
    reporter.waits = lambda: visitors
    for text in ("first", "second"):
        try:
            raise RuntimeError(text)
        except RuntimeError as error:
            reporter.hook(RuntimeError, error, error.__traceback__)
    dialog = reporter.dialog
    assert dialog is not None
    assert not dialog.isVisible()
    visitors = False
    reporter.show_now()
    assert dialog.isVisible()
    assert not dialog.isModal()
    assert "and 1 more" in dialog.sentence.text()
    assert "RuntimeError: first" in dialog.text
    assert "RuntimeError: second" in dialog.text
    assert "journal" in SAFE
    dialog.copy_button.click()
    assert "RuntimeError: first" in QApplication.clipboard().text()
    dialog.go_on.click()
    qtbot.waitUntil(lambda: reporter.dialog is None)
    reporter.deleteLater()


@pytest.mark.parametrize(
    ("panes", "upper", "lower"),
    [
        (("depth", "skeleton3d", "signals"), ("depth", "skeleton3d"), ("signals",)),
        (
            ("color", "depth", "skeleton3d", "signals"),
            ("color", "depth"),
            ("signals", "skeleton3d"),
        ),
        (("skeleton3d", "signals"), ("skeleton3d",), ("signals",)),
        (("color",), ("color",), ()),
        (("signals",), ("signals",), ()),
    ],
)
def test_rows(panes, upper, lower) -> None:
    assert rows_for(panes) == (upper, lower)


def test_without_a_recording_the_usual_panes_are_shown() -> None:
    assert set(relevant_panes(None)) == {"color", "depth", "skeleton3d", "signals"}
    assert StreamKind.AUDIO not in relevant_panes(None)


def test_a_library_of_thousands_filters_at_once(qtbot) -> None:
    thumbnails = Thumbnails()
    model = LibraryModel(thumbnails)
    found = [
        Found(Path(f"/x/a{k % 27}_s{k % 8}_t{k}"), "utd-mhad", f"a{k % 27}_s{k % 8}_t{k}",
              k % 8, None, None, ("depth",))
        for k in range(20_000)
    ]  # fmt: skip
    model.set_found(found)
    from harstudio.studio.panels.library_filter import parse_filter

    began = time.perf_counter()
    model.set_filter(parse_filter("a3_ subject:1"))
    assert time.perf_counter() - began < 0.5
    assert model.rowCount() == sum(k % 27 == 3 and k % 8 == 1 for k in range(20_000))
    assert model.row_of(found[0].path) is None
    thumbnails.close()
    model.deleteLater()
    thumbnails.deleteLater()


def test_thumbnails_are_made_once_and_kept(utd_mhad: Path, qtbot, tmp_path: Path) -> None:
    path = utd_mhad / "Depth" / "a3_s1_t1_depth.mat"
    for _ in range(2):
        thumbnails = Thumbnails(folder=tmp_path)
        with qtbot.waitSignal(thumbnails.ready, timeout=OPEN_MS):
            assert thumbnails.get(path) is None
        image = thumbnails.get(path)
        assert (image.width(), image.height()) == (WIDTH, HEIGHT)
        thumbnails.close()
        thumbnails.deleteLater()
    assert len(list(tmp_path.glob("*.png"))) == 1


@pytest.mark.parametrize(
    ("time_ns", "text"),
    [
        (0, "00:00.000"),
        (12_433_000_000, "00:12.433"),
        (3_661_001_499_000, "1:01:01.001"),
        (-500_000_000, "-00:00.500"),
    ],
)
def test_clock_text(time_ns: int, text: str) -> None:
    assert clock_text(time_ns) == text


def test_the_studio_never_imports_torch() -> None:
    code = "import sys; import harstudio.studio.app; print('torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "False"
