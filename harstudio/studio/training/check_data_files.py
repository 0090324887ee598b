"""What the job ``check_data`` leaves in its folder: ``samples.json`` and ``samples.npz``.

samples.json: ``{"topology", "samples": [{"path", "recording", "start_ns", "end_ns", "name",
"subject"}]}``. samples.npz: one array an input, its first axis the samples: ``skeleton``
(N, 3, T, V, M), ``picture`` (N, 3, H, W), ``focus`` (N, 4).
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from harstudio.errors import DataError
from harstudio.studio.training.check_data_sample import Seen

ABOUT, ARRAYS = "samples.json", "samples.npz"
INPUTS = ("skeleton", "picture", "focus")


def read_samples(folder: Path) -> tuple[list[Seen], str]:
    """The samples and the name of their topology; DataError where they are not whole."""
    try:
        about = json.loads((folder / ABOUT).read_text("utf-8"))
        with np.load(folder / ARRAYS, allow_pickle=False) as arrays:
            inputs = {name: arrays[name] for name in INPUTS if name in arrays.files}
        samples = [_seen(one, k, inputs) for k, one in enumerate(about["samples"])]
        return samples, str(about.get("topology") or "")
    except (OSError, KeyError, IndexError, TypeError, ValueError, zipfile.BadZipFile) as error:
        raise DataError(
            f"The samples cannot be shown ({error}).", path=folder, remedy="Check the data again."
        ) from error


def _seen(one: dict[str, Any], number: int, inputs: dict[str, Any]) -> Seen:
    subject = one.get("subject")
    return Seen(
        path=Path(str(one["path"])),
        recording=str(one["recording"]),
        start_ns=int(one["start_ns"]),
        end_ns=int(one["end_ns"]),
        name=str(one["name"]),
        subject=None if subject is None else int(subject),
        **{name: inputs[name][number] for name in inputs},
    )
