"""A live session as it stands on the screen for visitors: its newest picture, its newest words."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import replace
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer, Signal

from harstudio.errors import DataError
from harstudio.recordings.projection import shares_pixels
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import PictureStream, SkeletonStream, StreamKind
from harstudio.runs.recognised.patches import moved_weights
from harstudio.runs.recognised.words import spoken
from harstudio.studio.demo_mode.doing import NOTHING_KNOWN
from harstudio.studio.demo_mode.shown import (
    MOST_JUST_NOW,
    MOST_RANKED,
    Figure,
    Mirror,
    Scene,
    Shown,
)
from harstudio.studio.live.preflight.positioning import place_now
from harstudio.studio.live.service import LiveService
from harstudio.studio.live.told import Said
from harstudio.studio.looks import DEFAULT_DEPTH_MM
from harstudio.studio.panes.depth import depth_colors
from harstudio.studio.panes.infrared import stretch
from harstudio.studio.panes.overlays import SkeletonOverlay

AWAY_NS = 5_000_000_000  # nobody was seen for so long: the idle screen
SILENT_NS = 2_000_000_000  # what was said so long ago is over
ADVICE_NS, KEPT_NS = 900_000_000, 1_600_000_000  # before it is asked; so long it then stays
READ_NS = 3_000_000_000  # a label stays so long after the movement
LASTS_NS = 3_000_000_000  # a stage that died is there again before that, and nobody need know
LOOK_MS, MEASURED = 200, 60
PICTURES = (StreamKind.COLOR, StreamKind.DEPTH, StreamKind.INFRARED)
LOST = ("lost", "busy", "wrong mode", "ended")


class Showing(QObject):
    """Follows a ``LiveService`` while it is ``on``; the words are told when they are others."""

    words = Signal(object)  # Shown
    picture = Signal(object)  # Mirror

    def __init__(
        self, service: LiveService, parent: QObject | None = None, *, recorded: bool = False
    ) -> None:
        super().__init__(parent)
        self._service, self._recorded = service, recorded
        self.shown = Shown(recorded=recorded)
        self.mirror: Mirror | None = None
        self._overlay: tuple[Recording, PictureStream, SkeletonOverlay] | None = None
        self._seen_ns = self._said_ns = 0  # when somebody was seen, when something was said
        self._people = True  # whether skeletons come at all
        self._advice, self._advised_ns = "", 0
        self._move, self._move_ns = "", 0
        self._troubles: dict[str, int] = {}  # by stage, since when
        self._last: Shown | None = None  # with the last label that was known
        self._last_ns = 0
        self._answers_ms: deque[float] = deque(maxlen=MEASURED)
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self._look)

    def begin(self) -> None:
        """Follow from now on."""
        service = self._service
        service.viewing.followed.connect(self._draw)
        service.said.connect(self._take)
        service.state_changed.connect(self._look)
        service.heard.connect(self._hear)
        self._seen_ns = time.monotonic_ns()
        self._timer.start()
        self._look()

    def end(self) -> None:
        service = self._service
        service.viewing.followed.disconnect(self._draw)
        service.said.disconnect(self._take)
        service.state_changed.disconnect(self._look)
        service.heard.disconnect(self._hear)
        self._timer.stop()
        self._overlay = self.mirror = None
        self._answers_ms.clear()
        self._last = None

    # ---- state

    @property
    def lost(self) -> bool:
        """Whether nothing comes from the source, and it is not just being opened."""
        told = self._service.told
        gone = told.source.get("state") in LOST
        return gone or "capture" in told.troubles or "session" in told.troubles

    @property
    def runs(self) -> bool:
        """Whether pictures come."""
        return self._service.state == "running" and not self.lost

    def sentence(self) -> str:
        """What is wrong, "" for nothing."""
        told, now = self._service.told, time.monotonic_ns()
        if told.source.get("state") in LOST:
            words = (told.source.get("sentence"), told.source.get("remedy"))
            return " ".join(str(one) for one in words if one)
        self._troubles = {stage: self._troubles.get(stage, now) for stage in told.troubles}
        for stage, failed in told.failed.items():  # without the path: it is for the operator
            if stage in told.troubles:
                words = (failed.get("message") or failed.get("sentence"), failed.get("remedy"))
                return " ".join(str(one) for one in words if one)
        lasting = (k for k, since in self._troubles.items() if now - since > LASTS_NS)
        return next((told.troubles[k] for k in lasting), "")

    # ---- the picture

    def _draw(self) -> None:
        viewing = self._service.viewing
        stream, overlay = self._stream()
        if stream is None or overlay is None or viewing.recording is None:
            return
        index = len(stream) - 1
        try:
            data = stream.frame(index)
        except DataError:  # let go of meanwhile
            return
        time_ns = int(stream.times_ns[index])
        overlay.set_time(time_ns)
        skeleton = overlay.skeleton
        self._people = viewing.recording.of_kind(StreamKind.SKELETON) is not None
        if overlay.figures or not self._people:
            self._seen_ns = time.monotonic_ns()
        explaining = viewing.explaining
        patch = explaining.patch(time_ns)
        if patch is not None and not shares_pixels(viewing.recording, patch.stream, stream.name):
            patch = None
        seats = sorted({person for person, _, _ in overlay.figures})  # one alone is the first
        figures = () if skeleton is None else tuple(
            Figure(seats.index(person), body, points, skeleton.topology,
                   None if patch is not None
                   else self._weights(time_ns, body.id, skeleton.topology))
            for person, body, points in overlay.figures
        )  # fmt: skip
        self.mirror = Mirror(self._colored(stream, data), figures, patch)
        self.picture.emit(self.mirror)
        if self.shown.scene is not Scene.DOING and overlay.figures:
            self._look()  # who steps in is seen at once

    def _weights(self, time_ns: int, body_id: str, on: str) -> NDArray[np.float32] | None:
        """How much each joint counted at its best moment of the newest window: what a network goes
        by is often over when the window ends."""
        found = self._service.viewing.explaining.joint_weights(time_ns)
        if found is None or body_id not in found[0].persons:
            return None
        weights = found[0]
        row = weights.values[:, :, weights.persons.index(body_id)].max(axis=0)
        return moved_weights(row, weights.topology, on)

    def _stream(self) -> tuple[PictureStream | None, SkeletonOverlay | None]:
        """The picture that is shown: colour before depth before infrared."""
        recording = self._service.viewing.recording
        if recording is None:
            return None, None
        found = (recording.of_kind(kind) for kind in PICTURES)
        stream = next((one for one in found if isinstance(one, PictureStream) and len(one)), None)
        if stream is None:
            return None, None
        kept = self._overlay
        skeleton = recording.of_kind(StreamKind.SKELETON)
        comes = isinstance(skeleton, SkeletonStream) and len(skeleton) > 0
        if kept is None or kept[0] is not recording or kept[1] is not stream or (
            comes and kept[2].skeleton is None
        ):  # fmt: skip
            overlay = SkeletonOverlay(recording, stream.name, self._person)
            kept = self._overlay = (recording, stream, overlay)
        return kept[1], kept[2]

    def _person(self, body_id: str) -> int:
        return self._service.viewing.looks.person(body_id)

    def _colored(self, stream: PictureStream, data: NDArray[Any]) -> NDArray[Any]:
        ranges = self._service.viewing.looks.ranges
        if stream.kind is StreamKind.DEPTH:
            near, far = ranges.get(stream.name, DEFAULT_DEPTH_MM)
            return np.take(depth_colors(near, far), data)
        if stream.kind is StreamKind.INFRARED:
            grey = data[..., 0] if data.ndim == 3 else data
            return np.take(stretch(*ranges.get(stream.name, (0, 255))), grey)
        return data

    # ---- the words

    def _hear(self, _stage: str, kind: str, _payload: object) -> None:
        if kind in ("source", "recording", "died", "failed", "ready", "segment"):
            self._look()

    def _take(self, said: Said) -> None:
        self._said_ns = time.monotonic_ns()
        if said.captured_ns:
            self._answers_ms.append((self._said_ns - said.captured_ns) / 1e6)
        self._look()

    def _look(self, *_: object) -> None:
        shown = self._made()
        if shown != self.shown:
            self.shown = shown
            self.words.emit(shown)

    def _made(self) -> Shown:
        service, told, now = self._service, self._service.told, time.monotonic_ns()
        latency = median(self._answers_ms) if self._answers_ms else None
        fps = told.fps_of(self._overlay[1].name) if self._overlay and self.runs else 0.0
        shown = Shown(
            self._scene(now),
            source=self._source(),
            fps=round(fps) if fps else None,
            latency_ms=None if latency is None or not self.runs else round(latency),
            recording_s=self._recorded_s(),
            recorded=self._recorded,
            sentence=self.sentence(),
            classes=service.choice.labels or told.classes,
            move=self._asked(now),
            just_now=self._just_now(),
        )
        if not told.ready or not told.classes:
            return replace(shown, ready=not service.choice.run)
        said = told.said
        if said is None or now - self._said_ns > SILENT_NS:
            return shown
        if said.label < 0 and (not said.moving or not said.person):
            return self._past(shown, now)  # who stands still can read what that was
        top = [(k, round(share, 2)) for k, share in told.top(MOST_RANKED)]
        ranked = tuple((told.classes[k], share) for k, share in top if share)
        shares = tuple((name, round(float(share), 2)) for name, share in said.shares.items())
        known = said.label >= 0
        label = said.name if known else NOTHING_KNOWN
        made = replace(shown, label=label, known=known, ranked=ranked, shares=shares)
        if known:
            self._last, self._last_ns = made, now
        return made

    def _past(self, shown: Shown, now: int) -> Shown:
        """What was done last stays to be read."""
        last = self._last
        if last is None or now - self._last_ns > READ_NS:
            return shown
        return replace(shown, label=last.label, ranked=last.ranked, shares=last.shares, past=True)

    def _scene(self, now: int) -> Scene:
        if self.mirror is None:
            return Scene.STARTING
        if now - self._seen_ns > AWAY_NS and not self._recorded:
            return Scene.IDLE
        return Scene.DOING

    def _source(self) -> str:
        """The source, and what of it decides."""
        told = self._service.told
        names = [spoken(str(name)) for name in told.network.get("modalities") or ()]
        return " · ".join(filter(None, [told.title, " + ".join(dict.fromkeys(names))]))

    def _recorded_s(self) -> float | None:
        told = self._service.told
        return float(int(told.recording.get("seconds") or 0)) if told.is_recording else None

    def _just_now(self) -> tuple[str, ...]:
        """What was done before that which is done now, the newest first."""
        ended = [one for one in self._service.told.segments if not one.open]
        names = [one.name if one.label >= 0 else NOTHING_KNOWN for one in reversed(ended)]
        apart = [name for k, name in enumerate(names) if k == 0 or names[k - 1] != name]
        return tuple(apart[:MOST_JUST_NOW])

    def _asked(self, now: int) -> str:
        """Where to step; asked only when it is so for a while, and then not for a blink. Never
        while an action is told: who is understood stands well, also when crouching or lying."""
        viewing, told = self._service.viewing, self._service.told
        if self._recorded or viewing.recording is None or not self.runs:
            return ""
        fresh = told.person if now - told.person_ns < 1_500_000_000 else None
        place = place_now(viewing.recording, viewing.transport.position_ns, fresh)
        said = told.said
        understood = said is not None and said.label >= 0 and now - self._said_ns < SILENT_NS
        advice = "" if place is None or understood else place.advice
        if advice != self._advice:
            self._advice, self._advised_ns = advice, now
        if advice and now - self._advised_ns >= ADVICE_NS:
            self._move, self._move_ns = advice, now
        elif now - self._move_ns > KEPT_NS or (not advice and now - self._advised_ns > ADVICE_NS):
            self._move = ""
        return self._move
