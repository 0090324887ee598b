"""What Linux tells of its cameras (Video4Linux), without OpenCV: names, rights, modes, who has one.

Asking a camera what it can do (linux/videodev2.h, VIDIOC_QUERYCAP and VIDIOC_ENUM_*) neither
disturbs who uses it nor turns it on.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harstudio.errors import HarstudioError, MissingError
from harstudio.live.sources.modes import mode_text
from harstudio.live.sources.source import SourceBusy, SourceFacts

DEVICES, CLASS = Path("/dev"), Path("/sys/class/video4linux")
CAPTURE, STREAMING, DEVICE_CAPS = 0x1, 0x04000000, 0x80000000
TYPE_CAPTURE = 1
MOST = 64  # formats, sizes, rates: a driver must not keep us
QUERYCAP = struct.Struct("=16s32s32sIII12x")
FORMAT = struct.Struct("=III32sII12x")  # index, type, flags, description, pixel format, code
SIZE = struct.Struct("=III24x8x")  # index, pixel format, type; then a union of sizes
RATE = struct.Struct("=IIIII24x8x")  # index, pixel format, width, height, type; then a union
DISCRETE = 1


def find_cameras() -> list[SourceFacts]:
    """Every camera with its name, its modes, and why it cannot be used."""
    return [facts for device in _devices() if (facts := look_at(device)) is not None]


def look_at(device: Path) -> SourceFacts | None:
    """One device; None where it gives no pictures (metadata, an output)."""
    name = f"webcam:{device.name.removeprefix('video')}"
    title = readable_name(device) or f"Webcam {device.name}"
    try:
        check(device)
        with _opened(device) as handle:
            if not _captures(handle):
                return None
            return SourceFacts(name, title, ("color",), tuple(_modes(handle)))
    except HarstudioError as error:
        reason = error.sentence
    except OSError:
        reason = why_not(device).sentence
    return SourceFacts(name, title, ("color",), available=False, reason=reason)


def readable_name(device: Path) -> str:
    """The name that a camera gives itself; "" where the system has none."""
    try:
        file = CLASS / device.resolve().name / "name"
        text = file.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
    first, _, second = text.partition(": ")  # drivers say "Name: Name"
    return first if second.startswith(first) else text


def check(device: Path) -> None:
    """MissingError: it is not there, or may not be read and written."""
    if not device.exists():
        others = ", ".join(f"webcam:{one.name[5:]}" for one in _devices())
        there = f"There are {others}." if others else "There is no camera at all."
        raise MissingError(
            f"There is no camera {device}.", remedy=f"{there} Plug one in, or choose another."
        )
    if not os.access(device, os.R_OK | os.W_OK):
        raise MissingError(
            f"The camera {device} may not be used by you.",
            remedy='Join the group that owns it ("sudo usermod -aG video $USER") and log in again.',
        )


def why_not(device: Path) -> HarstudioError:
    """Why a camera that is there does not open: who has it, as far as we may see."""
    try:
        check(device)
    except MissingError as error:
        return error
    users = sorted(_users(device))
    by = f" by {', '.join(users)}" if users else " by another program"
    return SourceBusy(
        f"The camera {device} is in use{by}, or does not answer.",
        remedy="Close what uses it; it is tried again each second.",
    )


def _users(device: Path) -> set[str]:
    """Names of the processes that hold a device open, ours left out."""
    users, target = set(), device.resolve()
    for process in Path("/proc").glob("[0-9]*"):
        if process.name == str(os.getpid()):
            continue
        try:
            if any(handle.readlink() == target for handle in (process / "fd").iterdir()):
                users.add((process / "comm").read_text(encoding="utf-8").strip())
        except OSError:
            continue  # it ended, or is not ours to see
    return users


def _devices() -> list[Path]:
    """/dev/video0, /dev/video1, ... as far as they are there."""
    found = [one for one in DEVICES.glob("video*") if one.name[5:].isdecimal()]
    return sorted(found, key=lambda one: int(one.name[5:]))


@contextmanager
def _opened(device: Path) -> Iterator[int]:
    handle = os.open(device, os.O_RDWR | os.O_NONBLOCK)
    try:
        yield handle
    finally:
        os.close(handle)


def _asked(handle: int, number: int, request: bytes) -> bytes:
    """ioctl _IOWR('V', number, ...); OSError where the driver has no (more) answer."""
    import fcntl

    code = 3 << 30 | len(request) << 16 | ord("V") << 8 | number
    return bytes(fcntl.ioctl(handle, code, request))


def _captures(handle: int) -> bool:
    import fcntl

    code = 2 << 30 | QUERYCAP.size << 16 | ord("V") << 8  # _IOR
    told = bytes(fcntl.ioctl(handle, code, bytes(QUERYCAP.size)))
    *_, everything, own = QUERYCAP.unpack(told)
    can = own if everything & DEVICE_CAPS else everything
    return bool(can & CAPTURE and can & STREAMING)


def _modes(handle: int) -> list[str]:
    """Each size with its highest rate, the largest first."""
    best: dict[tuple[int, int], float] = {}
    for pixels in _formats(handle):
        for width, height in _sizes(handle, pixels):
            rate = max(_rates(handle, pixels, width, height), default=0.0)
            best[width, height] = max(best.get((width, height), 0.0), rate)
    largest = sorted(best, key=lambda size: (-size[0] * size[1], size))
    return [mode_text(*size, round(best[size], 2)) for size in largest]


def _formats(handle: int) -> Iterator[int]:
    for index in range(MOST):
        try:
            told = _asked(handle, 2, FORMAT.pack(index, TYPE_CAPTURE, 0, b"", 0, 0))
        except OSError:
            return
        yield FORMAT.unpack(told)[4]


def _sizes(handle: int, pixels: int) -> Iterator[tuple[int, int]]:
    for index in range(MOST):
        try:
            told = _asked(handle, 74, SIZE.pack(index, pixels, 0))
        except OSError:
            return
        if SIZE.unpack(told)[2] != DISCRETE:  # steps: the largest one
            _, most_wide, _, _, most_high, _ = struct.unpack_from("=6I", told, 12)
            yield most_wide, most_high
            return
        width, height = struct.unpack_from("=2I", told, 12)
        yield width, height


def _rates(handle: int, pixels: int, width: int, height: int) -> Iterator[float]:
    for index in range(MOST):
        try:
            told = _asked(handle, 75, RATE.pack(index, pixels, width, height, 0))
        except OSError:
            return
        above, below = struct.unpack_from("=2I", told, 20)  # seconds a frame; steps: the shortest
        if above:
            yield below / above
        if RATE.unpack(told)[4] != DISCRETE:
            return
