"""Pictures as they may be seen: with hidden faces where the project says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from harstudio.recordings.faces import FaceMask
from harstudio.recordings.hidden_inputs import hidden_input
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import PictureStream
from harstudio.results import Picture

if TYPE_CHECKING:
    from harstudio.studio.viewing import Viewing

HIDDEN = "Faces are hidden in this project; no head is known here, so the whole picture is."


class Privacy(QObject):
    """The one place through which pictures of people go before they are shown."""

    changed = Signal()  # pictures on screen must be made again

    def __init__(self, session: Viewing) -> None:
        super().__init__(session)
        self._session = session
        self._masks: dict[str, FaceMask] = {}
        self._of: Recording | None = None
        self._hid = False
        session.team.changed.connect(self._meet_rules)

    @property
    def hides_faces(self) -> bool:
        """Whether the open project wants faces hidden."""
        return self._session.team.policy.blur_faces

    def mask(self, recording: Recording, stream: str) -> FaceMask | None:
        """What hides the faces in a stream of any recording, None when they are shown.

        The mask may be used in any thread: ``mask.masked(picture, time_ns)``.
        """
        if not self.hides_faces:
            return None
        mask = FaceMask(recording, stream)
        return mask if mask.needed else None

    def shown(self, stream: PictureStream, index: int, data: NDArray[Any]) -> NDArray[Any]:
        """A frame of a stream of the open recording, as it may be seen."""
        mask = self._mask_of(stream)
        return data if mask is None else mask.masked(data, int(stream.times_ns[index]))

    def given(self, picture: Picture) -> Picture:
        """What a network was given of the open recording, as it may be seen."""
        if not self.hides_faces:
            return picture
        recording = self._session.recording
        stream = None if recording is None else recording.streams.get(picture.stream)
        mask = self._kept_mask(stream) if isinstance(stream, PictureStream) else None
        return hidden_input(picture, mask)

    def why_coarse(self, stream: PictureStream, index: int) -> str:
        """Why a whole frame is hidden, "" when it is not."""
        mask = self._mask_of(stream)
        coarse = mask is not None and mask.whole(int(stream.times_ns[index]))
        return HIDDEN if coarse else ""

    def _mask_of(self, stream: PictureStream) -> FaceMask | None:
        mask = self._kept_mask(stream) if self.hides_faces else None
        return mask if mask is not None and mask.needed else None

    def _kept_mask(self, stream: PictureStream) -> FaceMask | None:
        recording = self._session.recording
        if recording is None:
            return None
        if self._of is not recording:
            self._masks, self._of = {}, recording
        mask = self._masks.get(stream.name)
        if mask is None:
            mask = self._masks[stream.name] = FaceMask(recording, stream.name)
        return mask

    def _meet_rules(self) -> None:
        if self._hid != self.hides_faces:
            self._hid = self.hides_faces
            self.changed.emit()
