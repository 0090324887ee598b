"""The small pictures of the library."""

from __future__ import annotations

import harstudio
from harstudio.studio.panels.thumbnails import HEIGHT, WIDTH, thumbnail
from small_dataset import write_dataset


def test_a_recording_of_joints_alone_has_a_figure(qapp, tmp_path) -> None:
    folder = write_dataset(tmp_path, subjects=1, actions=1, repeats=1)
    with harstudio.open(next(folder.rglob("*.mat"))) as recording:
        image = thumbnail(recording)
    assert (image.width(), image.height()) == (WIDTH, HEIGHT)
    colors = {image.pixelColor(x, y).name() for x in range(WIDTH) for y in range(HEIGHT)}
    assert len(colors) > 3  # the ground, and limbs in the colours of their sides
