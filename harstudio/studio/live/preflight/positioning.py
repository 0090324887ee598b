"""Where the main person stands in the picture, and where to go: nearer, farther, left, right.

"Left" is the left of the picture, which is the person's own left: pictures are mirror images.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harstudio.recordings.projection import project_joints
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import Body, PictureStream, SkeletonStream, StreamKind

TALL, SMALL = 0.92, 0.4  # height of the person in shares of the picture's
MARGIN = 0.01  # of the picture: nearer to its edge than that is cut off
OFF = 0.22  # so far from the middle, in shares of the width
HEAD_AND_FEET = 0.07  # shares of the body's height beyond its outermost joints
FRAME = (0.30, 0.05, 0.70, 0.97)  # where a whole person stands well, in shares of the picture


@dataclass(frozen=True, slots=True)
class Place:
    """box: left, top, right, bottom in shares of the picture. words: what is so. advice: what the
    person is to do, "" for nothing. distance_m: from the camera, None where it is not known."""

    box: tuple[float, float, float, float]
    words: str
    advice: str
    distance_m: float | None = None


def place_of_message(person: Mapping[str, Any], width: int, height: int) -> Place | None:
    """Of the pose stage's "person" {box, height_share, whole, distance_m}; box in pixels."""
    box = person.get("box")
    if not box or len(box) != 4:
        return None
    left, top, right, bottom = (float(value) for value in box)
    if max(left, top, right, bottom) > 2.0:  # pixels
        left, right, top, bottom = left / width, right / width, top / height, bottom / height
    tall = float(person.get("height_share") or bottom - top)
    distance = person.get("distance_m")
    box = left, top, right, bottom
    return _judged(box, tall, bool(person.get("whole", True)), distance, width / height)


def place_of_body(recording: Recording, stream: PictureStream, body: Body) -> Place | None:
    """Of a sensor's own skeleton, over one of its pictures."""
    points = project_joints(recording, stream.name, body)
    if points is None:
        return None
    seen = _seen(np.asarray(points, dtype=np.float64))
    if len(seen) < 4:
        return None
    shares = seen / (stream.width, stream.height)
    (left, top), (right, bottom) = shares.min(axis=0), shares.max(axis=0)
    spare = HEAD_AND_FEET * (bottom - top)
    box = float(left), float(top - spare), float(right), float(bottom + spare / 2)
    whole = top > MARGIN and bottom < 1 - MARGIN and left > MARGIN and right < 1 - MARGIN
    depths = body.joints[:, 2]
    known = depths[np.isfinite(depths) & (depths > 0)]
    distance = float(np.median(known)) if known.size else None
    return _judged(box, box[3] - box[1], whole, distance, stream.width / stream.height)


def place_now(
    recording: Recording | None, time_ns: int, person: Mapping[str, Any] | None
) -> Place | None:
    """Where the main person is now: as the pose stage says, else by the sensor's skeleton; the one
    nearest to the middle of those. None where nobody is seen."""
    if recording is None:
        return None
    picture = next(
        (
            one
            for kind in (StreamKind.COLOR, StreamKind.DEPTH, StreamKind.INFRARED)
            if isinstance(one := recording.of_kind(kind), PictureStream) and len(one)
        ),
        None,
    )
    if picture is None:
        return None
    if person is not None:
        return place_of_message(person, picture.width, picture.height)
    skeleton = recording.of_kind(StreamKind.SKELETON)
    if not isinstance(skeleton, SkeletonStream):
        return None
    found = skeleton.at(time_ns)
    bodies: Sequence[Body] = () if found is None else found.data.bodies
    places = [place_of_body(recording, picture, body) for body in bodies]
    return min((one for one in places if one is not None), key=_off_middle, default=None)


def _seen(points: NDArray[np.float64]) -> NDArray[np.float64]:
    return points[np.isfinite(points).all(axis=1)]


def _off_middle(place: Place) -> float:
    return abs((place.box[0] + place.box[2]) / 2 - 0.5)


def _judged(
    box: tuple[float, float, float, float],
    tall: float,
    whole: bool,
    distance: float | None,
    aspect: float,
) -> Place:
    """The one thing to do first: get all of the body into the picture, then the size, then the
    middle. aspect: width of the picture over its height; who lies is long, not far away."""
    middle = (box[0] + box[2]) / 2
    away = "" if distance is None else f", {distance:.1f} m away"
    cut_left, cut_right = box[0] < MARGIN, box[2] > 1 - MARGIN
    if middle < 0.5 - OFF or (cut_left and not cut_right):
        return Place(box, f"at the left edge{away}", "A step to the right.", distance)
    if middle > 0.5 + OFF or (cut_right and not cut_left):
        return Place(box, f"at the right edge{away}", "A step to the left.", distance)
    if tall > TALL or not whole:
        return Place(box, f"not the whole body is seen{away}", "Step back a little.", distance)
    if max(tall, (box[2] - box[0]) * aspect) < SMALL:
        return Place(box, f"far away{away}", "Come nearer.", distance)
    return Place(box, f"the whole body is seen{away}", "", distance)
