"""Small pictures of recordings, made in a worker thread and kept on disk."""

from __future__ import annotations

import hashlib
import logging
import threading
from collections import OrderedDict, deque
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QImage, QPainter, QPen

from harstudio.recordings.faces import FaceMask
from harstudio.recordings.formats import open_recording
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import StreamKind
from harstudio.settings import data_dir
from harstudio.skeletons.topology import topology
from harstudio.studio.theme import DARK

logger = logging.getLogger(__name__)

WIDTH, HEIGHT = 88, 66  # twice what the list shows, for dense screens
IN_MEMORY = 4000
WAITING = 64
PICTURES = (StreamKind.COLOR, StreamKind.DEPTH, StreamKind.INFRARED)


class Thumbnails(QObject):
    """Pictures by path; what is asked for last is made first."""

    ready = Signal(str)  # path

    def __init__(self, parent: QObject | None = None, folder: Path | None = None) -> None:
        super().__init__(parent)
        self._folder = folder or data_dir() / "thumbnails"
        self._made: OrderedDict[str, QImage] = OrderedDict()
        self._waiting: deque[Path] = deque(maxlen=WAITING)
        self._changed = threading.Condition()
        self._closed = False
        self._hidden_faces = False
        self._thread: threading.Thread | None = None

    def get(self, path: Path) -> QImage | None:
        """The picture, or None while it is being made; a null image where there is none."""
        key = str(path)
        with self._changed:
            if key in self._made:
                self._made.move_to_end(key)
                return self._made[key]
            if self._closed:
                return None
            if path in self._waiting:
                self._waiting.remove(path)
            self._waiting.append(path)
            self._changed.notify()
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._work, name="harstudio-thumbnails", daemon=True
                )
                self._thread.start()
        return None

    def hide_faces(self, hidden: bool) -> None:
        """Whether faces are hidden in what is given from now on; nothing else is given then."""
        with self._changed:
            if hidden != self._hidden_faces:
                self._hidden_faces = hidden
                self._made.clear()
                self._waiting.clear()

    def close(self) -> None:
        """End the thread; pictures that wait are not made."""
        with self._changed:
            self._closed = True
            self._waiting.clear()
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(10)
            self._thread = None

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._waiting and not self._closed:
                    self._changed.wait()
                if self._closed:
                    return
                path, hidden = self._waiting.pop(), self._hidden_faces
            image = self._load_or_make(path, hidden)
            with self._changed:
                if hidden != self._hidden_faces:
                    continue
                self._made[str(path)] = image
                while len(self._made) > IN_MEMORY:
                    self._made.popitem(last=False)
                if self._closed:
                    return
            try:
                self.ready.emit(str(path))
            except RuntimeError:  # the library went away meanwhile
                return

    def _load_or_make(self, path: Path, hidden_faces: bool) -> QImage:
        try:
            ending = "-faces-hidden.png" if hidden_faces else ".png"
            file = self._folder / f"{_fingerprint(path)}{ending}"
            if file.is_file():
                kept = QImage(str(file))
                if not kept.isNull():
                    return kept
            with open_recording(path) as recording:
                image = thumbnail(recording, hide_faces=hidden_faces)
            self._folder.mkdir(parents=True, exist_ok=True)
            if not image.isNull():
                image.save(str(file))
        except Exception as error:  # noqa: BLE001 - no picture is no reason to stop the list
            logger.info("no thumbnail of %s: %s", path, error)
            return QImage()
        return image


def _fingerprint(path: Path) -> str:
    stat = path.stat()
    told = f"{path.resolve()}|{stat.st_mtime_ns}|{stat.st_size}|{WIDTH}x{HEIGHT}|1"
    return hashlib.sha256(told.encode()).hexdigest()[:32]


