"""What the panes of the workspace Live look at: a recording that grows, and its newest frame."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from harstudio.errors import DataError
from harstudio.live.growing import GrowingRecording
from harstudio.recordings.cache import FrameCache
from harstudio.recordings.streams import PictureStream
from harstudio.results import JointWeights, Relation
from harstudio.runs.recognised.patches import Frame, Links, Patch, Pointer
from harstudio.studio.live.reading import Arrival, Feed, FrameReader, now_ns
from harstudio.studio.looks import Looks
from harstudio.studio.playback_meter import PlaybackMeter
from harstudio.studio.recognition.explaining import Explaining
from harstudio.studio.transport import Transport
from harstudio.studio.viewing import Viewing

NEVER = -(1 << 62)  # before all windows
STALE_NS = 4_000_000_000  # an explanation of so long ago is not shown any more


class LiveCache(FrameCache):
    """Pictures stand in the growing recording itself; nothing is kept twice."""

    def __init__(self) -> None:
        super().__init__(0)

    def get(self, stream: PictureStream, index: int) -> NDArray[Any] | None:
        try:
            picture: NDArray[Any] = stream.frame(index)
        except DataError:  # let go of
            return None
        return picture

    def holds(self, stream: PictureStream, index: int) -> bool:
        return self.get(stream, index) is not None


class LiveTransport(Transport):
    """Stands at the newest frame. Pausing holds the picture, playing goes on with the newest."""

    held_changed = Signal(bool)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._follows = False
        self._newest_ns: int | None = None
        self.held = False

    @property
    def playing(self) -> bool:
        return self._follows and not self.held

    def follow(self, position_ns: int) -> None:
        """The newest frame is of this time."""
        if self.held:
            self._newest_ns = position_ns  # it came while the picture was being held
            return
        begins, self._follows = not self._follows, True
        self._stop_ns = self._last_ns = max(self._last_ns, position_ns)
        self._position_ns = position_ns
        if begins:
            self.playing_changed.emit(True)
        self.moved.emit(position_ns)

    def leave(self) -> None:
        """Nothing is live any more."""
        self.hold(False)
        if self._follows:
            self._follows = False
            self.playing_changed.emit(False)
        self._start_ns = self._stop_ns = self._last_ns = self._position_ns = 0

    def hold(self, held: bool) -> None:
        """Keep the picture that stands there, or go on with the newest."""
        if held != self.held and (self._follows or not held):
            self.held = held
            self.held_changed.emit(held)
            self.playing_changed.emit(self.playing)
            newest, self._newest_ns = self._newest_ns, None
            if not held and self._follows and newest is not None:
                self.follow(newest)

    def play(self) -> None:
        self.hold(False)

    def pause(self) -> None:
        self.hold(True)

    def seek(self, position_ns: int) -> None:
        if self.held:
            self._position_ns = position_ns
            self.moved.emit(position_ns)


class LiveMeter(PlaybackMeter):
    """Measures from a picture's arrival at this machine to its being painted, frame by frame."""

    def __init__(self, transport: Transport, parent: QObject | None = None) -> None:
        super().__init__(transport, parent)
        self.captured: dict[tuple[str, int], int] = {}  # of (stream, index) that were not painted
        self.measured: Callable[[float], None] = lambda _ms: None

    def painted(self, pane_id: str, index: int) -> None:
        shown = self._shown.get(pane_id)
        if shown is None:
            return
        captured_ns = self.captured.pop((shown.stream.name, index), None)
        if captured_ns:
            self.measured((now_ns() - captured_ns) / 1e6)


