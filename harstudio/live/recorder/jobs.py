"""The job of the recorder's process."""

from __future__ import annotations

import time
from pathlib import Path

from harstudio.jobs.context import ListeningContext, Payload, Stopped
from harstudio.live.recorder.recorder import Recorder
from harstudio.live.streams import LiveStream, cameras_from_payload
from harstudio.settings import data_dir, load_settings

LISTEN_S = 0.02


def record(payload: Payload, context: ListeningContext) -> Payload:
    """Record what the rings hold whenever it is asked to, until it is stopped.

    payload: streams (of ``LiveStream.to_payload``), cameras, folder ("" for ``recordings`` among
    the user's data), annotator ("" for that of the settings), keep_s. Hears "start" {name, keep},
    "stop", "keep" {seconds, name, labels}, "label" {name, person, time_ns, down}. Tells
    "recording" (twice a second and at changes; state idle, recording, saving or, once, done),
    "kept", "disk", "refused" {what, sentence} and "finished" (what a killed recorder left).
    DataError where a ring is gone, HarstudioError where the folder is a damaged project.
    """
    streams = [LiveStream.from_payload(one) for one in payload["streams"]]
    recorder = Recorder(
        streams,
        cameras_from_payload(payload.get("cameras") or {}),
        Path(payload.get("folder") or data_dir() / "recordings"),
        str(payload.get("annotator") or load_settings().annotator),
        context.tell,
        keep_s=float(payload.get("keep_s") or 0.0),
    )
    try:
        while recorder.crashed is None:
            for kind, said in context.heard():
                recorder.obey(kind, said)
            context.pause_point()
            time.sleep(LISTEN_S)
        raise recorder.crashed
    except Stopped:
        for kind, said in context.heard():  # what was said just before
            recorder.obey(kind, said)
    finally:
        recorder.close()
        for stream in streams:
            stream.close()
    return {}
