"""Labelling by keys: in and out points, clips that grow while it plays, and undo.

Everything here can be called without a window; the timeline and the panels only show it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from harstudio.errors import HarstudioError
from harstudio.labels.label_sets.label_set import Label, LabelSet, label_color
from harstudio.labels.model import Clip
from harstudio.recordings.frame_grid import FrameGrid
from harstudio.studio.commands import Command
from harstudio.studio.labelling.clip_copying import ClipCopying
from harstudio.studio.labelling.clip_editing import ClipEditing
from harstudio.studio.labelling.clip_jumps import ClipJumps
from harstudio.studio.labelling.clip_playing import ClipPlaying
from harstudio.studio.labelling.clip_properties import ClipProperties
from harstudio.studio.labelling.clip_selecting import ClipSelecting
from harstudio.studio.labelling.commands import label_commands
from harstudio.studio.labelling.key_holding import KeyHolding
from harstudio.studio.labelling.label_naming import LabelNaming
from harstudio.studio.labelling.label_set_use import LabelSetUse
from harstudio.studio.labelling.other_labels import OtherLabels
from harstudio.studio.labelling.point_placing import PointPlacing
from harstudio.studio.labelling.tier_editing import TierEditing
from harstudio.studio.proposals.proposals import Proposals
from harstudio.studio.session import Session
from harstudio.studio.timecode import clock_text

if TYPE_CHECKING:
    from harstudio.studio.timeline.drags import Drag


@dataclass(frozen=True, slots=True)
class OpenClip:
    """A clip that has begun and not ended: label, first frame's time, the tier it goes to."""

    label: str
    start_ns: int
    tier: str


