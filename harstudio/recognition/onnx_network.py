"""A network in ONNX Runtime: asked as a ``TrainedNetwork`` is, without torch computing anything.

Its file is what ``exporting`` writes: the graph, and as metadata "harstudio" (JSON) what it is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harstudio.errors import DataError, MissingError, UsageError
from harstudio.learning.preprocessing import Prepared

METADATA = "harstudio"
LOGITS = "logits"
BY_STREAM, FEATURES = "logits of ", "features of "  # before a name
EXTRA = 'Install it: pip install "harstudio[onnx]".'


class OnnxNetwork:
    """An exported network, one clip at a time.

    inputs: their shapes by name, the batch of one first. outputs: their names. about: its metadata.
    """

    def __init__(self, model: Path | bytes, *, cuda: bool = False, threads: int = 1) -> None:
        """model: a file or its bytes. cuda: on the GPU where this ONNX Runtime can.

        MissingError: no such file, or no ONNX Runtime; DataError: it is no network of HARStudio.
        """
        runtime = onnx_runtime()
        path = model if isinstance(model, Path) else None
        if path is not None and not path.is_file():
            raise MissingError("There is no such file.", path=path)
        options = runtime.SessionOptions()
        options.intra_op_num_threads = threads
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        providers = ["CPUExecutionProvider"]
        if cuda and "CUDAExecutionProvider" in runtime.get_available_providers():
            providers.insert(0, "CUDAExecutionProvider")
        given = str(path) if path is not None else model
        try:
            self._session = runtime.InferenceSession(given, options, providers=providers)
            metadata = self._session.get_modelmeta().custom_metadata_map
            self.about: Mapping[str, Any] = json.loads(metadata[METADATA])
        except Exception as error:  # ONNX Runtime has a dozen of its own
            raise DataError(
                f"This is no network that harstudio export wrote ({_first_line(error)}).", path=path
            ) from error
        self.inputs = {one.name: tuple(one.shape) for one in self._session.get_inputs()}
        self.outputs = tuple(one.name for one in self._session.get_outputs())
        self.provider = str(self._session.get_providers()[0])

    def ask(self, prepared: Prepared) -> dict[str, NDArray[np.float32]]:
        """What it says about one clip, by output, the batch of one first: "logits" (1, K), and, of
        streams and of the fusion, "logits of NAME" (1, K) and "features of NAME" (1, D).

        UsageError: the clip lacks an input, or one has another size.
        """
        fed = {}
        for name, shape in self.inputs.items():
            values = prepared.inputs.get(name)
            if values is None or (1, *values.shape) != shape:
                there = "lacks it" if values is None else f"has {values.shape}"
                raise UsageError(f"The network takes {name} {shape[1:]}, and the clip {there}.")
            fed[name] = np.ascontiguousarray(values[None], dtype=np.float32)
        said = self._session.run(None, fed)
        return dict(zip(self.outputs, said, strict=True))


def onnx_runtime() -> ModuleType:
    """ONNX Runtime; MissingError: it is not here."""
    try:
        return import_module("onnxruntime")
    except ImportError as error:
        raise MissingError(f"ONNX Runtime is not here ({error}).", remedy=EXTRA) from error


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]
