"""One table of commands: menus, palette, keys and sheet grow from it."""

from __future__ import annotations

from types import SimpleNamespace

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtTest import QTest

from harstudio.studio import icons
from harstudio.studio.actions import PANE_TITLES
from harstudio.studio.entries import palette_entries
from harstudio.studio.menus import key_text
from harstudio.studio.palette import Entry, ranked
from harstudio.studio.session import Session
from harstudio.studio.shortcut_sheet import sheet_groups
from harstudio.studio.window import MainWindow
from studio.label_bench import Bench


def menu_actions(window: MainWindow) -> list[QAction]:
    """What stands in the menus and in the menus in them."""
    found, menus = [], [top.menu() for top in window.top_bar.menus.actions()]
    while menus:
        for action in menus.pop().actions():
            if action.menu() is not None:
                menus.append(action.menu())
            elif not action.isSeparator():
                found.append(action)
    return found


def test_every_command_is_complete(window: MainWindow) -> None:
    for command in window.commands:
        group, _, verb = command.id.partition(".")
        assert group, command
        assert verb, command
        assert command.title[0].isupper() or command.title[0].isdigit(), command.id
        assert not command.title.endswith((".", "!")), command.id
        assert not command.icon or not icons.icon(command.icon).isNull(), command.id
        for keys in command.shortcuts:
            assert not QKeySequence(keys).isEmpty(), f"{command.id}: {keys}"
            assert key_text(keys), f"{command.id}: {keys}"


def test_undo_tells_what_it_takes_back(bench: Bench) -> None:
    undo = bench.commands["edit.undo"]
    assert undo.title_now() == "Undo"
    bench.add((0, 9, "clap"))
    assert undo.title_now() == "Undo label “clap”"
    bench.labelling.undo()
    assert undo.title_now() == "Undo"
    assert bench.commands["edit.redo"].title_now() == "Redo label “clap”"


def test_a_menu_says_what_undo_takes_back(window: MainWindow, monkeypatch) -> None:
    titles = SimpleNamespace(
        can_undo=True, undo_title="Label “clap & wave”", can_redo=False, document=None
    )
    monkeypatch.setattr(window.session, "history", titles)
    edit = next(a.menu() for a in window.top_bar.menus.actions() if a.text() == "Edit")
    edit.aboutToShow.emit()
    assert edit.actions()[0].text() == "Undo label “clap && wave”"
    edit.aboutToHide.emit()
    monkeypatch.undo()


def test_no_two_commands_share_a_key(window: MainWindow) -> None:
    owners: dict[str, str] = {}
    for command in window.commands:
        for keys in command.shortcuts:
            text = QKeySequence(keys).toString()
            assert owners.setdefault(text, command.id) == command.id, text


def test_menus_hold_the_table_and_nothing_else(window: MainWindow) -> None:
    shown = {action.objectName() for action in menu_actions(window)}
    assert shown == {command.id for command in window.commands if command.menu}


def test_palette_offers_what_the_menus_hold(window: MainWindow) -> None:
    titles = {entry.title for entry in palette_entries(window)}
    missing = {c.title_now().rstrip("…") for c in window.commands if c.menu} - titles
    assert not missing


def test_sheet_shows_every_key_of_the_menus(window: MainWindow) -> None:
    written = window.sheet.texts()
    for command in window.commands:
        if command.menu and command.shortcuts:
            assert command.title in written, command.id
            assert any(key_text(command.shortcuts[0]) in text for text in written), command.id
    assert {title for title, _ in sheet_groups(window.commands)} >= {"File", "Label", "Play"}


def test_the_keys_of_the_design_are_there(window: MainWindow) -> None:
    keys = {key: c.id for c in window.commands for key in c.shortcuts}
    wanted = {
        "Space": "transport.play", "Left": "transport.previous_frame",
        "Right": "transport.next_frame", "Shift+Left": "transport.frames_back",
        "Shift+Right": "transport.frames_on", "J": "transport.shuttle_back",
        "K": "transport.shuttle_stop", "L": "transport.shuttle_on", "Ctrl+P": "view.palette",
        "?": "help.keys", "F": "view.full_screen", "Ctrl+1": "view.review", "Ctrl+2": "view.label",
        "Ctrl+Z": "edit.undo", "Ctrl+Y": "edit.redo", "Ctrl+Shift+Z": "edit.redo",
    }  # fmt: skip
    assert {key: keys.get(key) for key in wanted} == wanted


