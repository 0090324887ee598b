"""Where people usually are in the training pictures, for recordings without a skeleton.

A network that always saw people cut out of the picture knows little of whole pictures. So a
training keeps the median box of its clips' joints, and a clip without joints is cut out there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from harstudio.errors import HarstudioError
from harstudio.learning.data.samples import Sample
from harstudio.learning.inputs.picture import PictureInput, box_of_people
from harstudio.learning.inputs.places import Stretch
from harstudio.learning.prepared.caches import Cache, Edges
from harstudio.learning.preprocessing import Preprocessing
from harstudio.recordings.formats import open_recording
from harstudio.results import Box

LOOKED_AT = 64  # clips, evenly over the training part


def with_usual_boxes(
    preprocessing: Preprocessing, samples: Sequence[Sample], cache: Cache | None = None
) -> Preprocessing:
    """The same with ``usual_box`` in every table of a picture that is cut out around joints.

    What is set already stays. Clips that cannot be read, or show nobody, do not count. cache:
    prepared data that know the boxes of the samples.
    """
    places = np.linspace(0, len(samples) - 1, min(LOOKED_AT, len(samples))).astype(int)
    looked_at = [samples[place] for place in places]
    inputs = dict(preprocessing.inputs)
    for name, table in preprocessing.inputs.items():
        if not isinstance(table, PictureInput) or table.crop == "none" or table.usual_box:
            continue
        found = [
            _box(preprocessing, table, sample) if cache is None else cache.box(sample, name)
            for sample in looked_at
        ]
        boxes = [box for box in found if box is not None]
        if boxes:
            usual = tuple(round(float(edge), 4) for edge in np.median(boxes, axis=0))
            inputs[name] = table.model_copy(update={"usual_box": usual})
    return replace(preprocessing, inputs=inputs)


def boxes_of(preprocessing: Preprocessing, stretch: Stretch) -> dict[str, Edges | None]:
    """By input that is cut out around joints, where a stretch's people are in its picture."""
    return {
        name: _edges(box_of_people(stretch, table))
        for name, table in preprocessing.inputs.items()
        if isinstance(table, PictureInput) and table.crop != "none"
    }


def _box(preprocessing: Preprocessing, table: PictureInput, sample: Sample) -> Edges | None:
    try:
        with open_recording(sample.path) as recording:
            stretch = preprocessing.stretch(
                recording, sample.start_ns, sample.end_ns, sample.person
            )
            return _edges(box_of_people(stretch, table))
    except HarstudioError:
        return None


def _edges(box: Box | None) -> Edges | None:
    return None if box is None else (box.left, box.top, box.right, box.bottom)
