"""A window with nothing but timeline and panels, a recording of any length, and a clock by hand."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QHBoxLayout, QMainWindow, QVBoxLayout, QWidget

from harstudio.labels.editing.edits import AddClip, AddTier, Group
from harstudio.labels.label_sets.label_set import LabelSet
from harstudio.labels.model import Clip, Document
from harstudio.labels.project import Project
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import (
    ArrayReader,
    Body,
    SkeletonFrame,
    SkeletonStream,
    evenly,
)
from harstudio.settings import Settings
from harstudio.studio.commands import CommandTable
from harstudio.studio.labelling.labelling import Labelling
from harstudio.studio.menus import Actions
from harstudio.studio.opening import Opened
from harstudio.studio.panels.clip import ClipPanel
from harstudio.studio.panels.labels import LabelsPanel
from harstudio.studio.session import Session
from harstudio.studio.timeline.rows import NAMES_PX, RULER_PX
from harstudio.studio.timeline.view import Timeline

LABELS = ("wave", "clap", "throw", "cross arms", "shoot", "draw x", "box", "push", "swing",
          "knock", "stand up", "sit down")  # fmt: skip
SECOND_NS = 1_000_000_000
PLAIN = Qt.KeyboardModifier.NoModifier


def moving_recording(frames: int, start_ns: int = 0, rate_hz: float = 30.0) -> Recording:
    """A person of three joints whose hand moves more and more."""
    people = []
    for k in range(frames):
        joints = np.zeros((3, 3), dtype=np.float32)
        joints[:, 2] = 2
        joints[2, 1] = 0.4 * np.sin(k / 4) * abs(np.sin(k / 60))
        people.append(SkeletonFrame((Body("1", joints, np.full(3, 2, dtype=np.uint8)),)))
    stream = SkeletonStream(
        "skeleton", evenly(frames, rate_hz, start_ns), ArrayReader(people),
        topology="made", joints=3, max_bodies=1,
    )  # fmt: skip
    return Recording("moving", "made", Path("moving"), {"skeleton": stream})


def write_document(project: Project, recording: str, annotator: str, clips: list[Clip]) -> None:
    """Labels of somebody else, on the disk."""
    history = project.history(recording, annotator)
    added = [AddClip(annotator, clip) for clip in clips]
    history.do(Group("others", (AddTier(annotator), *added)))
    history.close()


@dataclass
class Bench:
    session: Session
    labelling: Labelling
    project: Project
    window: QMainWindow
    timeline: Timeline
    labels: LabelsPanel
    clip: ClipPanel
    commands: CommandTable
    messages: list[tuple[str, str]]
    now_ns: int = 0
    presses: int = 0

    # ---- the clock and the keyboard

    def clock(self) -> int:
        return self.now_ns

    def pass_time(self, seconds: float) -> None:
        self.now_ns += round(seconds * SECOND_NS)
        self.session.transport.tick()

    def key(self, key: str | Qt.Key, modifiers: Qt.KeyboardModifier = PLAIN) -> None:
        """Press a key of the window, as a person does."""
        code = getattr(Qt.Key, f"Key_{key}") if isinstance(key, str) else key
        self.presses += 1
        QTest.keyClick(self.window, code, modifiers)

    def go(self, frame: int) -> None:
        """The playhead to a frame."""
        self.session.transport.seek(self.labelling.grid.start_of(frame))

    # ---- what there is

    @property
    def document(self) -> Document:
        return self.session.history.document

    def clips(self, tier: str = "alice") -> list[tuple[int, int, str]]:
        """(first frame, last frame, label) of every clip."""
        grid, found = self.labelling.grid, self.document.tier(tier)
        return [
            (grid.first_of(c.start_ns), grid.last_of(c.end_ns), c.label)
            for c in (found.clips if found else [])
        ]

    def clip_at(self, number: int, tier: str = "alice") -> Clip:
        return self.document.tier(tier).clips[number]

    def add(self, *clips: tuple[int, int, str]) -> None:
        """Clips by first frame, last frame and label."""
        grid = self.labelling.grid
        for first, last, label in clips:
            clip = Clip(grid.start_of(first), grid.end_of(last), label)
            assert self.labelling.clips.place(self.session.tier_name, clip)

    def said(self) -> str:
        return self.messages[-1][1] if self.messages else ""

    # ---- the mouse

    def place(self, time_ns: int, row: int = 0) -> QPoint:
        """Where a time stands in a row of the timeline."""
        x = NAMES_PX + self.timeline.scale.x(time_ns)
        found = self.timeline.rows[row]
        return QPoint(round(x), RULER_PX + found.clip_top() + 12)

    def drag(
        self, start: QPoint, end: QPoint, *, release: bool = True,
        modifiers: Qt.KeyboardModifier = PLAIN,
    ) -> None:  # fmt: skip
        view = self.timeline.viewport()
        button = Qt.MouseButton.LeftButton
        QTest.mousePress(view, button, modifiers, start)
        for share in (0.2, 0.6, 1.0):
            move(view, start + (end - start) * share, modifiers)
        if release:
            QTest.mouseRelease(view, button, modifiers, end)

    def show(self, recording: Recording) -> None:
        opened = Opened(recording, self.project, self.project.folder)
        self.session._show(self.session._ticket, opened)


def move(view: QWidget, to: QPoint, modifiers: Qt.KeyboardModifier) -> None:
    """Move the mouse with the left button held; QTest.mouseMove cannot hold one."""
    event = QMouseEvent(
        QMouseEvent.Type.MouseMove, QPointF(to), QPointF(view.mapToGlobal(to)),
        Qt.MouseButton.NoButton, Qt.MouseButton.LeftButton, modifiers,
    )  # fmt: skip
    QApplication.sendEvent(view, event)


def wheel(bench: Bench, notches: int, at: QPoint, modifiers: Qt.KeyboardModifier = PLAIN) -> None:
    """Turn the wheel over the timeline."""
    view = bench.timeline.viewport()
    event = QWheelEvent(
        QPointF(at), QPointF(view.mapToGlobal(at)), QPoint(), QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton, modifiers, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(view, event)


def make_bench(
    folder: Path, recording: Recording, others: dict[str, list[Clip]] | None = None,
    size: tuple[int, int] = (1000, 320),
) -> Bench:  # fmt: skip
    project = Project.create(folder, "bench", label_set=LabelSet.of("bench", list(LABELS)))
    for annotator, clips in (others or {}).items():
        write_document(project, recording.name, annotator, clips)
    window = QMainWindow()
    session = Session(Settings(annotator="alice"), window)
    labelling = Labelling(session, window)
    commands = CommandTable()
    commands.add(*labelling.commands())
    Actions(commands, window, lambda command: None)
    center = QWidget()
    row, column = QHBoxLayout(center), QVBoxLayout()
    timeline = Timeline(session, labelling)
    labels, clip = LabelsPanel(session, labelling), ClipPanel(session, labelling)
    row.addWidget(timeline, 1)
    row.addLayout(column)
    column.addWidget(labels, 1)
    column.addWidget(clip)
    for panel in (labels, clip):
        panel.setFixedWidth(240)
    window.setCentralWidget(center)
    window.resize(*size)
    messages: list[tuple[str, str]] = []
    session.message.connect(lambda level, sentence: messages.append((level, sentence)))
    bench = Bench(session, labelling, project, window, timeline, labels, clip, commands, messages)
    session.transport._now_ns = bench.clock
    bench.show(recording)
    timeline.tracks.wait()
    return bench


def shown(qtbot, bench: Bench) -> Bench:
    """The bench with its window open and listening to keys."""
    qtbot.addWidget(bench.window)
    with qtbot.waitActive(bench.window):
        bench.window.show()
        bench.window.activateWindow()
    bench.window.setFocus()
    return bench
