"""Whether a file looks whole, from its first and last bytes; nothing is decoded.

A scan looks at every file of a dataset in this way, so each look is a few small reads. It finds
files that are empty, cut off or something else than their name says; damage in the middle of a
file is found when it is opened.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from harstudio.errors import DataError
from harstudio.recordings.formats.ntu_skeleton import BODY_VALUES, JOINT_VALUES, JOINTS
from harstudio.recordings.video_index import open_media

HEAD_BYTES = 4096
SKELETON_TAIL_BYTES = 16_384  # one body is 4 to 6 kB
PICTURE_TAIL_BYTES = 4096  # cameras write remarks after the end of a picture
MAX_BOXES = 10_000
PADDING = 1  # not every writer fills a chunk up to even bytes
NAMED = 3  # so many damaged pictures are named
COPY_AGAIN = "It may be cut off or damaged; copy it again."


def look_at_skeleton(path: Path) -> None:
    """DataError where a ``.skeleton`` file does not start with a count and end with a frame."""
    head, tail = _ends(path, SKELETON_TAIL_BYTES)
    first = head.split(b"\n", 1)[0].strip()
    if not (first.isdigit() and len(first) <= 9):
        raise DataError("It does not start with a number of frames.", path=path, remedy=COPY_AGAIN)
    lines = tail.decode("latin-1").split("\n")
    widths = [len(line.split()) for line in lines]
    while widths and not widths[-1]:
        widths.pop()
    last = lines[len(widths) - 1].strip()
    if last == "0" and (len(widths) > 1 or first == b"0"):
        return  # a frame with nobody in it, or no frames
    body = [BODY_VALUES, 1, *[JOINT_VALUES] * JOINTS]
    if widths[-len(body) :] != body:
        raise DataError("The file ends too early.", path=path, remedy=COPY_AGAIN)


def look_at_video(path: Path) -> str:
    """A sentence where a video is cut off; DataError where nothing of it can be shown."""
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            head = file.read(HEAD_BYTES)
            if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
                promised = _avi_end(file)
                plain = b"vids" in head and promised <= size + PADDING
            else:
                promised = _mp4_end(file, size) if head[4:8] == b"ftyp" else 0
                plain = False
    except OSError as error:
        raise DataError(f"Cannot be read ({error.strerror}).", path=path) from error
    if not plain:
        with open_media(path) as container:
            if not container.streams.video:
                raise DataError("There are no pictures in this file.", path=path)
    if promised > size + PADDING:
        return f"The video is cut off: {size} of {promised} bytes are there."
    return ""


def look_at_picture(path: Path) -> None:
    """DataError where a PNG or JPEG file is empty, cut off or something else."""
    head, tail = _ends(path, PICTURE_TAIL_BYTES)
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        whole = b"IEND" in tail
    elif head.startswith(b"\xff\xd8"):
        whole = b"\xff\xd9" in tail
    else:
        raise DataError("This is no PNG or JPEG picture.", path=path, remedy=COPY_AGAIN)
    if not whole:
        raise DataError("The picture is cut off.", path=path, remedy=COPY_AGAIN)


def damaged_pictures(paths: Iterable[Path]) -> str:
    """One sentence that counts the damaged pictures and names the first; none if all are whole."""
    damaged = []
    for path in paths:
        try:
            look_at_picture(path)
        except DataError:
            damaged.append(path.name)
    if not damaged:
        return ""
    more = ", …" if len(damaged) > NAMED else ""
    what = "1 picture is" if len(damaged) == 1 else f"{len(damaged)} pictures are"
    return f"{what} damaged or cut off: {', '.join(damaged[:NAMED])}{more}."


def _ends(path: Path, tail_bytes: int) -> tuple[bytes, bytes]:
    """The first and the last bytes of a file, which may be the same; DataError if it is empty."""
    try:
        with path.open("rb", buffering=0) as file:
            size = os.fstat(file.fileno()).st_size
            head = file.read(HEAD_BYTES if size > tail_bytes else tail_bytes)
            if size > tail_bytes:
                file.seek(size - tail_bytes)
                return head, file.read(tail_bytes)
    except OSError as error:
        raise DataError(f"Cannot be read ({error.strerror}).", path=path) from error
    if not head:
        raise DataError("The file is empty.", path=path, remedy=COPY_AGAIN)
    return head, head


def _avi_end(file: BinaryIO) -> int:
    """Where the last RIFF chunk ends by its header; a recorder that was killed leaves it 0."""
    at = 0
    for _ in range(MAX_BOXES):
        file.seek(at)
        head = file.read(8)
        if len(head) < 8 or head[:4] != b"RIFF":
            return at
        length = int.from_bytes(head[4:], "little")
        at += 8 + length + length % 2
    return at


def _mp4_end(file: BinaryIO, size: int) -> int:
    """Where the last box ends by its header."""
    at = 0
    for _ in range(MAX_BOXES):
        file.seek(at)
        head = file.read(16)
        if len(head) < 8 or not head[4:8].isalnum():
            return at
        length = int.from_bytes(head[:4], "big")
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        if length < 8:
            return max(at, size) if length == 0 else at  # 0: to the end of the file
        at += length
    return at
