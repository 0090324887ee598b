"""What a network looked at, drawn on pictures of videos as the studio shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from harstudio.errors import UsageError
from harstudio.recordings.overlay.drawing import (
    Canvas,
    draw_box,
    draw_dot,
    draw_line,
    weight_color,
)
from harstudio.recordings.overlay.heat_colors import finer, heat_table, joint_table
from harstudio.recordings.overlay.places import joint_point, strongest_cells
from harstudio.recordings.overlay.words import GROUND, QUIET, Rgb, fitted, tag, text_px, wide, write
from harstudio.recordings.projection import shares_pixels
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import Body, PictureStream
from harstudio.results import Box
from harstudio.runs.recognised.explained import Explained
from harstudio.runs.recognised.legends import LegendWords, joint_words, map_words
from harstudio.runs.recognised.patches import Patch, joint_name
from harstudio.runs.recognised.words import joint_title

POINTER: Rgb = (0x3F, 0xB8, 0xAF)
INPUT: Rgb = (0xF2, 0xF4, 0xF8)
LINE_CELLS = 5


@dataclass(frozen=True, slots=True, eq=False)
class Scale:
    """One bar below the picture: its colours, (256, 3) RGB, both ends, and what it means."""

    colors: NDArray[np.uint8]
    ends: tuple[str, str]
    words: str


class ExplainedBrush:
    """Draws the chosen explanations of a recognition at a time, and says below what they mean.

    stream: the name of the picture that is drawn on, "" for a stage without any. title: of the
    recording, as it may be told.
    """

    def __init__(
        self, recording: Recording, explained: Explained, stream: str, title: str = ""
    ) -> None:
        if explained.opinion is None:
            raise UsageError("There is no recognition to show.")
        self._recording = recording
        self._explained = explained
        self._opinion = explained.opinion
        self._stream = recording.streams.get(stream)
        self._title = title or recording.name
        self._table = heat_table(explained.threshold, explained.opacity).astype(np.float32)
        self._cells: tuple[Patch, NDArray[np.float32]] | None = None

    def _is_here(self, stream: str) -> bool:
        return self._stream is not None and shares_pixels(
            self._recording, stream, self._stream.name
        )

    def _patch(self, time_ns: int) -> Patch | None:
        patch = self._explained.patch(time_ns)
        return patch if patch is not None and self._is_here(patch.stream) else None

    def _strength(self, patch: Patch, time_ns: int) -> float:
        period_ns = self._stream.period_ns if isinstance(self._stream, PictureStream) else 0
        return patch.strength(time_ns, period_ns)

    # ---- on the joints, for the brush that draws the skeleton

    def weights_of(self, time_ns: int, body: Body, topology: str) -> NDArray[np.float32] | None:
        """(V,) in [0, 1], None for no weights."""
        return self._explained.weights_of(time_ns, body.id, topology)

    def links_of(
        self, time_ns: int, body: Body, topology: str
    ) -> tuple[tuple[int, int, float], ...]:
        """Lines between joints, the weakest first."""
        return self._explained.links_of(time_ns, body.id, topology)

    # ---- below the skeleton

    def has_map(self, time_ns: int) -> bool:
        """Whether one lies on the picture."""
        return self._patch(time_ns) is not None

    def draw_map(self, canvas: Canvas, time_ns: int) -> None:
        """The heat map, or where a joint attends."""
        patch = self._patch(time_ns)
        if patch is None:
            return
        if self._cells is None or self._cells[0] is not patch:
            self._cells = patch, self._table[finer(patch.values)]
        cells = self._cells[1]
        box = _placed(canvas, patch.box)
        left, top = max(0, round(box.left)), max(0, round(box.top))
        right = min(canvas.pixels.shape[1], round(box.right))
        bottom = min(canvas.pixels.shape[0], round(box.bottom))
        if right <= left or bottom <= top:
            return
        across = cells.shape[1] / (box.right - box.left)
        down = cells.shape[0] / (box.bottom - box.top)
        matrix = np.array([
            [across, 0, (left - box.left) * across + (across - 1) / 2],
            [0, down, (top - box.top) * down + (down - 1) / 2],
        ])  # fmt: skip
        over = cv2.warpAffine(
            cells, matrix, (right - left, bottom - top),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE,
        )  # fmt: skip
        over = over * np.float32(self._strength(patch, time_ns))
        here = canvas.pixels[top:bottom, left:right]
        here[:] = np.rint(here * (1 - over[..., 3:] / 255) + over[..., 2::-1]).astype(np.uint8)

    # ---- above the skeleton

    def draw_marks(self, canvas: Canvas, time_ns: int) -> None:
        """What inputs were cut out of, lines of a relation, and the square around a joint."""
        size = text_px(canvas.pixels.shape[0])
        for frame in self._explained.inputs(time_ns):
            if self._is_here(frame.stream):
                for cut in frame.cuts:
                    words, side = frame.title(cut), frame.side(cut)
                    away = self._is_away(frame.time_ns, time_ns)
                    self._draw_box(canvas, cut.box, INPUT, words, size, side, away)
        patch = self._patch(time_ns)
        if patch is not None and patch.joint is not None:
            self._draw_relation(canvas, patch)
        pointer = self._explained.pointer(time_ns)
        if pointer is not None and self._is_here(pointer.stream):
            words = joint_title(joint_name(pointer.joint, pointer.topology))
            if pointer.moved_m is not None:
                words = f"{words} moved {pointer.moved_m:.2f} m".strip()
            away = self._is_away(pointer.time_ns, time_ns)
            self._draw_box(canvas, pointer.box, POINTER, words, size, away=away)

    def _is_away(self, seen_ns: int, time_ns: int) -> bool:
        """Whether the picture is of another frame than the one that was seen."""
        period_ns = self._stream.period_ns if isinstance(self._stream, PictureStream) else 0
        return abs(time_ns - seen_ns) > period_ns // 2

    def _draw_box(
        self,
        canvas: Canvas,
        box: Box,
        color: Rgb,
        words: str,
        size: int,
        side: int = 0,
        away: bool = False,
    ) -> None:
        """away: dashed, as it was seen in another frame."""
        placed = _placed(canvas, box)
        corners = placed.left, placed.top, placed.right, placed.bottom
        draw_box(canvas, np.array(corners, dtype=np.float32), color, dashed=away)
        if not words:
            return
        left, top = placed.left, max(placed.top - 1.8 * size, 0)
        if side:
            left = placed.right + 3 if side > 0 else placed.left - wide(words, size) - size
            top = (placed.top + placed.bottom) / 2 - 0.8 * size
        tag(canvas.pixels, words, round(left), round(top), size)

    def _draw_relation(self, canvas: Canvas, patch: Patch) -> None:
        stream = self._stream
        if not isinstance(stream, PictureStream):
            return
        source = joint_point(self._recording, stream, patch)
        if source is None:
            return
        start = canvas.points(source[None].astype(np.float32))[0]
        for (x, y), weight in strongest_cells(patch, self._explained.threshold, LINE_CELLS):
            end = np.array([x, y], dtype=np.float32) * canvas.scale
            color = weight_color(weight)
            draw_line(canvas, start, end, color, canvas.size(2 + weight))
            draw_dot(canvas, end, color, size=0.8)
        draw_dot(canvas, start, INPUT, hollow=True, size=1.6)

    # ---- below the picture

    def foot_height(self, canvas_height: int) -> int:
        """Pixels of the strip below the picture, the same for every frame."""
        line = _line_px(text_px(canvas_height))
        lines = 1 + bool(self._explained.on_picture) + bool(self._explained.on_joints)
        return -(-(lines * line + line // 2) // 2) * 2

    def foot(self, width: int, canvas_height: int, time_ns: int) -> NDArray[np.uint8]:
        """(h, width, 3): what it is said to be, and a bar with its words for each kind."""
        size = text_px(canvas_height)
        strip = np.empty((self.foot_height(canvas_height), width, 3), dtype=np.uint8)
        strip[:] = GROUND
        line, pad = _line_px(size), size // 2
        y = line // 4
        said = self._said(time_ns)
        write(strip, fitted(said, size, width - 2 * pad), pad, y, size)
        left = pad + wide(said, size) + size
        names = f"{self._title} · {self._opinion.recognition.network}"
        rest = fitted(names, size, width - pad - left) if left < width - 4 * size else ""
        write(strip, rest, left, y, size, QUIET)
        for scale in self._scales(time_ns):
            y += line
            _draw_scale(strip, scale, y, size)
        return strip

    def _said(self, time_ns: int) -> str:
        """The class of the window at a time, with its confidence."""
        window = self._opinion.window_at(time_ns)
        if window is None:
            return "no opinion"
        ((label, share),) = self._opinion.ranking(window, 1)
        return f"{self._opinion.recognition.classes[label]} {share:.0%}"

    def _scales(self, time_ns: int) -> list[Scale]:
        """What the colours at a time mean: of the map, then of the joints."""
        found = []
        patch = self._patch(time_ns)
        if patch is not None:
            found.append(_scale(self._table[:, 2::-1], map_words(patch)))
        joints = joint_words(self._explained, time_ns)
        if joints is not None:
            found.append(_scale(joint_table()[:, 2::-1], joints))
        return found


def _placed(canvas: Canvas, box: Box) -> Box:
    """A box in pixels of the stream -> on the canvas; pixel k covers [k, k + 1)."""
    scale = canvas.scale
    return Box(box.left * scale, box.top * scale, box.right * scale, box.bottom * scale)


def _line_px(size: int) -> int:
    return round(size * 1.6)


def _scale(colors: NDArray[Any], told: LegendWords) -> Scale:
    words = f"{told.words} · {told.note}" if told.note else told.words
    return Scale(np.rint(colors).astype(np.uint8), told.ends, words)


def _draw_scale(strip: NDArray[np.uint8], scale: Scale, y: int, size: int) -> None:
    pad, gap = size // 2, size // 2
    less, more = scale.ends
    write(strip, less, pad, y, size, QUIET)
    left = pad + wide(less, size) + gap
    across, tall = 7 * size, max(4, size // 2)
    top = y + (round(size * 1.3) - tall) // 2
    bar = cv2.resize(scale.colors[None], (across, tall), interpolation=cv2.INTER_LINEAR)
    room = strip[top : top + tall, left : left + across]
    room[:] = bar[: room.shape[0], : room.shape[1]]
    left += across + gap
    write(strip, more, left, y, size, QUIET)
    left += wide(more, size) + 2 * gap
    write(strip, fitted(scale.words, size, strip.shape[1] - pad - left), left, y, size)
