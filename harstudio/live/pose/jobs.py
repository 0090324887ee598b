"""The pose worker: newest colour pictures in, skeletons out, until it is told to stop."""

from __future__ import annotations

import time
from contextlib import ExitStack

import numpy as np

from harstudio.jobs.context import Context, Payload
from harstudio.live.pose.finder import MainPerson, PoseFinder
from harstudio.live.streams import LiveFrame, LiveStream, cameras_from_payload
from harstudio.recordings.streams import SECOND_NS

WAIT_S = 0.2
TELL_NS = SECOND_NS
GUIDE_NS = SECOND_NS // 5
DEPTH_APART_NS = 60_000_000  # colour and depth of one moment


def find_pose(payload: Payload, context: Context) -> Payload:
    """Endless; stopped at a pause point.

    payload: color, out: payloads of live streams; depth: one or None; cameras: by stream name;
    model: "lite", "full" or "heavy"; topology: of the skeletons, else that of ``out``; threads;
    mirrored: whether pictures are mirror images (yes unless told); people: followed at most.
    Tells each second "posed" {fps, found (share of pictures with somebody), ms {p50, p95} of one
    picture, latency_ms {p50, p95} from when the picture reached this machine, bodies, skipped
    (pictures left out since the beginning), main (id)}. Tells five times a second "person" {id,
    box, height_share, whole, distance_m, measured} of ``finder.MainPerson``; box is None where
    nobody is.
    """
    with ExitStack() as streams:

        def attached(one: Payload) -> LiveStream:
            stream = LiveStream.from_payload(one)
            streams.callback(stream.close)
            return stream

        color, out = attached(payload["color"]), attached(payload["out"])
        depth = attached(payload["depth"]) if payload.get("depth") else None
        cameras = cameras_from_payload(payload.get("cameras") or {})
        finder = PoseFinder(
            str(payload.get("model") or "lite"),
            topology_name=str(payload.get("topology") or out.spec.topology),
            color_camera=cameras.get(color.spec.name),
            depth_camera=cameras.get(depth.spec.name) if depth else None,
            mirrored=bool(payload.get("mirrored", True)),
            people=int(payload.get("people") or 2),
            threads=int(payload.get("threads") or context.threads),
        )
        _work(color, depth if finder.takes_depth else None, out, finder, context)
    return {}


def _work(
    color: LiveStream,
    depth: LiveStream | None,
    out: LiveStream,
    finder: PoseFinder,
    context: Context,
) -> None:
    told = _Told(context)
    last = color.newest() - 1  # the picture that is there already is the first
    while True:
        context.pause_point()
        newest = color.ring.wait(last, WAIT_S)
        frame = color.read(newest) if newest > last else None
        if frame is None:
            told.soon(finder)
            continue
        skipped, last = newest - last - 1, newest
        begun_ns = time.monotonic_ns()
        near = None if depth is None else same_moment(depth, frame.time_ns)
        found = finder.find(frame.data, frame.time_ns, None if near is None else near.data)
        out.put(found, frame.time_ns, frame.captured_ns)
        told.add(begun_ns, frame, len(found.bodies), skipped)
        told.soon(finder)


def same_moment(depth: LiveStream, time_ns: int) -> LiveFrame | None:
    """The depth picture nearest in time among the newest three; None where it is too far away."""
    newest = depth.newest()
    best: LiveFrame | None = None
    for sequence in range(newest, max(-1, newest - 3), -1):
        frame = depth.read(sequence)
        if frame is None:
            break
        if best is not None and abs(frame.time_ns - time_ns) >= abs(best.time_ns - time_ns):
            break  # older ones are farther away
        best = frame
    near = best is not None and abs(best.time_ns - time_ns) <= DEPTH_APART_NS
    return best if near else None


class _Told:
    """What the program is told of the work, at its times."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._since_ns = self._guided_ns = time.monotonic_ns()
        self._skipped = 0
        self._clear()

    def _clear(self) -> None:
        self._ms: list[float] = []
        self._latency: list[float] = []
        self._found = self._bodies = 0

    def add(self, begun_ns: int, frame: LiveFrame, bodies: int, skipped: int) -> None:
        """One picture is done."""
        now = time.monotonic_ns()
        self._ms.append((now - begun_ns) / 1e6)
        self._latency.append((now - frame.captured_ns) / 1e6)
        self._found += bool(bodies)
        self._bodies = bodies
        self._skipped += skipped

    def soon(self, finder: PoseFinder) -> None:
        """Tell what is due."""
        now = time.monotonic_ns()
        if now - self._guided_ns >= GUIDE_NS:
            self._guided_ns = now
            main = finder.main
            self._context.tell("person", {"box": None} if main is None else _person(main))
        if now - self._since_ns >= TELL_NS:
            pictures = len(self._ms)
            self._context.tell(
                "posed",
                {
                    "fps": pictures * SECOND_NS / (now - self._since_ns),
                    "found": self._found / max(1, pictures),
                    "ms": _percentiles(self._ms),
                    "latency_ms": _percentiles(self._latency),
                    "bodies": self._bodies,
                    "skipped": self._skipped,
                    "main": "" if finder.main is None else finder.main.id,
                },
            )
            self._since_ns = now
            self._clear()


def _person(main: MainPerson) -> Payload:
    return {**main._asdict(), "box": list(main.box)}


def _percentiles(values: list[float]) -> dict[str, float | None]:
    if not values:
        return {"p50": None, "p95": None}
    p50, p95 = np.percentile(values, [50, 95])
    return {"p50": float(p50), "p95": float(p95)}
