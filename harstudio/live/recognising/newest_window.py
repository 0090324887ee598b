"""The newest window as the network sees it, made by the run's own preprocessing.

What windows share is made once and kept by frame (``learning.inputs.kept``): bodies, pictures, the
small pictures of dynamic images. So a window costs little more than its newest frame. It is the
same preprocessing as off line, and a test compares the inputs bit by bit.
"""

from __future__ import annotations

from typing import Any

from harstudio.learning.inputs.dynamic import DynamicInput, small_frame
from harstudio.learning.inputs.frames import PictureSettings
from harstudio.learning.inputs.kept import Kept
from harstudio.learning.inputs.places import Stretch
from harstudio.learning.preprocessing import Prepared, Preprocessing
from harstudio.live.growing import GrowingRecording
from harstudio.recordings.streams import SECOND_NS, PictureStream

LARGE_S = 0.5  # of whole pictures, where the network sees small copies alone


class NewestWindow:
    """Grows a recording and makes windows of it. For one thread."""

    def __init__(self, preprocessing: Preprocessing, recording: GrowingRecording) -> None:
        self.preprocessing, self.recording = preprocessing, recording
        self._kept = Kept()
        self._small: dict[str, list[DynamicInput]] = {}
        for stream in recording.streams.values():
            tables = [
                table
                for table in preprocessing.inputs.values()
                if isinstance(table, PictureSettings) and table.appearance == stream.kind
            ]
            small = [one for one in tables if isinstance(one, DynamicInput) and not _masked(one)]
            if small and len(small) == len(tables):
                self._small[stream.name] = small
                recording.keep(stream.name, round(LARGE_S * SECOND_NS))

    def grow(self, stream: str, time_ns: int, data: Any) -> None:
        """A frame that came. Pictures of which the network sees small copies alone are made small
        at once, so that the large ones need not be kept. ValueError: its time is before that of the
        last one."""
        index = self.recording.grow(stream, time_ns, data)
        pictures = self.recording.streams[stream]
        for table in self._small.get(stream, ()):
            assert isinstance(pictures, PictureStream)  # noqa: S101 -- tables of pictures alone
            here = Stretch(self.recording, time_ns, time_ns + 1, None, kept=self._kept)
            small_frame(here, pictures, index, table)

    def prepare(self, start_ns: int, end_ns: int, person: str) -> Prepared:
        """The inputs of ``[start_ns, end_ns)``. DataError: nobody is seen, a stream has nothing."""
        raw = self.preprocessing.read(self.recording, start_ns, end_ns, person, self._kept)
        return self.preprocessing.make(raw, None)

    def forget_before(self, time_ns: int) -> None:
        """No window will begin before this time."""
        self._kept.forget_before(time_ns)


def _masked(table: DynamicInput) -> bool:
    return table.person_band_m is not None
