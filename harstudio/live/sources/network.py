"""A camera on the network: rtsp, or http, udp and tcp with MJPEG or MPEG-TS.

A live stream is shown as it comes, the newest picture first in importance. What has a length is a
file on a server and is paced as a camera.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping

import av
from av.container import InputContainer
from av.video.frame import VideoFrame

from harstudio.errors import HarstudioError
from harstudio.live.sources import public_address
from harstudio.live.sources.inbox import Inbox
from harstudio.live.sources.modes import check_mode
from harstudio.live.sources.pictures import flipped
from harstudio.live.sources.sensor_clock import SensorClock
from harstudio.live.sources.source import Captured, CaptureSettings, SourceEnded, SourceLost
from harstudio.recordings.formats.harrec_header import StreamSpec
from harstudio.recordings.streams import SECOND_NS, StreamKind
from harstudio.recordings.video_index import FORMATS, MAX_PIXELS
from harstudio.skeletons.cameras import Camera

SCHEMES = ("rtsp", "rtsps", "http", "https", "udp", "rtp", "tcp")
OPEN_S, READ_S = 5.0, 3.0
LATE_NS = SECOND_NS // 5
# No playlists: they would make FFmpeg open other files and hosts.
OPTIONS = {
    "protocol_whitelist": "rtsp,rtsps,rtp,srtp,udp,tcp,tls,http,https,httpproxy,crypto",
    "format_whitelist": f"{FORMATS},rtsp,rtp,sdp,mpjpeg,mjpeg,h264,hevc,flv",
    "rtsp_transport": "tcp",
    "flags": "low_delay",
}
AT_ONCE = {"fflags": "nobuffer"}  # of a file on a server FFmpeg would then read nothing


def is_address(text: str) -> bool:
    """Whether this is an address on the network, not a path."""
    scheme, found, _ = text.partition("://")
    return bool(found) and scheme.casefold() in SCHEMES


class NetworkSource:
    """A ``Source`` of colour pictures; a thread decodes. SourceLost: nobody answers."""

    def __init__(self, address: str, settings: CaptureSettings) -> None:
        self.title = public_address(address)
        self.mirrored = settings.mirror is not False
        self.cameras: Mapping[str, Camera] = {}
        self._address, self._loop = address, settings.loop
        self._inbox = Inbox()
        self._clock = SensorClock()
        self._stop = threading.Event()
        self._container = self._open()
        try:
            frames = self._frames()
            first = next(frames, None)
            if first is None:
                raise SourceLost(f"{self.title} gives no pictures.")
            rate = float(self._container.streams.video[0].average_rate or 0)
            rate = rate if 1 <= rate <= 1000 else 0.0
            check_mode(settings, self.title, (first.width, first.height), rate)
        except BaseException:
            self._container.close()
            raise
        self._size = (first.width, first.height)
        self.streams = (
            StreamSpec("color", StreamKind.COLOR, *self._size, rate_hz=rate or 30.0, dtype="uint8"),
        )
        self._thread = threading.Thread(
            target=self._run, args=(frames,), name="network camera", daemon=True
        )
        self._thread.start()

    @property
    def dropped(self) -> Mapping[str, int]:
        return self._inbox.dropped

    def read(self, timeout_s: float) -> list[Captured]:
        """SourceLost: the connection broke; SourceEnded: a file on a server is at its end."""
        return self._inbox.take(timeout_s)

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        self._container.close()

    # ---- inside

    def _open(self) -> InputContainer:
        try:
            web = self._address.casefold().startswith("http")
            options = OPTIONS if web else OPTIONS | AT_ONCE
            return av.open(self._address, options=dict(options), timeout=(OPEN_S, READ_S))
        except (av.FFmpegError, ValueError, OSError) as error:
            raise SourceLost(
                f"{self.title} does not answer ({_reason(error)}).",
                remedy="Check the address, and that the camera is on and in this network.",
            ) from error

    def _frames(self) -> Iterator[VideoFrame]:
        """Pictures until the stream ends; SourceLost where it breaks off."""
        container = self._container
        if not container.streams.video:
            return
        stream = container.streams.video[0]
        stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
        try:
            for packet in container.demux(stream):
                try:
                    yield from packet.decode()
                except (av.FFmpegError, ValueError):
                    self._inbox.dropped["color"] += 1  # damaged on its way
        except (av.FFmpegError, ValueError, OSError) as error:
            raise SourceLost(
                f"{self.title} broke off ({_reason(error)}).", remedy="Check camera and network."
            ) from error

    def _run(self, frames: Iterator[VideoFrame]) -> None:
        try:
            while not self._stop.is_set():
                length = self._container.duration
                self._pass_on(frames, paced=length is not None)
                if self._stop.is_set():
                    return
                if length is None:
                    raise SourceLost(f"{self.title} has stopped.", remedy="Check the camera.")
                if not self._loop:
                    raise SourceEnded(f"{self.title} is at its end.")
                self._container.close()
                self._container = self._open()
                frames = self._frames()
        except HarstudioError as error:
            self._inbox.fail(error)
        except Exception as error:  # noqa: BLE001 -- must not end in silence
            self._inbox.fail(SourceLost(f"{self.title} broke off ({error!r})."))

    def _pass_on(self, frames: Iterator[VideoFrame], *, paced: bool) -> None:
        begun: tuple[int, int] | None = None  # (our time, the stream's)
        for frame in frames:
            if self._stop.is_set():
                return
            now = time.monotonic_ns()
            stamp = None if frame.time is None else round(frame.time * SECOND_NS)
            taken = now
            if stamp is not None and paced:
                begun = begun or (now, stamp)
                taken = begun[0] + stamp - begun[1]
                if now - taken > LATE_NS:  # decoding is too slow: the clock goes on
                    self._inbox.dropped["color"] += 1
                    continue
                self._stop.wait(max(0, taken - now) / SECOND_NS)
                now = time.monotonic_ns()
            elif stamp is not None:
                taken = self._clock.ours("color", stamp, now)
            width, height = self._size
            rgb = frame.to_ndarray(format="rgb24", width=width, height=height)
            self._inbox.put(
                Captured("color", min(taken, now), now, flipped(rgb) if self.mirrored else rgb)
            )


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)
