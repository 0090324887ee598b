"""What a run says about this moment, whether it is right, and what it looked at."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from harstudio.labels.comparing import is_model, same_label
from harstudio.runs.recognised.opinion import Opinion
from harstudio.runs.recognised.words import spoken
from harstudio.studio import theme
from harstudio.studio.buttons import Button
from harstudio.studio.labelling.labelling import Labelling
from harstudio.studio.panes.pane import ElidedLabel
from harstudio.studio.recognition.class_colors import class_colors
from harstudio.studio.recognition.ground_truth import GroundTruth, ground_truth_at
from harstudio.studio.recognition.looked_at import LookedAt
from harstudio.studio.recognition.person_switch import PersonSwitch
from harstudio.studio.recognition.ranking import Ranked, Ranking, percent
from harstudio.studio.recognition.recogniser import Recogniser
from harstudio.studio.recognition.run_choice import in_words
from harstudio.studio.session import Session
from harstudio.studio.timecode import clock_text

RANKED = 5
BUTTON_PAD_PX = 28
EMPTY = (
    "Ask a trained run what is done here. Its labels, how sure it is and what it looked at stand "
    "here and over the pictures."
)


class RecognitionPanel(QWidget):
    """Follows the playhead: the window in whose middle it lies best.

    choose and again are what the two buttons do.
    """

    def __init__(
        self,
        session: Session,
        labelling: Labelling,
        recogniser: Recogniser,
        choose: Callable[[], None],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("recognition")
        self._session, self._labelling, self._recogniser = session, labelling, recogniser
        self._shown: object = None
        self._alone: list[tuple[QLabel, ElidedLabel, QLabel]] = []
        self._build(choose)
        session.recognition_changed.connect(self._meet)
        session.recording_changed.connect(self._refresh)
        session.transport.moved.connect(self._follow)
        session.document_changed.connect(self._refresh)
        session.history_changed.connect(self._refresh)
        labelling.labels_changed.connect(self._refresh)
        labelling.others.changed.connect(self._refresh)
        recogniser.changed.connect(self._show_work)
        theme.theme_events.changed.connect(self._refresh)
        self.looked_at.class_chosen.connect(recogniser.explain)
        self._meet()

    # ---- building

    def _build(self, choose: Callable[[], None]) -> None:
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        scroll = QScrollArea()
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        inside = QWidget()
        inside.setMinimumWidth(0)
        inside.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        scroll.setWidget(inside)
        outer.addWidget(scroll)
        column = QVBoxLayout(inside)
        column.setContentsMargins(14, 8, 14, 12)
        column.setSpacing(8)
        self.title = Title()
        column.addWidget(self.title)
        column.addWidget(self._build_work(choose))
        self._said = QWidget()
        column.addWidget(self._said)
        self._build_said(QVBoxLayout(self._said))
        column.addStretch(1)

    def _build_work(self, choose: Callable[[], None]) -> QWidget:
        """Progress, problems and what can be done."""
        work = QWidget()
        column = QVBoxLayout(work)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        self.empty = _quiet(EMPTY)
        self.empty.setWordWrap(True)
        self.trouble = QLabel()
        self.trouble.setWordWrap(True)
        self.trouble.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.progress_words = _quiet("")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.stop = Button("Cancel")
        self.stop.clicked.connect(self._recogniser.stop)
        self._busy = QWidget()
        busy = QVBoxLayout(self._busy)
        busy.setContentsMargins(0, 0, 0, 0)
        busy.setSpacing(6)
        busy.addWidget(self.progress_words)
        line = QHBoxLayout()
        line.addWidget(self.bar, 1)
        line.addWidget(self.stop)
        busy.addLayout(line)
        self.again = ElidedButton()
        self.again.setProperty("primary", True)
        self.again.clicked.connect(self._recogniser.recognise_again)
        self.choose = Button("Recognise…")
        self.choose.clicked.connect(choose)
        for button in (self.again, self.choose, self.stop):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        for widget in (self.empty, self.trouble, self._busy, self.again, self.choose):
            column.addWidget(widget)
        return work

    def _build_said(self, column: QVBoxLayout) -> None:
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        head = QHBoxLayout()
        head.setSpacing(8)
        self.label, self.sure = QLabel(), QLabel()
        self.label.setWordWrap(True)
        self.label.setFont(theme.ui_font(theme.EMPTY_PX, bold=True))
        self.sure.setFont(theme.time_font(theme.EMPTY_PX))
        head.addWidget(self.label, 1)
        head.addWidget(self.sure, 0, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)
        self.verdict = QLabel()
        self.verdict.setWordWrap(True)
        self.ranking = Ranking(RANKED)
        self.where = _quiet("")
        self.where.setFont(theme.time_font(theme.QUIET_PX))
        self.where.setWordWrap(True)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(1, 1)
        self._alone_title = _quiet("Each alone", bold=True)
        self.without = QLabel()
        self.without.setWordWrap(True)
        self.looked_at = LookedAt(self._session)
        self.persons = PersonSwitch(self._session)
        column.addWidget(self.persons)
        column.addLayout(head)
        column.addWidget(self.without)
        column.addWidget(self.verdict)
        column.addWidget(self.ranking)
        column.addWidget(self.where)
        column.addWidget(self._alone_title)
        column.addLayout(self._grid)
        self._sections = QVBoxLayout()
        column.addLayout(self._sections)
        column.addSpacing(4)
        column.addWidget(self.looked_at)

    def add_section(self, section: QWidget) -> None:
        """A part of its own below what each stream says."""
        self._sections.addWidget(section)

    # ---- showing

    def _meet(self, *_: object) -> None:
        recognition = self._session.recognition
        self.looked_at.meet(() if recognition is None else recognition.classes)
        self._refresh()

    def _refresh(self, *_: object) -> None:
        self._shown = None
        self._show_work()
        self._follow(self._session.transport.position_ns)

    def _show_work(self) -> None:
        recogniser, session = self._recogniser, self._session
        record, there = recogniser.record, session.recognition is not None
        run = recogniser.run if there else None
        self.title.say("Recognition" if run is None else f"Recognition · {run.name}")
        self.title.setToolTip("" if run is None else str(run))
        self._said.setVisible(there)
        self.empty.setVisible(not there and record is None)
        self.empty.setText(EMPTY if session.recording is not None else "Open a recording first.")
        trouble, tone = recogniser.problem, "bad"
        if not trouble:
            trouble, tone = recogniser.stale, "warn"
        self.trouble.setVisible(bool(trouble))
        self.trouble.setText(session.team.shown(trouble))
        self.trouble.setStyleSheet(f"color: {getattr(theme.current(), tone)};")
        self._busy.setVisible(record is not None)
        if record is not None:
            known = record.total > 0
            self.bar.setRange(0, 1000 if known else 0)
            self.bar.setValue(round(1000 * record.done / record.total) if known else 0)
            waits = record.state in ("queued", "starting")
            self.progress_words.setText(
                "starting" if waits else session.team.shown(record.text) or record.title
            )
        last = recogniser.last_run
        idle = record is None and session.recording is not None
        asked_before = last is not None and (not there or bool(trouble))
        self.again.setVisible(idle and asked_before)
        self.again.say("" if last is None else f"Recognise with {last.name}")
        self.choose.setVisible(idle and (not there or bool(trouble)))
        self.choose.setProperty("primary", not asked_before)
        self.choose.setText("Recognise with another…" if asked_before else "Recognise…")

    def _follow(self, position_ns: int) -> None:
        opinion = self._session.explaining.opinion
        if opinion is None or not self.isVisible():
            return
        self.looked_at.follow(position_ns)
        window = opinion.window_at(position_ns)
        truth = self._truth(position_ns)
        if self._shown != (id(opinion), window, truth):
            self._shown = (id(opinion), window, truth)
            self._show_window(opinion, window, truth)
            self.looked_at.refresh()
            self.looked_at.show_target(self._recogniser.target_of(window))

    def showEvent(self, event: object) -> None:  # noqa: N802
        self._refresh()

    def _truth(self, position_ns: int) -> GroundTruth | None:
        session = self._session
        others = [d for d in self._labelling.others.documents if not is_model(d)]
        return ground_truth_at(
            position_ns, session.document, others, session.recording, session.tier_name
        )

    def _show_window(self, opinion: Opinion, window: int | None, truth: GroundTruth | None) -> None:
        words = without_sentence(opinion)
        self.without.setVisible(bool(words))
        self.without.setText(words)
        self.without.setStyleSheet(f"color: {theme.current().warn};")
        if window is None:
            self.label.setText("says nothing here")
            self.sure.setText("")
            self.ranking.show_rows(())
            self.where.setText("Nobody was seen, or no window reaches here.")
            self._show_alone([])
            self._show_verdict(None, truth, opinion)
            return
        classes = opinion.recognition.classes
        ranked = opinion.ranking(window, RANKED)
        name = classes[ranked[0][0]]
        self.label.setText(name)
        self.sure.setText(f"{percent(ranked[0][1])} %")
        colors = class_colors(classes, self._labelling.labels())
        self.ranking.show_rows([Ranked(classes[k], colors[classes[k]], p) for k, p in ranked])
        start = self._session.transport.start_ns
        first, last = opinion.starts[window] - start, opinion.ends[window] - start
        length = (last - first) / 1e9
        count = len(opinion.starts)
        which = f"window {window + 1} of {count}" if count > 1 else "whole recording"
        self.where.setText(f"{which} · {length:.2f} s")
        self.where.setToolTip(f"{clock_text(int(first))} to {clock_text(int(last))}")
        said = opinion.by_stream(window)
        self._show_alone([(stream, classes[k], p) for stream, k, p in said])
        self._show_verdict(name, truth, opinion)

    def _show_verdict(self, said: str | None, truth: GroundTruth | None, opinion: Opinion) -> None:
        tokens = theme.current()
        self.verdict.setVisible(truth is not None)
        if truth is None:
            return
        if said is not None and same_label(said, truth.label):
            words, color = f"✓ right: {truth.source} {truth.label}", tokens.good
        elif not any(same_label(name, truth.label) for name in opinion.recognition.classes):
            words = f"{truth.source} {truth.label}, which this run does not know"
            color = tokens.warn
        elif said is None:
            words, color = f"{truth.source} {truth.label}", tokens.quiet
        else:
            words, color = f"✗ wrong: {truth.source} {truth.label}", tokens.bad
        self.verdict.setText(words)
        self.verdict.setStyleSheet(f"color: {color};")

    def _show_alone(self, rows: list[tuple[str, str, float]]) -> None:
        self._alone_title.setVisible(bool(rows))
        while len(self._alone) < len(rows):
            labels = _quiet(""), ElidedLabel(), QLabel()
            labels[1].setFont(theme.ui_font(theme.QUIET_PX))
            labels[2].setFont(theme.time_font(theme.QUIET_PX))
            labels[2].setAlignment(Qt.AlignmentFlag.AlignRight)
            for column, one in enumerate(labels):
                self._grid.addWidget(one, len(self._alone), column)
            self._alone.append(labels)
        for at, (name, said, figure) in enumerate(self._alone):
            there = at < len(rows)
            for one in (name, said, figure):
                one.setVisible(there)
            if there:
                stream, label, share = rows[at]
                name.setText(spoken(stream))
                said.setText(label)
                figure.setText(percent(share))
                for one in (said, figure):
                    one.setToolTip(f"{stream} alone: {label}, {percent(share)} %")


def without_sentence(opinion: Opinion) -> str:
    """What this recording lacks and who answered without it; "" where nothing is lacking."""
    recognition = opinion.recognition
    if not recognition.without:
        return ""
    streams = recognition.windows[0].by_stream if recognition.windows else {}
    names = [spoken(name).removesuffix(" alone") for name in streams]
    who = f"only {in_words(names, 'and')} answered" if names else "the rest answered"
    return f"This recording has no {in_words(recognition.without, 'and no')}: {who}."


class ElidedButton(Button):
    """Its words are shortened where there is no room; the tool tip has them all."""

    def __init__(self) -> None:
        super().__init__("")
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._whole = ""

    def say(self, text: str) -> None:
        self._whole = text
        self.setToolTip(text)
        self.setAccessibleName(text)
        room = max(60, self.width() - BUTTON_PAD_PX)
        self.setText(self.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, room))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self.say(self._whole)


class Title(QLabel):
    """A bold quiet line that is shortened where there is no room."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("quiet", True)
        self.setFont(theme.ui_font(theme.QUIET_PX, bold=True))
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._whole = ""

    def say(self, text: str) -> None:
        """Show this, as much of it as fits."""
        self._whole = text
        elide = Qt.TextElideMode.ElideRight
        self.setText(self.fontMetrics().elidedText(text, elide, max(60, self.width())))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self.say(self._whole)


def _quiet(text: str, *, bold: bool = False) -> QLabel:
    label = QLabel(text)
    label.setProperty("quiet", True)
    label.setFont(theme.ui_font(theme.QUIET_PX, bold=bold))
    return label
