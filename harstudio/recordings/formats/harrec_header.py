"""The native format's layout on disk and its header, ``recording.json``.

A recording is a folder::

    streams.mkv      pictures and sound, one track a stream, found by its title
    times.jsonl      {"s": track, "i": frame, "t": ns}: exact clocks (the mkv counts milliseconds)
    skeleton.jsonl   {"t", "i", "s", "bodies": [{"id", "topology", "xyz", "state", ...}]}
    imu.jsonl        {"t", "s", "v": [...]}
    recording.json   who, what, streams, cameras, and whether the writer closed it cleanly
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from harstudio.errors import DataError
from harstudio.recordings.recording import Action
from harstudio.recordings.streams import StreamKind
from harstudio.skeletons.cameras import Camera

SUFFIX = ".harrec"
VERSION = 1
HEADER_FILE = "recording.json"
PICTURES_FILE = "streams.mkv"
TIMES_FILE = "times.jsonl"
SKELETON_FILE = "skeleton.jsonl"
INERTIAL_FILE = "imu.jsonl"

PICTURE_KINDS = (StreamKind.COLOR, StreamKind.DEPTH, StreamKind.INFRARED)
TRACK_TITLES = {
    StreamKind.COLOR: "COLOR",
    StreamKind.DEPTH: "DEPTH",
    StreamKind.INFRARED: "IR",
    StreamKind.AUDIO: "AUDIO",
}


@dataclass(frozen=True, slots=True)
class StreamSpec:
    """One stream to be written.

    width, height: pixels of a picture stream. channels: names of an inertial or audio stream's
    channels (audio: one where empty). crf, preset: quality and effort of H.264. codec: ""
    chooses by kind (colour H.264, depth and infrared FFV1, audio FLAC); infrared may take
    "h264", audio "opus" (48, 24, 16, 12 or 8 kHz). dtype: "" is uint8 for colour, uint16 for
    depth and infrared; infrared may be "uint8". key_interval: frames from one key frame to the
    next; 0 is 30 for H.264, 1 for FFV1. lookahead: frames the H.264 encoder may hold back for
    better quality; they are lost when the writer is killed, so 0 for live recording.
    """

    name: str
    kind: StreamKind
    width: int = 0
    height: int = 0
    rate_hz: float = 30.0
    topology: str = ""
    channels: tuple[str, ...] = ()
    sample_rate: int = 0
    crf: int = 23
    codec: str = ""
    dtype: str = ""
    preset: str = "veryfast"
    key_interval: int = 0
    lookahead: int = 0

    @property
    def track(self) -> str:
        """Title of the track in the mkv and in times.jsonl."""
        return TRACK_TITLES.get(self.kind, self.name) if self.name == self.kind else self.name

    @property
    def pixel_dtype(self) -> str:
        """dtype of a picture's values."""
        return self.dtype or ("uint8" if self.kind == StreamKind.COLOR else "uint16")

    @property
    def chosen_codec(self) -> str:
        """The codec that "" stands for."""
        if self.codec:
            return self.codec
        defaults = {StreamKind.COLOR: "h264", StreamKind.AUDIO: "flac"}
        return defaults.get(self.kind, "ffv1")


@dataclass(frozen=True, slots=True)
class StreamHeader:
    """What the header says of one stream. frames, joints and bodies are known after a close."""

    name: str
    kind: StreamKind
    track: str
    rate_hz: float | None = None
    width: int = 0
    height: int = 0
    dtype: str = ""
    topology: str = ""
    channels: tuple[str, ...] = ()
    sample_rate: int = 0
    frames: int = 0
    joints: int = 0
    bodies: int = 0


@dataclass(frozen=True, slots=True)
class Header:
    """The whole of ``recording.json``.

    start_ns: the time at which the mkv counts 0. pictures_bytes: size of a cleanly closed mkv,
    so that a cut one is noticed without reading it.
    """

    name: str
    streams: tuple[StreamHeader, ...]
    subject: int | None = None
    view: int | None = None
    repetition: int | None = None
    action: Action | None = None
    cameras: Mapping[str, Camera] = field(default_factory=dict)
    start_ns: int = 0
    clean_close: bool = False
    pictures_bytes: int = 0
    problems: tuple[str, ...] = ()


def stream_header(spec: StreamSpec) -> StreamHeader:
    """What is known of a stream before its first frame."""
    picture = spec.kind in PICTURE_KINDS
    return StreamHeader(
        name=spec.name,
        kind=spec.kind,
        track=spec.track,
        rate_hz=float(spec.sample_rate) if spec.kind == StreamKind.AUDIO else spec.rate_hz,
        width=spec.width if picture else 0,
        height=spec.height if picture else 0,
        dtype=spec.pixel_dtype if picture else "",
        topology=spec.topology,
        channels=spec.channels,
        sample_rate=spec.sample_rate,
    )


