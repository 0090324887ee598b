"""Suggestions for the demo's minute, learned from its short recordings with weights in the box."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from harstudio.cli import main
from harstudio.errors import DataError, UsageError
from harstudio.jobs.context import Stopped
from harstudio.labels.agreement.segments import overlap
from harstudio.labels.editing.edits import AddClip, AddTier, MarkDone
from harstudio.labels.model import Clip
from harstudio.labels.project import Project
from harstudio.labels.suggested import suggestions_folder
from harstudio.labels.team.pseudonyms import add_subject
from harstudio.recognition.helping.features import FeatureMaker, Stretch
from harstudio.recognition.helping.jobs import audit, similar, suggest
from harstudio.recognition.trained import load_run
from harstudio.recordings.formats import open_recording
from harstudio.resources import resource
from harstudio.runs.bundled import find_run
from harstudio.runs.suggestions import Suggestions, load_learned, load_suggestions
from job_context import Heard
from trained_runs import write_run
from trials import write_trial

MINUTE = "untrimmed-minute"
RUN = "joints-any-sensor"
S = 1_000_000_000


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's labels, over its recordings where they lie."""
    folder = tmp_path_factory.mktemp("demo")
    there = resource("demo")
    shutil.copytree(there / "labels", folder / "labels")
    shutil.copy(there / "labels.toml", folder)
    where = json.dumps(str(there / "recordings"))
    (folder / "project.toml").write_text(f'version = 1\nname = "demo"\nrecordings = [{where}]\n')
    return folder


