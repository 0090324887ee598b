"""Sets of skeleton clips as PYSKL and MMAction2 train on them: a pickle, or npz with JSON beside.

``{"split": {name: [ids]}, "annotations": [{"frame_dir", "label", "total_frames", "keypoint":
(M, T, V, C), "keypoint_score": (M, T, V)}]}``: M people, T frames, V joints, C coordinates; label
counts from 0 (PYSKL tools/data/README.md). The npz has ``keypoint_0``, ``keypoint_score_0``, ... in
the order of the annotations; the JSON beside it has everything else. Keys of our own say where a
clip came from: ``recording``, ``start_ns``, ``end_ns``, ``annotator``, ``person``; and ``classes``
names the labels.
"""

from __future__ import annotations

import io
import pickle
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.format import read_array_header_1_0, read_array_header_2_0, read_magic
from numpy.typing import NDArray

from harstudio.files import write_atomically
from harstudio.labels.interchange.base import damaged
from harstudio.labels.interchange.json_text import read_json, write_json
from harstudio.labels.interchange.plain_pickle import LARGEST_BYTES, PlainArray, read_pickle
from harstudio.labels.interchange.times import LATEST_NS
from harstudio.labels.model import brief, typed

TITLE = "PYSKL"
ARRAYS = ("keypoint", "keypoint_score")
TEXTS = ("recording", "annotator", "person")
TIMES = ("start_ns", "end_ns")
UNREADABLE = (NotImplementedError, RuntimeError)  # packed in another way, or with a password
PROTOCOL = 4  # what Python 3.8 reads too
LARGEST_NUMBER = 1 << 32  # of a label or of frames: four years at 30 a second


@dataclass(frozen=True, eq=False)
class SkeletonClip:
    """One annotation.

    keypoint: (M, T, V, C) float, None where the file has none (Kinetics); score: (M, T, V) or
    None. size: (height, width) of the pictures, None in 3D. The rest is ours, "" and -1 where
    the file does not say.
    """

    name: str
    label: int
    frames: int
    keypoint: NDArray[np.floating[Any]] | None = None
    score: NDArray[np.floating[Any]] | None = None
    size: tuple[int, int] | None = None
    recording: str = ""
    annotator: str = ""
    person: str = ""
    start_ns: int = -1
    end_ns: int = -1


@dataclass(frozen=True, eq=False)
class SkeletonSet:
    """All annotations of a file. classes: names of the labels, () where it has none."""

    clips: tuple[SkeletonClip, ...]
    splits: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    classes: tuple[str, ...] = ()


def load_set(path: Path) -> SkeletonSet:
    """A ``.pkl``, or a ``.npz`` with its ``.json``; DataError when it is damaged or hostile."""
    try:
        if path.suffix.lower() in (".npz", ".json"):
            return _from_npz(path.with_suffix(".npz"), path.with_suffix(".json"))
        document = read_pickle(path, TITLE)
        if isinstance(document, list):  # older files are the list alone
            document = {"annotations": document}
        return _set(document, [_arrays(one) for one in typed(document, "annotations", list)])
    except ValueError as error:
        raise damaged(path, str(error), TITLE) from error


def save_set(found: SkeletonSet, path: Path) -> None:
    """Write a ``.pkl``, or a ``.npz`` and then its ``.json``; each atomically."""
    annotations = [_about(clip) for clip in found.clips]
    splits = {name: list(names) for name, names in found.splits.items()}
    document: dict[str, Any] = {"split": splits, "annotations": annotations}
    if found.classes:
        document["classes"] = list(found.classes)
    arrays = [{"keypoint": c.keypoint, "keypoint_score": c.score} for c in found.clips]
    kept = [{name: a for name, a in one.items() if a is not None} for one in arrays]
    if path.suffix.lower() != ".npz":
        for one, own in zip(annotations, kept, strict=True):
            one |= own
        write_atomically(path, pickle.dumps(document, PROTOCOL))
        return
    numbered = {f"{name}_{k}": a for k, own in enumerate(kept) for name, a in own.items()}
    packed = io.BytesIO()
    np.savez_compressed(packed, allow_pickle=False, **numbered)
    write_atomically(path, packed.getvalue())
    write_json(path.with_suffix(".json"), document)


def _about(clip: SkeletonClip) -> dict[str, Any]:
    """Everything but the arrays; builtins only."""
    about: dict[str, Any] = {
        "frame_dir": clip.name,
        "label": clip.label,
        "total_frames": clip.frames,
    }
    if clip.size is not None:
        about |= {"img_shape": clip.size, "original_shape": clip.size}
    about |= {key: getattr(clip, key) for key in TEXTS if getattr(clip, key)}
    return about | {key: getattr(clip, key) for key in TIMES if getattr(clip, key) >= 0}


