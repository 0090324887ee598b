"""Measures against motions whose values are known in closed form, and repetitions against the
eye on real trials."""

from __future__ import annotations

import csv
import math
import shutil
from pathlib import Path

import numpy as np
import pytest

import harstudio
from harstudio.errors import DataError, MissingError, UsageError
from harstudio.labels.editing.edits import AddClip, AddTier, Group, MarkDone
from harstudio.labels.model import Clip
from harstudio.labels.project import Project
from harstudio.labels.team.policy import Policy
from harstudio.measures.clips import MEASURES, measure_clip
from harstudio.measures.labelled import measure_all
from harstudio.measures.sessions import compare
from harstudio.measures.speed import sparc
from harstudio.measures.table import write_csv
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import ArrayReader, Body, SkeletonFrame, SkeletonStream
from harstudio.reports.jobs import movement
from harstudio.reports.movement import movement_page
from harstudio.resources import resource
from harstudio.skeletons.topology import topology
from job_context import Heard

RATE, SECONDS, UPPER, FOREARM = 30, 8, 0.3, 0.25
NAMES = topology("common_16").joints


def standing() -> dict[str, np.ndarray]:
    side = {"Left": -1, "Right": 1}
    at = {
        "SpineBase": (0, 1.0, 2), "SpineMid": (0, 1.25, 2), "SpineShoulder": (0, 1.5, 2),
        "Head": (0, 1.7, 2),
    }  # fmt: skip
    for name, s in side.items():
        at[f"Shoulder{name}"] = (0.2 * s, 1.5, 2)
        at[f"Elbow{name}"] = (0.2 * s, 1.5 - UPPER, 2)
        at[f"Wrist{name}"] = (0.2 * s, 1.5 - UPPER - FOREARM, 2)
        at |= {f"Hip{name}": (0.1 * s, 1, 2), f"Knee{name}": (0.1 * s, 0.55, 2)}
        at[f"Ankle{name}"] = (0.1 * s, 0.1, 2)
    return {name: np.array(place, dtype=float) for name, place in at.items()}


def curls(left_deg: float, right_deg: float, hertz: float, lost: slice | None = None) -> Recording:
    """Elbows bent by (1 - cos 2 pi f t) / 2 of so many degrees, in the plane of the arm."""
    times_ns = (np.arange(RATE * SECONDS) * 1_000_000_000 / RATE).astype(np.int64)
    frames = []
    for t in times_ns / 1e9:
        at = standing()
        for name, most in (("Left", left_deg), ("Right", right_deg)):
            bent = math.radians(most) * (1 - math.cos(2 * math.pi * hertz * t)) / 2
            reach = FOREARM * np.array([0, -math.cos(bent), -math.sin(bent)])
            at[f"Wrist{name}"] = at[f"Elbow{name}"] + reach
        joints = np.array([at[name] for name in NAMES], dtype=np.float32)
        states = np.full(len(NAMES), 2, dtype=np.uint8)
        frames.append(SkeletonFrame((Body("7", joints, states),)))
    for k in range(len(frames))[lost] if lost else ():
        frames[k].bodies[0].tracking[NAMES.index("WristLeft")] = 0
    stream = SkeletonStream(
        "skeleton", times_ns, ArrayReader(frames), topology="common_16", joints=16, max_bodies=1,
        nominal_rate_hz=RATE,
    )  # fmt: skip
    return Recording("curls", "made", Path("curls"), {"skeleton": stream})


