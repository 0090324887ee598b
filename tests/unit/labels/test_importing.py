"""Labels into projects and out: nothing doubled, nothing overwritten, undone in one step."""

from __future__ import annotations

import json
from pathlib import Path

import pympi
import pytest

import harrec_files
from harstudio.errors import ConflictError, DataError, MissingError, UsageError
from harstudio.labels.editing.edits import AddClip, AddTier, Group, MarkDone
from harstudio.labels.interchange import registry
from harstudio.labels.interchange.exporting import export
from harstudio.labels.interchange.importing import Imported, prepared, put, read_file
from harstudio.labels.interchange.recording_facts import Recordings, read_facts
from harstudio.labels.interchange.skeleton_sets import load_set
from harstudio.labels.label_sets.label_set import Label, LabelSet
from harstudio.labels.model import Clip, Document, TierRules
from harstudio.labels.project import Project
from harstudio.labels.team.policy import Policy
from harstudio.labels.team.pseudonyms import add_subject

NAME = "trial"
FRAMES = 30


@pytest.fixture(scope="module")
def recording(tmp_path_factory) -> Path:
    """On the clock of the wall, its streams a few nanoseconds apart."""
    folder = tmp_path_factory.mktemp("made")
    return harrec_files.write_recording(folder / f"{NAME}.harrec", FRAMES)


@pytest.fixture
def project(tmp_path, recording) -> Project:
    labels = LabelSet("set", (Label("drink", "A001", synonyms=("drink water",)), Label("sit")))
    folder = tmp_path / "project"
    return Project.create(folder, "p", label_set=labels, recording_folders=[recording.parent])


def span(recording: Path, first: int, stop: int) -> tuple[int, int]:
    grid = read_facts(recording).grid
    return grid.start_of(first), grid.end_of(stop - 1)


def name_in(project: Project) -> str:
    (name,) = project.recording_paths()
    return name


def label(project: Project, annotator: str, *clips: Clip) -> None:
    with_tier = (AddTier(annotator, 0), *(AddClip(annotator, clip) for clip in clips))
    history = project.history(name_in(project), annotator)
    history.do(Group("Label", with_tier))
    history.close()


def take(project: Project, path: Path, **options) -> Imported:
    add_labels = options.pop("add_labels", False)
    return put(project, read_file(project, path, **options), add_labels=add_labels)


def document(project: Project, annotator: str) -> Document:
    documents = project.documents(name_in(project))
    return next(one for one in documents if one.annotator == annotator)


def facts_of(one: Document) -> list[tuple[str, int, int, str]]:
    return [(t.name, c.start_ns, c.end_ns, c.label) for t in one.tiers for c in t.clips]


@pytest.mark.parametrize("name", [n for n in registry.names() if n != "pyskl"])
def test_what_was_exported_changes_nothing_when_it_is_imported_again(
    name, project, recording, tmp_path
):
    """Also on a clock that counts from 1970, which no other tool does."""
    clips = [Clip(*span(recording, 3, 9), "drink"), Clip(*span(recording, 9, 20), "sit")]
    label(project, "alice", *clips)
    before = facts_of(document(project, "alice"))
    out = tmp_path / f"{name_in(project)}{registry.by_name(name).EXTENSIONS[0]}"
    done = export(project, out, format=name)
    assert (done.clips, done.problems) == (2, ())
    again = take(project, out, format=name, annotator="alice", recording=name_in(project))
    assert [(one.added, one.already) for one in again.documents] == [(0, 2)], again
    assert facts_of(document(project, "alice")) == before


@pytest.mark.parametrize("name", ["elan", "csv", "cvat", "via", "webvtt"])
def test_into_a_fresh_document_clips_lie_on_their_frames(name, project, recording, tmp_path):
    label(project, "alice", Clip(*span(recording, 3, 9), "drink"))
    out = tmp_path / f"{name_in(project)}{registry.by_name(name).EXTENSIONS[0]}"
    export(project, out, format=name)
    take(project, out, annotator="bea")
    ((_, start_ns, end_ns, said),) = facts_of(document(project, "bea"))
    whole = span(recording, 3, 9)
    assert said == "drink"
    assert abs(start_ns - whole[0]) < 2  # seconds of JSON
    assert abs(end_ns - whole[1]) < 2


