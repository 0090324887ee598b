"""Where people usually are in the training pictures, for recordings without a skeleton.

A network that always saw people cut out of the picture knows little of whole pictures. So a
training keeps the median box of its clips' joints, and a clip without joints is cut out there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from harstudio.errors import HarstudioError
from harstudio.learning.inputs.picture import PictureInput, box_of_people
from harstudio.learning.preprocessing import Preprocessing
from harstudio.learning.samples import Sample
from harstudio.recordings.formats import open_recording

LOOKED_AT = 64  # clips, evenly over the training part


def with_usual_boxes(preprocessing: Preprocessing, samples: Sequence[Sample]) -> Preprocessing:
    """The same with ``usual_box`` in every table of a picture that is cut out around joints.

    What is set already stays. Clips that cannot be read, or show nobody, do not count.
    """
    places = np.linspace(0, len(samples) - 1, min(LOOKED_AT, len(samples))).astype(int)
    looked_at = [samples[place] for place in places]
    inputs = dict(preprocessing.inputs)
    for name, table in preprocessing.inputs.items():
        if not isinstance(table, PictureInput) or table.crop == "none" or table.usual_box:
            continue
        found = [_box(preprocessing, table, sample) for sample in looked_at]
        boxes = [box for box in found if box is not None]
        if boxes:
            usual = tuple(round(float(edge), 4) for edge in np.median(boxes, axis=0))
            inputs[name] = table.model_copy(update={"usual_box": usual})
    return replace(preprocessing, inputs=inputs)


def _box(
    preprocessing: Preprocessing, table: PictureInput, sample: Sample
) -> tuple[float, float, float, float] | None:
    try:
        with open_recording(sample.path) as recording:
            stretch = preprocessing.stretch(
                recording, sample.start_ns, sample.end_ns, sample.person
            )
            box = box_of_people(stretch, table)
    except HarstudioError:
        return None
    return None if box is None else (box.left, box.top, box.right, box.bottom)
