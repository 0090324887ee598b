"""Reading EAF: time-aligned tiers become clips, and the rest is kept for the way back."""

from __future__ import annotations

import copy
import json
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from harstudio.labels.interchange.base import Bundle, Labelled, Media, Reading
from harstudio.labels.interchange.elan_names import (
    CLIP_TYPE,
    FIELD,
    FIELDS,
    LAST_ID,
    NO_AUTHOR,
    NUMBER,
    OURS,
    POINT_TYPE,
    TEXT,
    UNNAMED,
    VOCABULARY,
    own_property,
    own_type,
)
from harstudio.labels.interchange.rows import Rows
from harstudio.labels.interchange.times import MS_NS, ns_of
from harstudio.labels.label_sets.label_set import Label, LabelSet
from harstudio.labels.model import PLAIN, AttributeValue, Clip, Origin, TierRules, new_id, typed

EXTRAS = ("SVG_REF", "EXT_REF", "LANG_REF", "CVE_REF")


def bundle(root: Element, path: Path, reading: Reading) -> Bundle:
    """What an EAF document says; ValueError with what is wrong with it."""
    return _Document(root, path, reading).bundle()


class _Document:
    def __init__(self, root: Element, path: Path, reading: Reading) -> None:
        self._root = root
        self._reading = reading
        self._own = own_property(root)
        named = self._own.get("recording")
        own_name = named if isinstance(named, str) else ""
        self._rows = Rows(reading.recording or own_name or path.stem)
        self._notes: Counter[str] = Counter()
        self._slots = _slots(root)
        self._tiers = {tier.get("TIER_ID", ""): tier for tier in root.iterfind("TIER")}
        if len(self._tiers) < len(root.findall("TIER")):
            raise ValueError("two tiers have one name")
        self._ids: dict[str, str] = {}  # of our clips by ANNOTATION_ID
        self._fields = self._collect_fields()

    def bundle(self) -> Bundle:
        units = self._root.find("HEADER")
        unit = "milliseconds" if units is None else units.get("TIME_UNITS", "milliseconds")
        if unit != "milliseconds":
            raise ValueError(f"its times are in {unit}, which ELAN itself never writes")
        taken = {name for name, tier in self._tiers.items() if self._is_aligned(tier)}
        for name in self._tiers:
            if name in taken:
                self._take(name)
        self._keep(taken)
        done = self._own.get("done")
        self._rows.done = set(map(str, done)) if isinstance(done, list) else set()
        labelled = Labelled(
            self._rows.recording, self._rows.documents(), media=tuple(_media(self._root))
        )
        return Bundle((labelled,), self._label_set(taken), tuple(self._said()))

    # ---- clips

    def _is_aligned(self, tier: Element) -> bool:
        """Whether its annotations have times of their own; of an empty one, whether they would."""
        if tier.find("ANNOTATION/REF_ANNOTATION") is not None:
            return False
        if tier.find("ANNOTATION/ALIGNABLE_ANNOTATION") is not None:
            return True
        return not tier.get("PARENT_REF")

    def _annotator(self, tier: Element) -> str:
        author = self._root.get("AUTHOR", "").strip()
        author = "" if author.lower() in NO_AUTHOR else author
        return tier.get("ANNOTATOR", "").strip() or author or self._reading.annotator

    def _take(self, name: str) -> None:
        tier = self._tiers[name]
        about = self._about(name)
        annotator, person = self._annotator(tier), tier.get("PARTICIPANT", "")
        own = typed(about, "tier", str, name)
        rules = _rules(about)
        if typed(about, "participant", str, "") != person:
            rules = replace(rules, person=person)
        points = rules.points or tier.get("LINGUISTIC_TYPE_REF") == POINT_TYPE
        usual = Origin(typed(about, "origin", str, "imported"))
        times = self._times(tier)
        self._rows.rule(annotator, own, replace(rules, points=points))
        for annotation in tier.iterfind("ANNOTATION/ALIGNABLE_ANNOTATION"):
            start_ns, end_ns = times[annotation.get("ANNOTATION_ID", "")]
            end_ns = start_ns if points else end_ns
            clip = self._clip(annotation, start_ns, end_ns, person)
            said = self._fields.get(annotation.get("ANNOTATION_ID", ""), {})
            origin = Origin(said.get(FIELD + "origin", usual))
            self._rows.add(annotator, own, replace(clip, origin=origin))

    def _about(self, tier: str) -> dict[str, Any]:
        tiers = self._own.get("tiers")
        about = tiers.get(tier) if isinstance(tiers, dict) else None
        return about if isinstance(about, dict) else {}

    def _clip(self, annotation: Element, start_ns: int, end_ns: int, person: str) -> Clip:
        name = annotation.get("ANNOTATION_ID", "")
        text = annotation.findtext("ANNOTATION_VALUE") or ""
        if not text.strip():
            self._notes["empty"] += 1
        said = self._fields.get(name, {})
        attributes: dict[str, AttributeValue] = {}
        for kind, value in said.items():
            if kind.startswith(TEXT):
                attributes[kind.removeprefix(TEXT)] = value
            elif kind.startswith(NUMBER):
                attributes[kind.removeprefix(NUMBER)] = _number(value)
        confidence = said.get(FIELD + "confidence")
        clip = Clip(
            start_ns,
            end_ns,
            self._reading.named(text) or UNNAMED,
            person=said.get(FIELD + "person", person),
            confidence=None if confidence is None else min(max(float(confidence), 0.0), 1.0),
            comment=said.get(FIELD + "comment", ""),
            attributes=attributes,
            unsure=FIELD + "unsure" in said,
            id=new_id(),
        )
        self._ids[name] = clip.id
        return clip

    def _times(self, tier: Element) -> dict[str, tuple[int, int]]:
        """Times of a tier's annotations by id; slots without a time lie evenly between others."""
        chain: list[str] = []
        found: dict[str, tuple[str, str]] = {}
        for annotation in tier.iterfind("ANNOTATION/ALIGNABLE_ANNOTATION"):
            name = annotation.get("ANNOTATION_ID", "")
            ends = annotation.get("TIME_SLOT_REF1", ""), annotation.get("TIME_SLOT_REF2", "")
            if name in found or name in self._ids or not name:
                raise ValueError(f"two annotations are called “{name}”")
            for slot in ends:
                if slot not in self._slots:
                    raise ValueError(f"the annotation {name} has the time “{slot}”, not listed")
                if not chain or chain[-1] != slot:
                    chain.append(slot)
            found[name] = ends
        times = self._aligned(chain)
        spans = {name: (times[a], times[b]) for name, (a, b) in found.items()}
        for name, (start_ns, end_ns) in spans.items():
            if end_ns < start_ns:
                raise ValueError(f"the annotation {name} ends before it starts")
        return spans

    def _aligned(self, chain: list[str]) -> dict[str, int]:
        times = {slot: time for slot in chain if (time := self._slots[slot]) is not None}
        index = 0
        while index < len(chain):
            if chain[index] in times:
                index += 1
                continue
            stop = next((k for k in range(index, len(chain)) if chain[k] in times), None)
            if index == 0 or stop is None:
                raise ValueError(f"the time “{chain[index]}” has no times around it")
            first, last = times[chain[index - 1]], times[chain[stop]]
            for k in range(index, stop):
                share = (k - index + 1) / (stop - index + 1)
                times[chain[k]] = first + round((last - first) * share / MS_NS) * MS_NS
            self._notes["between"] += stop - index
            index = stop
        return times

    # ---- fields of clips that we wrote as dependent tiers

    def _collect_fields(self) -> dict[str, dict[str, str]]:
        """Values by ANNOTATION_ID of the clip and linguistic type."""
        fields: dict[str, dict[str, str]] = {}
        for tier in self._tiers.values():
            kind = tier.get("LINGUISTIC_TYPE_REF", "")
            if not self._is_field(tier):
                continue
            for one in tier.iterfind("ANNOTATION/REF_ANNOTATION"):
                value = one.findtext("ANNOTATION_VALUE") or ""
                fields.setdefault(one.get("ANNOTATION_REF", ""), {})[kind] = value
        return fields

    def _is_field(self, tier: Element) -> bool:
        """Whether it is a tier of ours whose values all can be fields of clips."""
        kind = tier.get("LINGUISTIC_TYPE_REF", "")
        parent = self._tiers.get(tier.get("PARENT_REF", ""))
        if parent is None or not self._is_aligned(parent):
            return False
        values = [
            one.findtext("ANNOTATION_VALUE") or ""
            for one in tier.iterfind("ANNOTATION/REF_ANNOTATION")
        ]
        if kind.startswith(NUMBER) or kind == FIELD + "confidence":
            return all(_is_number(value) for value in values)
        if kind == FIELD + "origin":
            return all(value in set(Origin) for value in values)
        return kind.startswith(TEXT) or kind.removeprefix(FIELD) in FIELDS

    # ---- what is kept

    def _keep(self, taken: set[str]) -> None:
        """Everything but the clips, for each annotator what is theirs, with our clips' ids."""
        owners = {name: self._annotator(self._tiers[self._root_of(name)]) for name in self._tiers}
        kept_tiers = [
            name
            for name, tier in self._tiers.items()
            if name not in taken and not self._is_field(tier)
        ]
        self._notes["kept"] = len(kept_tiers)
        frame = copy.copy(self._root)
        frame[:] = [child for child in self._root if child.tag not in ("TIME_ORDER", "TIER")]
        for annotator in dict.fromkeys(owners.values()) or (self._reading.annotator,):
            frame_of = copy.copy(frame)
            theirs = [name for name in self._tiers if owners[name] == annotator]
            shells = [
                self._shell(name, name in taken)
                for name in theirs
                if name in taken or name in kept_tiers
            ]
            if not self._anything(frame_of, shells):
                continue
            at = 1 + max((i for i, c in enumerate(frame_of) if c.tag == "HEADER"), default=-1)
            frame_of[at:at] = shells
            text = ElementTree.tostring(frame_of, encoding="unicode")
            self._rows.kept.setdefault(annotator, {})["elan"] = text
            if not theirs:
                self._rows.add(annotator, annotator)

    def _root_of(self, name: str) -> str:
        seen = {name}
        while (parent := self._tiers[name].get("PARENT_REF", "")) in self._tiers:
            if parent in seen:
                raise ValueError(f"the tier “{name}” is its own parent")
            seen.add(parent)
            name = parent
        return name

    def _shell(self, name: str, taken: bool) -> Element:
        """A tier for keeping: without its clips, or with references to the ids of our clips."""
        shell = copy.deepcopy(self._tiers[name])
        for annotation in list(shell.iterfind("ANNOTATION")):
            for one in annotation:
                if one.get("ANNOTATION_REF", "") in self._ids:
                    one.set("ANNOTATION_REF", self._ids[one.get("ANNOTATION_REF", "")])
            aligned = annotation.find("ALIGNABLE_ANNOTATION")
            if not taken or aligned is None:
                continue
            if any(key in aligned.attrib for key in EXTRAS):
                aligned.set("ANNOTATION_ID", self._ids[aligned.get("ANNOTATION_ID", "")])
                for key in ("TIME_SLOT_REF1", "TIME_SLOT_REF2"):
                    aligned.attrib.pop(key, None)
            else:
                shell.remove(annotation)
        return shell

    def _anything(self, frame: Element, shells: list[Element]) -> bool:
        """Whether there is more than what we write ourselves."""
        for child in frame:
            name = child.get("LINGUISTIC_TYPE_ID", child.get("CV_ID", ""))
            plain = child.tag in ("HEADER", "LANGUAGE", "CONSTRAINT")
            if not plain and not own_type(name):
                return True
        properties = [p.get("NAME") for p in frame.iterfind("HEADER/PROPERTY")]
        if not {OURS, LAST_ID}.issuperset(properties) or not self._own:
            return True
        return any(
            shell.get("LINGUISTIC_TYPE_REF") not in (CLIP_TYPE, POINT_TYPE)
            or not _only_vocabulary(shell)
            for shell in shells
        )

    def _label_set(self, taken: set[str]) -> LabelSet:
        """The controlled vocabularies of the tiers that were taken."""
        types = {t.get("LINGUISTIC_TYPE_ID"): t for t in self._root.iterfind("LINGUISTIC_TYPE")}
        used = (types.get(self._tiers[name].get("LINGUISTIC_TYPE_REF")) for name in taken)
        wanted = {t.get("CONTROLLED_VOCABULARY_REF") for t in used if t is not None}
        labels: dict[str, Label] = {}
        title = ""
        for vocabulary in self._root.iterfind("CONTROLLED_VOCABULARY"):
            if vocabulary.get("CV_ID") not in wanted:
                continue
            title = title or str(vocabulary.get("CV_ID"))
            for entry in vocabulary.iter():
                name = (entry.text or "").strip()
                if entry.tag in ("CVE_VALUE", "CV_ENTRY") and name:
                    definition = entry.get("DESCRIPTION", "")
                    labels.setdefault(name, Label(name, definition=definition))
        return LabelSet("" if title == VOCABULARY else title, tuple(labels.values()))

    def _said(self) -> Iterator[str]:
        if count := self._notes["kept"]:
            what = "1 dependent tier is" if count == 1 else f"{count} dependent tiers are"
            yield f"{what} kept with the labels, not shown, and written when you export to ELAN."
        if count := self._notes["between"]:
            yield f"{count} edges without a time were placed evenly between their neighbours."
        if count := self._notes["empty"]:
            what = (
                "1 annotation without a text is"
                if count == 1
                else (f"{count} annotations without a text are")
            )
            yield f"{what} labelled “{UNNAMED}”."