def test_curls_have_the_values_of_the_formula() -> None:
    recording = curls(60, 40, 0.5)
    clip = measure_clip(recording, 0, SECONDS * 1_000_000_000, label="curl")
    values = clip.values
    assert values["left_elbow_flexion_rom_deg"] == pytest.approx(60, rel=0.005)
    assert values["right_elbow_flexion_max_deg"] == pytest.approx(40, rel=0.005)
    assert values["elbow_flexion_asymmetry_pct"] == pytest.approx(-40, abs=0.5)
    # The wrist runs on a circle: its speed is the forearm times the angle's derivative.
    peak = FOREARM * math.radians(60) / 2 * 2 * math.pi * 0.5
    assert values["left_wrist_peak_m_s"] == pytest.approx(peak, rel=0.01)
    # In every second it goes once there and back.
    path = FOREARM * math.radians(60) * 2 * SECONDS * 0.5
    assert values["left_wrist_path_m"] == pytest.approx(path, rel=0.01)
    assert (values["repetitions"], clip.repetitions.angle) == (4, "left elbow flexion")
    assert clip.repetitions.times_s == pytest.approx([1, 3, 5, 7], abs=0.05)
    assert values["period_s"] == pytest.approx(2, rel=0.01)
    assert values["trunk_inclination_max_deg"] == pytest.approx(0, abs=1e-3)
    assert values["left_ankle_sparc"] is None  # it stands still
    assert values["duration_s"] == SECONDS
    assert list(values) == [measure.key for measure in MEASURES]


def test_a_joint_that_was_gone_too_long_is_not_measured() -> None:
    short = measure_clip(curls(60, 60, 0.5, slice(40, 45)), 0, SECONDS * 10**9)
    assert short.values["left_elbow_flexion_rom_deg"] == pytest.approx(60, rel=0.01)
    long = measure_clip(curls(60, 60, 0.5, slice(40, 60)), 0, SECONDS * 10**9)
    assert long.values["left_elbow_flexion_rom_deg"] is None
    assert long.values["elbow_flexion_asymmetry_pct"] is None
    assert long.repetitions.angle == "right elbow flexion"
    with pytest.raises(DataError, match="at least 8"):
        measure_clip(curls(60, 60, 0.5), 0, 100_000_000)
    with pytest.raises(DataError, match="“9” is seen in 0 frames"):
        measure_clip(curls(60, 60, 0.5), 0, 10**9, person="9")


def arc_length(profile, seconds: float) -> float:
    """The spectral arc length of a speed profile on [0, seconds], from its Fourier integral."""
    times = np.linspace(0, seconds, 1001)
    speed = profile(times / seconds)
    hertz = np.linspace(0, 10, 2001)
    waves = np.exp(-2j * np.pi * hertz[:, None] * times)
    size = np.abs(np.trapezoid(waves * speed, times, axis=1))
    size /= size[0]
    last = np.flatnonzero(size >= 0.05)[-1]
    return -float(
        np.hypot(np.diff(hertz[: last + 1]) / hertz[last], np.diff(size[: last + 1])).sum()
    )


@pytest.mark.parametrize("seconds", [0.6, 1.0, 2.5])
def test_sparc_of_minimum_jerk_and_of_two_submovements(seconds: float) -> None:
    def reach(s: np.ndarray) -> np.ndarray:
        return 30 * s**2 * (1 - s) ** 2

    def halting(s: np.ndarray) -> np.ndarray:
        return reach(np.clip(2 * s, 0, 1)) + reach(np.clip(2 * s - 1, 0, 1))

    sampled = np.arange(0, seconds, 1 / 100) / seconds
    smooth, halted = sparc(reach(sampled), 100), sparc(halting(sampled), 100)
    assert smooth == pytest.approx(arc_length(reach, seconds), abs=0.02)
    assert halted == pytest.approx(arc_length(halting, seconds), abs=0.08)  # cusps fall between
    assert halted < smooth - 0.2
    assert -1.65 < smooth < -1.35  # the paper's figure 5


