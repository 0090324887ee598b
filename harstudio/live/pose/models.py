"""The model files of BlazePose: what they are called, where they lie, how they are recognised.

Google's MediaPipe Pose, Apache-2.0. They do not come with HARStudio; ``harstudio pose install``
fetches them.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from harstudio.errors import MissingError
from harstudio.settings import data_dir

DETECTOR = "detector"
LANDMARK_MODELS = ("lite", "full", "heavy")
LICENCE = (
    "The models are MediaPipe Pose (BlazePose) by Google, under the Apache License, Version 2.0 "
    "(https://www.apache.org/licenses/LICENSE-2.0)."
)


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One published file: name, bytes and SHA-256."""

    name: str
    size: int
    sha256: str


# As in the wheel mediapipe 0.10.21 and the npm package @mediapipe/pose 0.5.1675469404.
FILES = {
    DETECTOR: ModelFile(
        "pose_detection.tflite",
        2_959_046,
        "9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c",
    ),
    "lite": ModelFile(
        "pose_landmark_lite.tflite",
        2_819_824,
        "f17bfbecadb61c3be1baa8b8d851cc6619c870a87167b32848ad20db306b9d61",
    ),
    "full": ModelFile(
        "pose_landmark_full.tflite",
        6_440_512,
        "e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f",
    ),
    "heavy": ModelFile(
        "pose_landmark_heavy.tflite",
        27_709_200,
        "59e42d71bcd44cbdbabc419f0ff76686595fd265419566bd4009ef703ea8e1fe",
    ),
}


def models_folder() -> Path:
    """Where the model files lie: $HARSTUDIO_POSE, else in the folder of the private projects."""
    asked = os.environ.get("HARSTUDIO_POSE")
    return Path(asked) if asked else data_dir() / "pose"


def find_model(name: str) -> Path:
    """The file of "detector", "lite", "full" or "heavy"; MissingError where it is not there."""
    path = models_folder() / FILES[name].name
    if not path.is_file():
        models = "lite" if name == DETECTOR else name
        raise MissingError(
            f"The pose model {FILES[name].name} is not installed.",
            remedy=f"Fetch it with: harstudio pose install --model {models}",
        )
    return path


def installed_models() -> tuple[str, ...]:
    """The landmark models that can be used now; none without the detector."""
    there = [name for name, file in FILES.items() if (models_folder() / file.name).is_file()]
    return tuple(name for name in LANDMARK_MODELS if name in there and DETECTOR in there)