def test_clips_that_are_there_stay_and_what_overlaps_lies_aside(project, recording, tmp_path):
    label(project, "alice", Clip(*span(recording, 3, 9), "drink"))
    table = tmp_path / "a.csv"
    start, end = span(recording, 5, 12)
    table.write_text(f"recording,start_ns,end_ns,label\n{name_in(project)},{start},{end},sit\n")
    done = take(project, table, annotator="alice")
    assert [one.aside for one in done.documents] == [1]
    assert any("(imported)" in note for note in done.notes)
    there = facts_of(document(project, "alice"))
    assert [(tier, said) for tier, _, _, said in there] == [
        ("alice", "drink"),
        ("alice (imported)", "sit"),
    ]
    assert [one.already for one in take(project, table, annotator="alice").documents] == [1]


def test_an_import_is_undone_in_one_step(project, tmp_path):
    table = tmp_path / f"{name_in(project)}.csv"
    table.write_text("start,end,label,tier\n0,1,sit,x\n1,2,sit,y\n")
    history = project.history(name_in(project), "alice")
    put(project, read_file(project, table, annotator="alice"), opened=lambda *_: history)
    assert [tier.name for tier in history.document.tiers] == ["x", "y"]
    assert history.undo().title == f"Import {table.name}"
    assert history.document.tiers == []
    assert not history.can_undo
    history.close()


def test_the_edit_of_an_open_document_is_worked_out_beside_it(project, tmp_path):
    """Of one file after the other; where the document was changed meanwhile, once more."""
    name = name_in(project)
    tables = [tmp_path / f"{k}.csv" for k in range(3)]
    for start, path in enumerate(tables):
        path.write_text(f"start,end,label\n0,1,sit\n{start + 1},{start + 2},drink\n")
    history = project.history(name, "alice")
    beside = history.document.copy()
    read = [
        prepared(read_file(project, path, annotator="alice", recording=name), beside)
        for path in tables
    ]
    assert history.document.tiers == []

    def place(one) -> Imported:
        return put(project, one, opened=lambda *_: history)

    counts = [(put.added, put.already) for one in read[:2] for put in place(one).documents]
    assert counts == [(2, 0), (1, 1)]
    assert history.undo() is read[1].incoming[0].ready[1].edit
    history.undo()
    (again,) = place(read[2]).documents
    assert (again.added, again.already) == (2, 0)
    history.close()


def test_synonyms_and_codes_are_labels_and_new_ones_come_in_when_asked(project, tmp_path):
    table = tmp_path / f"{name_in(project)}.csv"
    table.write_text("start,end,label\n0,1,Drink Water\n1,2,a001\n2,3,jump\n")
    read = read_file(project, table, nobody="alice")
    assert [one.name for one in read.unknown.labels] == ["jump"]
    done = put(project, read)
    assert done.unknown_labels == ("jump",)
    assert [one[3] for one in facts_of(document(project, "alice"))] == ["drink", "drink", "jump"]
    assert put(project, read, add_labels=True).added_labels == ("jump",)
    assert Project.open(project.folder).label_set.find("jump").hotkey


def test_a_document_that_somebody_has_open_is_told_and_the_others_go_on(project, tmp_path):
    table = tmp_path / f"{name_in(project)}.csv"
    table.write_text("start,end,label,coder\n0,1,sit,alice\n1,2,sit,bea\n")
    held = project.history(name_in(project), "alice")
    done = take(project, table)
    assert [one.annotator for one in done.documents] == ["bea"]
    assert any("alice" in problem for problem in done.problems)
    opened = put(
        project, read_file(project, table), opened=lambda _r, who: held if who == "alice" else None
    )
    assert [(one.annotator, one.added, one.already) for one in opened.documents] == [
        ("alice", 1, 0),
        ("bea", 0, 1),
    ]
    held.close()


def test_who_and_which_recording(project, tmp_path):
    table = tmp_path / "elsewhere.csv"
    table.write_text("start,end,label,annotator\n0,1,sit,alice\n")
    done = take(project, table)
    assert done.documents == ()
    assert any("no recording “elsewhere”" in problem for problem in done.problems)
    done = take(project, table, recording=name_in(project), annotator="bea")
    assert [one.annotator for one in done.documents] == ["bea"]
    assert any("names alice" in note for note in done.notes)
    with pytest.raises(UsageError, match="nobody"):
        take(project, table, recording="nobody")
    known = Recordings(project)
    assert known.named(f"{name_in(project)}_rgb") == known.named(name_in(project).upper())
    for other in ("rgb", "_02", "-second-take", ".v2"):
        assert known.named(name_in(project) + other) == ""


