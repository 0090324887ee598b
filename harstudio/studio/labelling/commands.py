"""The commands of labelling, as one list."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from harstudio.labels.label_sets.label_set import HOTKEYS
from harstudio.studio.commands import Command, because
from harstudio.studio.labelling.clip_commands import NO_CLIP, clip_commands, select_commands
from harstudio.studio.timeline.track_commands import track_commands

if TYPE_CHECKING:
    from harstudio.studio.labelling.labelling import Labelling


def label_commands(labelling: Labelling) -> list[Command]:
    """In the order of the menus. Label keys come last and stand in no menu."""
    return [
        *_edit_commands(labelling),
        *_point_commands(labelling),
        *clip_commands(labelling),
        *_tier_commands(labelling),
        *_zoom_commands(labelling),
        *track_commands(labelling),
        *_key_commands(labelling),
    ]


def _edit_commands(labelling: Labelling) -> list[Command]:
    copying = labelling.copying

    def can(which: str) -> bool:
        history = labelling.session.history
        return history is not None and bool(getattr(history, f"can_{which}"))

    def about(which: str) -> str:
        history = labelling.session.history
        return getattr(history, f"{which}_title") if can(which) else ""

    def back_out() -> None:
        labelling.cancel()

    return [
        Command("edit.undo", "Undo", labelling.undo, "Edit", "undo", ("Ctrl+Z",),
                partial(can, "undo"), repeats=True, about=partial(about, "undo"),
                why=because("Nothing was changed since this recording was opened.")),
        Command("edit.redo", "Redo", labelling.redo, "Edit", "redo", ("Ctrl+Y", "Ctrl+Shift+Z"),
                partial(can, "redo"), repeats=True, about=partial(about, "redo"),
                why=because("Nothing was undone that could be done again.")),
        Command("clip.cut", "Cut clip", copying.cut, "Edit", "", ("Ctrl+X",),
                labelling.clips.has_target, why=because(NO_CLIP)),
        Command("clip.copy", "Copy clip", copying.copy, "Edit", "copy", ("Ctrl+C",),
                labelling.clips.any_target, why=because(NO_CLIP)),
        Command("clip.paste", "Paste clip at the playhead", copying.paste, "Edit", "",
                ("Ctrl+V",), copying.can_paste, why=because("Copy a clip first.")),
        Command("clip.duplicate", "Duplicate clip behind itself", copying.duplicate, "Edit", "",
                ("Ctrl+D",), labelling.clips.has_target, why=because(NO_CLIP)),
        *select_commands(labelling),
        Command("label.back_out", "Back out", back_out, "Edit", "", ("Esc",),
                labelling.something_to_cancel),
    ]  # fmt: skip


def _point_commands(labelling: Labelling) -> list[Command]:
    def ready() -> bool:
        return labelling.grid is not None

    return [
        Command("label.mark_in", "In point here", labelling.mark_in, "Label", "mark-in",
                ("I",), ready),
        Command("label.mark_out", "Out point here", labelling.mark_out, "Label", "mark-out",
                ("O",), ready),
        Command("label.mark_gap", "In and out points around the gap", labelling.jumps.mark_gap,
                "Label", "", ("Ctrl+I",), ready),
        Command("label.find", "Find a label by name", labelling.naming.ask, "Label", "label",
                ("/", "Ctrl+Shift+F"), ready),
        Command("label.clear_marks", "Clear in and out points",
                partial(labelling.set_marks, None, None), "Label", "", (),
                lambda: labelling.mark_in_ns is not None),
        Command("label.enter", "End the open clip, accept the proposal, or take over a clip",
                labelling.enter, "Label", "", ("Return", "Enter"), labelling.can_enter),
    ]  # fmt: skip


def _tier_commands(labelling: Labelling) -> list[Command]:
    tiers, there, menu = labelling.tiers, labelling.clips.document_open, "Label/Tiers"
    return [
        Command("tier.above", "Tier above", partial(tiers.choose, -1), menu, "",
                ("Ctrl+Up",), there),
        Command("tier.below", "Tier below", partial(tiers.choose, 1), menu, "",
                ("Ctrl+Down",), there),
        Command("tier.add", "Add tier", labelling.tier_wanted.emit, menu, "plus",
                ("Ctrl+T",), there),
        Command("tier.add_rules", "Add tier with rules…", partial(labelling.tier_box_wanted.emit,
                ""), menu, "", ("Ctrl+Shift+T",), there),
        Command("tier.add_points", "Add tier of point events…",
                labelling.point_tier_wanted.emit, menu, "", (), there),
        Command("tier.rules", "Name and rules of the tier…", tiers.ask_rules, menu, "", (), there),
        Command("tier.move_up", "Move tier up", partial(tiers.move, -1), menu, "", (),
                partial(tiers.can_move, -1)),
        Command("tier.move_down", "Move tier down", partial(tiers.move, 1), menu, "", (),
                partial(tiers.can_move, 1)),
        Command("tier.remove", "Delete tier", tiers.remove_current, menu, "", (),
                tiers.several),
        Command("label.read_others", "Read the labels of others again", labelling.others.read,
                menu, "refresh", (), there),
    ]  # fmt: skip


def _zoom_commands(labelling: Labelling) -> list[Command]:
    def ready() -> bool:
        return labelling.grid is not None

    rows = [
        ("timeline.zoom_in", "Zoom in on the timeline", 1.5, "zoom-in", ("Ctrl+=", "Ctrl++")),
        ("timeline.zoom_out", "Zoom out of the timeline", 1 / 1.5, "zoom-out", ("Ctrl+-",)),
        ("timeline.fit", "Show the whole recording", 0.0, "fit", ("Ctrl+0",)),
    ]
    return [
        Command(name, title, partial(labelling.zoom_wanted.emit, factor), "View", icon, keys,
                ready, repeats=factor > 0)
        for name, title, factor, icon, keys in rows
    ]  # fmt: skip


def _key_commands(labelling: Labelling) -> list[Command]:
    return [
        Command(f"label.key_{key.lower()}", f"Label with key {key}",
                partial(labelling.press_key, key), "", "", (key,))
        for key in HOTKEYS
    ]  # fmt: skip