def _only_vocabulary(shell: Element) -> bool:
    """Whether what the shell keeps of annotations is nothing but their place in a vocabulary."""
    return all(
        set(one.attrib) <= {"ANNOTATION_ID", "CVE_REF"} for one in shell.iterfind("ANNOTATION/*")
    )


def _slots(root: Element) -> dict[str, int | None]:
    slots: dict[str, int | None] = {}
    for slot in root.iterfind("TIME_ORDER/TIME_SLOT"):
        value = slot.get("TIME_VALUE")
        slots[slot.get("TIME_SLOT_ID", "")] = None if value is None else ns_of(value, MS_NS)
    return slots


def _rules(about: dict[str, Any]) -> TierRules:
    try:
        return TierRules.from_dict(about.get("rules") or {})
    except ValueError:
        return PLAIN


def _media(root: Element) -> Iterator[Media]:
    for one in root.iterfind("HEADER/MEDIA_DESCRIPTOR"):
        path = one.get("RELATIVE_MEDIA_URL") or one.get("MEDIA_URL") or ""
        mime = one.get("MIME_TYPE", "")
        try:
            offset_ns = -int(one.get("TIME_ORIGIN") or 0) * MS_NS
        except ValueError:
            raise ValueError(f"the offset of {path} is {one.get('TIME_ORIGIN')!r}") from None
        kind: Literal["audio", "video"] = "audio" if mime.startswith("audio/") else "video"
        yield Media("", unquote(path.removeprefix("file://")), kind, offset_ns)


def _number(text: str) -> int | float:
    value = json.loads(text)
    return int(value) if isinstance(value, int) else float(value)


def _is_number(text: str) -> bool:
    try:
        value = json.loads(text)
        return not isinstance(value, bool) and math.isfinite(value)
    except (ValueError, TypeError, OverflowError, RecursionError):
        return False
