"""Write takes as native recordings of a project, with what really happened as labels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

import numpy as np

from harstudio.labels.editing.edits import AddClip, AddTier
from harstudio.labels.label_sets.label_set import LabelSet
from harstudio.labels.model import Clip
from harstudio.labels.project import Project
from harstudio.recordings.formats.harrec_header import StreamSpec
from harstudio.recordings.formats.harrec_writer import HarrecWriter
from harstudio.recordings.formats.ntu_writer import infrared_8bit
from harstudio.recordings.recording import Action
from harstudio.recordings.streams import SECOND_NS, Body, SkeletonFrame, StreamKind, evenly
from harstudio.synthesis.inertial import CHANNELS, SENSOR_RATE_HZ, feel
from harstudio.synthesis.scripts import SCRIPTS, code
from harstudio.synthesis.sensor import masked
from harstudio.synthesis.shooting import RATE_HZ, Rig, Shot, whole_or_nothing
from harstudio.synthesis.sound import SAMPLE_RATE, soundtrack
from harstudio.synthesis.take import Take

TIER = "actions"
INERTIAL = "wrist"


@dataclass(frozen=True)
class Quality:
    """How a native recording is stored: what decides its size.

    crf: of colour; infrared_crf: of 8-bit infrared as H.264, None for 16 bit without loss;
    body_depth_only: depth outside of bodies becomes 0; lean_bodies: joints to 0.1 mm and without
    pixels and orientations, which follow from the cameras; codec of the sound.
    """

    crf: int = 23
    infrared_crf: int | None = None
    body_depth_only: bool = False
    lean_bodies: bool = False
    sound: str = "flac"
    preset: str = "veryfast"
    lookahead: int = 0
    key_interval: int = 30


@dataclass(frozen=True)
class About:
    """What a recording's header says."""

    name: str
    subject: int
    view: int
    repetition: int
    action: Action | None


def stream_specs(rig: Rig, quality: Quality) -> list[StreamSpec]:
    """The streams of a native recording."""
    color, depth = rig.color.camera, rig.depth.camera
    lossy = quality.infrared_crf is not None
    return [
        StreamSpec(
            "color", StreamKind.COLOR, color.width, color.height, RATE_HZ, crf=quality.crf,
            preset=quality.preset, lookahead=quality.lookahead,
            key_interval=quality.key_interval,
        ),
        StreamSpec("depth", StreamKind.DEPTH, depth.width, depth.height, RATE_HZ),
        StreamSpec(
            "infrared", StreamKind.INFRARED, depth.width, depth.height, RATE_HZ,
            crf=quality.infrared_crf or 0, codec="h264" if lossy else "",
            dtype="uint8" if lossy else "", preset=quality.preset,
            lookahead=quality.lookahead if lossy else 0,
            key_interval=quality.key_interval if lossy else 0,
        ),
        StreamSpec("skeleton", StreamKind.SKELETON, rate_hz=RATE_HZ, topology="kinect_v2_25"),
        StreamSpec(
            INERTIAL, StreamKind.INERTIAL, rate_hz=SENSOR_RATE_HZ, channels=CHANNELS
        ),
        StreamSpec("audio", StreamKind.AUDIO, sample_rate=SAMPLE_RATE, codec=quality.sound),
    ]  # fmt: skip


def write_recording(
    folder: Path, about: About, take: Take, shots: Iterator[Shot], rig: Rig, seed: list[int],
    quality: Quality,
) -> Path:  # fmt: skip
    """One recording folder, ``<name>.harrec``."""
    specs = stream_specs(rig, quality)
    with whole_or_nothing(folder), HarrecWriter(
        folder, name=about.name, streams=specs, subject=about.subject, view=about.view,
        repetition=about.repetition, action=about.action, cameras=rig.cameras,
    ) as writer:  # fmt: skip
        pitch = 200.0 if take.motions[0].subject.bust else 125.0
        heard = soundtrack(take.sounds, take.end, seed, pitch)
        sent = 0
        for shot in shots:
            writer.picture("color", shot.time_ns, shot.color)
            depth = masked(shot.depth, 0) if quality.body_depth_only else shot.depth.depth
            writer.picture("depth", shot.time_ns, depth)
            bright = shot.depth.infrared
            eight = quality.infrared_crf is not None
            writer.picture("infrared", shot.time_ns, infrared_8bit(bright) if eight else bright)
            bodies = _lean(shot.bodies) if quality.lean_bodies else shot.bodies
            writer.skeleton("skeleton", shot.time_ns, bodies)
            until = round((shot.time + 1 / RATE_HZ) * SAMPLE_RATE)
            if until > sent and sent < len(heard):
                writer.audio("audio", heard[sent:until])
                sent = until
        felt = feel(take, "wrist", seed)
        for time_ns, values in zip(evenly(len(felt), SENSOR_RATE_HZ), felt, strict=True):
            writer.inertial(INERTIAL, int(time_ns), values)
    return folder


def _lean(frame: SkeletonFrame) -> SkeletonFrame:
    return SkeletonFrame(
        tuple(Body(body.id, np.round(body.joints, 4), body.tracking) for body in frame.bodies)
    )


def script_action(key: str) -> Action | None:
    """The NTU class of a script as a recording's header names it."""
    script = SCRIPTS[key]
    if not script.ntu:
        return None
    return Action(f"A{script.ntu:03d}", script.ntu - 1, script.name)


def label_set_of(keys: list[str], name: str) -> LabelSet:
    """A label set with the names and codes of scripts, in their order."""
    made = LabelSet(name)
    for key in keys:
        script = SCRIPTS[key]
        if made.find(script.name) is None:
            made = made.with_label(script.name, code(script, ""))
    return made


def clips_of(take: Take, owner: str) -> list[Clip]:
    """What really happened, snapped to frames; identities follow from owner and order."""
    clips = []
    for number, done in enumerate(sorted(take.performed, key=lambda p: p.start)):
        start, end = (round(t * RATE_HZ) * SECOND_NS // round(RATE_HZ) for t in
                      (done.start, done.end))  # fmt: skip
        clips.append(Clip(start, end, done.action, id=clip_id(owner, number)))
    return clips


def clip_id(owner: str, number: int) -> str:
    """The same identity each time the same sample is made."""
    return uuid5(NAMESPACE_URL, f"harstudio:{owner}:{number}").hex


def write_labels(project: Project, recording: str, annotator: str, clips: list[Clip]) -> None:
    """Put clips into an annotator's document of one recording and save it."""
    history = project.history(recording, annotator)
    try:
        history.do(AddTier(TIER, 0))
        for clip in clips:
            history.do(AddClip(TIER, clip))
        history.save()
    finally:
        history.close()


def shifted(clip: Clip, start_frames: int, end_frames: int, label: str = "") -> Clip:
    """The clip with its edges moved by frames and perhaps another label."""
    frame = SECOND_NS / RATE_HZ
    first = max(0, round(clip.start_ns / frame) + start_frames)
    last = max(first + 1, round(clip.end_ns / frame) + end_frames)
    times = np.rint(np.array((first, last)) * frame).astype(np.int64)
    return Clip(int(times[0]), int(times[1]), label or clip.label, id=clip.id)