def test_a_refusal_says_why(window: MainWindow, bench: Bench) -> None:
    said: list[str] = []
    window.session.message.connect(lambda _level, sentence: said.append(sentence))
    for command_id in ("edit.undo", "team.rules", "file.import_labels", "file.save"):
        window.actions_by_id.run(command_id)
    assert said == [
        "Open a recording first.",
        "Open a recording first.",
        "Open a project first.",
        "Everything is saved.",
    ]
    bench.key("Z", Qt.KeyboardModifier.ControlModifier)
    assert bench.commands["edit.undo"].refusal().startswith("Nothing was changed since")
    assert bench.commands["clip.delete"].refusal().startswith("No clip of yours is selected")
    unreasoned = [
        c.id
        for c in window.commands
        if c.menu and not c.enabled() and "not possible" in c.refusal()
    ]
    assert not unreasoned


def test_steps_repeat_while_the_key_is_held(window: MainWindow) -> None:
    for command_id in ("transport.next_frame", "transport.previous_frame", "edit.undo"):
        assert window.actions_by_id[command_id].autoRepeat()
    assert not window.actions_by_id["transport.play"].autoRepeat()


def test_panes_have_a_toggle_each(window: MainWindow) -> None:
    assert set(window.pane_area.docks) == {*PANE_TITLES, "example"}


def test_letters_are_typed_in_a_field_and_do_nothing_else(window: MainWindow, qtbot) -> None:
    window.activateWindow()
    window.library.search.setFocus()
    qtbot.waitUntil(window.library.search.hasFocus)
    QTest.keyClicks(window.library.search, "if1 k?")
    assert window.library.search.text() == "if1 k?"
    assert not window.is_full_screen()
    assert window.sheet.isHidden()


def test_question_mark_shows_the_sheet_and_esc_hides_it(window: MainWindow, qtbot) -> None:
    window.activateWindow()
    window.pane_area.setFocus()
    QTest.keyClick(window, Qt.Key.Key_Question)
    qtbot.waitUntil(window.sheet.isVisible)
    QTest.keyClick(window.sheet, Qt.Key.Key_Escape)
    assert window.sheet.isHidden()


def test_palette_runs_what_is_chosen_by_keys(window: MainWindow, qtbot) -> None:
    window.activateWindow()
    before = window.arrangement.is_shown("library")
    window.show_palette()
    QTest.keyClicks(window.palette_box.field, "library")
    titles = [entry.title for entry in window.palette_box.shown()]
    assert "Library" in titles[:3]
    for _ in range(titles.index("Library")):
        QTest.keyClick(window.palette_box.field, Qt.Key.Key_Down)
    QTest.keyClick(window.palette_box.field, Qt.Key.Key_Return)
    assert window.palette_box.isHidden()
    assert window.arrangement.is_shown("library") != before


def test_palette_esc_gives_the_focus_back(window: MainWindow, qtbot) -> None:
    window.activateWindow()
    window.library.search.setFocus()
    window.show_palette()
    qtbot.waitUntil(window.palette_box.field.hasFocus)
    QTest.keyClick(window.palette_box.field, Qt.Key.Key_Escape)
    assert window.palette_box.isHidden()
    qtbot.waitUntil(window.library.search.hasFocus)


def test_ranking_prefers_whole_words_and_what_is_possible() -> None:
    def nothing() -> None: ...

    entries = [
        Entry("Undo", "", nothing, enabled=False),
        Entry("Open folder or project", "", nothing, "File"),
        Entry("Split clip at the playhead", "", nothing, "Label"),
        Entry("a3_s1_t1", "Recording", nothing, "right hand wave"),
    ]
    assert ranked("wave", entries)[0].title == "a3_s1_t1"
    assert ranked("splt clip", entries)[0].title == "Split clip at the playhead"
    assert ranked("opn foldr", entries)[0].title == "Open folder or project"
    assert ranked("qqqqzzz", entries) == []
    assert ranked("", entries) == entries


def test_shuttle_goes_faster_and_turns_round(qtbot) -> None:
    session = Session()
    transport = session.transport
    transport.set_range(0, 10_000_000_000)
    transport.seek(5_000_000_000)
    rates = []
    for direction in (1, 1, 1, 1, -1, -1):
        transport.shuttle(direction)
        rates.append(transport.rate)
    assert rates == [1.0, 2.0, 4.0, 4.0, -1.0, -2.0]
    transport.shuttle(0)
    assert (transport.rate, transport.playing) == (1.0, False)
    session.close()
    session.deleteLater()
