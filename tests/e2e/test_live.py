"""The demonstrator's way: one key, and a replay is recognised, recorded, labelled and reviewed."""

from __future__ import annotations

from multiprocessing.shared_memory import SharedMemory

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from driving import until, wait

PATIENCE_S = 90


def press(studio, key: Qt.Key, held: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    QTest.keyClick(QApplication.focusWidget() or studio.window, key, held)
    wait(10)


def test_one_key_from_start_to_a_labelled_recording(studio, demo_project, tmp_path):
    window, service = studio.window, studio.window.live
    desk = window.live_desk
    desk.catalogue.looked = True  # the machine's drivers are not what is tested
    service.choice.set_folder(tmp_path / "recordings")
    service.choice.set_run("joints-any-sensor")
    service.choice.set_source(f"replay:{demo_project / 'recordings' / 'wave-s01.harrec'}")
    studio.key("ctrl+5")
    press(studio, Qt.Key.Key_F9)
    until(lambda: service.state == "running", PATIENCE_S)
    until(lambda: service.told.said is not None and service.told.said.probabilities, PATIENCE_S)
    page = desk.page
    until(lambda: page.said.label.text() and page.said.label_ms)
    pane = page.views["color"]
    until(lambda: pane.shown_index is not None and service.told.latencies_ms)
    names = [stream.ring.address["name"] for stream in service.live.streams.values()]
    studio.screenshot("live")

    until(lambda: service.told.recording, PATIENCE_S)  # the recorder is there
    press(studio, Qt.Key.Key_F8)
    until(lambda: desk.recording.recording, PATIENCE_S)
    label = desk.labels.label_set.labels[0]
    studio.hold(label.hotkey.lower())
    until(lambda: desk.recording.held)
    wait(600)
    studio.let_go(label.hotkey.lower())
    assert desk.recording.given == [label.name]
    press(studio, Qt.Key.Key_F8)
    path = until(lambda: desk.recording.last, PATIENCE_S)
    press(studio, Qt.Key.Key_F8, Qt.KeyboardModifier.ShiftModifier)
    recording = until(lambda: studio.session.recording, PATIENCE_S)
    assert recording.path == path
    assert window.arrangement.workspace == "view.label"
    document = until(lambda: studio.session.document, PATIENCE_S)
    assert [clip.label for tier in document.tiers for clip in tier.clips] == [label.name]
    assert window.labelling.label_set.find(label.name)
    until(lambda: service.state == "off", PATIENCE_S)
    for name in names:
        with pytest.raises(FileNotFoundError):
            SharedMemory(name)
