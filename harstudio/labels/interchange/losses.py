"""What a format has no place for, counted in what is to be written and said in sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from harstudio.labels.editing.proposals import open_proposals
from harstudio.labels.interchange.base import Bundle, Counted
from harstudio.labels.model import Clip, Origin, Tier

OF_A_NETWORK = (Origin.MODEL, Origin.ACCEPTED)

# What clips may have, by what a writer's ``carries`` calls it: (words, whether a clip has it).
OF_CLIPS: dict[str, tuple[str, Callable[[Clip], bool]]] = {
    "person": ("who does it", lambda clip: bool(clip.person)),
    "confidence": ("a confidence", lambda clip: clip.confidence is not None),
    "comment": ("comments", lambda clip: bool(clip.comment)),
    "attributes": ("attributes", lambda clip: bool(clip.attributes)),
    "unsure": ("open questions", lambda clip: clip.unsure),
    "origin": ("which clips a network made or proposed", lambda clip: clip.origin in OF_A_NETWORK),
}


def losses(bundle: Bundle, title: str, carries: str = "") -> list[str]:
    """Sentences about what a bundle has and a format has not.

    carries: what the format has, of the keys of OF_CLIPS and "annotators", "tiers", "points",
    "done" and "label_set", with blanks between.
    """
    carried = set(carries.split())
    clips = [clip for _, clip in clips_of(bundle)]
    notes: list[str] = []
    for what, (words, has) in OF_CLIPS.items():
        count = sum(map(has, clips))
        if what not in carried and count:
            notes.append(_of_clips(count, f"{title} has no place for {words}: left out of {{}}."))
    documents = [document for one in bundle.recordings for document in one.documents]
    if "annotators" not in carried and any(len(one.documents) > 1 for one in bundle.recordings):
        names = ", ".join(dict.fromkeys(document.annotator for document in documents))
        notes.append(f"{title} does not tell annotators apart: {names} stand side by side.")
    if "tiers" not in carried and any(len(document.tiers) > 1 for document in documents):
        notes.append(f"{title} has no tiers: the clips of all of them stand in one list.")
    points = sum(clip.is_point for clip in clips)
    if "points" not in carried and points:
        many = f"{title} has no point events: {{n}} of them are left out."
        one = f"{title} has no point events: 1 of them is left out."
        notes.append(Counted(points, many, one, lost=True))
    if "done" not in carried and any(document.done for document in documents):
        notes.append(f"{title} cannot say that a recording is done.")
    if "label_set" not in carried and bundle.label_set.labels:
        notes.append(f"{title} has no label set: colours, keys and definitions are left out.")
    return notes


def confident(clips: Iterable[Clip], title: str) -> list[str]:
    """The sentence about clips that get a confidence because the format wants one."""
    count = sum(clip.confidence is None for clip in clips)
    many = f"{title} wants a confidence: {{n}} clips without one get 1."
    one = f"{title} wants a confidence: 1 clip without one gets 1."
    return [Counted(count, many, one)] if count else []


def rounded(bundle: Bundle, title: str, unit_ns: int, unit: str) -> list[str]:
    """The sentence about times between two of the format's units, where there are any."""
    off = sum(bool(c.start_ns % unit_ns or c.end_ns % unit_ns) for _, c in clips_of(bundle))
    words = f"{title} counts {unit}: the times of {{}} are rounded."
    return [_of_clips(off, words)] if off else []


def without_proposals(bundle: Bundle) -> tuple[Bundle, list[str]]:
    """The bundle with what people say, and a sentence about open proposals that are left out:
    nobody has said them."""
    waiting, recordings = 0, []
    for labelled in bundle.recordings:
        documents = []
        for document in labelled.documents:
            waiting += len(open_proposals(document))
            documents.append(replace(document, tiers=document.said))
        recordings.append(replace(labelled, documents=tuple(documents)))
    many = "{n} open proposals of a network were not written: nobody has accepted them."
    one = "1 open proposal of a network was not written: nobody has accepted it."
    notes: list[str] = [Counted(waiting, many, one)] if waiting else []
    return replace(bundle, recordings=tuple(recordings)), notes


def clips_of(bundle: Bundle) -> Iterator[tuple[Tier, Clip]]:
    """Every clip of a bundle with its tier."""
    for labelled in bundle.recordings:
        for document in labelled.documents:
            for tier in document.tiers:
                for clip in tier.clips:
                    yield tier, clip


def _of_clips(count: int, words: str) -> Counted:
    return Counted(count, words.format("{n} clips"), words.format("1 clip"))
