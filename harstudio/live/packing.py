"""Skeletons as bytes for a ring: exact, without pickle."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harstudio.errors import DataError
from harstudio.recordings.streams import Body, SkeletonFrame

COUNT = struct.Struct("<H")
BODY = struct.Struct("<HHB")  # bytes of the id, joints, which arrays are there
OPTIONAL = (("depth_px", 2), ("color_px", 2), ("orientations", 4))
MOST_BODIES = 8
MOST_JOINTS = 64
MOST_BYTES = COUNT.size + MOST_BODIES * (BODY.size + 64 + MOST_JOINTS * (12 + 1 + 8 * 4))


def pack_skeleton(frame: SkeletonFrame) -> bytes:
    """All bodies of a frame, ``MOST_BODIES`` at most, with all that they have."""
    bodies = frame.bodies[:MOST_BODIES]
    parts = [COUNT.pack(len(bodies))]
    for body in bodies:
        name = body.id.encode()[:64]
        there = [getattr(body, field) for field, _ in OPTIONAL]
        flags = sum(1 << k for k, values in enumerate(there) if values is not None)
        parts += [BODY.pack(len(name), len(body.joints), flags), name]
        parts += [_bytes(body.joints, np.float32), _bytes(body.tracking, np.uint8)]
        parts += [_bytes(values, np.float32) for values in there if values is not None]
    return b"".join(parts)


def unpack_skeleton(data: bytes | memoryview | NDArray[np.uint8]) -> SkeletonFrame:
    """The reverse of ``pack_skeleton``; DataError where it is none."""
    raw = bytes(data)
    try:
        return _unpacked(raw)
    except (struct.error, ValueError) as error:
        raise DataError("These bytes are no skeleton.") from error


def _unpacked(raw: bytes) -> SkeletonFrame:
    (count,) = COUNT.unpack_from(raw, 0)
    at, bodies = COUNT.size, []
    for _ in range(count):
        length, joints, flags = BODY.unpack_from(raw, at)
        at += BODY.size
        name = raw[at : at + length].decode()
        at += length
        places = np.frombuffer(raw, np.float32, joints * 3, at).reshape(joints, 3)
        at += places.nbytes
        states = np.frombuffer(raw, np.uint8, joints, at)
        at += states.nbytes
        optional: dict[str, Any] = {}
        for k, (field, width) in enumerate(OPTIONAL):
            if flags >> k & 1:
                values = np.frombuffer(raw, np.float32, joints * width, at)
                optional[field] = values.reshape(joints, width)
                at += values.nbytes
        bodies.append(Body(name, places, states, **optional))
    return SkeletonFrame(tuple(bodies))


def _bytes(values: NDArray[Any], dtype: type) -> bytes:
    return np.ascontiguousarray(values, dtype=dtype).tobytes()
