"""Recognitions as files: an npz without pickle that is read without torch.

Arrays: ``header`` (JSON as bytes), ``windows_ns`` (W, 2) int64, ``probabilities`` (W, K) float32,
``by_stream`` (S, W, K) float32, and three heaps from which the explanations take theirs in order:
``values`` (n,) float32, ``times_ns`` (m,) int64 and ``pixels`` (p,) uint8, which older files have
not. Files are bounded, whatever they claim.
"""

from __future__ import annotations

import io
import json
import math
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from harstudio.errors import DataError, MissingError
from harstudio.files import write_atomically
from harstudio.results import Explanation, Recognition, Segment, Window
from harstudio.runs.explanation_records import Heaps, described, restored

SUFFIX = ".recognition.npz"
VERSION = 1
MAX_BYTES = 2 << 30
MAX_HEADER_BYTES = 64 << 20
ARRAYS = {
    "header": (np.uint8, 1),
    "windows_ns": (np.int64, 2),
    "probabilities": (np.float32, 2),
    "by_stream": (np.float32, 3),
    "values": (np.float32, 1),
    "times_ns": (np.int64, 1),
    "pixels": (np.uint8, 1),
}
LATER = {"pixels"}  # arrays that older files have not
DAMAGED = (
    KeyError,
    AttributeError,
    IndexError,
    TypeError,
    ValueError,
    EOFError,
    OverflowError,
    zipfile.BadZipFile,
)
REMEDY = "Recognise the recording again."


def save_recognition(path: Path, recognition: Recognition) -> None:
    """Write the file, replacing what is there; OSError leaves the old one. DataError, and nothing
    written, where it would be larger than can be read."""
    windows = recognition.windows
    streams = tuple(windows[0].by_stream) if windows else ()
    classes, persons = len(recognition.classes), recognition.persons
    heaps = Heaps()
    header = {
        "version": VERSION,
        "run": recognition.run,
        "network": recognition.network,
        "classes": list(recognition.classes),
        "recording": recognition.recording,
        "path": recognition.path,
        "label": recognition.label,
        "confidence": recognition.confidence,
        "streams": list(streams),
        "without": list(recognition.without),
        "asked": dict(recognition.asked),
        "persons": list(persons),
        "window_persons": [persons.index(window.person) for window in windows],
        "segments": [
            [s.start_ns, s.end_ns, s.label, s.confidence, s.person] for s in recognition.segments
        ],
        "explanations": [
            [described(one, heaps) for one in told] for told in recognition.explanations
        ],
    }
    text = json.dumps(header, allow_nan=False).encode("ascii")
    arrays = {
        "header": np.frombuffer(text, dtype=np.uint8),
        "windows_ns": np.array([(w.start_ns, w.end_ns) for w in windows]).reshape(-1, 2),
        "probabilities": np.array([w.probabilities for w in windows]).reshape(-1, classes),
        "by_stream": np.array([[w.by_stream[s] for w in windows] for s in streams]).reshape(
            len(streams), len(windows), classes
        ),
        "values": heaps.all_values(),
        "times_ns": heaps.all_times(),
        "pixels": heaps.all_pixels(),
    }
    if len(text) > MAX_HEADER_BYTES or sum(one.nbytes for one in arrays.values()) > MAX_BYTES:
        raise DataError(
            f"What is said of its {len(windows)} windows is too much for a file.",
            path=Path(recognition.path),
            remedy="Use longer windows or a longer stride, or ask without explanations.",
        )
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, (kind, _) in ARRAYS.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                numbers = np.ascontiguousarray(arrays[name], dtype=kind)
                np.lib.format.write_array(member, numbers, version=(1, 0), allow_pickle=False)
    write_atomically(path, file.getvalue())


def load_recognition(path: Path) -> Recognition:
    """What ``save_recognition`` wrote; MissingError where nothing is, DataError when damaged."""
    try:
        with path.open("rb") as file:
            arrays = _read_arrays(file, path)
        return _recognition(arrays, path)
    except FileNotFoundError:
        raise MissingError("There is no such recognition.", path=path) from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(f"The recognition cannot be read ({reason}).", path=path) from error
    except (*DAMAGED, MemoryError, RecursionError, RuntimeError) as error:
        raise DataError("The recognition is damaged.", path=path, remedy=REMEDY) from error


class Heading(NamedTuple):
    """What a file says of a recording as a whole."""

    path: str
    name: str  # of the class
    confidence: float
    classes: tuple[str, ...]


def heading(path: Path) -> Heading | None:
    """What a file is about; None where there is no file or it is damaged."""
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            member = archive.getinfo("header.npy")
            if member.file_size > MAX_HEADER_BYTES:
                return None
            header = json.loads(_array(archive.read(member), np.dtype(np.uint8), 1).tobytes())
        classes = tuple(_text(name) for name in header["classes"])
        name = classes[_index(header["label"], len(classes))]
        return Heading(_text(header["path"]), name, float(header["confidence"]), classes)
    except (OSError, *DAMAGED, RecursionError, RuntimeError):
        return None


