"""PYSKL and MMAction2: the skeletons of labelled clips, ready to train on.

``.pkl`` as these tools read it, read by us without running anything that it holds; ``.npz`` with a
``.json`` beside is the same without pickle. An annotation is a recording of its own, cut to one
action; those that we wrote remember where they were cut from.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from harstudio.errors import UsageError
from harstudio.labels.interchange.activitynet import lasting
from harstudio.labels.interchange.base import Bundle, Labelled, Media, Reading, flattened
from harstudio.labels.interchange.losses import losses
from harstudio.labels.interchange.rows import Rows, free_name
from harstudio.labels.interchange.skeleton_sets import (
    SkeletonClip,
    SkeletonSet,
    load_set,
    save_set,
)
from harstudio.labels.interchange.times import SECOND_NS
from harstudio.labels.keeping.names import safe_name
from harstudio.labels.label_sets.label_set import LabelSet, bundled_label_set
from harstudio.labels.model import Clip, Document, Origin
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import SkeletonStream, StreamKind

NAME = "pyskl"
TITLE = "PYSKL"
EXTENSIONS: tuple[str, ...] = (".pkl", ".npz")
UNIT = "1 frame"
ONE_FILE: Literal["recording", "set"] = "set"

RATE_HZ = 30.0
SUBSETS = {"training": "train", "validation": "val", "test": "test"}
NTU = re.compile(r"S\d{3}C\d{3}P\d{3}R\d{3}A(\d{3})")
PICKLE = re.compile(rb"\x80[\x02-\x05]|\(dp|\(lp")


def recognises(path: Path, head: bytes) -> bool:
    """A pickle by name and beginning, or a packed npz with a JSON file beside."""
    suffix = path.suffix.lower()
    if suffix == ".npz":
        return head.startswith(b"PK") and path.with_suffix(".json").is_file()
    return suffix in (".pkl", ".pickle") and PICKLE.match(head) is not None


def read(path: Path, reading: Reading) -> Bundle:
    """Every annotation as a clip; over the whole of a recording where it does not say of what."""
    found = load_set(path)
    names, notes = _names(found, reading)
    rows: dict[str, Rows] = {}
    lengths: dict[str, int] = {}
    subsets, others = _subsets(found)
    for one in found.clips:
        recording = one.recording or one.name
        whole = round(one.frames * SECOND_NS / RATE_HZ)
        start_ns, end_ns = max(one.start_ns, 0), one.end_ns if one.end_ns >= 0 else whole
        lengths[recording] = max(lengths.get(recording, 0), end_ns)
        annotator = one.annotator or reading.annotator
        own = rows.setdefault(recording, Rows(recording))
        clip = Clip(
            start_ns,
            max(end_ns, start_ns),
            names[one.label],
            person=one.person,
            origin=Origin.IMPORTED,
        )
        own.add(annotator, one.person or annotator, clip)
    ours = {one.recording or one.name: subsets.get(one.name, "") for one in found.clips}
    recordings = tuple(
        Labelled(
            name, own.documents(), lengths[name], (Media("skeleton", name, fps=RATE_HZ),),
            ours[name], path,
        )
        for name, own in rows.items()
    )  # fmt: skip
    if others:
        notes.append(f"The splits {', '.join(others)} are left out: a recording is in one part.")
    label_set = LabelSet.of(path.stem, tuple(dict.fromkeys(names[k] for k in sorted(names))))
    return Bundle(recordings, label_set, flattened(notes))


def write(bundle: Bundle, path: Path) -> Sequence[str]:
    """The skeletons of every clip, opened where the recordings lie.

    UsageError where no clip has any.
    """
    known = [label.name for label in bundle.label_set.labels]
    notes = losses(bundle, TITLE, "person annotators")
    lacking: Counter[str] = Counter()
    clips: list[SkeletonClip] = []
    splits: dict[str, list[str]] = {}
    taken: set[str] = set()
    for labelled in bundle.recordings:
        with _Source(labelled) as source:
            for document in labelled.documents:
                for clip in lasting(document):
                    keypoint, score = source.keypoint(clip)
                    if keypoint is None:
                        lacking[labelled.recording] += 1
                        continue
                    if clip.label not in known:
                        known.append(clip.label)
                    name = free_name(_name(labelled, document, clip), taken)
                    taken.add(name)
                    clips.append(
                        SkeletonClip(
                            name, known.index(clip.label), keypoint.shape[1], keypoint, score,
                            recording=labelled.recording, annotator=document.annotator,
                            person=clip.person, start_ns=clip.start_ns, end_ns=clip.end_ns,
                        )
                    )  # fmt: skip
                    splits.setdefault(SUBSETS.get(labelled.subset, "train"), []).append(name)
    if not clips:
        raise UsageError(
            f"{TITLE} holds skeletons, and none of these clips has any.",
            path=path,
            remedy="Export recordings of a project that have skeletons.",
        )
    ordered = {name: tuple(names) for name, names in splits.items()}
    save_set(SkeletonSet(tuple(clips), ordered, tuple(known)), path)
    if lacking:
        count, of = sum(lacking.values()), len(lacking)
        notes.append(f"{count} clips of {of} recordings have no skeletons and are left out.")
    if any(not one.subset for one in bundle.recordings):
        notes.append("Recordings of no part are in the split “train”.")
    notes.append(f"{TITLE} keeps joints only: tracking states, pixels and times are left out.")
    return flattened(notes)


# ---- reading


def _names(found: SkeletonSet, reading: Reading) -> tuple[dict[int, str], list[str]]:
    """The name of each number: the file's, NTU's by the names of its samples, the label set's."""
    numbers = {clip.label for clip in found.clips}
    if found.classes and max(numbers, default=0) < len(found.classes):
        return {k: reading.named(found.classes[k]) for k in numbers}, []
    matches = [(NTU.match(clip.name), clip.label) for clip in found.clips]
    if matches and all(match and int(match[1]) == label + 1 for match, label in matches):
        ntu = _ntu()
        return {k: reading.named(ntu[k] if k < len(ntu) else f"class {k}") for k in numbers}, []
    labels = reading.label_set.labels
    names = {k: labels[k].name if k < len(labels) else f"class {k}" for k in numbers}
    order = "by their place in the label set" if labels else "by their numbers"
    return names, [f"The file has no names of classes: they are named {order}."] if names else []