def thumbnail(recording: Recording, *, hide_faces: bool = False) -> QImage:
    """The middle frame, WIDTH x HEIGHT; the skeleton where there are no pictures."""
    for kind in PICTURES:
        stream = recording.of_kind(kind)
        if stream is not None and len(stream):
            middle = len(stream) // 2
            frame = stream.frame(middle)
            if hide_faces:
                mask = FaceMask(recording, stream.name)
                frame = mask.masked(frame, int(stream.times_ns[middle]))
            shown = in_colors(frame, kind)
            return _fitted(_cropped(shown, frame > 0) if kind == StreamKind.DEPTH else shown)
    skeleton = recording.of_kind(StreamKind.SKELETON)
    if skeleton is None or not len(skeleton):
        return QImage()
    bodies = skeleton.frame(len(skeleton) // 2).bodies
    return _stick_figure([body.joints for body in bodies], skeleton.topology)


def in_colors(frame: NDArray[np.generic], kind: StreamKind) -> NDArray[np.uint8]:
    """(H, W, 3) uint8; depth in turbo, infrared stretched."""
    import cv2

    if kind == StreamKind.COLOR:
        return np.ascontiguousarray(frame, dtype=np.uint8)
    known = frame[frame > 0]
    low, high = np.percentile(known, (1, 99)) if known.size else (0.0, 1.0)
    grey = np.clip((frame - float(low)) * (255 / max(1.0, float(high - low))), 0, 255)
    grey = grey.astype(np.uint8)
    if kind == StreamKind.INFRARED:
        return np.repeat(grey[:, :, None], 3, axis=2)
    shown = cv2.cvtColor(cv2.applyColorMap(grey, cv2.COLORMAP_TURBO), cv2.COLOR_BGR2RGB)
    shown[frame == 0] = 0
    return shown


def _cropped(shown: NDArray[np.uint8], there: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Around what was measured, when most of the picture is empty."""
    if not there.any() or there.mean() > 0.5:
        return shown
    rows, columns = np.flatnonzero(there.any(axis=1)), np.flatnonzero(there.any(axis=0))
    margin = 8
    return np.ascontiguousarray(
        shown[
            max(0, rows[0] - margin) : rows[-1] + margin,
            max(0, columns[0] - margin) : columns[-1] + margin,
        ]
    )


def _empty() -> QImage:
    image = QImage(WIDTH, HEIGHT, QImage.Format.Format_RGB32)
    image.fill(QColor(DARK.canvas))
    return image


def _fitted(shown: NDArray[np.uint8]) -> QImage:
    import cv2

    height, width = shown.shape[:2]
    scale = min(WIDTH / width, HEIGHT / height)
    if width / height > 1.2:  # a wide picture may lose its sides, a person stands in the middle
        scale = max(WIDTH / width, HEIGHT / height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = np.ascontiguousarray(cv2.resize(shown, size, interpolation=cv2.INTER_AREA))
    picture = QImage(small.data, size[0], size[1], small.strides[0], QImage.Format.Format_RGB888)
    image = _empty()
    painter = QPainter(image)
    painter.drawImage((WIDTH - size[0]) // 2, (HEIGHT - size[1]) // 2, picture)
    painter.end()
    return image


def _stick_figure(people: list[NDArray[np.float32]], topology_name: str) -> QImage:
    """Bones seen from the front, fitted into the picture."""
    image = _empty()
    places = np.concatenate([joints[:, :2] for joints in people]) if people else np.empty((0, 2))
    places = places[np.isfinite(places).all(axis=1)]
    if len(places) < 2:
        return image
    low, high = places.min(axis=0), places.max(axis=0)
    scale = 0.86 * min(WIDTH, HEIGHT) / max(1e-6, float((high - low).max()))
    middle = (low + high) / 2
    skeleton = topology(topology_name)
    colors = {"left": DARK.skeleton_left, "right": DARK.skeleton_right}
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for joints in people:
        x = WIDTH / 2 + (joints[:, 0] - middle[0]) * scale
        y = HEIGHT / 2 - (joints[:, 1] - middle[1]) * scale
        for child, parent in skeleton.bones:
            ends = np.array([x[child], y[child], x[parent], y[parent]])
            if np.isfinite(ends).all():
                color = colors.get(skeleton.sides[child], DARK.skeleton_trunk)
                pen = QPen(QColor(color), 2.4)
                pen.setCapStyle(Qt.PenCapStyle.RoundCap)
                painter.setPen(pen)
                painter.drawLine(*(round(v) for v in ends))
    painter.end()
    return image


def placed(image: QImage, box: QRectF) -> QRectF:
    """Where a picture goes in a box: whole, centred."""
    scale = min(box.width() / image.width(), box.height() / image.height())
    width, height = image.width() * scale, image.height() * scale
    return QRectF(box.center().x() - width / 2, box.center().y() - height / 2, width, height)