def _from_npz(path: Path, beside: Path) -> SkeletonSet:
    document = read_json(beside, TITLE)
    count = len(typed(document, "annotations", list))
    try:
        with zipfile.ZipFile(path) as packed:
            if sum(one.file_size for one in packed.infolist()) > LARGEST_BYTES:
                raise ValueError(f"it unpacks to more than {LARGEST_BYTES >> 20} MB")
            there = set(packed.namelist())
            arrays = [
                {
                    name: _member(packed.read(member))
                    for name in ARRAYS
                    if (member := f"{name}_{k}.npy") in there
                }
                for k in range(count)
            ]
    except (OSError, zipfile.BadZipFile, EOFError, zlib.error, *UNREADABLE) as error:
        raise ValueError(f"its arrays cannot be read ({type(error).__name__})") from error
    return _set(document, arrays)


def _member(data: bytes) -> NDArray[Any]:
    """An array of an npz; ValueError, before memory is taken, where it says another size."""
    file = io.BytesIO(data)
    header = read_array_header_1_0 if read_magic(file) == (1, 0) else read_array_header_2_0
    shape, _, kind = header(file)
    if kind.hasobject or prod(shape) * kind.itemsize != len(data) - file.tell():
        raise ValueError("an array of it has other data than it says")
    file.seek(0)
    return np.lib.format.read_array(file, allow_pickle=False)


def _arrays(one: Any) -> dict[str, NDArray[Any]]:
    if not isinstance(one, dict):
        raise ValueError("an annotation is no dictionary")
    found = {name: one.get(name) for name in ARRAYS}
    return {name: a.array() for name, a in found.items() if isinstance(a, PlainArray)}


def _set(document: Any, arrays: list[dict[str, NDArray[Any]]]) -> SkeletonSet:
    annotations = typed(document, "annotations", list)
    clips = tuple(_clip(one, own) for one, own in zip(annotations, arrays, strict=True))
    splits = typed(document, "split", dict, {})
    return SkeletonSet(
        clips,
        {name: _names(splits[name]) for name in splits if isinstance(name, str)},
        _names(typed(document, "classes", list, [])),
    )


def _names(listed: Any) -> tuple[str, ...]:
    if not isinstance(listed, (list, tuple)) or not all(isinstance(one, str) for one in listed):
        raise ValueError("a split or the classes are no list of names")
    return tuple(listed)


def _clip(one: Any, arrays: dict[str, NDArray[Any]]) -> SkeletonClip:
    name = one.get("frame_dir", one.get("filename")) if isinstance(one, dict) else None
    if not isinstance(name, str) or not name:
        raise ValueError("an annotation has no frame_dir")
    keypoint, score = arrays.get("keypoint"), arrays.get("keypoint_score")
    frames = typed(one, "total_frames", int, -1)
    if keypoint is not None:
        if keypoint.ndim != 4 or keypoint.dtype.kind != "f" or keypoint.shape[3] not in (2, 3):
            raise ValueError(f"the keypoints of {name:.80} have the shape {keypoint.shape}")
        if score is not None and score.shape != keypoint.shape[:3]:
            raise ValueError(f"the scores of {name:.80} have the shape {score.shape}")
        frames = keypoint.shape[1] if frames < 0 else frames
    label = typed(one, "label", int)
    if not (0 <= label < LARGEST_NUMBER and 0 <= frames < LARGEST_NUMBER):
        told = f"{brief(label)} and total_frames: {brief(frames)}"
        raise ValueError(f"{name:.80} has the label {told}")
    size = one.get("img_shape")
    whole = isinstance(size, (list, tuple)) and len(size) == 2 and keypoint is not None
    texts = {key: typed(one, key, str, "") for key in TEXTS}
    times = {key: typed(one, key, int, -1) for key in TIMES}
    start_ns, end_ns = times["start_ns"], times["end_ns"]
    ends_late = end_ns == -1 or end_ns >= start_ns
    if not (ends_late and all(-1 <= time_ns < LATEST_NS for time_ns in times.values())):
        raise ValueError(f"{name:.80} goes from {brief(start_ns)} to {brief(end_ns)} ns")
    return SkeletonClip(
        name,
        label,
        frames,
        keypoint,
        score,
        (int(size[0]), int(size[1])) if whole else None,
        **texts,
        **times,
    )
