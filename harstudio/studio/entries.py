"""What the palette offers: commands, labels, recordings, recent paths."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from harstudio.studio.menus import key_text
from harstudio.studio.palette import Entry

if TYPE_CHECKING:
    from harstudio.studio.window import MainWindow


def palette_entries(window: MainWindow) -> list[Entry]:
    """Everything: commands, then labels, then the recordings of the library."""
    return [*_commands(window), *_labels(window), *_recordings(window)]


def _commands(window: MainWindow) -> list[Entry]:
    return [
        Entry(
            command.title_now().rstrip("…"),
            "",
            partial(window.actions_by_id.run, command.id),
            detail=command.menu.replace("/", " · "),
            keys=key_text(command.shortcuts[0]) if command.shortcuts else "",
            icon=command.icon or "command",
            enabled=command.enabled(),
        )
        for command in window.commands
        if command.menu
    ]


def _labels(window: MainWindow) -> list[Entry]:
    labelling = window.labelling
    return [
        Entry(
            label.name,
            "Label",
            partial(labelling.press_label, label.name),
            keys=label.hotkey.upper(),
            icon="label",
            enabled=window.session.history is not None,
        )
        for label in labelling.labels()
    ]


def _recordings(window: MainWindow) -> list[Entry]:
    return [
        Entry(
            window.session.team.shown(found.name),
            "Recording",
            partial(window.session.open_recording, found.path),
            detail="" if found.action is None else found.action.name,
            icon="skeleton" if found.streams == ("skeleton",) else "color",
        )
        for found in window.library.model.all_found()
    ]


def recent_entries(window: MainWindow) -> list[Entry]:
    """What was opened lately, newest first; what is gone is greyed."""
    entries = []
    for text in window.session.settings.recent:
        path = Path(text)
        there = path.exists()
        entries.append(
            Entry(
                path.name or text,
                "Recent" if there else "Not there",
                partial(window.open_path, path),
                detail=str(path.parent),
                icon="folder" if path.is_dir() else "file",
                enabled=there,
            )
        )
    return entries
