"""What the job ``check_data`` leaves in its folder: ``samples.json`` and ``samples.npz``.

samples.json: ``{"topology", "inputs": {name: kind}, "samples": [{"path", "recording", "start_ns",
"end_ns", "name", "subject"}]}``. samples.npz: one array an input, its first axis the samples:
skeletons (N, 3, T, V, M), pictures uint8 (N, 3, H, W) or (N, 3, F, H, W), signals (N, 6, T), and
``focus`` (N, 4) or (N, F, 4).
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
FOCUS = "focus"
DIMENSIONS = {"skeleton": (4,), "inertial": (2,)}  # of one sample; pictures have 3 or 4
PICTURE = (3, 4)


def read_samples(folder: Path) -> tuple[list[Seen], str]:
    """The samples and the name of their topology; DataError where they are not whole."""
    try:
        about = json.loads((folder / ABOUT).read_text("utf-8"))
        with np.load(folder / ARRAYS, allow_pickle=False) as arrays:
            found = {name: arrays[name] for name in arrays.files}
        kinds = {str(name): str(kind) for name, kind in about["inputs"].items()}
        for name, kind in kinds.items():
            if found[name].ndim - 1 not in DIMENSIONS.get(kind, PICTURE):
                raise ValueError(f"{name} has the wrong shape")
        samples = [_seen(one, k, kinds, found) for k, one in enumerate(about["samples"])]
        return samples, str(about.get("topology") or "")
    except (OSError, KeyError, IndexError, TypeError, ValueError, zipfile.BadZipFile) as error:
        raise DataError(
            f"The samples cannot be shown ({error}).", path=folder, remedy="Check the data again."
        ) from error


def _seen(one: dict[str, Any], number: int, kinds: dict[str, str], arrays: dict[str, Any]) -> Seen:
    subject = one.get("subject")
    return Seen(
        path=Path(str(one["path"])),
        recording=str(one["recording"]),
        start_ns=int(one["start_ns"]),
        end_ns=int(one["end_ns"]),
        name=str(one["name"]),
        subject=None if subject is None else int(subject),
        inputs={name: arrays[name][number] for name in kinds},
        kinds=kinds,
        focus=arrays[FOCUS][number] if FOCUS in arrays else None,
    )
