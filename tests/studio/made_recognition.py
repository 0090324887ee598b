"""What a run could say about a recording, with every number known."""

from __future__ import annotations

import numpy as np

from harstudio.recordings.projection import project_joints
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import PictureStream, SkeletonStream, StreamKind
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
    Segment,
    Window,
)
from harstudio.skeletons.topology import topology

SECOND_NS = 1_000_000_000
CLASSES = ("wave", "clap", "throw", "kick", "drink", "fall")


def bump(rows: int, columns: int, row: float, column: float, width: float = 1.6) -> np.ndarray:
    """(rows, columns) float32 in (0, 1], highest at a cell."""
    y, x = np.mgrid[0:rows, 0:columns]
    away = ((y - row) ** 2 + (x - column) ** 2) / (2 * width**2)
    return np.exp(-away).astype(np.float32)


def made_recognition(
    recording: Recording,
    *,
    picture: str = "",
    windows: int = 5,
    classes: tuple[str, ...] = CLASSES,
    truth: int = 0,
    grid: int = 10,
    run: str = "/runs/mmff-lite-demo",
    explain: bool = True,
    more: bool = False,
) -> Recognition:
    """Windows that overlap by half, a wave of opinion over them, and every kind of map.

    picture: the stream that the maps lie on, the first picture stream by default. more: also what
    networks of clips tell.
    """
    start, stop = recording.start_ns, recording.stop_ns
    count = max(1, windows)
    step = (stop - start) / (count + 1) if count > 1 else 0
    length = 2 * step if count > 1 else stop - start
    made, told = [], []
    rng = np.random.default_rng(3)
    for k in range(count):
        logits = rng.normal(0, 0.5, len(classes))
        logits[(truth + k // 2) % len(classes)] += 2.5
        shares = np.exp(logits) / np.exp(logits).sum()
        first = int(start + k * step)
        streams = {"skeleton": np.roll(shares, 0), "picture": np.roll(shares, 1)}
        last = stop if k == count - 1 else int(first + length)
        made.append(
            Window(
                first,
                last,
                shares.astype(np.float32),
                {name: row.astype(np.float32) for name, row in streams.items()},
            )
        )
        told.append(explanations(recording, made[-1], picture, grid) if explain else ())
        if more:
            told[-1] = (*told[-1], *further(recording, made[-1], picture))
    mean = np.mean([w.probabilities for w in made], axis=0)
    return Recognition(
        run,
        "mmff-lite",
        classes,
        recording.name,
        str(recording.path),
        tuple(made),
        segments_of(made),
        int(mean.argmax()),
        float(mean.max()),
        tuple(told),
    )


def segments_of(windows: list[Window]) -> tuple[Segment, ...]:
    """One segment a run of windows that say the same, cut at the middle of the overlap."""
    said = [int(w.probabilities.argmax()) for w in windows]
    found: list[Segment] = []
    for k, (label, window) in enumerate(zip(said, windows, strict=True)):
        start = found[-1].end_ns if found else window.start_ns
        end = (
            windows[k + 1].start_ns + (window.end_ns - windows[k + 1].start_ns) // 2
            if (k + 1 < len(windows))
            else window.end_ns
        )
        share = float(window.probabilities[label])
        if found and found[-1].label == label:
            old = found.pop()
            start, share = old.start_ns, (old.confidence + share) / 2
        found.append(Segment(start, end, label, share))
    return tuple(found)


def explanations(
    recording: Recording, window: Window, picture: str, grid: int
) -> tuple[Explanation, ...]:
    """Two masks, the square, the relation and the weights of one window."""
    skeleton = recording.of_kind(StreamKind.SKELETON)
    kinds = (StreamKind.COLOR, StreamKind.DEPTH, StreamKind.INFRARED)
    streams = [recording.of_kind(kind) for kind in kinds]
    stream = recording.streams[picture] if picture else next(s for s in streams if s is not None)
    assert isinstance(stream, PictureStream)
    middle = (window.start_ns + window.end_ns) // 2
    index = int(np.argmin(np.abs(stream.times_ns - middle)))
    time_ns = int(stream.times_ns[index])
    told: list[Explanation] = []
    size = min(stream.width, stream.height) * 0.9
    left, top = (stream.width - size) / 2, (stream.height - size) / 2
    joint, at = 0, (left + size / 2, top + size / 2)
    if isinstance(skeleton, SkeletonStream):
        body = skeleton.frame(skeleton.nearest(time_ns, SECOND_NS)).bodies[0]
        joint = len(body.joints) - 1
        joint = topology(skeleton.topology).left_right[3][1]
        points = project_joints(recording, stream.name, body)
        hip = np.nanmean(points, axis=0)
        left, top = float(hip[0]) - size / 2, float(hip[1]) - size / 2
        at = (float(points[joint, 0]), float(points[joint, 1]))
    box = Box(left, top, left + size, top + size)
    times = np.array([time_ns], dtype=np.int64)
    column, row = ((a - b) / size * grid - 0.5 for a, b in zip(at, (left, top), strict=True))
    one = 0.35 + 0.3 * bump(grid, grid, row, column)
    two = 0.2 + 0.5 * bump(grid, grid, grid * 0.45, grid * 0.5, 2.4)
    half = 0.12 * size
    square = Box(at[0] - half, at[1] - half, at[0] + half, at[1] + half)
    for name, values in (("self-attention 1", one), ("self-attention 2", two)):
        meaning = f"{name}, MMFF light, {grid}x{grid}"
        told.append(HeatMap(name, meaning, stream.name, times, values[None], (box,)))
    inside = bump(grid, grid, row, column, 0.9)
    told.append(
        HeatMap(
            "skeleton attention",
            f"skeleton attention, MMFF light, {grid}x{grid}",
            stream.name,
            times,
            inside[None],
            (box,),
            (square,),
            joint,
            0.42,
        )
    )
    if not isinstance(skeleton, SkeletonStream):
        return tuple(told)
    joints = skeleton.joints
    length = grid * grid + joints
    relation = np.full((length, length), 0.2 / length, dtype=np.float32)
    for k in range(joints):
        x, y = ((points[k] - (left, top)) / size * grid - 0.5).tolist()
        seen = bump(grid, grid, y, x, 1.2).ravel() if np.isfinite(x + y) else 0
        relation[grid * grid + k, : grid * grid] += seen
    relation /= relation.sum(axis=1, keepdims=True)
    told.append(
        Relation(
            "relation",
            f"relation of joints and picture, MMFF light, {grid}x{grid}",
            relation,
            (grid, grid),
            skeleton.topology,
            body.id,
            stream.name,
            time_ns,
            box,
        )
    )
    inside_ns = (skeleton.times_ns >= window.start_ns) & (skeleton.times_ns < window.end_ns)
    seen_ns = skeleton.times_ns[inside_ns]
    phase = np.linspace(0, 3, len(seen_ns), dtype=np.float32)[:, None]
    order = np.linspace(0, 3, joints, dtype=np.float32)[None]
    values = (0.5 + 0.5 * np.cos(2 * (phase - order)))[:, :, None] ** 2
    told.append(
        JointWeights(
            "joints", "evidence for wave, ST-GCN", skeleton.topology, seen_ns, values, (body.id,)
        )
    )
    return tuple(told)


def further(recording: Recording, window: Window, picture: str = "") -> tuple[Explanation, ...]:
    """A map over a clip, links between joints, and what lies beside the pictures."""
    kinds = (StreamKind.COLOR, StreamKind.DEPTH, StreamKind.INFRARED)
    streams = [recording.of_kind(kind) for kind in kinds]
    stream = recording.streams[picture] if picture else next(s for s in streams if s is not None)
    assert isinstance(stream, PictureStream)
    inside = (stream.times_ns >= window.start_ns) & (stream.times_ns < window.end_ns)
    times = stream.times_ns[inside][::4]
    count = len(times)
    maps = np.stack([bump(7, 7, 3, 6 * k / max(1, count - 1)) for k in range(count)])
    side = float(stream.height)
    boxes = tuple(Box(4.0 * k, 0, side + 4.0 * k, side) for k in range(count))
    phase = np.linspace(0, 4, count, dtype=np.float32)
    importance = 0.5 + 0.5 * np.sin(phase)
    shares = np.stack([0.2 + 0.5 * importance, 0.8 - 0.5 * importance], axis=1) * 0.9
    shares = np.concatenate([shares, np.full((count, 1), 0.1, np.float32)], axis=1)
    rng = np.random.default_rng(window.start_ns % 1000)
    affinity = np.exp(-0.1 * (np.arange(24)[:, None] - np.arange(24)) ** 2).astype(np.float32)
    affinity /= affinity.sum(axis=1, keepdims=True)
    rows, columns = np.mgrid[0:90, 0:120]
    pixels = np.stack([rows * 2, columns * 2, 255 - rows * 2], axis=-1).astype(np.uint8)
    three = ("color", "depth", "skeleton")
    told: list[Explanation] = [
        HeatMap("Grad-CAM clip", "Grad-CAM clip, 7x7", stream.name, times, maps, boxes),
        ModalityShare("modality share", "modality share, AMFI-Net", times[:1],
                      three, shares[:1].astype(np.float32)),
        ModalityShare("share over time", "shares", times, three, shares.astype(np.float32)),
        Importance("exposure color", "exposure color, M-Mixer", times, importance),
        Importance("exposure depth", "exposure depth, M-Mixer", times, 1 - importance),
        Matrix("gate", "gate, AMFI-Net", rng.beta(2, 3, (1, 256)).astype(np.float32),
               "share of the skeleton", "feature"),
        Matrix("frame affinity", "frame affinity, CC-DFARM", affinity,
               "frame", "frame that it draws on"),
        Picture("dynamic image", "dynamic image, CC-DFARM", pixels),
    ]  # fmt: skip
    skeleton = recording.of_kind(StreamKind.SKELETON)
    if isinstance(skeleton, SkeletonStream):
        joints = skeleton.joints
        links = np.full((joints, joints), 0.5 / joints, dtype=np.float32)
        links[:, 3] += 0.3  # everybody looks at the head
        links[7, 11] += 0.2
        links /= links.sum(axis=1, keepdims=True)
        told.append(
            Relation("learned links", "learned links, AGCN", links, (0, 0), skeleton.topology)
        )
    return tuple(told)
