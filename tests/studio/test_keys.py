"""The key sheet finds, tells and changes keys; the settings keep them."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QToolButton

from harstudio.settings import Settings, load_settings
from harstudio.studio.keys import Keys
from harstudio.studio.shortcut_sheet import LABELLING, sheet_groups
from harstudio.studio.window import MainWindow
from studio.label_bench import Bench

CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


def keys_of(window: MainWindow, command_id: str) -> list[str]:
    """What really runs it."""
    return [keys.toString() for keys in window.actions_by_id[command_id].shortcuts()]


def click(window: MainWindow, command_id: str) -> None:
    window.sheet.findChild(QToolButton, f"key-{command_id}").click()


def test_the_sheet_begins_with_labelling_and_finds_what_is_typed(window: MainWindow, qtbot) -> None:
    sheet = window.sheet
    window.activateWindow()
    window.show_sheet()
    qtbot.waitUntil(sheet.field.hasFocus)
    assert sheet_groups(window.commands)[0][0] == LABELLING
    QTest.keyClicks(sheet.field, "split")
    assert "Split clip at the playhead" in sheet.texts()
    assert "Undo" not in sheet.texts()
    sheet.field.setText("ctrl+z")
    assert "Undo" in sheet.texts()
    sheet.field.setText("progress")  # has no key
    assert "Progress of everybody…" in sheet.texts()
    bar = sheet.findChild(type(sheet._area)).verticalScrollBar()
    QTest.keyClick(sheet.field, Qt.Key.Key_Escape)
    bar.setValue(bar.maximum())
    QTest.keyClick(sheet.field, Qt.Key.Key_Escape)
    assert sheet.isHidden()
    assert window.timeline.hasFocus()  # keys label again
    window.show_sheet()
    assert bar.value() == 0


def test_a_key_is_changed_by_pressing_another(window: MainWindow) -> None:
    sheet = window.sheet
    window.show_sheet()
    click(window, "clip.split")
    QTest.keyClick(sheet, Qt.Key.Key_A)
    assert sheet.sentence.text().startswith("A is kept for labels.")
    QTest.keyClick(sheet, Qt.Key.Key_J)
    assert sheet.sentence.text().startswith("J is kept for “Play backwards")
    QTest.keyClick(sheet, Qt.Key.Key_M, CONTROL)
    assert "Ctrl+M belongs to “Merge with next clip”" in sheet.sentence.text()
    assert keys_of(window, "clip.split") == ["Ctrl+B"]
    QTest.keyClick(sheet, Qt.Key.Key_M, CONTROL)  # again: taken over
    assert (keys_of(window, "clip.split"), keys_of(window, "clip.merge")) == (["Ctrl+M"], [])
    assert load_settings().keys == {"clip.split": ["Ctrl+M"]}
    click(window, "clip.merge")
    QTest.keyClick(sheet, "%", SHIFT)  # free
    assert keys_of(window, "clip.merge") == ["%"]
    window.keys.reset()
    assert keys_of(window, "clip.split") == ["Ctrl+B"]
    assert keys_of(window, "clip.merge") == ["Ctrl+M"]
    assert load_settings().keys == {}
    sheet.field.setText("split")
    sheet.field.setFocus()
    QTest.keyClick(sheet.field, Qt.Key.Key_Return)
    assert sheet.sentence.text().startswith("Press the new key of “Split")
    QTest.keyClick(sheet, Qt.Key.Key_Insert)
    assert keys_of(window, "clip.split") == ["Ins"]
    window.keys.give("view.review", "Ctrl+9")
    assert "Ctrl+9" in window.top_bar.tabs["view.review"].toolTip()
    window.keys.give("transport.play", "Ctrl+8")
    tips = [b.toolTip() for b in window.transport_bar.findChildren(QToolButton)]
    assert "Play  (Ctrl+8)" in tips
    window.keys.reset()


def test_keys_of_a_settings_file_never_take_those_of_labels(window: MainWindow) -> None:
    settings = Settings(
        keys={
            "clip.split": ["A", "Ctrl+M"],
            "clip.merge": ["Ctrl+M"],
            "transport.shuttle_on": ["F9"],
            "gone": ["F10"],
        }
    )
    try:
        Keys(window.commands, settings, lambda: None)
        shown = {c.id: c.shortcuts for c in window.commands}
        assert shown["clip.split"] == ("Ctrl+M",)
        assert shown["clip.merge"] == ()
        assert shown["transport.shuttle_on"] == ("L",)
        assert shown["label.key_a"] == ("A",)
        assert shown["label.next_dispute"] == ("F10",)
    finally:
        window.keys.reset()


def test_jumps_are_as_long_as_the_sheet_says(window: MainWindow, bench: Bench) -> None:
    sheet = window.sheet
    sheet.frames.setValue(4)
    sheet.seconds.setValue(3)
    sheet.seconds.editingFinished.emit()
    kept = load_settings()
    assert (kept.jump_frames, kept.jump_seconds) == (4, 3)
    on = window.commands["transport.frames_on"]
    assert on.title_now() == "Several frames on (4)"
    window.session.recording = bench.session.recording
    transport = window.session.transport
    transport.set_range(0, 10_000_000_000)
    window.commands["transport.seconds_on"].run()
    assert transport.position_ns == 3_000_000_000
    on.run()
    assert window.session.frame_index() == 94
    window.session.recording = None
