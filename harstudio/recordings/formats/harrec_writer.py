"""Writes the native format so that a killed writer loses half a second, not the recording."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

import av
import numpy as np
from av.container import OutputContainer
from numpy.typing import ArrayLike, NDArray

from harstudio.errors import ConflictError, DataError, UsageError
from harstudio.recordings.formats.harrec_header import (
    HEADER_FILE,
    INERTIAL_FILE,
    PICTURE_KINDS,
    PICTURES_FILE,
    SKELETON_FILE,
    TIMES_FILE,
    Header,
    StreamHeader,
    StreamSpec,
    encode_camera,
    encode_header,
    stream_header,
    write_header,
)
from harstudio.recordings.formats.harrec_tracks import (
    AudioTrack,
    Encoded,
    PictureEncoder,
    PictureTrack,
    milliseconds,
    open_tracks,
)
from harstudio.recordings.recording import Action
from harstudio.recordings.streams import Body, SkeletonFrame, StreamKind
from harstudio.skeletons.cameras import Camera

CALIBRATION_FILE = "calibration.json"


class HarrecWriter:
    """Writes one recording, frame by frame; a context manager, safe to call from threads.

    Times are ns on one clock and must not go back within a stream. Everything given is on disk
    soon after: at most half a second of pictures is lost when the process is killed.

    encoders: by stream, those whose pictures come encoded already (``encoded``); they belong to
    the caller. start_ns: where the recording's mkv counts from, the first picture or sound where
    it is None.
    """

    def __init__(
        self,
        folder: Path,
        *,
        name: str,
        streams: Sequence[StreamSpec],
        subject: int | None = None,
        view: int | None = None,
        repetition: int | None = None,
        action: Action | None = None,
        cameras: Mapping[str, Camera] | None = None,
        problems: Sequence[str] = (),
        encoders: Mapping[str, PictureEncoder] | None = None,
        start_ns: int | None = None,
    ) -> None:
        self.folder = Path(folder)
        if self.folder.exists() and (not self.folder.is_dir() or any(self.folder.iterdir())):
            raise ConflictError(
                "Is there already.", path=self.folder, remedy="Choose a new name or remove it."
            )
        _check(streams)
        self._specs = {spec.name: spec for spec in streams}
        self._header = Header(
            name=name,
            streams=tuple(stream_header(spec) for spec in streams),
            subject=subject,
            view=view,
            repetition=repetition,
            action=action,
            cameras=dict(cameras or {}),
            problems=tuple(problems),
        )
        self._lock = threading.Lock()
        self._closed = False
        self._start_ns = start_ns
        self._encoders = dict(encoders or {})  # first the given ones, then all
        self._own_encoders: list[PictureEncoder] = []
        self._container: OutputContainer | None = None
        self._pictures: dict[str, PictureTrack] = {}
        self._sounds: dict[str, AudioTrack] = {}
        self._last_ns: dict[str, int] = {}
        self._counts = dict.fromkeys(self._specs, 0)
        self._sizes: dict[str, tuple[int, int]] = {}  # skeleton stream: joints, most bodies
        self._sidecars: dict[str, TextIO] = {}
        self.folder.mkdir(parents=True, exist_ok=True)
        write_header(self.folder, self._header)

    def picture(self, stream: str, time_ns: int, frame: NDArray[Any]) -> None:
        """Colour (H, W, 3) uint8 RGB, depth (H, W) uint16 mm, infrared (H, W) uint16 or uint8."""
        with self._lock:
            self._expect(stream, PICTURE_KINDS, time_ns)
            self._open_tracks(time_ns)
            since_ms = milliseconds(time_ns - self._started)
            with self._told_of(stream):
                for ready in self._encoders[stream].encode(frame, since_ms):
                    self._pictures[stream].put(ready, ready.time_ms)
            self._note_picture(stream, time_ns)

    def encoded(self, stream: str, time_ns: int, picture: Encoded) -> None:
        """A picture of one of the ``encoders`` that were given; the first is a key frame."""
        with self._lock:
            self._expect(stream, PICTURE_KINDS, time_ns)
            self._open_tracks(time_ns)
            with self._told_of(stream):
                self._pictures[stream].put(picture, milliseconds(time_ns - self._started))
            self._note_picture(stream, time_ns)

    def skeleton(self, stream: str, time_ns: int, frame: SkeletonFrame) -> None:
        """All people of one frame."""
        with self._lock:
            spec = self._expect(stream, (StreamKind.SKELETON,), time_ns)
            bodies = [_encode_body(body, spec.topology) for body in frame.bodies]
            line = {"t": int(time_ns), "i": self._counts[stream], "s": stream, "bodies": bodies}
            self._append(SKELETON_FILE, line)
            joints, most = self._sizes.get(stream, (0, 0))
            found = max((len(body.joints) for body in frame.bodies), default=0)
            self._sizes[stream] = (max(joints, found), max(most, len(bodies)))
            self._note(stream, time_ns)

    def inertial(self, stream: str, time_ns: int, values: ArrayLike) -> None:
        """One sample: (channels,) numbers."""
        with self._lock:
            spec = self._expect(stream, (StreamKind.INERTIAL,), time_ns)
            sample = np.asarray(values, dtype=np.float32)
            if sample.shape != (len(spec.channels),):
                raise UsageError(f"Stream {stream} takes {len(spec.channels)} values a sample.")
            self._append(INERTIAL_FILE, {"t": int(time_ns), "s": stream, "v": _numbers(sample)})
            self._note(stream, time_ns)

    def audio(self, stream: str, samples: NDArray[np.int16], time_ns: int | None = None) -> None:
        """(n, channels) int16 that follow the samples before them.

        time_ns: when the first sample ever given was; without it the sound starts with the
        recording (its first picture, or 0 when sound comes first).
        """
        with self._lock:
            self._expect(stream, (StreamKind.AUDIO,), None)
            self._open_tracks(0 if time_ns is None else time_ns)
            track = self._sounds[stream]
            if track.samples == 0:
                track.first_ns = self._started if time_ns is None else int(time_ns)
                line = {"s": track.spec.track, "i": 0, "t": track.first_ns}
                self._append(TIMES_FILE, line)
            with self._told_of(stream):
                track.put(samples, max(0, track.first_ns - self._started))
            self._counts[stream] = track.samples

    def note_problem(self, sentence: str) -> None:
        """Something that is wrong with the recording; written at the close, each once."""
        with self._lock:
            known = dict.fromkeys((*self._header.problems, sentence))
            self._header = replace(self._header, problems=tuple(known))

    def close(self, *, clean: bool = True) -> None:
        """Finish all files; ``clean=False`` leaves the mark of an unfinished recording.

        DataError where pictures or sound cannot be written to their end: that mark stays then.
        """
        with self._lock:
            if self._closed:
                return
            self._closed = True
            with contextlib.ExitStack() as closing:
                for file in self._sidecars.values():
                    closing.callback(file.close)
                for encoder in self._own_encoders:
                    closing.callback(encoder.close)
                if self._container is not None:
                    self._finish_tracks(self._container)
            write_header(self.folder, self._final_header(clean))

    def __enter__(self) -> HarrecWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close(clean=kind is None)

    @property
    def _started(self) -> int:
        return self._start_ns or 0

    def _expect(self, stream: str, kinds: Sequence[StreamKind], time_ns: int | None) -> StreamSpec:
        """The stream's spec, after checking that this call fits it."""
        if self._closed:
            raise UsageError("The recording is closed.", path=self.folder)
        spec = self._specs.get(stream)
        if spec is None or spec.kind not in kinds:
            known = ", ".join(s.name for s in self._specs.values() if s.kind in kinds)
            raise UsageError(f"There is no such stream here: {stream}. Known: {known or 'none'}.")
        if time_ns is not None and time_ns < self._last_ns.get(stream, time_ns):
            raise UsageError(f"The times of stream {stream} go back at {time_ns} ns.")
        return spec

    @contextlib.contextmanager
    def _told_of(self, stream: str) -> Iterator[None]:
        """What FFmpeg refuses is a DataError with the system's number of it, if any."""
        try:
            yield
        except av.FFmpegError as error:
            raise DataError(
                f"Stream {stream} could not be written ({error.strerror or error}).",
                path=self.folder,
            ) from error

    def _note_picture(self, stream: str, time_ns: int) -> None:
        track = self._pictures[stream].spec.track
        self._append(TIMES_FILE, {"s": track, "i": self._counts[stream], "t": int(time_ns)})
        self._note(stream, time_ns)

    def _note(self, stream: str, time_ns: int) -> None:
        self._last_ns[stream] = time_ns
        self._counts[stream] += 1

    def _append(self, file: str, line: dict[str, Any]) -> None:
        """One whole line at once; flushed, so that a killed process leaves it behind."""
        sidecar = self._sidecars.get(file)
        if sidecar is None:
            sidecar = (self.folder / file).open("w", encoding="utf-8", newline="\n")
            self._sidecars[file] = sidecar
        text = json.dumps(line, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        sidecar.write(text + "\n")
        sidecar.flush()

    def _open_tracks(self, time_ns: int) -> None:
        """Start the mkv with the first picture or sound: only now is its zero known."""
        if self._container is not None:
            return
        self._start_ns = int(time_ns) if self._start_ns is None else self._start_ns
        self._header = replace(self._header, start_ns=self._start_ns)
        write_header(self.folder, self._header)
        cameras = {name: encode_camera(camera) for name, camera in self._header.cameras.items()}
        attachments = {
            HEADER_FILE: encode_header(self._header),
            CALIBRATION_FILE: json.dumps(cameras).encode(),
        }
        self._container = open_tracks(self.folder / PICTURES_FILE, attachments)
        for spec in self._specs.values():
            if spec.kind in PICTURE_KINDS:
                self._pictures[spec.name] = PictureTrack(self._container, self._encoder(spec))
            elif spec.kind == StreamKind.AUDIO:
                self._sounds[spec.name] = AudioTrack(self._container, spec)

    def _finish_tracks(self, container: OutputContainer) -> None:
        try:
            for encoder in self._own_encoders:
                with self._told_of(encoder.spec.name):
                    for ready in encoder.finish():
                        self._pictures[encoder.spec.name].put(ready, ready.time_ms)
            for name, sound in self._sounds.items():
                with self._told_of(name):
                    sound.finish()
        finally:
            try:
                container.close()
            except av.FFmpegError as error:
                raise DataError(
                    f"{PICTURES_FILE} could not be finished ({error.strerror or error}).",
                    path=self.folder,
                ) from error

    def _encoder(self, spec: StreamSpec) -> PictureEncoder:
        if spec.name not in self._encoders:
            self._encoders[spec.name] = PictureEncoder(spec)
            self._own_encoders.append(self._encoders[spec.name])
        return self._encoders[spec.name]

    def _final_header(self, clean: bool) -> Header:
        def finished(stream: StreamHeader) -> StreamHeader:
            joints, bodies = self._sizes.get(stream.name, (0, 0))
            return replace(stream, frames=self._counts[stream.name], joints=joints, bodies=bodies)

        streams = tuple(finished(stream) for stream in self._header.streams)
        pictures = self.folder / PICTURES_FILE
        size = pictures.stat().st_size if self._container is not None else 0
        return replace(self._header, streams=streams, clean_close=clean, pictures_bytes=size)


def _check(streams: Sequence[StreamSpec]) -> None:
    """Refuse streams that cannot be written before any file is made."""
    names = [spec.name for spec in streams]
    tracks = [spec.track for spec in streams]
    if len(set(names)) < len(names) or len(set(tracks)) < len(tracks):
        raise UsageError(f"Two streams have one name: {', '.join(names)}.")
    for spec in streams:
        if spec.kind in PICTURE_KINDS and (spec.width < 16 or spec.height < 16):
            raise UsageError(f"Stream {spec.name} needs pictures of at least 16 x 16 pixels.")
        if spec.kind == StreamKind.SKELETON and not spec.topology:
            raise UsageError(f"Stream {spec.name} needs a topology.")


def _encode_body(body: Body, topology: str) -> dict[str, Any]:
    document = {
        "id": body.id,
        "topology": topology,
        "xyz": _numbers(body.joints),
        "state": np.asarray(body.tracking).tolist(),
    }
    optional = {
        "color_uv": body.color_px,
        "depth_uv": body.depth_px,
        "orientation": body.orientations,
    }
    return document | {k: _numbers(v) for k, v in optional.items() if v is not None}


def _numbers(values: NDArray[np.float32]) -> list[Any]:
    """float32 as the shortest decimals that read back to the same value; null where not finite."""
    single = np.asarray(values, dtype=np.float32)
    exact = single.astype(np.float64)
    short = exact.copy()
    left = np.isfinite(single)
    for digits in range(10):
        rounded = np.round(exact, digits)
        hit = left & (rounded.astype(np.float32) == single)
        short[hit] = rounded[hit]
        left &= ~hit
        if not left.any():
            break
    lacking = ~np.isfinite(single)
    if not lacking.any():
        return _listed(short)
    holed = short.astype(object)
    holed[lacking] = None
    return _listed(holed)


def _listed(array: NDArray[Any]) -> list[Any]:
    listed: list[Any] = array.tolist()
    return listed
