"""Prepares data: reads every clip of a dataset once, as a network needs it, into a folder."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from itertools import groupby, islice
from pathlib import Path
from typing import Any

import cv2

from harstudio import __version__
from harstudio.errors import HarstudioError, UsageError
from harstudio.jobs.context import Context, Stopped
from harstudio.labels.project import PROJECT_FILE
from harstudio.learning.data.datasets import describe
from harstudio.learning.data.samples import Sample
from harstudio.learning.prepared.cache_writing import CacheWriter
from harstudio.learning.prepared.caches import (
    VERSION,
    Clip,
    Entry,
    clip_of,
    has_changed,
    is_cache,
    stamps_of,
)
from harstudio.learning.prepared.packing import LAYOUT, aligned, pack
from harstudio.learning.preparing import fit, gather
from harstudio.learning.preprocessing import Preprocessing, Raw
from harstudio.learning.usual_boxes import boxes_of
from harstudio.recordings.formats import open_recording
from harstudio.recordings.recording import Recording
from harstudio.runs.config import Config

AT_ONCE = 8  # clips of one recording that are read before they are written
PAUSE_S = 0.25

Made = list[tuple[Clip, bytes, Entry]]


def make_cache(config: Config, out: Path, context: Context) -> dict[str, Any]:
    """Prepare the data of a config; what is there already and still true stays.

    Gives ``{"cache", "source", "network", "state": "finished" | "stopped", "clips", "read": now,
    "kept": from before, "failed", "bytes", "bytes_per_clip", "inputs": {name: bytes a clip},
    "unused_bytes", "seconds", "problems"}``. Stopped is caught: the folder can be gone on with.
    UsageError, DataError and ConflictError where nothing can be prepared.
    """
    place = Path(config.data.path)
    if is_cache(place):
        raise UsageError("These data are prepared.", path=place, remedy="Name the recordings.")
    dataset = gather(config, context)
    fitted = fit(config, dataset)
    source = place.parent if place.name == PROJECT_FILE else place
    for problem in fitted.dataset.problems:
        context.log(problem)
    about = {
        "version": VERSION,
        "made_by": __version__,
        "layout": LAYOUT,
        "source": str(source),
        "annotator": config.data.annotator,
        "network": config.network.name,
        "preprocessing": fitted.preprocessing.to_dict(),
        "dataset": describe(dataset, source),
    }
    samples = fitted.dataset.samples
    started, state, read = time.perf_counter(), "finished", 0
    with CacheWriter(out, about, fitted.preprocessing) as writer:
        missing = [one for one in samples if _is_missing(writer, one, source)]
        kept = len(samples) - len(missing)
        try:
            for made in _read_all(fitted.preprocessing, missing, source, context):
                for clip, record, entry in made:
                    writer.add(clip, record, entry)
                read += len(made)
                text = f"Preparing, {kept + read} of {len(samples)} clips"
                context.progress(kept + read, len(samples), text)
            writer.finish()
        except Stopped:
            writer.save()
            state = "stopped"
        entries = {clip: writer.entries.get(clip) for clip in (clip_of(s, source) for s in samples)}
        size = writer.size
    return {
        "cache": str(out),
        "source": str(source),
        "network": config.network.name,
        "state": state,
        "clips": len(samples),
        "read": read,
        "kept": kept,
        **_figures([one for one in entries.values() if one is not None], size),
        "seconds": round(time.perf_counter() - started, 3),
    }


def _is_missing(writer: CacheWriter, sample: Sample, source: Path) -> bool:
    """Whether a clip is to be read: it is not there, could not be read, or has changed since."""
    entry = writer.entries.get(clip_of(sample, source))
    return entry is None or entry.error is not None or has_changed(entry, source)


def _figures(entries: Sequence[Entry], size: int) -> dict[str, Any]:
    there = [one for one in entries if one.error is None]
    parts: Counter[str] = Counter()
    for one in there:
        parts.update(one.parts)
    used = sum(one.size for one in there)
    failed = [str(one.failure()) for one in entries if one.error is not None]
    return {
        "failed": len(failed),
        "bytes": used,
        "bytes_per_clip": round(used / max(1, len(there))),
        "inputs": {name: round(total / max(1, len(there))) for name, total in parts.items()},
        "unused_bytes": max(0, size - sum(aligned(one.size) for one in there)),
        "problems": failed,
    }


def _read_all(
    preprocessing: Preprocessing, samples: Sequence[Sample], source: Path, context: Context
) -> Iterator[Made]:
    """Read samples on several threads, in their order; Stopped where the person asked to stop."""
    cv2.setNumThreads(1)  # the pool is the threads
    chunks = iter(_chunks(samples))
    with ThreadPoolExecutor(context.threads, thread_name_prefix="preparing") as pool:

        def begin(count: int) -> list[Any]:
            few = islice(chunks, count)
            return [pool.submit(_read, preprocessing, one, source) for one in few]

        waiting = deque(begin(2 * context.threads))
        try:
            while waiting:
                first = waiting.popleft()
                context.pause_point()
                while not wait([first], PAUSE_S).done:
                    context.pause_point()
                yield first.result()
                waiting.extend(begin(1))
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _chunks(samples: Sequence[Sample]) -> Iterator[list[Sample]]:
    """A few clips of one recording at a time, so that it is opened once for them."""
    for _, same in groupby(samples, key=lambda sample: sample.path):
        while few := list(islice(same, AT_ONCE)):
            yield few


def _read(preprocessing: Preprocessing, samples: Sequence[Sample], source: Path) -> Made:
    """The records of clips of one recording."""
    try:
        with open_recording(samples[0].path) as recording:
            files = stamps_of(recording, source)
            return [_one(preprocessing, recording, one, source, files) for one in samples]
    except HarstudioError as error:
        return [(clip_of(one, source), b"", _failed(error, {})) for one in samples]


def _one(
    preprocessing: Preprocessing,
    recording: Recording,
    sample: Sample,
    source: Path,
    files: dict[str, list[int]],
) -> tuple[Clip, bytes, Entry]:
    clip = clip_of(sample, source)
    try:
        stretch = preprocessing.stretch(recording, sample.start_ns, sample.end_ns, sample.person)
        raw = preprocessing.read_stretch(stretch)
        boxes = boxes_of(preprocessing, stretch)
    except HarstudioError as error:
        return clip, b"", _failed(error, files)
    return clip, pack(raw), Entry(parts=_parts(preprocessing, raw), boxes=boxes, files=files)


def _parts(preprocessing: Preprocessing, raw: Raw) -> dict[str, int]:
    """Bytes by input."""
    parts = {name: one.nbytes for name, one in raw.seen.items()}
    if raw.tracks is not None:
        name = next(n for n, t in preprocessing.inputs.items() if t is preprocessing.skeleton)
        parts = {name: raw.tracks.nbytes, **parts}
    return parts


def _failed(error: HarstudioError, files: dict[str, list[int]]) -> Entry:
    path = "" if error.path is None else str(error.path)
    return Entry(files=files, error=(error.message, path, error.remedy))