@cache
def _ntu() -> tuple[str, ...]:
    return tuple(label.name for label in bundled_label_set("ntu120").labels)


def _subsets(found: SkeletonSet) -> tuple[dict[str, str], list[str]]:
    """The part of each annotation by the first splits, and the splits that say other ones."""
    ours = {theirs: ours for ours, theirs in SUBSETS.items()}
    parts: dict[str, str] = {}
    first, others = None, []
    for name, members in found.splits.items():
        kind, _, part = name.rpartition("_")
        first = kind if first is None else first
        if kind == first and part in ours:
            parts |= dict.fromkeys(members, ours[part])
        else:
            others.append(name)
    return parts, others


# ---- writing


def _name(labelled: Labelled, document: Document, clip: Clip) -> str:
    """The recording's name, with the clip's frame where the recording is longer."""
    name = safe_name(labelled.recording)
    alone = sum(len(tier.clips) for tier in document.tiers) == 1 and len(labelled.documents) == 1
    return name if alone else f"{name}_{clip.start_ns // 1_000_000:08d}"


@lru_cache(maxsize=1)
def _loaded(path: Path, _changed_ns: int) -> SkeletonSet:
    return load_set(path)


class _Source:
    """The skeletons of a recording: its own stream, or the set that it was read from."""

    def __init__(self, labelled: Labelled) -> None:
        self._labelled = labelled
        self._recording: Recording | None = None
        self._stream: SkeletonStream | None = None
        self._set: tuple[SkeletonClip, ...] = ()
        path = labelled.path
        if path is not None and path.suffix.lower() in (".pkl", ".pickle", ".npz"):
            whole = _loaded(path, path.stat().st_mtime_ns)
            names = labelled.recording
            self._set = tuple(c for c in whole.clips if names in (c.recording, c.name))
        elif path is not None:
            from harstudio.recordings.formats import open_recording  # every format

            self._recording = open_recording(path)
            stream = self._recording.of_kind(StreamKind.SKELETON)
            self._stream = stream if isinstance(stream, SkeletonStream) else None

    def __enter__(self) -> _Source:
        return self

    def __exit__(self, *_: object) -> None:
        if self._recording is not None:
            self._recording.close()

    def keypoint(
        self, clip: Clip
    ) -> tuple[NDArray[np.floating[Any]] | None, NDArray[np.floating[Any]] | None]:
        """(M, T, V, C) of the clip's frames and its scores; None where there are none."""
        if self._stream is not None:
            return keypoint_of(self._stream, clip), None
        for one in self._set:
            if one.start_ns in (-1, clip.start_ns) and one.end_ns in (-1, clip.end_ns):
                return one.keypoint, one.score
        return None, None


def keypoint_of(stream: SkeletonStream, clip: Clip) -> NDArray[np.float32] | None:
    """(M, T, V, 3) float32 metres of the frames that begin in a clip; zeros where nobody is.

    Bodies come in the order in which they appear; of a clip about one body, that one. None where
    the clip has no frame with a body.
    """
    first, stop = np.searchsorted(stream.times_ns, [clip.start_ns, clip.end_ns])
    frames = [stream.frame(k).bodies for k in range(int(first), int(stop))]
    ids = list(dict.fromkeys(body.id for bodies in frames for body in bodies))
    if clip.person in ids:
        ids = [clip.person]
    if not ids:
        return None
    rows = {body_id: row for row, body_id in enumerate(ids)}
    joints = np.zeros((len(ids), len(frames), stream.joints, 3), dtype=np.float32)
    for place, bodies in enumerate(frames):
        for body in bodies:
            if body.id in rows:
                joints[rows[body.id], place] = np.nan_to_num(body.joints, nan=0.0)
    return joints