class Labelling(QObject):
    """What a label key does depends on what is visible, first match wins:

    1. a clip is open (it grows with the playhead): the same key ends it with the frame under the
       playhead; another key ends it before that frame and starts the next clip there, so that
       a stretch of contiguous actions takes one press for each clip and one to end the last;
    2. in and out points are set: the key makes that clip; with the in point alone the clip ends
       with the frame under the playhead;
    3. a proposal is decided (``Proposals``): the key accepts it with that label;
    4. the tier is one of points: the key places one at the frame under the playhead, unless the
       selected point stands there;
    5. clips are selected: the key gives them another label;
    6. otherwise: the key starts a clip at the playhead.

    A key that began a clip while it plays and is held (``KeyHolding``) ends it when it is let go.
    ``O`` alone takes its in point where the clip before ended. Esc backs out of one thing at a
    time: a drag, the open clip, the points, the selection. While it plays, the selection is let
    go when the playhead leaves the clip, and several clips when it starts to play. Edges always
    stand on frames of the reference stream.
    New clips cover what lay under them in their tier; undo brings it back.
    """

    changed = Signal()  # points, open clip, ghosts
    labels_changed = Signal()  # another label set, or other labels in it
    tier_wanted = Signal()  # somebody should be asked for a tier's name
    tier_box_wanted = Signal(str)  # ... for name and rules of this tier, "" for a new one
    point_tier_wanted = Signal()  # ... for those of a new tier of point events
    tracks_wanted = Signal()  # other tracks are to be shown on the timeline
    label_wanted = Signal()  # somebody should be asked for a label
    zoom_wanted = Signal(float)  # magnify the timeline so many times; 0 shows everything

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.others = OtherLabels(session, self)
        self.clips = ClipEditing(self)
        self.tiers = TierEditing(self)
        self.copying = ClipCopying(self)
        self.properties = ClipProperties(self)
        self.selecting = ClipSelecting(self)
        self.jumps = ClipJumps(self)
        self.points = PointPlacing(self)
        self.naming = LabelNaming(self)
        self.holding = KeyHolding(self)
        self._grid: FrameGrid | None = None
        self.mark_in_ns: int | None = None
        self.mark_out_ns: int | None = None
        self.open_clip: OpenClip | None = None
        self.drag: Drag | None = None  # what the mouse pulls
        self._inside = False  # the playhead is over the selected clip
        self.label_sets = LabelSetUse(session, self)
        self.label_sets.changed.connect(self.labels_changed)
        session.closing.connect(self.finish)
        session.recording_changed.connect(self._meet_recording)
        session.history_changed.connect(self._meet_history)
        session.selection_changed.connect(self._meet_selection)
        session.transport.moved.connect(self._follow)
        session.transport.playing_changed.connect(self._meet_playing)
        self.playing = ClipPlaying(self)  # looks at the playhead after ``_follow``
        self.proposals = Proposals(self)
        self._meet_recording()
        self._meet_history()

    def commands(self) -> list[Command]:
        """Everything that can be done with labels, for menus, palette and shortcuts."""
        return label_commands(self)

    # ---- what stands where

    @property
    def grid(self) -> FrameGrid | None:
        """Frames of the reference stream, as it is aligned now; None when there are none."""
        recording = self.session.recording
        reference = None if recording is None else recording.reference
        if reference is None:
            self._grid = None
        elif self._grid is None or self._grid.times_ns is not reference.times_ns:
            self._grid = FrameGrid(reference.times_ns, reference.period_ns)
        return self._grid

    def frame(self) -> int:
        """The frame under the playhead."""
        return 0 if self.grid is None else self.grid.index(self.session.transport.position_ns)

    def color_of(self, name: str) -> str:
        """The label's own colour, else the one that goes with its name."""
        label = self.label_sets.find(name)
        return label_color(name) if label is None else label.color

    @property
    def label_set(self) -> LabelSet:
        """The set that is labelled with."""
        return self.label_sets.label_set

    def labels(self) -> Iterable[Label]:
        return self.label_set.labels

    def label_of_key(self, key: str) -> Label | None:
        """The label that a key stands for."""
        return self.label_set.by_hotkey(key)

    def open_span(self) -> tuple[int, int] | None:
        """[start_ns, end_ns) of the open clip, up to the frame under the playhead."""
        if self.open_clip is None or self.grid is None:
            return None
        start = self.open_clip.start_ns
        return start, max(self.grid.end_of(self.frame()), self.grid.end_of(self.grid.index(start)))

    def writable(self) -> bool:
        """Whether labels can be changed now; says why not."""
        reason = self.clips.why_not()
        if reason:
            self.session.message.emit("warn", reason)
        return not reason

    # ---- in and out points

    def mark_in(self) -> None:
        """The in point: the frame under the playhead is the clip's first."""
        if self.grid is None:
            return
        start = self.grid.start_of(self.frame())
        keep = self.mark_out_ns is not None and self.mark_out_ns > start
        self.set_marks(start, self.mark_out_ns if keep else None)

    def mark_out(self) -> None:
        """The out point: the frame under the playhead is the clip's last."""
        if self.grid is None:
            return
        end = self.grid.end_of(self.frame())
        start = self.mark_in_ns
        if start is None or start >= end:
            start = self.clips.free_from(self.grid.start_of(self.frame()))
        self.set_marks(start, end)

    def mark_range(self, one_ns: int, other_ns: int) -> None:
        """In and out points over every frame between two times."""
        if self.grid is None:
            return
        first, last = sorted((one_ns, other_ns))
        start = self.grid.snap_start(first)
        end = max(self.grid.snap_end(last), self.grid.end_of(self.grid.index(start)))
        self.set_marks(start, end)

    def set_marks(self, mark_in_ns: int | None, mark_out_ns: int | None) -> None:
        self.mark_in_ns, self.mark_out_ns = mark_in_ns, mark_out_ns
        self.changed.emit()

    # ---- label keys

    def press_key(self, key: str) -> None:
        """A key of the keyboard: "1", "A"."""
        if self.holding.echoes(key):
            return
        label = self.label_of_key(key)
        if label is None and self.writable():
            self.session.message.emit("info", f"No label has the key {key.upper()}.")
        elif label is not None:
            before = self.open_clip
            self.press_label(label.name)
            self.holding.press(key, before)

    def press_label(self, which: int | str, at_ns: int | None = None) -> None:
        """Label by name or by place in the label set (0 is the first).

        at_ns: the playhead counts as being there, for a label that took a moment to be named.
        """
        label = self.label_set.labels[which].name if isinstance(which, int) else which
        if not self.writable():
            return
        self.naming.used(label)
        frame = self.frame() if at_ns is None else self.grid.index(at_ns)
        if self.open_clip is not None:
            self._press_while_open(label, frame)
        elif self.mark_in_ns is not None:
            self._label_points(label, frame)
        elif self.proposals.current(at_ns) is not None:
            self.proposals.settle(label, at_ns)
        elif self.points.wanted(frame):
            self.points.place(label, frame)
        elif self.session.selection is not None:
            self.clips.relabel(label)
        else:
            self._begin(label, self.grid.start_of(frame))

    def _begin(self, label: str, start_ns: int) -> None:
        self.open_clip = OpenClip(label, start_ns, self.session.tier_name)
        since = clock_text(start_ns - self.session.transport.start_ns)
        self.session.message.emit(
            "info",
            f"{label} from {since}: the same key ends it, another starts the next clip, "
            "Esc drops it.",
        )
        self.changed.emit()

    def _press_while_open(self, label: str, frame: int) -> None:
        assert self.open_clip is not None  # noqa: S101 - said by the caller
        was, here = self.open_clip, self.grid.start_of(frame)
        if here < was.start_ns or (here == was.start_ns and label != was.label):
            self._begin(label, here)  # gone back, or another key at once: nothing is placed yet
        elif label == was.label:
            self._end(self.grid.end_of(frame))
        elif self._place(was, here):
            self._begin(label, here)

    def finish(self, *_: object) -> None:
        """End the open clip with the frame under the playhead; nothing where none is open."""
        span = self.open_span()
        if span is not None:
            self._end(span[1])

    def enter(self) -> None:
        """End the open clip, else accept the proposal, else copy somebody else's clip."""
        if self.open_clip is not None:
            self.finish()
        elif self.proposals.current() is not None:
            self.proposals.accept()
        else:
            self.copying.take_over()

    def can_enter(self) -> bool:
        open_or_proposed = self.open_clip is not None or self.proposals.current() is not None
        return open_or_proposed or self.clips.foreign_selected()

    def finish_held(self) -> None:
        """The key of the open clip was let go."""
        if self.open_clip is None or self.grid is None:
            return
        if self.grid.start_of(self.frame()) < self.open_clip.start_ns:
            self.session.message.emit(
                "warn",
                "The playhead went back before the clip began, so it is still open: the same key "
                "begins it anew, Esc drops it.",
            )
        else:
            self.finish()

    def _end(self, end_ns: int) -> None:
        was = self.open_clip
        if was is not None and self._place(was, end_ns):
            self.open_clip = None
            self._tell_made(was.label, end_ns - was.start_ns)
            self.changed.emit()

    def _place(self, was: OpenClip, end_ns: int) -> bool:
        return self.clips.place(was.tier, Clip(was.start_ns, end_ns, was.label))

    def _label_points(self, label: str, frame: int) -> None:
        start, end = self.mark_in_ns, self.mark_out_ns
        assert start is not None  # noqa: S101 - said by the caller
        if end is None:
            end = self.grid.end_of(frame)
            if end <= start:
                self.session.message.emit(
                    "warn", "The playhead stands before the in point; press O at the last frame."
                )
                return
        clip = Clip(start, end, label)
        if self.clips.place(self.session.tier_name, clip):
            self._tell_made(label, clip.duration_ns)
            self.set_marks(None, None)
            if not self.session.transport.playing:
                self.session.select(clip.id)

    def _tell_made(self, label: str, duration_ns: int) -> None:
        self.session.message.emit("info", f"{label}, {duration_ns / 1e9:.3f} s")

    def something_to_cancel(self) -> bool:
        """Whether Esc would do anything."""
        marked = self.mark_in_ns is not None or self.mark_out_ns is not None
        pending = self.drag is not None or self.open_clip is not None or marked
        return pending or self.session.selection is not None

    def cancel(self) -> bool:
        """Esc: back out of the innermost thing; False when there was nothing."""
        if self.drag is not None:
            drag, self.drag = self.drag, None
            drag.cancel()
        elif self.open_clip is not None:
            self.open_clip = None
            self.session.message.emit("info", "The open clip was dropped.")
        elif self.mark_in_ns is not None or self.mark_out_ns is not None:
            self.mark_in_ns = self.mark_out_ns = None
        elif self.session.selection is not None:
            self.session.select(None)
        else:
            return False
        self.changed.emit()
        return True

    # ---- undo

    def undo(self) -> None:
        self._step_back("undo")

    def redo(self) -> None:
        self._step_back("redo")

    def _step_back(self, which: str) -> None:
        history = self.session.history
        if history is None or not self.writable():
            return
        decided = self.proposals.is_open(self.session.selection)
        try:
            edit = history.undo() if which == "undo" else history.redo()
        except (HarstudioError, OSError) as error:
            self.session.message.emit("bad", f"Nothing was changed. {error}")
            return
        if edit is not None:
            done = "Undone" if which == "undo" else "Done again"
            if which == "undo":
                self.proposals.go_back(edit)
            elif decided and not self.proposals.is_open(self.session.selection):
                self.session.select(None)
            self.session.message.emit("info", f"{done}: {edit.title}.")

    # ---- what happens elsewhere

    def _meet_recording(self, *_: object) -> None:
        self.open_clip = None
        self.clips.cancel_drag()
        self.set_marks(None, None)

    def _meet_history(self, *_: object) -> None:
        project = self.session.project
        self.label_sets.take(project.label_set if project is not None else LabelSet(""))

    def _follow(self, _position_ns: int) -> None:
        if self.open_clip is not None:
            self.changed.emit()
        was_inside, self._inside = self._inside, self._over_selection()
        if was_inside and not self._inside and self.session.transport.playing:
            self.session.select(None)

    def _meet_playing(self, playing: bool) -> None:
        if playing and len(self.session.selected) > 1:
            self.session.select(None)  # the next label key is not for all of them

    def _meet_selection(self, *_: object) -> None:
        self._inside = self._over_selection()

    def _over_selection(self) -> bool:
        clip = self.clips.selected_anywhere()
        now = self.session.transport.position_ns
        return clip is not None and (
            clip.start_ns <= now < clip.end_ns or clip.start_ns == clip.end_ns == now
        )
