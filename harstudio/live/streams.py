"""One live stream: what it is, and the ring that its frames go through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from harstudio.errors import DataError, UsageError
from harstudio.live.packing import MOST_BYTES, pack_skeleton, unpack_skeleton
from harstudio.live.ring import Ring, RingFrame
from harstudio.recordings.formats.harrec_header import (
    PICTURE_KINDS,
    StreamSpec,
    decode_camera,
    encode_camera,
)
from harstudio.recordings.streams import SkeletonFrame, StreamKind
from harstudio.skeletons.cameras import Camera

PICTURE_BYTES = 256 << 20  # of one ring
MOST_SLOTS, LEAST_SLOTS = 64, 8
SIGNAL_SLOTS = 512
SOUND_BYTES = 64 << 10  # one block of sound


class LiveFrame(NamedTuple):
    """One frame of a live stream; times as in ``RingFrame``.

    data: (H, W, 3) uint8 RGB, (H, W) uint16 mm, SkeletonFrame, (channels,) float32 or, sound,
    (n, channels) int16.
    """

    sequence: int
    time_ns: int
    captured_ns: int
    ready_ns: int
    data: Any


class LiveStream:
    """Frames of one sensor as they come. The process that creates it owns the memory."""

    def __init__(self, spec: StreamSpec, ring: Ring) -> None:
        self.spec, self.ring = spec, ring

    @classmethod
    def create(cls, spec: StreamSpec) -> LiveStream:
        """With a ring of about two seconds of pictures, ``PICTURE_BYTES`` at most."""
        size = _most_bytes(spec)
        slots = SIGNAL_SLOTS
        if spec.kind in PICTURE_KINDS:
            slots = min(MOST_SLOTS, max(LEAST_SLOTS, PICTURE_BYTES // size))
        return cls(spec, Ring.create(slots, size))

    def put(self, data: Any, time_ns: int, captured_ns: int) -> int:
        """Put a frame in; its number. UsageError where it does not fit the stream."""
        if isinstance(data, SkeletonFrame):
            return self.ring.write(pack_skeleton(data), time_ns, captured_ns)
        spec = self.spec
        array = np.asarray(data)
        if spec.kind in PICTURE_KINDS:
            shape = (spec.height, spec.width) + ((3,) if spec.kind == StreamKind.COLOR else ())
            if array.shape != shape or array.dtype != np.dtype(spec.pixel_dtype):
                raise UsageError(
                    f"Stream {spec.name} takes pictures of {shape}, {spec.pixel_dtype}, not "
                    f"{array.shape}, {array.dtype}."
                )
        elif spec.kind == StreamKind.INERTIAL:
            array = array.astype(np.float32)
        elif spec.kind == StreamKind.AUDIO:
            array = array.astype(np.int16)
        return self.ring.write(array, time_ns, captured_ns)

    def newest(self) -> int:
        """Number of the newest frame, -1 before the first."""
        return self.ring.newest()

    def read(self, sequence: int) -> LiveFrame | None:
        """The frame with this number; None where it is not there yet or no more."""
        found = self.ring.read(sequence)
        return None if found is None else LiveFrame(*found[:4], self._data(found))

    def close(self) -> None:
        self.ring.close()

    def to_payload(self) -> dict[str, Any]:
        """What another process needs to read it; builtins."""
        return {"spec": spec_to_payload(self.spec), "ring": self.ring.address}

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> LiveStream:
        """The stream of another process; DataError where it is gone."""
        return cls(spec_from_payload(payload["spec"]), Ring.attach(payload["ring"]))

    def _data(self, found: RingFrame) -> Any:
        spec = self.spec
        if spec.kind == StreamKind.SKELETON:
            return unpack_skeleton(found.data)
        if spec.kind == StreamKind.INERTIAL:
            return found.data.view(np.float32)
        if spec.kind == StreamKind.AUDIO:
            return found.data.view(np.int16).reshape(-1, max(1, len(spec.channels)))
        pixels: NDArray[Any] = found.data.view(spec.pixel_dtype)
        if spec.kind == StreamKind.COLOR:
            return pixels.reshape(spec.height, spec.width, 3)
        return pixels.reshape(spec.height, spec.width)


def spec_to_payload(spec: StreamSpec) -> dict[str, Any]:
    """Builtins."""
    return {**asdict(spec), "kind": str(spec.kind), "channels": list(spec.channels)}


def spec_from_payload(payload: Mapping[str, Any]) -> StreamSpec:
    """The reverse of ``spec_to_payload``; DataError where it is none."""
    try:
        values = dict(payload)
        values["kind"] = StreamKind(values["kind"])
        values["channels"] = tuple(values.get("channels", ()))
        return StreamSpec(**values)
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"This describes no stream ({error}).") from error


def cameras_to_payload(cameras: Mapping[str, Camera]) -> dict[str, Any]:
    """Builtins, by the name of the picture stream."""
    return {name: encode_camera(camera) for name, camera in cameras.items()}


def cameras_from_payload(payload: Mapping[str, Any]) -> dict[str, Camera]:
    """The reverse of ``cameras_to_payload``."""
    return {name: decode_camera(camera) for name, camera in payload.items()}


def _most_bytes(spec: StreamSpec) -> int:
    if spec.kind in PICTURE_KINDS:
        channels = 3 if spec.kind == StreamKind.COLOR else 1
        return spec.width * spec.height * channels * np.dtype(spec.pixel_dtype).itemsize
    if spec.kind == StreamKind.SKELETON:
        return MOST_BYTES
    if spec.kind == StreamKind.AUDIO:
        return SOUND_BYTES
    return 4 * max(1, len(spec.channels))
