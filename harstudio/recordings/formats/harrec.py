"""HARStudio's native format, read: a folder that any killed writer leaves readable.

See ``harrec_header`` for what lies in the folder.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harstudio.errors import DataError, HarstudioError
from harstudio.recordings.audio import AudioReader, AudioStream
from harstudio.recordings.formats.found import Claim, Found, Listing, OneByOne, Problem, Scanner
from harstudio.recordings.formats.harrec_header import (
    HEADER_FILE,
    INERTIAL_FILE,
    PICTURE_KINDS,
    PICTURES_FILE,
    SKELETON_FILE,
    SUFFIX,
    TIMES_FILE,
    StreamHeader,
    read_header,
)
from harstudio.recordings.formats.harrec_tables import (
    Lines,
    SkeletonTable,
    frame_times,
    inertial_table,
    read_lines,
)
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import (
    PictureStream,
    SampledStream,
    SkeletonStream,
    Stream,
    StreamKind,
)
from harstudio.recordings.video import VideoReader, picture_format
from harstudio.recordings.video_index import AudioIndex, MediaIndex, VideoIndex, index_media

NAME = "harrec"
KILLED = "The recording was not closed properly; everything up to there is shown."


def recognises(path: Path) -> bool:
    """Whether the path is a harrec folder or a file right in one."""
    return _folder(path) is not None


def open_recording(path: Path) -> Recording:
    """The whole recording; DataError naming the file where nothing of it can be read."""
    folder = _folder(path)
    if folder is None:
        raise DataError("Is not a harrec recording.", path=path)
    return _Opening(folder).recording()


def scanner() -> Scanner:
    """A fresh scanner for one scan."""
    return OneByOne(_claim)


def _folder(path: Path) -> Path | None:
    """The recording's folder, from it or from a file in it."""
    folder = path if path.is_dir() else path.parent
    if folder.suffix.casefold() == SUFFIX:
        return folder
    return folder if _says_harrec(folder / HEADER_FILE) else None


