"""The exact index of a media file: which packets it holds, in which order they are shown.

The file is demultiplexed once and nothing is decoded. Packets are numbered in the order in which
they lie in the file; a decoder hands that number through to the picture, so the number names a
picture exactly, whatever the container says about time.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.stream import AudioStream as AvAudioStream
from av.container import InputContainer
from av.stream import Stream as AvStream
from av.video.stream import VideoStream as AvVideoStream
from numpy.typing import NDArray

from harstudio.errors import DataError, MissingError
from harstudio.recordings.streams import SECOND_NS, evenly

# Nothing but real media files: playlists would make FFmpeg open other files and hosts.
FORMATS = "avi,mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,wav,flac,ogg,mpeg,mpegts,asf"
OPEN_OPTIONS = {"format_whitelist": FORMATS, "protocol_whitelist": "file"}
MAX_PIXELS = 1 << 26
DEFAULT_RATE_HZ = 30.0


@dataclass(frozen=True, slots=True, eq=False)
class VideoIndex:
    """One picture track. N packets in file order, T = N frames in the order they are shown.

    shown: (T,) int64, packet number of each frame; None where the container invents its times
    (AVI with B-frames), so that only decoding tells the order. key: (N,) bool. place: (N,) int64
    that tell packets apart after a seek; None where nothing does. seek_pts: (N,) int64 in
    ``time_base``. times_ns: (T,) int64.
    """

    track: int
    title: str
    codec: str
    pix_fmt: str
    width: int
    height: int
    rate_hz: float | None
    time_base: Fraction
    times_ns: NDArray[np.int64]
    shown: NDArray[np.int64] | None
    key: NDArray[np.bool_]
    place: NDArray[np.int64] | None
    seek_dts: NDArray[np.int64]
    seek_pts: NDArray[np.int64]
    declared_frames: int

    def __len__(self) -> int:
        return int(self.times_ns.size)


@dataclass(frozen=True, slots=True)
class AudioIndex:
    """One sound track, from headers and packet times."""

    track: int
    title: str
    codec: str
    sample_rate: int
    channels: int
    start_ns: int
    samples: int


@dataclass(frozen=True, slots=True)
class MediaIndex:
    """All tracks of a file, and sentences about what is not whole."""

    path: Path
    video: tuple[VideoIndex, ...]
    audio: tuple[AudioIndex, ...]
    problems: tuple[str, ...]


def open_media(path: Path) -> InputContainer:
    """Open a file for reading; DataError or MissingError naming it."""
    if not path.is_file():
        raise MissingError("There is no such file.", path=path)
    try:
        return av.open(
            f"file:{path.absolute()}", options=dict(OPEN_OPTIONS), metadata_errors="replace"
        )
    except (av.FFmpegError, ValueError, OSError, MemoryError) as error:
        size = path.stat().st_size
        what = "is empty" if size == 0 else "cannot be read as a video"
        raise DataError(
            f"The file {what}.", path=path, remedy="It may be cut off or damaged; copy it again."
        ) from error


def index_media(path: Path) -> MediaIndex:
    """Read the packets of every picture and sound track once."""
    path = Path(path)
    with open_media(path) as container:
        tracks = {stream.index: _Packets() for stream in _tracks(container)}
        broken = _collect(container, tracks)
        video, audio, problems = [], [], []
        if broken:
            problems.append("The file is damaged; what could be read is shown.")
        for stream in _tracks(container):
            packets = tracks[stream.index]
            if isinstance(stream, AvVideoStream) and len(packets.pts):
                index = _video_index(path, container, stream, packets)
                video.append(index)
                problems += _losses(container, index)
            elif isinstance(stream, AvAudioStream) and len(packets.pts):
                audio += _audio_index(stream, packets)
    return MediaIndex(path, tuple(video), tuple(audio), tuple(dict.fromkeys(problems)))


class _Packets:
    """What is kept of the packets of one track, in file order."""

    def __init__(self) -> None:
        self.pts: list[int | None] = []
        self.dts: list[int | None] = []
        self.place: list[int] = []
        self.key: list[bool] = []
        self.duration: list[int] = []


def _tracks(container: InputContainer) -> list[AvStream]:
    """Pictures and sound that can be decoded; cover pictures are none."""
    wanted = (*container.streams.video, *container.streams.audio)
    cover = int(av.stream.Disposition.attached_pic)
    return [s for s in wanted if s.codec_context is not None and not int(s.disposition) & cover]


def _collect(container: InputContainer, tracks: dict[int, _Packets]) -> bool:
    """Note every packet; True where the file breaks off with an error."""
    streams = [container.streams[index] for index in tracks]
    if not streams:
        return False
    try:
        for packet in container.demux(streams):
            if not packet.size or packet.is_discard:
                continue
            kept = tracks[packet.stream_index]
            kept.pts.append(packet.pts)
            kept.dts.append(packet.dts)
            kept.place.append(-1 if packet.pos is None else packet.pos)
            kept.key.append(packet.is_keyframe)
            kept.duration.append(packet.duration or 0)
    except (av.FFmpegError, ValueError, MemoryError):
        return True
    return False


def _video_index(
    path: Path, container: InputContainer, stream: AvVideoStream, packets: _Packets
) -> VideoIndex:
    context = stream.codec_context
    if not 0 < context.width * context.height <= MAX_PIXELS:
        raise DataError(
            f"Its pictures are {context.width} x {context.height} pixels.",
            path=path,
            remedy="That cannot be shown; the file is damaged or not a recording.",
        )
    count = len(packets.pts)
    base = stream.time_base or Fraction(1, 1000)
    avi = container.format.name == "avi"
    rate = _rate(stream, base if avi else None)
    dts = _filled(packets.dts, packets.pts)
    pts = _filled(packets.pts, packets.dts)
    shown: NDArray[np.int64] | None = np.argsort(pts, kind="stable").astype(np.int64)
    if bool(context.has_b_frames) and avi and bool(np.all(np.diff(pts) > 0)) and count > 1:
        shown = None  # ascending although pictures are reordered: these times are invented
    even = evenly(count, rate or DEFAULT_RATE_HZ)
    times = even if avi else _nanoseconds(np.sort(pts), base)
    key = np.array(packets.key, dtype=np.bool_)
    key[0] = True
    place = np.array(packets.place, dtype=np.int64)
    return VideoIndex(
        track=stream.index,
        title=stream.metadata.get("title", ""),
        codec=context.name,
        pix_fmt=context.pix_fmt or "",
        width=context.width,
        height=context.height,
        rate_hz=rate,
        time_base=base,
        times_ns=times,
        shown=shown,
        key=key,
        place=place if np.unique(place).size == count else None,
        seek_dts=dts,
        seek_pts=pts,
        declared_frames=stream.frames,
    )


def _rate(stream: AvVideoStream, avi_base: Fraction | None) -> float | None:
    """Frames a second by the header; in AVI one tick is one frame."""
    candidates = [None if not avi_base else 1 / avi_base]
    candidates += [stream.average_rate, stream.guessed_rate, stream.base_rate]
    return next((float(rate) for rate in candidates if rate and 0.01 < rate <= 1000), None)


def _filled(times: list[int | None], instead: list[int | None]) -> NDArray[np.int64]:
    """Packet times; where one is lacking the other kind, else one tick after the last."""
    filled = np.empty(len(times), dtype=np.int64)
    last = -1
    for n, (time, other) in enumerate(zip(times, instead, strict=True)):
        chosen = time if time is not None else other
        last = last + 1 if chosen is None else chosen
        filled[n] = last
    return filled


def _nanoseconds(ticks: NDArray[np.int64], base: Fraction) -> NDArray[np.int64]:
    """Exact integers, also where ticks are large; absurd times are held at 100 years."""
    century = 100 * 366 * 86_400 * SECOND_NS
    scaled = [
        min(max((int(t) * base.numerator * SECOND_NS) // base.denominator, -century), century)
        for t in ticks
    ]
    return np.array(scaled, dtype=np.int64)


def _losses(container: InputContainer, index: VideoIndex) -> list[str]:
    """A sentence where the header promises clearly more than the file holds."""
    found, promised = len(index), index.declared_frames
    if found + 2 < promised * 0.98:
        return [f"The video is cut off: {found} of {promised} frames are there."]
    if not promised and container.duration and index.rate_hz:
        seconds = container.duration / av.time_base
        last = (int(index.times_ns[-1]) - int(index.times_ns[0])) / SECOND_NS
        if last + 1.0 < seconds * 0.95:
            return [f"The video is cut off: {last:.1f} of {seconds:.1f} seconds are there."]
    return []


def _audio_index(stream: AvAudioStream, packets: _Packets) -> list[AudioIndex]:
    context = stream.codec_context
    rate, channels = context.sample_rate, context.channels
    base = stream.time_base
    if rate <= 0 or channels <= 0 or not base:
        return []
    pts = _filled(packets.pts, packets.dts)
    start, stop = int(pts.min()), int((pts + np.array(packets.duration)).max())
    samples = round((stop - start) * base * rate)
    # A damaged time must not turn into gigabytes of silence.
    plausible = len(pts) * max(rate, 65_536)
    return [
        AudioIndex(
            track=stream.index,
            title=stream.metadata.get("title", ""),
            codec=context.name,
            sample_rate=rate,
            channels=min(channels, 2),
            start_ns=int(_nanoseconds(np.array([start]), base)[0]),
            samples=min(max(samples, 0), plausible),
        )
    ]
