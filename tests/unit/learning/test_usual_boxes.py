"""Where people usually are: of real trials, and what a training keeps of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from harstudio.learning.data.samples import Sample
from harstudio.learning.inputs.picture import PictureInput
from harstudio.learning.preprocessing import Preprocessing
from harstudio.learning.usual_boxes import with_usual_boxes
from harstudio.networks import network_card
from harstudio.recordings.formats import open_recording
from trials import write_trial


def samples_of(paths: list[Path]) -> list[Sample]:
    samples = []
    for path in paths:
        with open_recording(path) as recording:
            samples.append(Sample(path, recording.name, 0, recording.stop_ns, 0))
    return samples


def preprocessing_for(name: str = "mmff-lite") -> Preprocessing:
    card = network_card(name)
    kinds = ("depth", "skeleton") if "skeleton" in card.branches else ("depth",)
    return Preprocessing.for_card(card, "utd_mhad_20", kinds)


def test_the_person_of_real_trials_is_in_the_usual_box(utd_mhad: Path) -> None:
    paths = sorted((utd_mhad / "Depth").glob("a[1-9]_s[1-8]_t1_depth.mat"))[:24]
    made = with_usual_boxes(preprocessing_for(), samples_of(paths))
    table = made.inputs["picture"]
    assert isinstance(table, PictureInput)
    assert table.usual_box is not None
    left, top, right, bottom = table.usual_box
    inside = []
    for path in paths[::6]:
        with open_recording(path) as recording:
            depth = recording.streams["depth"].frame(10)
        y, x = np.nonzero(depth)
        x, y = x / depth.shape[1], y / depth.shape[0]
        inside.append(((x > left) & (x < right) & (y > top) & (y < bottom)).mean())
    assert np.median(inside) > 0.7  # joints end within hands, feet and head
    assert (right - left) * (bottom - top) < 0.4


def test_what_is_set_stays_and_other_inputs_too(tmp_path: Path) -> None:
    samples = samples_of([write_trial(tmp_path)])
    box = (0.1, 0.2, 0.3, 0.4)
    card = network_card("mmff-lite")
    own = Preprocessing.for_card(
        card, "utd_mhad_20", ("depth", "skeleton"), {"picture": {"usual_box": box}}
    )
    assert with_usual_boxes(own, samples) == own
    joints = Preprocessing.for_card(network_card("st-gcn"), "utd_mhad_20")
    assert with_usual_boxes(joints, samples) == joints
    gone = [Sample(tmp_path / "gone.mat", "gone", 0, 10, 0)]
    assert with_usual_boxes(preprocessing_for(), gone) == preprocessing_for()