def _says_harrec(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            start = file.read(200)
    except OSError:
        return False
    return b'"format": "harrec"' in start


def _claim(listing: Listing) -> Claim:
    folders = [name for name in listing.folders if name.casefold().endswith(SUFFIX)]
    inside = HEADER_FILE in listing.files and _folder(listing.folder) is not None
    paths = [listing.folder / name for name in folders] + [listing.folder] * inside
    found: list[Found] = []
    problems: list[Problem] = []
    for path in paths:
        try:
            header = read_header(path / HEADER_FILE)
        except HarstudioError as error:
            problems.append(Problem(error.path or path, error.message))
            continue
        kinds = tuple(sorted({str(stream.kind) for stream in header.streams}))
        who = (header.subject, header.view, header.action)
        found.append(Found(path, NAME, header.name, *who, kinds))
        if not header.clean_close:
            problems.append(Problem(path, KILLED))
    return Claim(listing.files if inside else (), folders, found, problems)


class _Pictures:
    """The index of ``streams.mkv``, made when the first picture is asked for."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._index: MediaIndex | None = None

    def index(self) -> MediaIndex:
        with self._lock:
            if self._index is None:
                self._index = index_media(self.path)
            return self._index

    def video(self, track: str) -> VideoIndex:
        for index in self.index().video:
            if index.title == track:
                return index
        raise DataError(f"There is no track {track}.", path=self.path)

    def sound(self, track: str) -> AudioIndex:
        for index in self.index().audio:
            if index.title == track:
                return index
        raise DataError(f"There is no track {track}.", path=self.path)


class _Opening:
    """Opens one folder, noting what is not whole."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.header = read_header(folder / HEADER_FILE)
        self.problems = list(self.header.problems)
        self.pictures = _Pictures(folder / PICTURES_FILE)
        self.times = self._lines(TIMES_FILE)
        self.trusted = self._is_whole()

    def recording(self) -> Recording:
        header = self.header
        streams: dict[str, Stream[Any]] = {}
        for described in header.streams:
            try:
                stream = self._stream(described)
            except HarstudioError as error:
                self._note(f"Stream {described.name} cannot be read. {error}")
                continue
            if len(stream):
                streams[described.name] = stream
            elif described.frames or not header.clean_close:
                self._note(f"Stream {described.name} has no frames.")
        return Recording(
            name=header.name,
            format=NAME,
            path=self.folder,
            streams=streams,
            subject=header.subject,
            view=header.view,
            repetition=header.repetition,
            action=header.action,
            cameras=header.cameras,
            problems=tuple(dict.fromkeys(self.problems)),
        )

    def _is_whole(self) -> bool:
        """Whether the header's counts can be trusted without looking into the mkv."""
        if not self.header.clean_close:
            self._note(KILLED)
            return False
        path = self.pictures.path
        size = path.stat().st_size if path.is_file() else 0
        told = self.header.pictures_bytes
        if told and size != told:
            self._note(f"{path.name} has {size} bytes instead of {told}: it is cut off or changed.")
        return size == told

    def _note(self, problem: str) -> None:
        self.problems.append(problem)

    def _lines(self, name: str) -> Lines:
        lines = read_lines(self.folder / name)
        self._note_left_out(name, lines.damaged)
        return lines

    def _note_left_out(self, name: str, count: int) -> None:
        if count:
            self._note(f"{count} damaged lines of {name} are left out.")

    def _stream(self, described: StreamHeader) -> Stream[Any]:
        if described.kind in PICTURE_KINDS:
            return self._picture_stream(described)
        if described.kind == StreamKind.SKELETON:
            return self._skeleton_stream(described)
        if described.kind == StreamKind.AUDIO:
            return self._audio_stream(described)
        return self._inertial_stream(described)

    def _picture_stream(self, described: StreamHeader) -> PictureStream:
        times = frame_times(self.times, described.track)
        width, height, dtype = described.width, described.height, described.dtype
        ordered = bool(np.all(np.diff(times) >= 0))
        if not (self.trusted and ordered and len(times) == described.frames):
            index = self.pictures.video(described.track)
            times = self._matched_times(described, times, index)
            width, height = index.width, index.height
            dtype = picture_format(described.kind, index.pix_fmt)[1]
        pictures, track = self.pictures, described.track
        return PictureStream(
            described.name,
            described.kind,
            times,
            VideoReader(pictures.path, described.kind, lambda: pictures.video(track)),
            width=width,
            height=height,
            dtype=dtype,
            nominal_rate_hz=described.rate_hz,
        )

    def _matched_times(
        self, described: StreamHeader, times: NDArray[np.int64], index: VideoIndex
    ) -> NDArray[np.int64]:
        """As many times as the mkv has pictures: the exact ones, then the mkv's own."""
        rough = index.times_ns + self.header.start_ns
        if described.frames and len(index) < described.frames:
            self._note(f"Stream {described.name} has {len(index)} of {described.frames} pictures.")
        known = min(len(times), len(index))
        joined = np.concatenate([times[:known], rough[known:]])
        if known < len(index):
            self._note(f"Stream {described.name}: the last times are exact to a millisecond only.")
        if bool(np.any(np.diff(joined) < 0)):
            self._note(f"Stream {described.name}: its times are exact to a millisecond only.")
            return rough
        return np.asarray(joined, dtype=np.int64)

    def _skeleton_stream(self, described: StreamHeader) -> SkeletonStream:
        path = self.folder / SKELETON_FILE
        table = SkeletonTable(path, described.name, check=not self.header.clean_close)
        if self.header.clean_close and len(table.times_ns) != described.frames:
            table = SkeletonTable(path, described.name, check=True)
        self._note_left_out(SKELETON_FILE, table.left_out)
        return SkeletonStream(
            described.name,
            table.times_ns,
            table,
            topology=described.topology,
            joints=table.joints or described.joints,
            max_bodies=table.bodies or described.bodies,
            nominal_rate_hz=described.rate_hz,
        )

    def _inertial_stream(self, described: StreamHeader) -> SampledStream:
        lines = self._lines(INERTIAL_FILE)
        table = inertial_table(lines, described.name, len(described.channels))
        self._note_left_out(INERTIAL_FILE, table.left_out)
        return SampledStream(
            described.name,
            described.kind,
            table.times_ns,
            table.values,
            channels=described.channels,
            nominal_rate_hz=described.rate_hz,
        )

    def _audio_stream(self, described: StreamHeader) -> AudioStream:
        pictures, track = self.pictures, described.track
        exact = frame_times(self.times, track)
        known = self.trusted and (len(exact) or not described.frames)
        found = None if known else pictures.sound(track)
        start = int(exact[0]) if len(exact) else self.header.start_ns
        if found is not None and not len(exact):
            start += found.start_ns
        reader = AudioReader(
            pictures.path,
            lambda: pictures.sound(track),
            sample_rate=described.sample_rate or (found.sample_rate if found else 0),
            channels=max(1, len(described.channels)),
            count=described.frames if found is None else found.samples,
        )
        return AudioStream(described.name, reader, start_ns=start)
