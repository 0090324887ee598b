"""Joint angles over time, in degrees, as clinicians count them: 0 is standing at attention."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from harstudio.measures.motion import Motion

SIDES = ("left", "right")
PAIRED = ("elbow flexion", "shoulder elevation", "hip flexion", "knee flexion")
TRUNK = "trunk inclination"
NAMES = (*(f"{side} {name}" for name in PAIRED for side in SIDES), TRUNK)


def joint_angles(motion: Motion) -> dict[str, NDArray[np.float64]]:
    """(T,) degrees by name, of NAMES; NaN where a joint is.

    Flexion of elbow and knee is 180 degrees less the angle between the two limbs. Shoulder
    elevation lies between the upper arm and the trunk's downward line, hip flexion between the
    thigh and that line, both in space (any direction counts); trunk inclination lies between the
    trunk and the vertical.
    """
    joint = motion.joint
    trunk_down = joint("SpineBase") - joint("SpineShoulder")
    found: dict[str, NDArray[np.float64]] = {}
    for side in SIDES:
        end = side.capitalize()
        shoulder, elbow, wrist = (joint(n + end) for n in ("Shoulder", "Elbow", "Wrist"))
        hip, knee, ankle = (joint(n + end) for n in ("Hip", "Knee", "Ankle"))
        found[f"{side} elbow flexion"] = between(elbow - shoulder, wrist - elbow)
        found[f"{side} shoulder elevation"] = between(elbow - shoulder, trunk_down)
        found[f"{side} hip flexion"] = between(knee - hip, trunk_down)
        found[f"{side} knee flexion"] = between(knee - hip, ankle - knee)
    found[TRUNK] = between(-trunk_down, np.broadcast_to([0.0, 1.0, 0.0], trunk_down.shape))
    return {name: found[name] for name in NAMES}


def between(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """(T,) degrees between (T, 3) vectors, exact for small angles too (Kahan's formula)."""
    unit_a = a / np.linalg.norm(a, axis=-1, keepdims=True)
    unit_b = b / np.linalg.norm(b, axis=-1, keepdims=True)
    apart = np.linalg.norm(unit_a - unit_b, axis=-1)
    together = np.linalg.norm(unit_a + unit_b, axis=-1)
    angle: NDArray[np.float64] = np.degrees(2 * np.arctan2(apart, together))
    return angle