def recognised_path(path: Path) -> str | None:
    """The recording that a file is about; None where there is no file or it is damaged."""
    found = heading(path)
    return None if found is None else found.path


def _read_arrays(file: Any, path: Path) -> dict[str, NDArray[Any]]:
    """The arrays by name; nothing is allocated before the sizes are known to be sane."""
    with zipfile.ZipFile(file) as archive:
        known = {f"{name}.npy": name for name in ARRAYS}
        members = {known[m.filename]: m for m in archive.infolist() if m.filename in known}
        if sum(member.file_size for member in members.values()) > MAX_BYTES:
            raise DataError("The recognition is larger than 2 GiB.", path=path, remedy=REMEDY)
        if members["header"].file_size > MAX_HEADER_BYTES:
            raise ValueError("the header is too long")
        return {
            name: _array(archive.read(members[name]), np.dtype(kind), dimensions)
            for name, (kind, dimensions) in ARRAYS.items()
            if name in members or name not in LATER
        }


def _array(data: bytes, kind: np.dtype[Any], dimensions: int) -> NDArray[Any]:
    """The array of a .npy, whose size must be what its header says; read-only."""
    file = io.BytesIO(data)
    if np.lib.format.read_magic(file) != (1, 0):
        raise ValueError("not a version 1.0 npy")
    shape, fortran, stored = np.lib.format.read_array_header_1_0(file)
    if stored != kind or fortran or len(shape) != dimensions or min(shape, default=0) < 0:
        raise ValueError("not the array that belongs there")
    if math.prod(shape) * kind.itemsize != len(data) - file.tell():
        raise ValueError("an array is not as long as it says")
    return np.frombuffer(data, dtype=kind, offset=file.tell()).reshape(shape)


def _recognition(arrays: dict[str, NDArray[Any]], path: Path) -> Recognition:
    header = json.loads(arrays["header"].tobytes())
    if header["version"] != VERSION:
        raise DataError(
            f"The recognition has version {header['version']}, this program reads {VERSION}.",
            path=path,
            remedy=REMEDY,
        )
    classes = tuple(_text(name) for name in header["classes"])
    streams = tuple(_text(name) for name in header["streams"])
    persons = tuple(_text(person) for person in header.get("persons", ("",)))
    about = header.get("window_persons", [0] * len(arrays["windows_ns"]))
    about = [persons[_index(number, len(persons))] for number in about]
    windows = tuple(_windows(arrays, streams, about, len(classes)))
    explanations = _explanations(header["explanations"], arrays, len(windows))
    return Recognition(
        run=_text(header["run"]),
        network=_text(header["network"]),
        classes=classes,
        recording=_text(header["recording"]),
        path=_text(header["path"]),
        windows=windows,
        segments=tuple(
            Segment(
                *_span(start, end),
                _index(label, len(classes)),
                float(confidence),
                *(_text(one) for one in person),
            )
            for start, end, label, confidence, *person in header["segments"]
        ),
        label=_index(header["label"], len(classes)),
        confidence=float(header["confidence"]),
        explanations=explanations,
        without=tuple(_text(kind) for kind in header.get("without", ())),
        asked={_text(key): value for key, value in header.get("asked", {}).items()},
    )


def _windows(
    arrays: dict[str, NDArray[Any]], streams: tuple[str, ...], persons: list[str], classes: int
) -> Iterator[Window]:
    times, probabilities, by_stream = (
        arrays[name] for name in ("windows_ns", "probabilities", "by_stream")
    )
    count = len(times)
    if times.shape != (count, 2) or probabilities.shape != (count, classes):
        raise ValueError("windows and probabilities do not match")
    if by_stream.shape != (len(streams), count, classes):
        raise ValueError("streams and windows do not match")
    if len(persons) != count:
        raise ValueError("persons and windows do not match")
    if not (np.isfinite(probabilities).all() and np.isfinite(by_stream).all()):
        raise ValueError("a probability is no number")
    for k, (start, end) in enumerate(times.tolist()):
        opinions = {name: by_stream[s, k] for s, name in enumerate(streams)}
        yield Window(*_span(start, end), probabilities[k], opinions, persons[k])


def _explanations(
    records: list[list[dict[str, Any]]], arrays: dict[str, NDArray[Any]], windows: int
) -> tuple[tuple[Explanation, ...], ...]:
    if len(records) not in (0, windows):
        raise ValueError("explanations and windows do not match")
    pixels = arrays.get("pixels", np.empty(0, dtype=np.uint8))
    heaps = Heaps.of(arrays["values"], arrays["times_ns"], pixels)
    return tuple(tuple(restored(record, heaps) for record in told) for told in records)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _span(start: object, end: object) -> tuple[int, int]:
    if not isinstance(start, int) or not isinstance(end, int) or start >= end:
        raise ValueError("a stretch of time ends before it starts")
    return start, end


def _index(value: object, length: int) -> int:
    if not isinstance(value, int) or not 0 <= value < length:
        raise ValueError("there is no such class")
    return value