class LiveExplaining(Explaining):
    """The newest explanation lies over the newest frame: it is of a window that ended a moment
    ago, and holds until the next one comes. Its times are those of the recording. Squares around
    inputs are not drawn: they change with every window."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.marks_inputs = False

    def toggle_all(self) -> None:
        super().toggle_all()
        self.marks_inputs = False

    def _own(self, time_ns: int) -> int:
        """A time in the explained window; before all windows where that is too long ago."""
        opinion = self.opinion
        if opinion is None or not len(opinion.ends):
            return NEVER
        end = int(opinion.ends[-1])
        return end - 1 if time_ns - end < STALE_NS else NEVER

    def patch(self, time_ns: int) -> Patch | None:
        found = super().patch(self._own(time_ns))
        return None if found is None else replace(found, time_ns=time_ns, until_ns=time_ns + 1)

    def pointer(self, time_ns: int) -> Pointer | None:
        found = super().pointer(self._own(time_ns))
        return None if found is None else replace(found, time_ns=time_ns)

    def inputs(self, time_ns: int) -> tuple[Frame, ...]:
        return tuple(replace(one, time_ns=time_ns) for one in super().inputs(self._own(time_ns)))

    def relation(self, time_ns: int) -> Relation | None:
        return super().relation(self._own(time_ns))

    def links(self, time_ns: int) -> tuple[Links, str] | None:
        return super().links(self._own(time_ns))

    def joint_weights(self, time_ns: int) -> tuple[JointWeights, int] | None:
        return super().joint_weights(self._own(time_ns))


class LiveViewing(Viewing):
    """Shows the newest frame of a session. feed: what there is to read, asked in a thread."""

    followed = Signal()  # a frame came
    measured = Signal(float)  # ms from a picture's arrival to its being painted
    _came = Signal(object)

    def __init__(
        self,
        feed: Callable[[], Feed | None],
        annotator: Callable[[], str],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(LiveTransport(), LiveCache(), parent)
        self.transport: LiveTransport
        self._feed, self._annotator = feed, annotator
        self.explaining.deleteLater()
        self.explaining: LiveExplaining = LiveExplaining(self)
        self.meter.deleteLater()
        self.meter: LiveMeter = LiveMeter(self.transport, self)
        self.meter.measured = self.measured.emit
        self.behind_ns = 0  # what waiting for the skeleton costs
        self._reader: FrameReader | None = None
        self._came.connect(self._take)
        self.transport.held_changed.connect(self._hold)

    @property
    def annotator(self) -> str:
        return self._annotator()

    @property
    def running(self) -> bool:
        return self._reader is not None

    def begin(self) -> None:
        """Follow the session from now on."""
        if self._reader is None:
            self._reader = FrameReader(self._feed, self._came.emit)
            self._reader.start()

    def end(self) -> None:
        """Nothing is read any more when this returns."""
        reader, self._reader = self._reader, None
        if reader is None:
            return
        reader.stop()
        self.transport.leave()
        self.explaining.take(None)
        self.behind_ns = 0
        self.looks = Looks()
        self._put_up(None)

    def _put_up(self, recording: GrowingRecording | None) -> None:
        self.meter.captured.clear()
        self.recording = recording
        self.meter.set_recording(recording)
        self.recording_changed.emit(recording)

    def _hold(self, held: bool) -> None:
        if self._reader is not None:
            self._reader.held = held

    def _take(self, arrival: Arrival) -> None:
        reader = self._reader
        if reader is None:
            return
        try:
            self.behind_ns = arrival.behind_ns
            self._note(arrival.captured_ns)
            if arrival.fresh or self.recording is not arrival.recording:
                self.looks = arrival.looks
                self._position(arrival.time_ns)
                self._put_up(arrival.recording)
                self._note(arrival.captured_ns)
            self.transport.follow(arrival.time_ns)
            self.followed.emit()
        finally:
            reader.drawn()

    def _position(self, time_ns: int) -> None:
        """Before panes ask which frame is now."""
        if not self.transport.held:
            self.transport._position_ns = time_ns

    def _note(self, captured_ns: Mapping[tuple[str, int], int]) -> None:
        captured = self.meter.captured
        captured.update(captured_ns)
        while len(captured) > 64:  # of panes that are hidden
            del captured[next(iter(captured))]
