"""EAF: read and written beside pympi, what we cannot say kept, what it cannot say told."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pympi
import pytest

from harstudio.labels.editing.edits import AddClip, Group, RemoveClip
from harstudio.labels.interchange import registry
from harstudio.labels.interchange.base import Bundle, Labelled, Media, Reading
from harstudio.labels.interchange.rows import Rows
from harstudio.labels.model import Clip, Origin, TierRules

MS = 1_000_000


@pytest.fixture
def theirs(tmp_path) -> Path:
    """A file with two tiers, a dependent one, a vocabulary, properties and two media."""
    eaf = pympi.Elan.Eaf(author="Carla")
    eaf.add_linked_file("file:///x/S1_rgb.avi", relpath="./S1_rgb.avi", mimetype="video/x-msvideo")
    eaf.add_linked_file(
        "file:///x/S1_ir.avi", relpath="./S1_ir.avi", mimetype="video/x-msvideo", time_origin=1500
    )
    eaf.add_language("eng")
    eaf.add_controlled_vocabulary("acts")
    eaf.add_cv_entry("acts", "c1", [("drink water", "eng", "from the first touch")])
    eaf.add_linguistic_type("action")
    eaf.linguistic_types["action"]["CONTROLLED_VOCABULARY_REF"] = "acts"
    eaf.add_linguistic_type("note", constraints="Symbolic_Association", timealignable=False)
    eaf.add_tier("P1_action", "action", part="P1", ann="alice")
    eaf.add_annotation("P1_action", 0, 3400, "drink water")
    eaf.add_annotation("P1_action", 4000, 5000, "")
    eaf.add_tier("P1_note", "note", parent="P1_action", part="P1", ann="alice")
    eaf.add_ref_annotation("P1_note", "P1_action", 100, "with the left hand")
    eaf.add_tier("free", "default-lt")
    eaf.add_annotation("free", 10, 20, "noise")
    eaf.add_property("URN", "urn:nl-mpi-tools-elan-eaf:123")
    path = tmp_path / "S1.eaf"
    eaf.to_file(str(path))
    return path


def test_reads_tiers_people_media_and_vocabulary(theirs):
    bundle = registry.read(theirs, Reading(annotator="me"))
    (labelled,) = bundle.recordings
    assert labelled.recording == "S1"
    assert [(m.path, m.offset_ns) for m in labelled.media] == [
        ("./S1_rgb.avi", 0),
        ("./S1_ir.avi", -1500 * MS),
    ]
    by_name = {one.annotator: one for one in labelled.documents}
    assert set(by_name) == {"alice", "Carla"}
    (tier,) = by_name["alice"].tiers
    assert (tier.name, tier.rules.person) == ("P1_action", "P1")
    assert [(c.start_ns, c.end_ns, c.label, c.person, c.origin) for c in tier.clips] == [
        (0, 3400 * MS, "drink water", "P1", Origin.IMPORTED),
        (4000 * MS, 5000 * MS, "unlabelled", "P1", Origin.IMPORTED),
    ]
    assert [label.definition for label in bundle.label_set.labels] == ["from the first touch"]
    assert any("1 dependent tier is kept" in note for note in bundle.notes)


def test_what_we_cannot_say_comes_back_as_pympi_sees_it(theirs, tmp_path):
    bundle = registry.read(theirs, Reading())
    out = tmp_path / "back.eaf"
    registry.write(bundle, out)
    before, after = pympi.Elan.Eaf(str(theirs)), pympi.Elan.Eaf(str(out))
    assert set(after.get_tier_names()) == set(before.get_tier_names())
    for tier in before.get_tier_names():
        assert after.get_annotation_data_for_tier(tier) == before.get_annotation_data_for_tier(tier)
        for key in ("PARTICIPANT", "LINGUISTIC_TYPE_REF", "PARENT_REF"):
            assert after.get_parameters_for_tier(tier).get(key) == before.get_parameters_for_tier(
                tier
            ).get(key)
    assert after.get_controlled_vocabulary_names() == before.get_controlled_vocabulary_names()
    assert set(before.get_linguistic_type_names()) <= set(after.get_linguistic_type_names())
    assert ("URN", "urn:nl-mpi-tools-elan-eaf:123") in after.get_properties()
    assert after.get_linked_files() == before.get_linked_files()


def test_a_dependent_annotation_follows_its_clip_and_goes_with_it(theirs, tmp_path):
    bundle = registry.read(theirs, Reading())
    document = next(one for one in bundle.recordings[0].documents if one.annotator == "alice")
    clip = document.tiers[0].clips[0]
    later = replace(clip, start_ns=100 * MS, end_ns=2000 * MS)
    Group("", (RemoveClip("P1_action", clip), AddClip("P1_action", later))).apply(document)
    registry.write(bundle, tmp_path / "moved.eaf")
    moved = pympi.Elan.Eaf(str(tmp_path / "moved.eaf"))
    assert moved.get_annotation_data_for_tier("P1_note") == [
        (100, 2000, "with the left hand", "drink water")
    ]
    RemoveClip("P1_action", later).apply(document)
    notes = registry.write(bundle, tmp_path / "gone.eaf")
    assert any("went with the clips" in note for note in notes)
    gone = pympi.Elan.Eaf(str(tmp_path / "gone.eaf"))
    assert gone.get_annotation_data_for_tier("P1_note") == []


def test_clips_that_overlap_lie_in_tiers_without_overlap_and_come_back_as_one(tmp_path):
    rows = Rows("r")
    rows.rule("alice", "free", TierRules(overlap=True))
    rows.add("alice", "free", *(Clip(k * MS, (k + 30) * MS, f"x{k}") for k in (0, 10, 20, 40)))
    path = tmp_path / "r.eaf"
    notes = registry.write(Bundle((Labelled("r", rows.documents()),)), path)
    assert any("_2" in note for note in notes)
    eaf = pympi.Elan.Eaf(str(path))
    assert sorted(eaf.get_tier_names()) == ["free", "free_2", "free_3"]
    for tier in eaf.get_tier_names():
        spans = sorted(one[:2] for one in eaf.get_annotation_data_for_tier(tier))
        assert all(left[1] <= right[0] for left, right in pairwise(spans))
    (document,) = registry.read(path, Reading()).recordings[0].documents
    (tier,) = document.tiers
    assert [clip.label for clip in tier.clips] == ["x0", "x10", "x20", "x40"]
    assert tier.rules.overlap


def test_points_and_streams_that_begin_later(tmp_path):
    rows = Rows("r")
    rows.rule("alice", "hits", TierRules(points=True))
    rows.add("alice", "hits", Clip(7 * MS, 7 * MS, "hit"))
    media = (Media("color", "a.avi"), Media("ir", "b.avi", offset_ns=250 * MS))
    path = tmp_path / "r.eaf"
    notes = registry.write(Bundle((Labelled("r", rows.documents(), media=media),)), path)
    assert any("1 ms" in note for note in notes)
    assert pympi.Elan.Eaf(str(path)).get_annotation_data_for_tier("hits") == [(7, 8, "hit")]
    (labelled,) = registry.read(path, Reading()).recordings
    assert labelled.documents[0].tiers[0].clips[0].is_point
    assert [one.offset_ns for one in labelled.media] == [0, 250 * MS]


def test_times_that_are_not_given_lie_evenly_between_those_that_are(tmp_path):
    path = tmp_path / "r.eaf"
    path.write_text(
        """<ANNOTATION_DOCUMENT AUTHOR="" DATE="" FORMAT="2.8" VERSION="2.8">
        <HEADER MEDIA_FILE="" TIME_UNITS="milliseconds"/>
        <TIME_ORDER><TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="0"/><TIME_SLOT TIME_SLOT_ID="ts2"/>
        <TIME_SLOT TIME_SLOT_ID="ts3" TIME_VALUE="1000"/></TIME_ORDER>
        <TIER TIER_ID="a" LINGUISTIC_TYPE_REF="t"><ANNOTATION><ALIGNABLE_ANNOTATION
        ANNOTATION_ID="a1" TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts2"><ANNOTATION_VALUE>x
        </ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION><ANNOTATION><ALIGNABLE_ANNOTATION
        ANNOTATION_ID="a2" TIME_SLOT_REF1="ts2" TIME_SLOT_REF2="ts3"><ANNOTATION_VALUE>y
        </ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION></TIER></ANNOTATION_DOCUMENT>"""
    )
    bundle = registry.read(path, Reading())
    clips = bundle.recordings[0].documents[0].tiers[0].clips
    assert [(c.start_ns, c.end_ns) for c in clips] == [(0, 500 * MS), (500 * MS, 1000 * MS)]
    assert any("evenly" in note for note in bundle.notes)