@pytest.fixture(scope="module", autouse=True)
def one_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What was made of a stretch is kept from test to test."""
    patch, folder = pytest.MonkeyPatch(), tmp_path_factory.mktemp("cache")
    patch.setattr("harstudio.recognition.helping.features.cache_dir", lambda: folder)
    yield
    patch.undo()


def minute(demo: Path) -> Path:
    return Project.open(demo).recording_paths()[MINUTE]


def ask(demo: Path, annotator: str, **more: object) -> tuple[dict, Suggestions, Heard]:
    heard = Heard()
    payload = {"project": str(demo), "run": str(find_run(RUN)), "annotator": annotator}
    payload |= {"recordings": [str(minute(demo))], **more}
    done = suggest(payload, heard)
    (told,) = heard.told("suggested")
    return done, load_suggestions(Path(told["file"])), heard


def truth(demo: Path) -> list[Clip]:
    documents = Project.open(demo).documents(MINUTE)
    alice = next(one for one in documents if one.annotator == "alice")
    return alice.tiers[0].clips


def best(clips: Suggestions, clip: Clip) -> tuple[float, str]:
    there = Stretch(clip.start_ns, clip.end_ns)
    return max((overlap(Stretch(c.start_ns, c.end_ns), there), c.label) for c in clips.clips)


def test_a_minute_is_suggested_from_labels_of_short_recordings(demo: Path) -> None:
    done, clips, heard = ask(demo, "dora")
    true = truth(demo)
    met = [best(clips, clip) for clip in true]
    assert sum(share >= 0.5 for share, _ in met) >= 12
    assert len(clips.clips) <= len(true) + 2
    known = {"drink water", "throw", "clapping", "hand waving", "kicking something"}
    right = [label == clip.label for clip, (_, label) in zip(true, met, strict=True)]
    assert abs(sum(right) - sum(clip.label in known for clip in true)) <= 1
    assert (clips.annotator, clips.recording, clips.way) == ("dora", MINUTE, "learned")
    assert all(a.end_ns <= b.start_ns for a, b in pairwise(clips.clips))
    sure = [clip.confidence for clip in clips.clips if clip.novelty < 0.2]
    new = [clip.confidence for clip in clips.clips if clip.novelty > 0.8]
    assert np.mean(sure) > max(new, default=0.0)
    (told,) = heard.told("suggested")
    assert told["suggestions"] == len(clips.clips)
    assert 0 < told["uncertain"] < 1
    (learned,) = load_learned(suggestions_folder(demo, "dora"))
    assert learned.to_dict() == done["learned"]
    assert (learned.over, learned.known) == ("people", False)
    own_git = suggestions_folder(demo, "dora") / ".gitignore"
    assert own_git.read_text() == "*\n"  # also in a project made before there were suggestions
    assert learned.low < learned.accuracy < learned.high


def test_what_is_labelled_is_not_suggested_again(demo: Path) -> None:
    first = truth(demo)[:3]
    history = Project.open(demo).history(MINUTE, "erin")
    try:
        history.do(AddTier("actions", 0))
        for clip in first:
            history.do(AddClip("actions", Clip(clip.start_ns, clip.end_ns, clip.label)))
        history.save()
    finally:
        history.close()
    history = Project.open(demo).history("clap-s01", "erin")
    try:
        history.do(MarkDone(True))
        history.save()
    finally:
        history.close()
    payload = {"project": str(demo), "run": str(find_run(RUN)), "annotator": "erin"}
    paths = Project.open(demo).recording_paths()
    heard = Heard()
    suggest({**payload, "recordings": [str(paths[MINUTE]), str(paths["clap-s01"])]}, heard)
    told = {
        one["recording"]: load_suggestions(Path(one["file"])) for one in heard.told("suggested")
    }
    assert min(clip.start_ns for clip in told[MINUTE].clips) >= first[-1].end_ns
    assert told["clap-s01"].clips == ()


def test_without_labels_motion_is_cut(demo: Path, tmp_path: Path) -> None:
    shutil.copytree(demo, tmp_path / "bare", ignore=shutil.ignore_patterns("labels"))
    done, clips, _ = ask(tmp_path / "bare", "dora")
    assert done["learned"] is None
    assert clips.way == "motion"
    assert sum(best(clips, clip)[0] >= 0.5 for clip in truth(demo)) >= 12


def test_more_like_a_clip_comes_nearest_first(demo: Path) -> None:
    clap = next(clip for clip in truth(demo) if clip.label == "clapping")
    payload = {"project": str(demo), "run": str(find_run(RUN)), "path": str(minute(demo))}
    payload |= {"start_ns": clap.start_ns, "end_ns": clap.end_ns, "count": 4}
    found = similar(payload, Heard())["found"]
    assert [one["label"] for one in found[:2]] == ["clapping", "clapping"]
    assert {one["recording"] for one in found[:2]} == {"clap-s01", "clap-s02"}
    distances = [one["distance"] for one in found]
    assert distances == sorted(distances)


def test_an_audit_finds_the_label_that_was_changed(demo: Path, tmp_path: Path) -> None:
    folder = tmp_path / "changed"
    shutil.copytree(demo, folder)
    file = folder / "labels" / "clap-s01" / "alice.json"
    file.write_text(file.read_text().replace('"clapping"', '"throw"'))
    payload = {"project": str(folder), "run": str(find_run(RUN)), "annotator": ""}
    told = audit(payload, Heard())
    assert told["checked"] > 10
    assert (told["found"][0]["recording"], told["found"][0]["says"]) == ("clap-s01", "clapping")
    assert told["found"][0]["annotator"] == "alice"


def test_a_command_prints_what_is_suggested_and_hides_subjects(
    demo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hiding = tmp_path / "hiding"
    shutil.copytree(demo, hiding)
    with (hiding / "project.toml").open("a") as file:
        file.write("[policy]\npseudonyms = true\n")
    add_subject(hiding, "untrimmed")
    with pytest.raises(SystemExit) as ended:
        main(["labels", "suggest", str(hiding), "--annotator", "finn", "--recording", "P01-minute",
              "--json"])  # fmt: skip
    assert ended.value.code == 0
    document = json.loads(capsys.readouterr().out)
    blind = (hiding / "project.toml").read_text().replace("[policy]", "[policy]\nblind = true")
    (hiding / "project.toml").write_text(blind)
    payload = {"project": str(hiding), "run": str(find_run(RUN)), "annotator": "gwen"}
    payload["recordings"] = [str(minute(demo))]
    told = suggest(payload, Heard())
    assert (told["recordings"], told["hidden"]) == (0, 1)
    assert document["annotator"] == "finn"
    assert document["recordings"][0]["recording"] == "P01-minute"
    assert "untrimmed" not in document["recordings"][0]["file"]
    assert len(document["recordings"][0]["clips"]) > 10


def test_nobody_is_helped(demo: Path) -> None:
    with pytest.raises(UsageError):
        suggest({"project": str(demo), "run": str(find_run(RUN)), "annotator": ""}, Heard())


# ---- features that are kept

SPANS = [Stretch(k * S // 10, k * S // 10 + S // 2) for k in range(6)]


@pytest.fixture
def trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("harstudio.recognition.helping.features.BATCH", 3)
    write_trial(tmp_path / "data", "a1_s1_t1", 40)
    return tmp_path / "data" / "Depth" / "a1_s1_t1_depth.mat"


def write_worn(folder: Path, seed: int = 0) -> None:
    """The smallest network that there is."""
    write_run(folder, "imu-tcn", topology="", overrides={}, seed=seed)


def features(run: Path, trial: Path, heard: Heard) -> np.ndarray:
    with open_recording(trial) as recording, FeatureMaker(load_run(run), recording, heard) as one:
        return one.of(SPANS)


def test_features_are_made_once_and_again_when_the_weights_change(
    tmp_path: Path, trial: Path
) -> None:
    write_worn(tmp_path / "run")
    first, again = Heard(), Heard()
    made = features(tmp_path / "run", trial, first)
    assert np.array_equal(features(tmp_path / "run", trial, again), made, equal_nan=True)
    assert (first.pauses > 0, again.pauses) == (True, 0)
    write_worn(tmp_path / "run", seed=1)
    assert not np.array_equal(features(tmp_path / "run", trial, Heard()), made, equal_nan=True)


def test_what_was_made_before_a_stop_is_kept(tmp_path: Path, trial: Path) -> None:
    write_worn(tmp_path / "run")
    with pytest.raises(Stopped):
        features(tmp_path / "run", trial, Heard(stop_at=6))  # in the second batch
    rest = Heard()
    made = features(tmp_path / "run", trial, rest)
    assert 0 < rest.pauses < 5
    assert np.isfinite(made).all()


def test_a_stretch_with_nobody_in_it_cannot_be_compared(demo: Path) -> None:
    payload = {"project": str(demo), "run": str(find_run(RUN)), "path": str(minute(demo))}
    payload |= {"start_ns": 900 * S, "end_ns": 901 * S}
    with pytest.raises(DataError, match=MINUTE):
        similar(payload, Heard())
