"""The commands that change clips, and that go from one to the next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from harstudio.studio.commands import Command, because
from harstudio.studio.labelling.clip_jumps import LOW_CONFIDENCE

if TYPE_CHECKING:
    from harstudio.studio.labelling.labelling import Labelling

NO_CLIP = "No clip of yours is selected or under the playhead."
EDGES, MOVE, GO, SELECT = "Label/Edges", "Label/Move", "Label/Go to", "Edit/Select"


def clip_commands(labelling: Labelling) -> list[Command]:
    """In the order of the menus."""
    clips = [*_whole_clips(labelling), *_edges(labelling), *_moves(labelling)]
    reasons = (one.why or because(NO_CLIP) for one in clips)
    told = [replace(one, why=why) for one, why in zip(clips, reasons, strict=True)]
    return [*told, *_jumps(labelling)]


def _whole_clips(labelling: Labelling) -> list[Command]:
    clips, properties = labelling.clips, labelling.properties
    own, other = clips.has_target, clips.foreign_selected
    return [
        Command("clip.delete", "Delete clip", clips.delete, "Label", "delete",
                ("Backspace", "Delete"), clips.can_delete),
        Command("clip.split", "Split clip at the playhead", clips.split, "Label", "split",
                ("Ctrl+B",), own),
        Command("clip.merge", "Merge with next clip", clips.merge, "Label", "merge",
                ("Ctrl+M",), own),
        Command("clip.take_over", "Copy clip to my tier", labelling.copying.take_over, "Label",
                "copy", (), other, why=because("Select a clip of somebody else first.")),
        Command("clip.unsure", "Unsure, ask", properties.toggle_unsure, "Label", "", ("Ctrl+U",),
                own, properties.is_unsure),
        Command("clip.surer", "Surer", partial(properties.change_confidence, 1), "Label", "",
                ("Ctrl+Shift+Up",), own, repeats=True),
        Command("clip.less_sure", "Less sure", partial(properties.change_confidence, -1), "Label",
                "", ("Ctrl+Shift+Down",), own, repeats=True),
    ]  # fmt: skip


def _edges(labelling: Labelling) -> list[Command]:
    clips = labelling.clips
    own = clips.has_target
    rows = [
        ("clip.start_earlier", "Start one frame earlier", "start", -1, "Ctrl+Shift+Left"),
        ("clip.start_later", "Start one frame later", "start", 1, "Ctrl+Shift+Right"),
        ("clip.end_earlier", "End one frame earlier", "end", -1, "Ctrl+Left"),
        ("clip.end_later", "End one frame later", "end", 1, "Ctrl+Right"),
        ("clip.start_10_earlier", "Start ten frames earlier", "start", -10, "Alt+Shift+Left"),
        ("clip.start_10_later", "Start ten frames later", "start", 10, "Alt+Shift+Right"),
        ("clip.end_10_earlier", "End ten frames earlier", "end", -10, "Alt+Left"),
        ("clip.end_10_later", "End ten frames later", "end", 10, "Alt+Right"),
    ]
    nudges = [
        Command(name, title, partial(clips.nudge, edge, by), EDGES, "", (key,), own, repeats=True)
        for name, title, edge, by, key in rows
    ]
    return [
        *nudges,
        Command("clip.start_here", "Start clip at the playhead", partial(clips.trim, "start"),
                EDGES, "", ("[",), own),
        Command("clip.end_here", "End clip at the playhead", partial(clips.trim, "end"),
                EDGES, "", ("]",), own),
        Command("clip.to_previous", "Close the gap before the clip",
                partial(clips.close_gap, "previous"), EDGES, "", ("{",), clips.document_open),
        Command("clip.to_next", "Close the gap after the clip",
                partial(clips.close_gap, "next"), EDGES, "", ("}",), clips.document_open),
    ]  # fmt: skip


def _moves(labelling: Labelling) -> list[Command]:
    clips, carry = labelling.clips, labelling.copying.carry
    own = clips.has_target
    frames = [
        ("clip.earlier", "One frame earlier", -1, "Ctrl+,"),
        ("clip.later", "One frame later", 1, "Ctrl+."),
        ("clip.10_earlier", "Ten frames earlier", -10, "Alt+,"),
        ("clip.10_later", "Ten frames later", 10, "Alt+."),
    ]
    tiers = [
        ("clip.move_up", "Move to the tier above", -1, True, "Alt+Up"),
        ("clip.move_down", "Move to the tier below", 1, True, "Alt+Down"),
        ("clip.copy_up", "Copy to the tier above", -1, False, "Alt+Shift+Up"),
        ("clip.copy_down", "Copy to the tier below", 1, False, "Alt+Shift+Down"),
    ]
    return [
        *(Command(name, title, partial(clips.move, by), MOVE, "", (key,), own, repeats=True)
          for name, title, by, key in frames),
        *(Command(name, title, partial(carry, step, moving=moving), MOVE, "", (key,), own)
          for name, title, step, moving, key in tiers),
    ]  # fmt: skip


def select_commands(labelling: Labelling) -> list[Command]:
    """Those that select; several clips are then changed as one."""
    selecting, there = labelling.selecting, labelling.clips.document_open

    def marked() -> bool:
        return labelling.mark_in_ns is not None and labelling.mark_out_ns is not None

    return [
        Command("clip.select_here", "Clip at the playhead", labelling.jumps.select_here, SELECT,
                "clip", ("Ctrl+Space",), there),
        Command("clip.select_above", "Previous clip too", partial(selecting.extend, -1), SELECT,
                "", ("Shift+Up",), there, repeats=True),
        Command("clip.select_below", "Next clip too", partial(selecting.extend, 1), SELECT,
                "", ("Shift+Down",), there, repeats=True),
        Command("clip.select_tier", "All clips of the tier", selecting.all_in_tier, SELECT, "",
                ("Ctrl+A",), there),
        Command("clip.select_label", "All clips of this label", selecting.same_label, SELECT, "",
                ("Ctrl+Shift+A",), labelling.clips.has_target, why=because(NO_CLIP)),
        Command("clip.select_points", "Clips between in and out point", selecting.between_points,
                SELECT, "", ("Ctrl+Shift+I",), marked,
                why=because("I and O set an in point and an out point first.")),
    ]  # fmt: skip


def _jumps(labelling: Labelling) -> list[Command]:
    jumps, there = labelling.jumps, labelling.clips.document_open

    def both(
        group: str, title: str, what: str, keys: tuple[str, str], jump: Callable[[int], None]
    ) -> list[Command]:
        return [
            Command(f"{group}.{which}_{what}" if what else f"{group}.{which}",
                    f"{which.capitalize()} {title}", partial(jump, step), GO, "", (key,), there,
                    repeats=True)
            for which, step, key in (("next", 1, keys[0]), ("previous", -1, keys[1]))
        ]  # fmt: skip

    return [
        Command("clip.previous", "Previous clip", partial(jumps.jump, -1), GO, "previous-clip",
                ("Up",), there, repeats=True),
        Command("clip.next", "Next clip", partial(jumps.jump, 1), GO, "next-clip",
                ("Down",), there, repeats=True),
        *both("label", "unlabelled stretch", "gap", ("Ctrl+G", "Ctrl+Shift+G"), jumps.gap),
        *both("clip", "unsure clip", "unsure", ("F8", "Shift+F8"), jumps.unsure),
        *both("clip", f"clip of confidence below {LOW_CONFIDENCE:g}", "low",
              ("F7", "Shift+F7"), jumps.low_confidence),
        *both("label", "disagreement", "dispute", ("F10", "Shift+F10"), jumps.disputed),
        *both("clip", "clip that lacks an attribute", "incomplete", ("F9", "Shift+F9"),
              jumps.incomplete),
    ]  # fmt: skip
