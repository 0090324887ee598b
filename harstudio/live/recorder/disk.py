"""Room on the disk: enough to begin with, told when it gets short, and stopped in time."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

START_BYTES = 1 << 30  # a recording begins only with so much free
STOP_BYTES = 300 << 20  # and ends when no more than this is left
WARN_S = 300.0  # a warning when it would be full so soon


@dataclass(frozen=True, slots=True)
class Room:
    """free_bytes: None where the drive does not tell. seconds_left: at the rate of now, None
    where nothing is written."""

    free_bytes: int | None
    seconds_left: float | None = None
    start_bytes: int = START_BYTES
    stop_bytes: int = STOP_BYTES

    @property
    def may_start(self) -> bool:
        return self.free_bytes is None or self.free_bytes >= self.start_bytes

    @property
    def must_stop(self) -> bool:
        return self.free_bytes is not None and self.free_bytes < self.stop_bytes

    @property
    def is_short(self) -> bool:
        """Whether a person has to be told."""
        soon = self.seconds_left is not None and self.seconds_left < WARN_S
        return soon or not self.may_start

    @property
    def sentence(self) -> str:
        """What to say of it, "" where there is enough."""
        if self.free_bytes is None or not self.is_short:
            return ""
        free = f"{self.free_bytes / 1e9:.1f} GB are free"
        if self.seconds_left is None:
            return f"{free}; a recording begins with {self.start_bytes / 1e9:.1f} GB."
        minutes = self.seconds_left / 60
        left = f"{minutes:.0f} minutes" if minutes >= 2 else f"{self.seconds_left:.0f} seconds"
        return f"{free}; that is enough for {left}."


class DiskGuard:
    """Looks at the drive that a folder lies on, whether the folder is there already or not."""

    def __init__(
        self, folder: Path, start_bytes: int = START_BYTES, stop_bytes: int = STOP_BYTES
    ) -> None:
        self._folder = folder
        self.start_bytes, self.stop_bytes = start_bytes, stop_bytes

    def room(self, bytes_a_second: float = 0.0) -> Room:
        """bytes_a_second: of what is being written."""
        there = next((p for p in (self._folder, *self._folder.parents) if p.exists()), None)
        free: int | None = None
        if there is not None:
            try:
                free = shutil.disk_usage(there).free
            except OSError:
                free = None
        left: float | None = None
        if free is not None and bytes_a_second > 0:
            left = max(0, free - self.stop_bytes) / bytes_a_second
        return Room(free, left, self.start_bytes, self.stop_bytes)
