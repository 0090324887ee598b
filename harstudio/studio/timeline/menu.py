"""What the mouse is told when it rests on the timeline, and what a right click offers there."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from html import escape
from typing import TYPE_CHECKING

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from harstudio.labels.editing.proposed import OF_PROPOSALS, proposed
from harstudio.labels.label_sets.attributes import missing
from harstudio.labels.model import Clip, Origin
from harstudio.studio.commands import Command
from harstudio.studio.labelling.labelling import Labelling
from harstudio.studio.session import Session
from harstudio.studio.timecode import clock_text
from harstudio.studio.timeline.rows import TRACKS, Hit, Kind
from harstudio.studio.timeline.scores import Scores

if TYPE_CHECKING:
    from harstudio.studio.timeline.view import Timeline

ORIGINS = {
    Origin.HUMAN: "by hand",
    Origin.MODEL: "by a network",
    Origin.IMPORTED: "imported",
    Origin.ACCEPTED: "proposed and accepted",
}
ON_OWN_CLIP = (
    "clip.start_here", "clip.end_here", "clip.split", "clip.merge", "clip.delete",
)  # fmt: skip
ON_ROW = ("label.mark_in", "label.mark_out", "label.clear_marks")
ON_OWN_NAME = ("tier.rules", "tier.move_up", "tier.move_down", "tier.remove")
ON_NAMES = ("tier.add", "tier.add_rules")


def hover_text(
    session: Session, labelling: Labelling, found: Hit, scores: Scores | None = None
) -> str:
    """The clip or the scores under the mouse, or the time and frame; "" over the names."""
    grid = labelling.grid
    if grid is None or session.recording is None or found.part == "names":
        return ""
    start = session.transport.start_ns
    if scores is not None and found.row is not None and found.row.kind is Kind.SCORES:
        return scores.text_at(found.time_ns, start)
    if scores is not None and found.row is not None and found.row.kind is Kind.SEGMENTS:
        return scores.segment_text(found.time_ns, start, found.row.person)
    if found.clip is None or found.row is None:
        frame = grid.index(found.time_ns)
        return f"{clock_text(grid.start_of(frame) - start)}, frame {frame}"
    return clip_text(found.clip, found.row.annotator, labelling, start)


def clip_text(clip: Clip, annotator: str, labelling: Labelling, zero_ns: int) -> str:
    """All that is known of a clip, and what it still lacks, as rich text."""
    grid = labelling.grid
    at, first = clock_text(clip.start_ns - zero_ns), grid.first_of(clip.start_ns)
    lines = [f"<b>{escape(clip.label)}</b>"]
    if clip.is_point:
        lines.append(f"{at}, frame {first}")
    else:
        last, frames = grid.last_of(clip.end_ns), grid.count(clip.start_ns, clip.end_ns)
        lines.append(f"{at} to {clock_text(clip.end_ns - zero_ns)}")
        lines.append(f"{clip.duration_ns / 1e9:.3f} s, frames {first} to {last} ({frames})")
    waiting = labelling.proposals.is_open(clip.id)
    about = proposed(clip)
    if waiting and about.source:
        lines.append(f"proposed by {escape(about.source)}")
    else:
        lines.append(f"{escape(annotator)}, {ORIGINS[clip.origin]}")
    if clip.confidence is not None:
        lines.append(f"confidence {clip.confidence:.2f}")
    if waiting and about.second:
        lines.append(f"else {escape(about.second)} {about.second_confidence or 0.0:.2f}")
    if clip.person:
        lines.append(f"person {escape(clip.person)}")
    own = {k: v for k, v in clip.attributes.items() if not waiting or k not in OF_PROPOSALS}
    lines += [f"{escape(name)} {escape(str(value))}" for name, value in own.items()]
    lacking = missing(clip, labelling.label_set.attributes)
    if lacking and not waiting:
        lines.append(f"not answered: {escape(', '.join(a.name for a in lacking))}")
    if clip.unsure:
        lines.append("unsure, asks")
    if clip.comment:
        lines.append(f"<i>{escape(clip.comment)}</i>")
    return "<br>".join(lines)


def context_menu(timeline: Timeline, found: Hit) -> QMenu | None:
    """Only what works here; None where nothing does."""
    if timeline.session.recording is None:
        return None
    menu = QMenu(timeline)
    commands = {command.id: command for command in timeline.labelling.commands()}
    changeable = not timeline.labelling.clips.why_not()
    if found.clip is not None and found.row is not None:
        if found.clip.id not in timeline.session.selected:
            timeline.session.select(found.clip.id)
        _clip_entries(timeline, menu, commands, found, changeable)
    elif found.part == "names":
        _name_entries(timeline, menu, commands, found, changeable)
    else:
        menu.addAction("Go here", partial(timeline.session.transport.seek, found.time_ns))
        if changeable:
            _add(menu, commands, ON_ROW)
    if not menu.isEmpty():
        menu.addSeparator()
    _add(menu, commands, () if timeline.scale.fitted else ("timeline.fit",))
    _add(menu, commands, ("timeline.zoom_in",))
    return menu


def _name_entries(
    timeline: Timeline, menu: QMenu, commands: dict[str, Command], found: Hit, changeable: bool
) -> None:
    if changeable and found.row is not None and found.row.kind is Kind.OWN:
        timeline.session.tier_name = found.row.title
        _add(menu, commands, ON_OWN_NAME)
        menu.addSeparator()
    _add(menu, commands, ON_NAMES if changeable else ())
    menu.addSeparator()
    for kind in TRACKS:
        command = commands[f"timeline.{kind.value}"]
        action = menu.addAction(command.title, command.run)
        action.setCheckable(True)
        action.setChecked(command.checked is not None and command.checked())


def _clip_entries(
    timeline: Timeline, menu: QMenu, commands: dict[str, Command], found: Hit, changeable: bool
) -> None:
    clip, labelling = found.clip, timeline.labelling
    assert clip is not None  # noqa: S101 - said by the caller
    transport = timeline.session.transport
    span = (clip.start_ns, clip.end_ns)

    def accept() -> None:
        labelling.proposals.accept()

    def reject() -> None:
        labelling.proposals.reject()

    if changeable and found.row is not None and found.row.editable:
        labels = menu.addMenu("Label as")
        for label in labelling.labels():
            if label.name != clip.label:
                labels.addAction(label.name, partial(labelling.clips.relabel, label.name))
        labels.setEnabled(not labels.isEmpty())
        if found.row.kind is Kind.PROPOSED:
            labels.setTitle("Accept as")
            menu.insertAction(labels.menuAction(), _action(menu, "Accept\tEnter", accept))
            menu.addAction(_action(menu, "Reject\tBackspace", reject))
        else:
            _add(menu, commands, ON_OWN_CLIP)
    elif changeable:
        _add(menu, commands, ("clip.take_over",))
    if transport.loop == span:
        menu.addAction("Stop looping", partial(transport.set_loop, None))
    else:
        menu.addAction("Loop clip", partial(transport.set_loop, span))
    menu.addAction("Zoom to clip", partial(timeline.show_span, *span))


def _action(menu: QMenu, text: str, run: Callable[[], None]) -> QAction:
    action = QAction(text, menu)
    action.triggered.connect(lambda _checked=False: run())
    return action


def _add(menu: QMenu, commands: dict[str, Command], ids: tuple[str, ...]) -> None:
    for name in ids:
        command = commands[name]
        if command.enabled():
            keys = f"\t{command.shortcuts[0]}" if command.shortcuts else ""
            menu.addAction(command.title + keys, command.run)
