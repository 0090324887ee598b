"""Everything that is measured of one clip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harstudio.measures import angles
from harstudio.measures.motion import Motion, motion_of
from harstudio.measures.repetitions import Repetitions, count_repetitions
from harstudio.measures.speed import path_length, sparc, speeds
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import SECOND_NS

PAIRED_JOINTS = {"wrist": "Wrist", "ankle": "Ankle"}
PELVIS = "pelvis"
SLOWEST = 0.1  # m/s: what never moves faster has no smoothness


@dataclass(frozen=True, slots=True)
class Measure:
    """key: the column of the table; title and unit: for people ("" for a plain number)."""

    key: str
    title: str
    unit: str


@dataclass(frozen=True, slots=True)
class ClipMeasures:
    """values: by key, in the order of MEASURES; None where it cannot be said.

    angles: (T,) degrees by name at times_s, seconds from the clip's start.
    """

    recording: str
    start_ns: int
    end_ns: int
    label: str
    annotator: str
    person: str
    values: dict[str, float | None]
    repetitions: Repetitions
    times_s: NDArray[np.float64]
    angles: dict[str, NDArray[np.float64]]

    def to_dict(self) -> dict[str, Any]:
        """Builtins for JSON, without the curves."""
        keys = ("recording", "annotator", "label", "person", "start_ns", "end_ns")
        head = {key: getattr(self, key) for key in keys}
        return head | {"counted_on": self.repetitions.angle, "values": self.values}


def _measures() -> tuple[Measure, ...]:
    found = [
        Measure("duration_s", "Duration", "s"),
        Measure("seen", "Share of frames with the person", ""),
        Measure("repetitions", "Repetitions", ""),
        Measure("period_s", "Time of a repetition", "s"),
    ]
    for name in angles.NAMES:
        found.append(Measure(f"{key(name)}_rom_deg", f"{name.capitalize()}, range", "°"))
        found.append(Measure(f"{key(name)}_max_deg", f"{name.capitalize()}, most", "°"))
    joints = [f"{side} {joint}" for joint in PAIRED_JOINTS for side in angles.SIDES]
    for name in (*joints, PELVIS):
        found.append(Measure(f"{key(name)}_peak_m_s", f"{name.capitalize()}, peak speed", "m/s"))
        found.append(Measure(f"{key(name)}_path_m", f"{name.capitalize()}, path", "m"))
        found.append(Measure(f"{key(name)}_sparc", f"{name.capitalize()}, smoothness (SPARC)", ""))
    for name in angles.PAIRED:
        title = f"{name.capitalize()} range, right against left"
        found.append(Measure(f"{key(name)}_asymmetry_pct", title, "%"))
    for joint in PAIRED_JOINTS:
        title = f"{joint.capitalize()} peak speed, right against left"
        found.append(Measure(f"{joint}_speed_asymmetry_pct", title, "%"))
    return tuple(found)


def key(name: str) -> str:
    """A column's name: "left knee flexion" is left_knee_flexion."""
    return name.replace(" ", "_")


MEASURES = _measures()


def measure_clip(
    recording: Recording,
    start_ns: int,
    end_ns: int,
    *,
    label: str = "",
    annotator: str = "",
    person: str = "",
) -> ClipMeasures:
    """Measure ``[start_ns, end_ns)``; DataError as ``motion_of`` raises it."""
    motion = motion_of(recording, start_ns, end_ns, person)
    by_name = angles.joint_angles(motion)
    repetitions = count_repetitions(by_name, motion.rate_hz, motion.times_s)
    values = measure_motion(motion, by_name, repetitions)
    values["duration_s"] = (end_ns - start_ns) / SECOND_NS
    ordered = {m.key: _said(values.get(m.key)) for m in MEASURES}
    return ClipMeasures(
        recording.name,
        start_ns,
        end_ns,
        label,
        annotator,
        motion.person,
        ordered,
        repetitions,
        motion.times_s,
        by_name,
    )


def measure_motion(
    motion: Motion, by_name: dict[str, NDArray[np.float64]], repetitions: Repetitions
) -> dict[str, float | None]:
    """All values but the duration; NaN or None where one cannot be said."""
    values: dict[str, float | None] = {
        "seen": motion.seen,
        "repetitions": float(repetitions.count),
        "period_s": repetitions.period_s,
    }
    for name, angle in by_name.items():
        values[f"{key(name)}_rom_deg"] = float(angle.max() - angle.min())
        values[f"{key(name)}_max_deg"] = float(angle.max())
    for name, joint in _joints().items():
        points = motion.joint(joint)
        speed = speeds(points, motion.rate_hz)
        values[f"{key(name)}_peak_m_s"] = float(speed.max())
        values[f"{key(name)}_path_m"] = path_length(points)
        smooth = sparc(speed, motion.rate_hz) if speed.max() >= SLOWEST else None
        values[f"{key(name)}_sparc"] = smooth
    for name in angles.PAIRED:
        left, right = (values[f"{side}_{key(name)}_rom_deg"] for side in angles.SIDES)
        values[f"{key(name)}_asymmetry_pct"] = asymmetry(left, right)
    for name in PAIRED_JOINTS:
        left, right = (values[f"{side}_{name}_peak_m_s"] for side in angles.SIDES)
        values[f"{name}_speed_asymmetry_pct"] = asymmetry(left, right)
    return values


def asymmetry(left: float | None, right: float | None) -> float | None:
    """Per cent by which the right exceeds the left, of their mean; 0 is even, 200 at most.

    The symmetry index of Robinson, Herzog and Nigg 1987.
    """
    if left is None or right is None or not left + right > 0:
        return None
    return 100 * (right - left) / ((right + left) / 2)


def _joints() -> dict[str, str]:
    paired = {
        f"{side} {name}": joint + side.capitalize()
        for name, joint in PAIRED_JOINTS.items()
        for side in angles.SIDES
    }
    return paired | {PELVIS: "SpineBase"}


def _said(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else float(value)
