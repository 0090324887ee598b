"""The commands of labelling, as one list."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from harstudio.labels.label_set import HOTKEYS
from harstudio.studio.commands import Command

if TYPE_CHECKING:
    from harstudio.studio.labelling import Labelling


def label_commands(labelling: Labelling) -> list[Command]:
    """In the order of the menus. Label keys come last and stand in no menu."""
    return [
        *_edit_commands(labelling),
        *_point_commands(labelling),
        *_clip_commands(labelling),
        *_edge_commands(labelling),
        *_going_commands(labelling),
        *_tier_commands(labelling),
        *_zoom_commands(labelling),
        *_key_commands(labelling),
    ]


def _edit_commands(labelling: Labelling) -> list[Command]:
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
                partial(can, "undo"), repeats=True, about=partial(about, "undo")),
        Command("edit.redo", "Redo", labelling.redo, "Edit", "redo", ("Ctrl+Y", "Ctrl+Shift+Z"),
                partial(can, "redo"), repeats=True, about=partial(about, "redo")),
        Command("clip.copy", "Copy clip", labelling.clips.copy, "Edit", "copy", ("Ctrl+C",),
                labelling.clips.any_target),
        Command("clip.paste", "Paste clip at the playhead", labelling.clips.paste, "Edit", "",
                ("Ctrl+V",), labelling.clips.can_paste),
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
        Command("label.find", "Find a label by name", labelling.label_wanted.emit, "Label", "label",
                ("Ctrl+Shift+F",), ready),
        Command("label.clear_marks", "Clear in and out points",
                partial(labelling.set_marks, None, None), "Label", "", (),
                lambda: labelling.mark_in_ns is not None),
        Command("label.read_others", "Read the labels of others again", labelling.others.read,
                "Label", "refresh", (), ready),
        Command("label.finish", "End the open clip here", labelling.finish, "Label", "", (),
                lambda: labelling.open_clip is not None),
    ]  # fmt: skip


def _clip_commands(labelling: Labelling) -> list[Command]:
    clips = labelling.clips
    own, other = clips.has_target, clips.foreign_selected
    return [
        Command("clip.delete", "Delete clip", clips.delete, "Label", "delete",
                ("Backspace", "Delete"), own),
        Command("clip.split", "Split clip at the playhead", clips.split, "Label", "split",
                ("Ctrl+B",), own),
        Command("clip.merge", "Merge with next clip", clips.merge, "Label", "merge",
                ("Ctrl+M",), own),
        Command("clip.take_over", "Copy clip to my tier", clips.take_over, "Label", "copy",
                ("Return", "Enter"), other),
        Command("clip.select_here", "Select clip at the playhead", clips.select_here, "Label",
                "clip", ("Ctrl+Space",), clips.document_open),
    ]  # fmt: skip


def _edge_commands(labelling: Labelling) -> list[Command]:
    clips = labelling.clips
    rows = [
        ("clip.start_earlier", "Start one frame earlier", "start", -1, "Ctrl+Shift+Left"),
        ("clip.start_later", "Start one frame later", "start", 1, "Ctrl+Shift+Right"),
        ("clip.end_earlier", "End one frame earlier", "end", -1, "Ctrl+Left"),
        ("clip.end_later", "End one frame later", "end", 1, "Ctrl+Right"),
    ]
    nudges = [
        Command(name, title, partial(clips.nudge, edge, by), "Label", "", (key,),
                clips.has_target, repeats=True)
        for name, title, edge, by, key in rows
    ]  # fmt: skip
    return [
        *nudges,
        Command("clip.start_here", "Start clip at the playhead", partial(clips.trim, "start"),
                "Label", "", ("[",), clips.has_target),
        Command("clip.end_here", "End clip at the playhead", partial(clips.trim, "end"),
                "Label", "", ("]",), clips.has_target),
    ]  # fmt: skip


def _going_commands(labelling: Labelling) -> list[Command]:
    clips = labelling.clips
    there = clips.document_open
    return [
        Command("clip.previous", "Previous clip", partial(clips.jump, -1), "Label",
                "previous-clip", ("Up",), there, repeats=True),
        Command("clip.next", "Next clip", partial(clips.jump, 1), "Label", "next-clip",
                ("Down",), there, repeats=True),
        Command("label.next_gap", "Next unlabelled stretch", partial(clips.gap, 1), "Label", "",
                ("Ctrl+G",), there, repeats=True),
        Command("label.previous_gap", "Previous unlabelled stretch", partial(clips.gap, -1),
                "Label", "", ("Ctrl+Shift+G",), there, repeats=True),
    ]  # fmt: skip


def _tier_commands(labelling: Labelling) -> list[Command]:
    clips = labelling.clips
    there = clips.document_open
    return [
        Command("tier.above", "Tier above", partial(clips.choose_tier, -1), "Label", "",
                ("Ctrl+Up",), there),
        Command("tier.below", "Tier below", partial(clips.choose_tier, 1), "Label", "",
                ("Ctrl+Down",), there),
        Command("tier.add", "Add tier", labelling.tier_wanted.emit, "Label", "plus",
                ("Ctrl+T",), there),
        Command("tier.remove", "Delete tier", clips.remove_current_tier, "Label", "", (),
                clips.several_tiers),
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