def test_a_name_that_is_not_the_recordings_own_is_told(project, tmp_path):
    table = tmp_path / "t.csv"
    table.write_text(f"video,start,end,label\n{name_in(project)}_rgb.avi,0,1,sit\n")
    done = take(project, table)
    assert [one.recording for one in done.documents] == [name_in(project)]
    assert any("_rgb” was taken for the recording" in note for note in done.notes)


def test_of_a_file_about_several_recordings_only_the_named_one_is_read(project, tmp_path):
    table = tmp_path / "t.csv"
    rows = "".join(f"{name},0,1,{name}\n" for name in ("kick", name_in(project), "clap"))
    table.write_text(f"recording,start,end,label\n{rows}")
    done = take(project, table, annotator="alice", recording=name_in(project))
    assert [one[3] for one in facts_of(document(project, "alice"))] == [name_in(project)]
    assert any("about 2 others" in note for note in done.notes)
    table.write_text("recording,start,end,label\nkick,0,1,a\nclap,0,1,b\n")
    with pytest.raises(UsageError, match=r"\(kick, clap\), and none of them is"):
        take(project, table, recording=name_in(project))
    assert not any("--recording" in problem for problem in take(project, table).problems)


def test_clips_after_the_end_are_told(project, tmp_path):
    table = tmp_path / f"{name_in(project)}.csv"
    table.write_text("start,end,label\n0,1,sit\n0.5,100,sit\n")
    assert any("1 clip goes on after the end of" in note for note in take(project, table).notes)


def test_agreed_labels_come_in_only_when_they_are_asked_for(project, tmp_path):
    table = tmp_path / f"{name_in(project)}.csv"
    table.write_text("start,end,label,annotator\n0,1,sit,gold\n")
    done = take(project, table)
    assert (done.documents, len(done.problems)) == ((), 1)
    assert "agreed labels (gold)" in done.problems[0]
    assert [one.added for one in take(project, table, annotator="gold").documents] == [1]


def test_activitynet_may_call_a_recording_v_something(project, tmp_path):
    table = tmp_path / "t.json"
    one = {"annotations": [{"segment": [0, 1], "label": "sit"}], "duration": 1}
    table.write_text(json.dumps({"database": {f"v_{name_in(project)}": one}}))
    assert [one.added for one in take(project, table).documents] == [1]


def test_a_training_set_has_every_clip_once(project, recording, tmp_path):
    """The agreed labels, else those of the only annotator, else it asks."""
    clip = span(recording, 3, 9)
    out = tmp_path / "set.pkl"
    label(project, "alice", Clip(*clip, "drink"))
    assert export(project, out).clips == 1
    label(project, "bob", Clip(*clip, "sit"))
    with pytest.raises(UsageError, match=r"alice, bob have labelled .*--annotator"):
        export(project, out, overwrite=True)
    assert export(project, out, annotators=["bob"], overwrite=True).clips == 1
    label(project, "gold", Clip(*clip, "sit"))
    done = export(project, out, overwrite=True)
    assert done.clips == 1
    assert any("not those of alice, bob" in note for note in done.notes)
    assert [one.annotator for one in load_set(out).clips] == ["gold"]


def test_exports_refuse_what_they_cannot_do(project, recording, tmp_path):
    with pytest.raises(MissingError, match="no labels"):
        export(project, tmp_path / "a.eaf")
    label(project, "alice", Clip(*span(recording, 3, 9), "drink"))
    export(project, tmp_path / "a.eaf")
    with pytest.raises(ConflictError, match="already"):
        export(project, tmp_path / "a.eaf")
    export(project, tmp_path / "a.eaf", overwrite=True)
    with pytest.raises(MissingError, match="bea"):
        export(project, tmp_path / "b.eaf", annotators=["bea"])
    with pytest.raises(UsageError, match="ending"):
        export(project, tmp_path / "a.nothing")
    into = export(project, tmp_path / "folder", format="elan")
    assert [path.name for path in into.files] == [f"{name_in(project)}.eaf"]
    (tmp_path / "broken.eaf").write_text("<ANNOTATION_DOCUMENT>")
    with pytest.raises(DataError, match="broken"):
        take(project, tmp_path / "broken.eaf")


def test_a_blind_annotator_exports_of_others_only_what_is_done(project, tmp_path):
    for who in ("alice", "bob"):
        label(project, who, Clip(10, 20, "sit"))
    project.set_policy(Policy(blind=True, reviewers=("rita",)))
    blind = export(project, tmp_path / "a.csv", seen_by="alice")
    assert (blind.clips, len(blind.problems)) == (1, 1)
    assert "bob" not in (tmp_path / "a.csv").read_text()
    for viewer in ("", "rita"):
        assert export(project, tmp_path / f"{viewer}.csv", seen_by=viewer).clips == 2
    history = project.history(name_in(project), "alice")
    history.do(MarkDone(True))
    history.close()
    assert export(project, tmp_path / "b.csv", seen_by="alice").clips == 2


