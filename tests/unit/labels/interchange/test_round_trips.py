"""What every format promises: all that its notes do not say it lost comes back."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings

from harstudio.labels.interchange import registry
from harstudio.labels.interchange.base import Bundle, Reading
from harstudio.labels.interchange.losses import OF_CLIPS
from harstudio.labels.model import Clip, Origin
from made_labels import all_clips, bundles, grid

RECORDING = "S001C001P001R001A001"
WITH_ORIGIN = ("elan", "cvat", "via", "label-studio", "csv")  # of every kind, not of networks only
UNITS_NS = {"1 ns": 1, "1 ms": 1_000_000, "1 frame": 1}  # clips lie on frames
VALUES = {
    "person": lambda clip: clip.person,
    "confidence": lambda clip: clip.confidence,
    "comment": lambda clip: clip.comment.strip(),
    "attributes": lambda clip: sorted(clip.attributes.items()),
    "unsure": lambda clip: clip.unsure,
    "origin": lambda clip: clip.origin is Origin.MODEL,
}


def lost(notes: tuple[str, ...], words: str) -> bool:
    return any(words in note for note in notes)


def promised(
    bundle: Bundle, notes: tuple[str, ...], unit_ns: int, tiers_told: bool, origins: bool
) -> Counter[str]:
    """Every clip as a text of what must be there, with how often it is."""
    fields = [
        value
        for name, value in VALUES.items()
        if not lost(notes, f"no place for {OF_CLIPS[name][0]}")
        and not (name == "confidence" and lost(notes, "confidence"))
        and not (name == "comment" and lost(notes, "became commas"))
    ]
    found: Counter[str] = Counter()
    for recording, annotator, tier, clip in all_clips(bundle):
        if clip.is_point and lost(notes, "no point events"):
            continue
        where = [recording]
        where += [] if lost(notes, "tell annotators apart") else [annotator]
        where += [tier] if tiers_told else []
        where += [clip.origin] if origins else []
        said = [*where, *times(clip, unit_ns), clip.label, *(value(clip) for value in fields)]
        found[repr(said)] += 1
    return found


def times(clip: Clip, unit_ns: int) -> tuple[int, int]:
    """In the format's unit; to half a microsecond where that is a nanosecond."""
    return (clip.start_ns + unit_ns // 2) // unit_ns, (clip.end_ns + unit_ns // 2) // unit_ns


@pytest.mark.parametrize("name", [name for name in registry.names() if name != "pyskl"])
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(bundle=bundles())
def test_what_is_not_told_as_lost_comes_back(name, bundle, tmp_path):
    """PYSKL holds skeletons too, and has its own test."""
    known = registry.by_name(name)
    folder = Path(tempfile.mkdtemp(dir=tmp_path))
    path = folder / (RECORDING + known.EXTENSIONS[0])
    notes = registry.write(bundle, path, name)
    assume(not lost(notes, "they are joined"))  # BORIS: two clips became one, and it says so
    reading = Reading(annotator="alice", grid_of=lambda _name: grid(), recording=RECORDING)
    again = registry.read(path, reading)
    unit_ns = UNITS_NS[known.UNIT]
    tiers = any(len(d.tiers) > 1 for one in bundle.recordings for d in one.documents)
    told = tiers and not lost(notes, "no tiers")
    how = notes, unit_ns, told, name in WITH_ORIGIN
    assert promised(again, *how) == promised(bundle, *how), notes
    assert registry.detect(path) is known
