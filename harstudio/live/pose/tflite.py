"""A model file run by LiteRT on the processor."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harstudio.errors import DataError, MissingError

LARGEST_LOGIT = 80.0  # float32 holds its exponential


class TfliteModel:
    """One picture in, several arrays out; not for several threads at once."""

    def __init__(self, path: Path, threads: int) -> None:
        """MissingError where LiteRT is not installed, DataError where the file is no model."""
        try:
            from ai_edge_litert.interpreter import Interpreter  # a tenth of a second
        except ImportError as error:
            raise MissingError(
                f"LiteRT, which runs the pose models, is not there ({error}).",
                remedy="Install the package ai-edge-litert.",
            ) from error
        try:
            self._interpreter: Any = Interpreter(str(path), num_threads=max(1, threads))
            self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError, OSError) as error:
            raise DataError(
                f"This is no model that LiteRT can run ({error}).", path=path
            ) from error
        self._input = int(self._interpreter.get_input_details()[0]["index"])
        self._outputs = [int(one["index"]) for one in self._interpreter.get_output_details()]
        shape = self._interpreter.get_input_details()[0]["shape"]
        self.side = int(shape[1])  # pixels of the square picture that it takes

    def run(self, picture: NDArray[np.uint8], low: float, high: float) -> list[NDArray[np.float32]]:
        """The outputs for a (side, side, 3) uint8 RGB picture; its 0 to 255 become low to high."""
        given = self._interpreter.tensor(self._input)()
        np.multiply(picture, np.float32((high - low) / 255), out=given[0], casting="unsafe")
        if low:
            given += np.float32(low)
        del given  # LiteRT refuses to run while somebody holds a view
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(index) for index in self._outputs]


def sigmoid(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """0 to 1 for any number."""
    clipped = np.clip(logits, -LARGEST_LOGIT, LARGEST_LOGIT)
    return np.asarray(1 / (1 + np.exp(-clipped)), dtype=np.float32)