def test_a_table_a_page_and_two_sessions(tmp_path: Path) -> None:
    first = [measure_clip(curls(60, 40, f), 0, SECONDS * 10**9, label="curl") for f in (0.5, 0.6)]
    second = [measure_clip(curls(90, 40, 0.5), 0, SECONDS * 10**9, label="curl")]
    write_csv(first, tmp_path / "m.csv")
    rows = list(csv.DictReader((tmp_path / "m.csv").open(encoding="utf-8")))
    assert [float(row["left_elbow_flexion_rom_deg"]) for row in rows] == pytest.approx(
        [c.values["left_elbow_flexion_rom_deg"] for c in first], rel=1e-5
    )
    assert rows[0]["left_ankle_sparc"] == ""
    changes = {c.measure.key: c for c in compare(first, second)["curl"]}
    change = changes["left_elbow_flexion_rom_deg"]
    assert (change.clips, change.sd[1]) == ((2, 1), None)
    assert change.difference == pytest.approx(30, abs=0.5)
    assert change.per_cent == pytest.approx(50, abs=1)
    pdf = movement_page([("May", first), ("June", second)]).pdf()
    assert pdf.startswith(b"%PDF")
    assert pdf.count(b"/Type /Page ") == 1
    other = measure_clip(curls(60, 40, 0.5), 0, SECONDS * 10**9, label="wave")
    with pytest.raises(UsageError, match="--label"):
        movement_page([("May", [*first, other])])


def test_the_demo_is_measured_by_label() -> None:
    demo = resource("demo")
    kicks = measure_all(demo, labels=["kicking something"], recordings=["untrimmed-minute"])
    assert {clip.label for clip in kicks} == {"kicking something"}
    for clip in kicks:
        ankles = [clip.values[f"{side}_ankle_peak_m_s"] for side in ("left", "right")]
        assert max(ankles) > 2 * clip.values["pelvis_peak_m_s"]
    with pytest.raises(MissingError):
        measure_all(demo, labels=["no such label"])


def test_a_report_names_no_subject_and_nothing_that_is_hidden(tmp_path: Path) -> None:
    folder, name = tmp_path / "demo", "wave-s01"
    held = shutil.ignore_patterns("*-s02*", "[cdfktu]*-*")
    shutil.copytree(resource("demo"), folder, ignore=held)
    project = Project.open(folder)
    for who in ("alice", "bob"):
        history = project.history(name, who)
        edits = AddTier(who), AddClip(who, Clip(0, 10**9, "x")), MarkDone(who == "bob")
        history.do(Group("made", edits[: 3 if who == "bob" else 2]))
        history.close()
    project.set_policy(Policy(blind=True, pseudonyms=True))
    (folder / "subjects.toml").write_text('[subjects]\nwave = "P01"\n')
    payload = {"sessions": [{"name": name, "path": str(folder), "recordings": [name]}]}
    for viewer, seen in (("alice", {"alice"}), ("bob", {"alice", "bob"})):
        told = movement({**payload, "labels": ["x"], "seen_by": viewer}, Heard())
        assert {clip["annotator"] for clip in told["clips"]} == seen
        assert {clip["recording"] for clip in told["clips"]} == {"P01-s01"}
    movement({**payload, "labels": ["x"], "csv": str(tmp_path / "m.csv")}, Heard())
    assert name not in (tmp_path / "m.csv").read_text()


# Strides of the leg that bends more, lunges and squats, read from printed curves of both knees
# by eye: subject 1 trials 1 to 4, subject 2, ...
JOGGING = "3444 2333 3322 2322 3333 3322 2223 2333"


def test_repetitions_of_real_trials_are_those_that_the_eye_counts(utd_mhad: Path) -> None:
    def counted(action: int) -> list[float]:
        return [
            clip.values["repetitions"]
            for path in sorted((utd_mhad / "Skeleton").glob(f"a{action}_s*_skeleton.mat"))
            for clip in [_whole(path)]
        ]

    jogging = counted(22)
    apart = [abs(a - float(b)) for a, b in zip(jogging, JOGGING.replace(" ", ""), strict=True)]
    assert max(apart) <= 1
    assert sum(one == 0 for one in apart) >= 24
    lunges, squats = counted(26), counted(27)
    assert (len(lunges), lunges.count(1)) == (32, 31)
    assert (len(squats), squats.count(1)) == (31, 31)


def _whole(path: Path):
    recording = harstudio.open(path)
    return measure_clip(recording, recording.start_ns, recording.stop_ns)
