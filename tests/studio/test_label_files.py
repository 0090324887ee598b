"""Importing and exporting labels in the window: beside it, into what is open, told in full."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

import harrec_files
from driving import until
from harstudio.labels.editing.edits import AddClip, AddTier, Group
from harstudio.labels.interchange import registry
from harstudio.labels.model import Clip
from harstudio.labels.project import Project
from harstudio.studio.label_files import importing
from harstudio.studio.label_files.exporting import ExportBox
from harstudio.studio.label_files.importing import ImportBox
from harstudio.studio.window import MainWindow


@pytest.fixture
def opened(window, tmp_path) -> MainWindow:
    folder = tmp_path / "project"
    Project.create(folder, "p")
    harrec_files.write_recording(folder / "recordings" / "trial.harrec", 10)
    window.open_path(folder)
    until(lambda: window.session.history is not None)
    return window


def test_labels_come_into_the_open_document_and_others_beside_it(opened, tmp_path):
    session = opened.session
    name, me = session.recording.name, session.annotator
    table = tmp_path / f"{name}.csv"
    table.write_text("start,end,label,annotator\n0,1,walk,\n1,2,run,bea\n")
    bad = tmp_path / "bad.eaf"
    bad.write_text("<ANNOTATION_DOCUMENT>")
    box = ImportBox(opened, [table, bad])
    box.show()
    box.action_button.click()
    assert box.busy
    until(lambda: not box.busy)
    assert [clip.label for clip in session.document.tiers[0].clips] == ["walk"]
    assert session.history.undo_title == f"Import {table.name}"
    assert [d.annotator for d in opened.labelling.others.documents] == ["bea"]
    assert opened.labelling.label_set.find("run") is not None
    told = box.told.toPlainText()
    assert f"2 clips of 1 recording imported as bea, {me}" in told
    assert "bad.eaf" in told
    assert "New in the label set" in told
    box.close()


def test_a_file_that_fails_hides_nothing_of_the_others(opened, tmp_path, monkeypatch):
    """Also where the window says which recording a file is about that cannot tell."""
    session = opened.session
    known = registry.csv_table.read

    def read(path, reading):
        if "bad" in path.name:
            raise OverflowError("what nobody expected")
        return known(path, reading)

    monkeypatch.setattr(registry.csv_table, "read", read)
    tables = [tmp_path / name for name in ("my labels.csv", "bad.csv", "bea's.csv")]
    for path, who in zip(tables, ("", "", "bea"), strict=True):
        path.write_text(f"start,end,label,annotator\n0,1,walk,{who}\n")
    put = importing.put

    def put_or_not(project, read, **options):
        if any(one.target[1] == "bea" for one in read.incoming):
            raise ZeroDivisionError("nor that")
        return put(project, read, **options)

    monkeypatch.setattr(importing, "put", put_or_not)
    box = ImportBox(opened, tables)
    box.show()
    for recording, told in ((0, "“Recording” in the window"), (1, "1 clip of 1 recording")):
        box.recording.setCurrentIndex(recording)
        box.action_button.click()
        until(lambda: not box.busy)
        assert told in box.told.toPlainText()
        assert "bad.csv" in box.told.toPlainText()
    assert [clip.label for clip in session.document.tiers[0].clips] == ["walk"]
    assert "bea's.csv: It failed (ZeroDivisionError('nor that'))" in box.told.toPlainText()
    assert "Nothing was done" not in box.told.toPlainText()
    box.close()


def test_an_export_says_what_it_could_not_carry(opened, tmp_path):
    session = opened.session
    start_ns = session.recording.start_ns
    clip = Clip(start_ns, start_ns + 10**8, "walk", comment="slowly")
    session.history.do(Group("Label", (AddTier("t", 0), AddClip("t", clip))))
    box = ExportBox(opened)
    box.show()
    box.format.setCurrentIndex(box.format.findData("webvtt"))
    assert "1 ms" in box.about.text()
    out = Path(tmp_path / "a.vtt")
    box.export_to(out)
    until(lambda: not box.busy)
    assert "00:00:00.000 --> 00:00:00.100\nwalk" in out.read_text()
    assert "no place for comments" in box.told.toPlainText()
    box.close()


def test_a_box_is_left_by_esc_by_cancel_and_by_the_cross(opened):
    ways = (
        lambda box: QTest.keyClick(box, Qt.Key.Key_Escape),
        lambda box: box.close_button.click(),
        lambda box: box.close(),
    )
    for leave in ways:
        box = ExportBox(opened)
        box.show()
        gone = []
        box.destroyed.connect(lambda *_, gone=gone: gone.append(True))
        until(box.isActiveWindow)
        leave(box)
        until(lambda gone=gone: gone)


def test_both_stand_in_the_file_menu(opened):
    for one in ("file.import_labels", "file.export_labels"):
        assert opened.commands[one].menu == "File"
        assert opened.commands[one].enabled()