def test_a_pseudonym_of_two_recordings_is_none_of_them(project):
    for name in ("anna_squat", "jon_squat"):
        history = project.history(name, "alice")
        history.do(AddTier("alice", 0))
        history.close()
    project.set_policy(Policy(pseudonyms=True))
    add_subject(project.folder, "anna")
    assert Recordings(project).named("P01_squat") == "anna_squat"
    add_subject(project.folder, "jon", same_as="P01")
    assert Recordings(project).named("P01_squat") == ""


def test_an_export_says_how_many_clips_are_in_its_files(project, recording, tmp_path):
    clips = [Clip(*span(recording, 3, 9), "drink"), Clip(*span(recording, 9, 20), "sit")]
    label(project, "alice", *clips)
    history = project.history(name_in(project), "alice")
    at_ns = clips[0].start_ns
    point = AddClip("sounds", Clip(at_ns, at_ns, "clap"))
    history.do(Group("", (AddTier("sounds", 1, TierRules(points=True)), point)))
    history.close()
    done = export(project, tmp_path / "a.vtt")
    assert (done.clips, done.total) == (2, 3)
    assert done.sentence.startswith("2 of 3 clips of 1 recording were written to ")


EAF = """<ANNOTATION_DOCUMENT AUTHOR="" DATE="" FORMAT="2.8" VERSION="2.8">
<HEADER MEDIA_FILE="" TIME_UNITS="milliseconds"/><TIME_ORDER>
<TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="0"/><TIME_SLOT TIME_SLOT_ID="ts2" TIME_VALUE="500"/>
</TIME_ORDER><TIER TIER_ID="acts" ANNOTATOR="alice" LINGUISTIC_TYPE_REF="t"><ANNOTATION>
<ALIGNABLE_ANNOTATION ANNOTATION_ID="a1" TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts2">
<ANNOTATION_VALUE>sit</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION></TIER>
<TIER TIER_ID="{tier}" PARENT_REF="acts" LINGUISTIC_TYPE_REF="n"><ANNOTATION>
<REF_ANNOTATION ANNOTATION_ID="a2" ANNOTATION_REF="a1"><ANNOTATION_VALUE>{text}</ANNOTATION_VALUE>
</REF_ANNOTATION></ANNOTATION></TIER><TIER TIER_ID="{tier} of it" PARENT_REF="{tier}"
LINGUISTIC_TYPE_REF="n"><ANNOTATION><REF_ANNOTATION ANNOTATION_ID="a3" ANNOTATION_REF="a2">
<ANNOTATION_VALUE>on {text}</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION></TIER>
<LINGUISTIC_TYPE LINGUISTIC_TYPE_ID="t" TIME_ALIGNABLE="true"/>
<LINGUISTIC_TYPE LINGUISTIC_TYPE_ID="n" TIME_ALIGNABLE="false" CONSTRAINTS="Symbolic_Association"/>
</ANNOTATION_DOCUMENT>"""


def test_dependent_tiers_of_two_files_stay(project, tmp_path):
    """Ids are counted anew in each file, so both have an a2 that the a3 belongs to."""
    paths = []
    for tier, text in (("gloss", "one"), ("remark", "two")):
        paths.append(tmp_path / tier / f"{name_in(project)}.eaf")
        paths[-1].parent.mkdir()
        paths[-1].write_text(EAF.format(tier=tier, text=text))
        take(project, paths[-1])
    kept = document(project, "alice").kept
    for path in paths:
        assert not any("replaced" in note for note in take(project, path).notes)
    assert document(project, "alice").kept == kept
    export(project, tmp_path / "both.eaf")
    both = pympi.Elan.Eaf(str(tmp_path / "both.eaf"))
    below = {
        tier: both.get_parameters_for_tier(tier).get("PARENT_REF") for tier in both.get_tier_names()
    }
    assert below == {
        "acts": None, "gloss": "acts", "remark": "acts",
        "gloss of it": "gloss", "remark of it": "remark",
    }  # fmt: skip
    said = [both.get_annotation_data_for_tier(tier)[0][2] for tier in below]
    assert sorted(said) == ["on one", "on two", "one", "sit", "two"]
    paths[0].write_text(EAF.format(tier="gloss", text="three"))
    assert any("were replaced by those of this one (2)" in n for n in take(project, paths[0]).notes)
