"""How many cores a network gets: one while it is quick, because another one reads."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import torch

QUICK_S = 0.02  # a window; dividing so little among cores costs more than it gains
LOOKED_AT = 4  # windows, before that is decided


class Cores:
    """Of a network on the CPU that is asked window by window; see ``shared``."""

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._took: list[float] = []  # seconds

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Around every window. The first one warms up; a network that took long for each of the
        next three has all threads from then on."""
        begun = time.perf_counter()
        try:
            yield
        finally:
            self._took.append(time.perf_counter() - begun)
            if len(self._took) == LOOKED_AT and min(self._took[1:]) > QUICK_S:
                torch.set_num_threads(self._threads)


@contextmanager
def shared(device: torch.device) -> Iterator[Cores]:
    """One thread for the network at first; as many as before when it is over."""
    threads = torch.get_num_threads()
    if device.type == "cpu" and threads > 1:
        torch.set_num_threads(1)
    try:
        yield Cores(threads)
    finally:
        torch.set_num_threads(threads)
