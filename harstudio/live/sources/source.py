"""What every source of live frames is: opened, read again and again, closed.

A source lives in a capture process of its own, because some drivers call ``exit``. Frames are a
mirror image of the scene, as Kinect gives them: the person's left lies on the left of the picture.
Times are of ``time.monotonic_ns``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from harstudio.errors import DataError
from harstudio.recordings.formats.harrec_header import StreamSpec
from harstudio.skeletons.cameras import Camera


class SourceLost(DataError):  # noqa: N818 -- states, as people call them
    """The sensor gives nothing any more (unplugged); opening it again may help."""


class SourceBusy(DataError):  # noqa: N818 -- states, as people call them
    """Another program has the sensor; opening it again later may help."""


class SourceEnded(DataError):  # noqa: N818 -- states, as people call them
    """A file or replay is at its end."""


class WrongMode(DataError):  # noqa: N818 -- states, as people call them
    """The sensor does not give the size or rate that was asked for.

    nearest: settings that it does give; None where none will do.
    """

    def __init__(
        self,
        message: str,
        *,
        path: Path | str | None = None,
        remedy: str = "",
        nearest: CaptureSettings | None = None,
    ) -> None:
        super().__init__(message, path=path, remedy=remedy)
        self.nearest = nearest


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """A source that can be chosen, or why it cannot.

    name: as ``harstudio live --source`` takes it. kinds: of the streams that it gives. modes: in
    words ("1280x720 at 30 fps"). reason: why it is not available, and what to do.
    """

    name: str
    title: str
    kinds: tuple[str, ...] = ()
    modes: tuple[str, ...] = ()
    available: bool = True
    reason: str = ""

    def to_payload(self) -> dict[str, Any]:
        """Builtins."""
        return {**asdict(self), "kinds": list(self.kinds), "modes": list(self.modes)}

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> SourceFacts:
        """The reverse of ``to_payload``."""
        told = {key: payload[key] for key in ("name", "title", "available", "reason")}
        return cls(**told, kinds=tuple(payload["kinds"]), modes=tuple(payload["modes"]))


@dataclass(frozen=True, slots=True)
class CaptureSettings:
    """How a source is to be opened; 0 and None leave it to the source.

    width, height, fps: of the colour picture. mirror: flip pictures so that they are a mirror
    image. loop: begin again at the end of a file or replay. jitter_ms, drop, drift_ppm, seed: of a
    replay: how much later frames come than due (standard deviation), the share of frames that are
    lost, how much faster the sensor's clock runs, and the seed of what is drawn.
    """

    width: int = 0
    height: int = 0
    fps: float = 0.0
    mirror: bool | None = None
    loop: bool = False
    jitter_ms: float = 0.0
    drop: float = 0.0
    drift_ppm: float = 0.0
    seed: int = 0

    def to_payload(self) -> dict[str, Any]:
        """Builtins."""
        return asdict(self)


class Captured(NamedTuple):
    """One frame. time_ns: the sensor's time on our clock; captured_ns: when it reached us. data:
    as ``LiveFrame.data``."""

    stream: str
    time_ns: int
    captured_ns: int
    data: Any


class Source(Protocol):
    """An open source.

    streams: what it gives. cameras: by picture stream, in the depth camera's frame. mirrored:
    whether its pictures are a mirror image. title: for people. dropped: frames by stream that came
    but could not be given, because nobody took them in time or they were damaged.
    """

    @property
    def title(self) -> str: ...
    @property
    def streams(self) -> tuple[StreamSpec, ...]: ...
    @property
    def cameras(self) -> Mapping[str, Camera]: ...
    @property
    def mirrored(self) -> bool: ...
    @property
    def dropped(self) -> Mapping[str, int]: ...

    def read(self, timeout_s: float) -> list[Captured]:
        """The frames that came since, in order; waits for the first at most so long. SourceLost,
        SourceEnded: there are no more."""
        ...

    def close(self) -> None:
        """Let go of the sensor."""
        ...
