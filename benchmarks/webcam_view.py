"""A run that learned a depth sensor's joints, tried on what a webcam's pose estimator would give.

The clips are those of the run's own test part. The camera is turned about the person by -30, 0 and
30 degrees, and only what an estimator finds is kept, with its noise:

coco: the 17 joints of COCO in the picture, seen in perspective by a camera where the sensor stood;
no depth: all joints lie in the plane of the hips (metres, y up).
blazepose: the 33 joints of MediaPipe's world landmarks; the depth of each joint is guessed.

Noise: each joint is off by the standard deviations that COCO's key point evaluation gives for human
annotators (cocodataset.org, "Keypoint evaluation": 2.6 % of the person's scale for the nose, 3.5 %
ears, 7.9 % shoulders, 7.2 % elbows, 6.2 % wrists, 10.7 % hips, 8.7 % knees, 8.9 % ankles), the
scale being the root of the person's area in the picture, here 0.53 of the box of the joints. Three
things are assumed, not measured: the error wanders with a time constant of half a second, BlazePose
is off in depth by twice as much as in the picture, and no joint is lost when it is hidden.

    python benchmarks/webcam_view.py RUN --data UTD-MHAD [--seed N] [--keep FOLDER]

The last lines tell the share of the accuracy that is left of that on the sensor's joints.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from skeleton_recordings import classes_of, evaluate, write

from harstudio.learning.data.samples import Sample
from harstudio.learning.preparing import load_data
from harstudio.recordings.formats import open_recording
from harstudio.recordings.recording import Action
from harstudio.recordings.streams import SkeletonStream, StreamKind
from harstudio.runs.bundled import find_run
from harstudio.runs.folder import RunFolder
from harstudio.skeletons.maps import convert_joints
from harstudio.skeletons.topology import topology

YAWS = (-30, 0, 30)
BOX_SHARE = 0.53  # of a person's box that the person fills
WANDERS_S = 0.5
DEPTH_FACTOR = 2.0
EAR_M, NOSE_M = 0.075, 0.1  # from the middle of the head
SIGMAS = {"nose": 0.026, "eye": 0.025, "ear": 0.035, "shoulder": 0.079, "elbow": 0.072,
          "wrist": 0.062, "hip": 0.107, "knee": 0.087, "ankle": 0.089}  # fmt: skip
ELSEWHERE = {"hand": 0.062, "foot": 0.089}  # what COCO has not, as its neighbour
COPIED = {  # joints of MediaPipe beside those of COCO, and the Kinect v2 joint they lie at
    "left_index": "HandLeft", "left_pinky": "HandLeft", "left_thumb": "HandLeft",
    "right_index": "HandRight", "right_pinky": "HandRight", "right_thumb": "HandRight",
    "left_foot_index": "FootLeft", "right_foot_index": "FootRight",
    "left_heel": "AnkleLeft", "right_heel": "AnkleRight",
}  # fmt: skip

Joints = NDArray[np.float64]


def estimated(kinect: Joints, target: str) -> tuple[Joints, Joints]:
    """(T, V, 3) joints of an estimator from Kinect v2's, NaN for those of the face that are not
    placed; (V,) standard deviations in shares of the scale."""
    at = topology("kinect_v2_25").index
    names = topology(target).joints
    points = np.full((len(kinect), len(names), 3), np.nan)
    sigmas = np.zeros(len(names))
    head = kinect[:, at("Head")]
    across = kinect[:, at("ShoulderLeft")] - kinect[:, at("ShoulderRight")]
    across = across / np.linalg.norm(across, axis=1, keepdims=True)
    # The sensor's picture is mirrored: with the left to the left, up x left looks to the camera.
    ahead = np.cross(across, (0.0, 1.0, 0.0))
    ahead *= np.where(np.median(ahead[:, 2]) > 0, -1, 1)
    for place, name in enumerate(names):
        side, _, part = name.rpartition("_")
        joint = f"{part.capitalize()}{side.capitalize()}"
        if name in COPIED:
            points[:, place] = kinect[:, at(COPIED[name])]
            sigmas[place] = ELSEWHERE["foot" if "Foot" in COPIED[name] else "hand"]
        elif name == "nose":
            points[:, place] = head + NOSE_M * ahead
            sigmas[place] = SIGMAS[name]
        elif part == "ear":
            points[:, place] = head + across * (EAR_M if side == "left" else -EAR_M)
            sigmas[place] = SIGMAS[part]
        elif part in SIGMAS and joint in topology("kinect_v2_25").joints:
            points[:, place] = kinect[:, at(joint)]
            sigmas[place] = SIGMAS[part]
    return points, sigmas


def turned(joints: Joints, yaw: float, about: Joints) -> Joints:
    """The person as a camera sees it that went round by so many degrees."""
    angle = np.deg2rad(yaw)
    turn = np.array(
        [[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]]
    )
    return (joints - about) @ turn.T + about


def wandering(shape: tuple[int, ...], rate_hz: float, rng: np.random.Generator) -> Joints:
    """(T, V, 3) noise of deviation 1 that forgets itself in ``WANDERS_S``."""
    keeps = float(np.exp(-1 / (WANDERS_S * rate_hz)))
    noise = rng.normal(size=shape)
    for t in range(1, shape[0]):
        noise[t] = keeps * noise[t - 1] + np.sqrt(1 - keeps**2) * noise[t]
    return noise


def seen_by(kinect: Joints, target: str, rate_hz: float, rng: np.random.Generator) -> Joints:
    """What an estimator gives of a person whose Kinect v2 joints are these."""
    points, sigmas = estimated(kinect, target)
    hips = kinect[:, topology("kinect_v2_25").index("SpineBase")]
    depth = hips[:, None, 2:]
    if target == "coco_17":
        points[..., :2] *= depth / points[..., 2:]  # perspective, in metres at the hips
        points[..., 2:] = depth
    low, high = np.nanmin(points, axis=1), np.nanmax(points, axis=1)
    scale = np.sqrt(BOX_SHARE * np.prod((high - low)[:, :2], axis=1))
    noise = wandering(points.shape, rate_hz, rng) * scale[:, None, None] * sigmas[:, None]
    noise[..., 2] *= 0.0 if target == "coco_17" else DEPTH_FACTOR
    return points + noise


def write_view(
    samples: Sequence[Sample], classes: Sequence[str], target: str, yaw: float, seed: int, out: Path
) -> None:
    """All clips as an estimator sees them; target "" keeps the sensor's joints as they are."""
    for count, sample in enumerate(samples):
        with open_recording(sample.path) as recording:
            stream = recording.of_kind(StreamKind.SKELETON)
            if not isinstance(stream, SkeletonStream):
                raise SystemExit(f"{sample.recording} has no skeleton.")
            own = np.stack([stream.frame(k).bodies[0].joints for k in range(len(stream))])
            times_ns, source = np.asarray(stream.times_ns), stream.topology
        action = Action(f"a{sample.label + 1}", sample.label, classes[sample.label])
        if target:
            states = np.full(own.shape[:2], 2, dtype=np.uint8)
            kinect = convert_joints(own, states, source, "kinect_v2_25")[0].astype(np.float64)
            about = np.nanmean(kinect[:, 0], axis=0)
            rate_hz = 1e9 / float(np.median(np.diff(times_ns)))
            rng = np.random.default_rng([seed, count, int(yaw) % 360])
            own = seen_by(turned(kinect, yaw, about), target, rate_hz, rng).astype(np.float32)
        name = f"{sample.recording}_{target or 'sensor'}_{int(yaw)}"
        write(out, name, own, times_ns, target or source, action, sample.subject or 0)


def main() -> None:
    """Write the views, evaluate the run on each, tell what is left."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=str)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--estimators", nargs="+", default=["coco_17", "mediapipe_33"])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="where the recordings are written and left")
    wanted = parser.parse_args()
    run = RunFolder(find_run(wanted.run))
    document, parts = load_data(run.data, wanted.data)
    views = [("", 0.0), *((name, float(yaw)) for name in wanted.estimators for yaw in YAWS)]
    plain = 1.0
    with tempfile.TemporaryDirectory() as scratch:
        for target, yaw in views:
            out = (wanted.keep or Path(scratch)) / f"{target or 'sensor'}_{int(yaw)}"
            if not out.is_dir():
                write_view(parts.test, document["classes"], target, yaw, wanted.seed, out)
            told = evaluate(run.path, out)
            top1 = told["top1"]
            low, high = told["ci95"]
            if not target:
                plain = top1
                print(f"{len(classes_of(told))} classes, {told['clips']} clips")
            print(
                f"{target or 'the sensor':14} {yaw:4.0f} degrees: {100 * top1:5.1f} % "
                f"({100 * low:.1f} to {100 * high:.1f}), share {100 * top1 / plain:.1f} %"
            )


if __name__ == "__main__":
    main()
