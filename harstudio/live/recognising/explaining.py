"""Explanations of the newest window on a thread of their own, so that labels never wait."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from harstudio.errors import HarstudioError
from harstudio.learning.preprocessing import Prepared
from harstudio.live.recognising.engine import Engine
from harstudio.recognition.one_window import Said
from harstudio.results import Recognition
from harstudio.runs.recognitions import SUFFIX, save_recognition

EVERY_S = 0.5
SHARE = 0.25  # of the time that explaining may take
FILES = 8  # that stay; who was told of one has so long to read it

Span = tuple[int, int]


class Explaining:
    """Explains the newest window that it was given, at most twice a second and a quarter of the
    time. told: called on its thread with the window's span and the file, which is whole then.

    about: a recognition of no window, with the run, the network, the classes and the recording.
    """

    def __init__(
        self, engine: Engine, about: Recognition, folder: Path, told: Callable[[Span, Path], None]
    ) -> None:
        self._engine, self._about, self._folder, self._told = engine, about, folder, told
        self._wanted = threading.Condition()
        self._newest: tuple[Prepared, Span] | None = None
        self._ended = False
        self._number = 0
        self._thread = threading.Thread(target=self._run, name="explaining", daemon=True)
        self._thread.start()

    def give(self, prepared: Prepared, span: Span) -> None:
        """The newest window; one that was not begun with is forgotten."""
        with self._wanted:
            self._newest = prepared, span
            self._wanted.notify()

    def end(self) -> None:
        """No more; what is under way is finished."""
        with self._wanted:
            self._ended = True
            self._wanted.notify()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._wanted:
                while self._newest is None and not self._ended:
                    self._wanted.wait()
                if self._ended:
                    return
                assert self._newest is not None  # noqa: S101 -- waited for
                (prepared, span), self._newest = self._newest, None
            begun = time.perf_counter()
            try:
                said = self._engine.explain(prepared, span)
                if said is not None:
                    self._told(span, self._save(said))
            except (HarstudioError, RuntimeError, OSError):
                pass  # the next window may be explained; a GPU that is lost is told with labels
            took = time.perf_counter() - begun
            with self._wanted:
                self._wanted.wait_for(lambda: self._ended, max(EVERY_S, took / SHARE) - took)

    def _save(self, said: Said) -> Path:
        label = int(said.window.probabilities.argmax())
        about = self._about
        recognition = Recognition(
            about.run, about.network, about.classes, about.recording, about.path,
            windows=(said.window,),
            segments=(),
            label=label,
            confidence=float(said.window.probabilities[label]),
            explanations=(said.explanations,),
            without=about.without,
        )  # fmt: skip
        path = self._folder / f"explained-{self._number % FILES}{SUFFIX}"
        self._number += 1
        save_recognition(path, recognition)
        return path
