"""Scalars for TensorBoard, written on the caller's thread so that a full disk is an error there."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO


class EventFile:
    """An ``events.out.tfevents.*`` file; TensorBoard merges those of one folder.

    purge_from: TensorBoard drops what earlier files tell of this step and later ones.
    """

    def __init__(self, folder: Path, *, purge_from: int | None = None) -> None:
        from tensorboard.compat.proto.event_pb2 import Event, SessionLog
        from tensorboard.summary.writer.record_writer import RecordWriter

        now = time.time()
        name = f"events.out.tfevents.{time.time_ns()}.{socket.gethostname()}.{os.getpid()}"
        self._event = Event
        self._file: BinaryIO = (folder / name).open("xb")
        self._records = RecordWriter(self._file)
        self._write(Event(wall_time=now, file_version="brain.Event:2"))
        if purge_from is not None:
            start = SessionLog(status=SessionLog.START)
            self._write(Event(wall_time=now, step=purge_from, session_log=start))

    def add(self, scalars: Mapping[str, float], step: int) -> None:
        """Values by tag at a step."""
        from tensorboard.compat.proto.summary_pb2 import Summary

        values = [Summary.Value(tag=tag, simple_value=value) for tag, value in scalars.items()]
        self._write(self._event(wall_time=time.time(), step=step, summary=Summary(value=values)))

    def flush(self) -> None:
        """Everything so far can be read by others."""
        self._file.flush()

    def close(self) -> None:
        """No more comes."""
        self._file.close()

    def _write(self, event: object) -> None:
        self._records.write(event.SerializeToString())  # type: ignore[attr-defined]
