"""A recognition with its explanations as an npz that numpy alone reads, without pickle: every array
under a name that says what it is.

What lies there is told in the guide to explanations (docs/guide/explain.md).
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harstudio.errors import UsageError
from harstudio.files import write_atomically
from harstudio.results import (
    Box,
    Explanation,
    HeatMap,
    Importance,
    JointWeights,
    Matrix,
    ModalityShare,
    Picture,
    Recognition,
    Relation,
)
from harstudio.skeletons.topology import topology

Arrays = dict[str, NDArray[Any]]


def write_arrays(recognition: Recognition, file: Path, title: str = "") -> None:
    """Write ``arrays_of`` as a compressed npz, which replaces what is there when it is whole."""
    packed = io.BytesIO()
    np.savez_compressed(packed, allow_pickle=False, **arrays_of(recognition, title))
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(file, packed.getvalue())


def arrays_of(recognition: Recognition, title: str = "") -> Arrays:
    """Everything a recognition says, by name.

    Of the whole: ``recording`` and ``network`` (texts), ``classes`` (K,) texts, ``windows_ns``
    (W, 2) int64, ``window_persons`` (W,) texts, ``probabilities`` (W, K) float32, ``segments_ns``
    (S, 2) int64, ``segment_labels`` (S,) int64, ``segment_persons`` (S,) texts and
    ``segment_confidences`` (S,) float32. Of what window k tells under NAME the keys
    ``k/NAME/kind``, ``k/NAME/meaning`` and those of its kind. title: what the recording is called.
    """
    windows = recognition.windows
    arrays: Arrays = {
        "recording": np.array(title or recognition.recording),
        "network": np.array(recognition.network),
        "classes": np.array(recognition.classes),
        "windows_ns": np.array([(w.start_ns, w.end_ns) for w in windows], np.int64).reshape(-1, 2),
        "window_persons": np.array([w.person for w in windows], dtype=np.str_),
        "probabilities": np.array([w.probabilities for w in windows], np.float32).reshape(
            len(windows), len(recognition.classes)
        ),
        "segments_ns": np.array(
            [(s.start_ns, s.end_ns) for s in recognition.segments], np.int64
        ).reshape(-1, 2),
        "segment_labels": np.array([s.label for s in recognition.segments], np.int64),
        "segment_persons": np.array([s.person for s in recognition.segments], dtype=np.str_),
        "segment_confidences": np.array([s.confidence for s in recognition.segments], np.float32),
    }
    for number, told in enumerate(recognition.explanations):
        for one in told:
            key = f"{number}/{one.name.replace('/', ' ')}"
            about = {"kind": np.array(str(one.kind)), "meaning": np.array(one.meaning)}
            arrays |= {f"{key}/{name}": array for name, array in (about | _of(one)).items()}
    return arrays


def _of(one: Explanation) -> Arrays:
    """What one explanation holds."""
    found: Arrays
    match one:
        case HeatMap():
            found = {"values": one.values, "times_ns": one.times_ns, "boxes": _boxes(one.boxes)}
            found["stream"] = np.array(one.stream)
            if one.outlines:
                found["outlines"] = _boxes(one.outlines)
            if one.joint is not None:
                found["joint"] = np.array(one.joint)
            if one.moved_m is not None:
                found["moved_m"] = np.array(one.moved_m)
            return found
        case JointWeights():
            persons = np.array(one.persons, dtype=np.str_)
            found = {"values": one.values, "times_ns": one.times_ns, "persons": persons}
            return found | _joints(one.topology)
        case Relation():
            found = {"values": one.values, "grid": np.array(one.grid)} | _joints(one.topology)
            found["person"] = np.array(one.person)
            if one.box is not None:
                found |= {"stream": np.array(one.stream), "time_ns": np.array(one.time_ns)}
                found["boxes"] = _boxes([one.box])
            return found
        case ModalityShare():
            found = {"values": one.values, "times_ns": one.times_ns}
            return found | {"modalities": np.array(one.modalities)}
        case Importance():
            return {"values": one.values, "times_ns": one.times_ns}
        case Matrix():
            names = {"rows": np.array(one.rows), "columns": np.array(one.columns)}
            return {"values": one.values} | names
        case Picture():
            found = {"pixels": one.pixels}
            if one.cuts:
                found["stream"] = np.array(one.stream)
                found["times_ns"] = np.array([cut.time_ns for cut in one.cuts], np.int64)
                found["boxes"] = _boxes(cut.box for cut in one.cuts)
                found["parts"] = _boxes(cut.part for cut in one.cuts)
                found["around"] = np.array([cut.of for cut in one.cuts], dtype=np.str_)
            return found


def _boxes(boxes: Iterable[Box]) -> NDArray[np.float64]:
    """(n, 4): left, top, right, bottom."""
    rows = [(box.left, box.top, box.right, box.bottom) for box in boxes]
    return np.array(rows, np.float64).reshape(-1, 4)


def _joints(name: str) -> Arrays:
    """The topology and the names of its joints, where they are known."""
    found: Arrays = {"topology": np.array(name)}
    with contextlib.suppress(UsageError):
        found["joints"] = np.array(topology(name).joints)
    return found