def encode_header(header: Header) -> bytes:
    """The header as JSON text."""
    action = header.action
    document = {
        "format": "harrec",
        "version": VERSION,
        "name": header.name,
        "subject": header.subject,
        "view": header.view,
        "repetition": header.repetition,
        "action": action and {"code": action.code, "label": action.label, "name": action.name},
        "units": {"time": "ns", "depth": "mm", "joints": "m"},
        "start_ns": header.start_ns,
        "clean_close": header.clean_close,
        "pictures_bytes": header.pictures_bytes,
        "streams": [_encode_stream(stream) for stream in header.streams],
        "cameras": {name: encode_camera(camera) for name, camera in header.cameras.items()},
        "problems": list(header.problems),
    }
    return json.dumps(document, indent=1, ensure_ascii=False).encode("utf-8")


def write_header(folder: Path, header: Header) -> None:
    """Replace ``recording.json`` in one step, so that a kill leaves the old one or the new."""
    target = folder / HEADER_FILE
    temporary = target.with_suffix(".json.tmp")
    with temporary.open("wb") as file:
        file.write(encode_header(header))
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(target)


def read_header(path: Path) -> Header:
    """Parse ``recording.json``; DataError naming the file where it cannot be trusted."""
    try:
        document = json.loads(path.read_bytes())
    except OSError as error:
        raise DataError(f"Cannot be read ({error.strerror}).", path=path) from error
    except (ValueError, RecursionError) as error:
        raise DataError("Is damaged: it does not hold JSON.", path=path) from error
    try:
        return _decode_header(document)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise DataError(f"Is not a harrec header ({error}).", path=path) from error


def _encode_stream(stream: StreamHeader) -> dict[str, Any]:
    names = StreamHeader.__slots__
    document = {name: getattr(stream, name) for name in names}
    document["kind"] = str(stream.kind)
    document["channels"] = list(stream.channels)
    always = ("name", "kind", "track", "frames")
    return {key: value for key, value in document.items() if key in always or value}


def _decode_header(document: dict[str, Any]) -> Header:
    if document["format"] != "harrec" or int(document["version"]) > VERSION:
        raise ValueError(f"format {document['format']!r}, version {document['version']}")
    action = document.get("action")
    streams = tuple(_decode_stream(stream) for stream in document["streams"])
    if len({stream.name for stream in streams}) < len(streams):
        raise ValueError("two streams have one name")
    return Header(
        name=str(document["name"]),
        streams=streams,
        subject=_whole(document.get("subject")),
        view=_whole(document.get("view")),
        repetition=_whole(document.get("repetition")),
        action=action and Action(str(action["code"]), int(action["label"]), str(action["name"])),
        cameras={
            str(name): decode_camera(camera) for name, camera in document.get("cameras", {}).items()
        },
        start_ns=int(document.get("start_ns", 0)),
        clean_close=bool(document.get("clean_close", False)),
        pictures_bytes=int(document.get("pictures_bytes", 0)),
        problems=tuple(str(problem) for problem in document.get("problems", ())),
    )


def _decode_stream(document: dict[str, Any]) -> StreamHeader:
    rate = document.get("rate_hz")
    stream = StreamHeader(
        name=str(document["name"]),
        kind=StreamKind(document["kind"]),
        track=str(document.get("track", document["name"])),
        rate_hz=None if rate is None else float(rate),
        width=int(document.get("width", 0)),
        height=int(document.get("height", 0)),
        dtype=str(document.get("dtype", "")),
        topology=str(document.get("topology", "")),
        channels=tuple(str(channel) for channel in document.get("channels", ())),
        sample_rate=int(document.get("sample_rate", 0)),
        frames=int(document.get("frames", 0)),
        joints=int(document.get("joints", 0)),
        bodies=int(document.get("bodies", 0)),
    )
    if stream.rate_hz is not None and not (math.isfinite(stream.rate_hz) and stream.rate_hz > 0):
        return replace(stream, rate_hz=None)
    return stream


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)


_CAMERA_NUMBERS = ("fx", "fy", "cx", "cy", "k1", "k2", "k3", "p1", "p2")


def encode_camera(camera: Camera) -> dict[str, Any]:
    """A camera as builtins."""
    document: dict[str, Any] = {"width": camera.width, "height": camera.height}
    document |= {name: float(getattr(camera, name)) for name in _CAMERA_NUMBERS}
    document["rotation"] = np.asarray(camera.rotation, dtype=np.float64).tolist()
    document["translation"] = np.asarray(camera.translation, dtype=np.float64).tolist()
    return document


def decode_camera(document: Mapping[str, Any]) -> Camera:
    """A camera from builtins; KeyError, TypeError or ValueError where they don't make one."""
    numbers = {name: float(document.get(name, 0.0)) for name in _CAMERA_NUMBERS}
    rotation = _matrix(document.get("rotation", np.eye(3)), (3, 3))
    translation = _matrix(document.get("translation", np.zeros(3)), (3,))
    width, height = int(document["width"]), int(document["height"])
    return Camera(width, height, **numbers, rotation=rotation, translation=translation)


def _matrix(values: Sequence[Any] | np.ndarray, shape: tuple[int, ...]) -> Any:
    matrix = np.asarray(values, dtype=np.float64)
    if matrix.shape != shape:
        raise ValueError(f"a camera has a matrix of shape {matrix.shape}, not {shape}")
    return matrix
