"""Where the joints of a body lie in the pictures of its recording."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import Body, PictureStream, StreamKind

ONE_SENSOR = {StreamKind.DEPTH, StreamKind.INFRARED}  # share their pixels


def project_joints(
    recording: Recording, stream_name: str, body: Body
) -> NDArray[np.float32] | None:
    """(V, 2) float32 pixels of the stream's picture, NaN where a joint has none.

    The sensor's own pixels come first; the recording's camera fills the gaps. None when the
    recording knows neither. Infrared and depth are one sensor and share their pixels. Kinect
    pictures are mirror images and so are the joints (x grows to the right of the picture):
    nothing is flipped here.
    """
    stream = recording.streams.get(stream_name)
    if stream is None:
        return None
    given = {
        StreamKind.COLOR: body.color_px,
        StreamKind.DEPTH: body.depth_px,
        StreamKind.INFRARED: body.depth_px,
    }.get(stream.kind)
    camera = recording.cameras.get(stream_name)
    if given is None and camera is None:
        return None
    pixels = np.full((len(body.joints), 2), np.nan, dtype=np.float32)
    if given is not None:
        known = np.isfinite(given).all(axis=1)
        pixels[known] = given[known]
    if camera is not None:
        gaps = np.isnan(pixels[:, 0])
        if gaps.any():
            pixels[gaps] = camera.project(body.joints[gaps]).astype(np.float32)
    return pixels


def shares_pixels(recording: Recording, one: str, other: str) -> bool:
    """Whether a pixel of one picture stream is the same pixel of another."""
    if one == other:
        return True
    a, b = recording.streams.get(one), recording.streams.get(other)
    if not isinstance(a, PictureStream) or not isinstance(b, PictureStream):
        return False
    return {a.kind, b.kind} == ONE_SENSOR and (a.width, a.height) == (b.width, b.height)
