"""Writing EAF: a tier for each of ours, dependent tiers for what annotations cannot say."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from mimetypes import guess_type
from pathlib import PurePath
from urllib.parse import quote
from xml.etree.ElementTree import Element, SubElement

from harstudio.labels.interchange.base import RECORDING_CLOCK, Bundle, Counted, Labelled, Media
from harstudio.labels.interchange.elan_kept import Kept
from harstudio.labels.interchange.elan_names import (
    AUTHOR,
    CLIP_TYPE,
    FIELD,
    NUMBER,
    OURS,
    POINT_TYPE,
    TEXT,
    UNNAMED,
    VOCABULARY,
)
from harstudio.labels.interchange.losses import rounded
from harstudio.labels.interchange.rows import layers
from harstudio.labels.interchange.times import MS_NS, ms_of
from harstudio.labels.interchange.xml_files import legal
from harstudio.labels.label_sets.label_set import LabelSet
from harstudio.labels.model import Clip, Document, Origin, Tier

SCHEMA = "http://www.mpi.nl/tools/elan/EAFv2.8.xsd"
ASSOCIATION = "Symbolic_Association"
CONSTRAINTS = {
    "Time_Subdivision": "Time subdivision of parent annotation's time interval, no time gaps "
    "allowed within this interval",
    "Symbolic_Subdivision": "Symbolic subdivision of a parent annotation. Annotations refering "
    "to the same parent are ordered",
    ASSOCIATION: "1-1 association with a parent annotation",
    "Included_In": "Time alignable annotations within the parent annotation's time interval, "
    "gaps are allowed",
}
ORDER = (
    "LICENSE", "HEADER", "TIME_ORDER", "TIER", "LINGUISTIC_TYPE", "LOCALE", "LANGUAGE",
    "CONSTRAINT", "CONTROLLED_VOCABULARY", "LEXICON_REF", "EXTERNAL_REF",
)  # fmt: skip


def document(bundle: Bundle) -> tuple[Element, list[str]]:
    """The EAF document of the bundle's one recording, and what it does not say."""
    root, notes = _Writer(bundle.recordings[0], bundle.label_set).written()
    return root, rounded(bundle, "ELAN", MS_NS, "milliseconds") + notes


class _Writer:
    def __init__(self, labelled: Labelled, label_set: LabelSet) -> None:
        self._labelled = labelled
        self._label_set = label_set
        self._kept = Kept([one.kept["elan"] for one in labelled.documents if "elan" in one.kept])
        self._names = set(self._kept.tier_names)
        self._ids: dict[str, str] = {}  # ANNOTATION_ID by clip
        self._number = 0
        self._tiers: list[Element] = []
        self._slots: list[tuple[int, int, Element, str]] = []  # ms, end before start, where
        self._types: dict[str, bool] = {}  # our linguistic types; whether they have times
        self._about: dict[str, dict[str, object]] = {}  # our tiers, for the header
        self._labels: dict[str, None] = {label.name: None for label in label_set.labels}
        self._notes: Counter[str] = Counter()

    def written(self) -> tuple[Element, list[str]]:
        for one in self._labelled.documents:
            for tier in one.tiers:
                self._write_tier(one, tier)
        self._tiers += self._kept.dependents(self._ids, self._tier_of_ids(), self._next_id)
        root = self._kept.root()
        attributes = {
            "AUTHOR": self._kept.author or AUTHOR,
            "DATE": datetime.now(UTC).replace(microsecond=0).isoformat(),
            "FORMAT": self._kept.version or "2.8",
            "VERSION": self._kept.version or "2.8",
        }
        for key, value in attributes.items():
            root.set(key, value)
        schema = "{http://www.w3.org/2001/XMLSchema-instance}noNamespaceSchemaLocation"
        root.attrib.setdefault(schema, SCHEMA)
        self._write_header(root)
        root.append(self._time_order())
        root.extend(self._tiers)
        self._write_types(root)
        root[:] = sorted(
            root, key=lambda child: ORDER.index(child.tag) if child.tag in ORDER else len(ORDER)
        )
        return root, list(self._said())

    # ---- tiers

    def _write_tier(self, document: Document, tier: Tier) -> None:
        known = self._kept.shell(tier.name, document.annotator)
        person = tier.rules.person or _shared_person(tier.clips)
        origin = _usual_origin(tier.clips)
        name = (
            self._kept.name_of(known)
            if known is not None
            else self._free(legal(tier.name) or "tier", document.annotator)
        )
        first = _tier_element(name, legal(person), legal(document.annotator))
        kind = POINT_TYPE if tier.rules.points else CLIP_TYPE
        if known is None or known.get("LINGUISTIC_TYPE_REF") in (CLIP_TYPE, POINT_TYPE):
            self._types[kind] = True
            first.set("LINGUISTIC_TYPE_REF", kind)
        if known is not None:
            for key, value in known.attrib.items():
                if key not in first.attrib and key != "PARTICIPANT":
                    first.set(key, value)
            if known.get("PARENT_REF"):
                first.set("PARENT_REF", known.get("PARENT_REF", ""))
        about: dict[str, object] = {
            "tier": tier.name,
            "rules": tier.rules.to_dict(),
            "participant": person,
            "origin": origin,
        }
        rows = layers(self._trimmed(tier.clips), _span_ms) or [[]]
        for number, row in enumerate(rows, 1):
            element = first
            if number > 1:
                element = Element("TIER", dict(first.attrib))
                element.set("TIER_ID", self._free(f"{name}_{number}", ""))
                self._notes["layers"] += 1
            self._about[element.get("TIER_ID", "")] = about
            self._tiers.append(element)
            for clip, start, end in row:
                self._write_clip(element, clip, start, end, known)
            self._write_fields(element, [clip for clip, _, _ in row], person, origin)

    def _free(self, name: str, annotator: str) -> str:
        tries = [name] + [f"{name} ({annotator})"] * bool(annotator)
        free = next((one for one in tries if one not in self._names), "")
        number = 2
        while not free or free in self._names:
            free, number = f"{tries[-1]} {number}", number + 1
        self._names.add(free)
        return free

    def _trimmed(self, clips: Iterable[Clip]) -> Iterator[Clip]:
        """Clips without what lies before the beginning, which EAF cannot say."""
        for clip in clips:
            if clip.end_ns < 0 or (clip.start_ns < 0 and clip.end_ns == 0):
                self._notes["before"] += 1
            elif clip.start_ns < 0:
                self._notes["cut"] += 1
                yield replace(clip, start_ns=0)
            else:
                yield clip

    def _write_clip(
        self, tier: Element, clip: Clip, start: int, end: int, known: Element | None
    ) -> None:
        name = self._next_id()
        self._ids[clip.id] = name
        if clip.is_point:
            self._notes["points"] += 1
        elif ms_of(clip.end_ns) <= ms_of(clip.start_ns):
            self._notes["short"] += 1
        holder = SubElement(tier, "ANNOTATION")
        one = SubElement(holder, "ALIGNABLE_ANNOTATION", {"ANNOTATION_ID": name})
        for key, value in self._kept.extras(clip.id, clip.label, known).items():
            one.set(key, value)
        self._slots.append((start, 1, one, "TIME_SLOT_REF1"))
        self._slots.append((end, 0, one, "TIME_SLOT_REF2"))
        label = "" if clip.label == UNNAMED else clip.label
        SubElement(one, "ANNOTATION_VALUE").text = self._said_text(label)
        if label:
            self._labels.setdefault(label)

    def _said_text(self, text: str) -> str:
        said = legal(text)
        if said != text:
            self._notes["signs"] += 1
        return said

    def _write_fields(
        self, parent: Element, clips: list[Clip], person: str, origin: Origin
    ) -> None:
        """A dependent tier for each field and attribute that any of the clips has."""
        values: dict[str, dict[str, str]] = {}
        for clip in clips:
            for kind, value in _fields(clip, person, origin):
                values.setdefault(kind, {})[clip.id] = value
        for kind, of_clip in sorted(values.items()):
            self._types[kind] = False
            title = f"{parent.get('TIER_ID')} {kind.partition(':')[2]}"
            tier = _tier_element(self._free(legal(title), ""), "", parent.get("ANNOTATOR", ""))
            tier.set("LINGUISTIC_TYPE_REF", legal(kind))
            tier.set("PARENT_REF", parent.get("TIER_ID", ""))
            if parent.get("PARTICIPANT"):
                tier.set("PARTICIPANT", parent.get("PARTICIPANT", ""))
            for clip_id, value in of_clip.items():
                holder = SubElement(tier, "ANNOTATION")
                ids = {"ANNOTATION_ID": self._next_id(), "ANNOTATION_REF": self._ids[clip_id]}
                one = SubElement(holder, "REF_ANNOTATION", ids)
                SubElement(one, "ANNOTATION_VALUE").text = self._said_text(value)
            self._tiers.append(tier)

    def _next_id(self) -> str:
        self._number += 1
        return f"a{self._number}"

    def _tier_of_ids(self) -> dict[str, str]:
        """The tier of each annotation that is written."""
        return {
            one.get("ANNOTATION_ID", ""): tier.get("TIER_ID", "")
            for tier in self._tiers
            for one in tier.iterfind("ANNOTATION/*")
        }

    # ---- around the tiers

    def _time_order(self) -> Element:
        """Times in order; an aligned tier that belongs to another one shares them with it."""
        order = Element("TIME_ORDER")
        shared: dict[tuple[str, int], str] = {}
        families = self._families()
        self._slots.sort(key=lambda slot: slot[:2])
        for ms, _, annotation, key in self._slots:
            family = families.get(annotation.get("ANNOTATION_ID", ""), "")
            name = shared.get((family, ms)) if family else None
            if name is None:
                name = f"ts{len(order) + 1}"
                SubElement(order, "TIME_SLOT", {"TIME_SLOT_ID": name, "TIME_VALUE": str(ms)})
                shared[family, ms] = name
            annotation.set(key, name)
        return order

    def _families(self) -> dict[str, str]:
        """The topmost tier, by annotation, of aligned tiers that belong together."""
        aligned = {
            tier.get("TIER_ID", ""): tier
            for tier in self._tiers
            if tier.find("ANNOTATION/ALIGNABLE_ANNOTATION") is not None
        }
        parents = {
            name: tier.get("PARENT_REF", "")
            for name, tier in aligned.items()
            if tier.get("PARENT_REF") in aligned
        }
        families: dict[str, str] = {}
        for name in {*parents, *parents.values()}:
            top = name
            while top in parents:
                top = parents[top]
            for one in aligned[name].iterfind("ANNOTATION/ALIGNABLE_ANNOTATION"):
                families[one.get("ANNOTATION_ID", "")] = top
        return families

    def _write_header(self, root: Element) -> None:
        header = root.find("HEADER")
        if header is None:
            header = SubElement(root, "HEADER", {"MEDIA_FILE": "", "TIME_UNITS": "milliseconds"})
        there = {
            PurePath(one.get("MEDIA_URL", "")).name: one
            for one in header.iterfind("MEDIA_DESCRIPTOR")
        }
        files = (media for media in self._labelled.media if media.stream != RECORDING_CLOCK)
        for index, media in enumerate(files):
            element = _media_element(media)
            known = there.get(PurePath(element.get("MEDIA_URL", "")).name)
            if known is None:
                header.insert(index, element)
            elif known.get("TIME_ORIGIN", "0") != element.get("TIME_ORIGIN", "0"):
                known.set("TIME_ORIGIN", element.get("TIME_ORIGIN", "0"))
        for old in [p for p in header.iterfind("PROPERTY") if p.get("NAME") == OURS]:
            header.remove(old)
        done = [one.annotator for one in self._labelled.documents if one.done]
        own = {"recording": self._labelled.recording, "tiers": self._about, "done": done}
        SubElement(header, "PROPERTY", {"NAME": OURS}).text = json.dumps(own)
        if self._number:
            self._kept.set_last_id(header, self._number)

    def _write_types(self, root: Element) -> None:
        for name, aligned in sorted(self._types.items()):
            kind = {"LINGUISTIC_TYPE_ID": legal(name), "GRAPHIC_REFERENCES": "false"}
            kind["TIME_ALIGNABLE"] = "true" if aligned else "false"
            if not aligned:
                kind["CONSTRAINTS"] = ASSOCIATION
            elif self._labels:
                kind["CONTROLLED_VOCABULARY_REF"] = VOCABULARY
            SubElement(root, "LINGUISTIC_TYPE", kind)
        there = {one.get("STEREOTYPE") for one in root.iterfind("CONSTRAINT")}
        for stereotype, description in CONSTRAINTS.items():
            if stereotype not in there:
                about = {"STEREOTYPE": stereotype, "DESCRIPTION": description}
                SubElement(root, "CONSTRAINT", about)
        if self._labels and (CLIP_TYPE in self._types or POINT_TYPE in self._types):
            self._write_vocabulary(root)

    def _write_vocabulary(self, root: Element) -> None:
        if root.find("LANGUAGE[@LANG_ID='und']") is None:
            definition = "http://cdb.iso.org/lg/CDB-00130975-001"
            about = {"LANG_ID": "und", "LANG_DEF": definition, "LANG_LABEL": "undetermined (und)"}
            SubElement(root, "LANGUAGE", about)
        vocabulary = SubElement(root, "CONTROLLED_VOCABULARY", {"CV_ID": VOCABULARY})
        about = {"LANG_REF": "und"}
        SubElement(vocabulary, "DESCRIPTION", about).text = legal(self._label_set.name)
        for number, name in enumerate(dict.fromkeys(map(legal, self._labels))):
            entry = SubElement(vocabulary, "CV_ENTRY_ML", {"CVE_ID": f"cve{number}"})
            label = self._label_set.find(name)
            value = SubElement(entry, "CVE_VALUE", {"LANG_REF": "und"})
            if label is not None and (label.definition or label.code):
                value.set("DESCRIPTION", legal(label.definition or label.code))
            value.text = name

    def _said(self) -> Iterator[str]:
        n = self._notes
        if n["points"]:
            yield Counted(n["points"], "Point events ({n}) are annotations of 1 ms in ELAN.")
        if n["short"]:
            yield Counted(n["short"], "Clips shorter than 1 ms ({n}) last 1 ms in ELAN.")
        if n["layers"]:
            yield (
                "Clips that overlap lie in tiers of their own, whose names end in _2, _3, ...; "
                "they come back as one tier."
            )
        if n["before"]:
            many = "Clips before the time 0 ({n}) were left out; ELAN has no such times."
            yield Counted(n["before"], many, lost=True)
        if n["cut"]:
            yield Counted(n["cut"], "Clips that begin before the time 0 ({n}) begin there in ELAN.")
        if n["signs"]:
            many = "Control characters in texts ({n}) were replaced; XML cannot hold them."
            yield Counted(n["signs"], many)
        if any(label.color or label.hotkey or label.not_this for label in self._label_set.labels):
            yield "ELAN has no place for colours, keys, synonyms and kinds of labels."
        if self._label_set.attributes:
            yield "Of attributes the values are written, not what may be chosen."
        yield from self._kept.said()


def _tier_element(name: str, person: str, annotator: str) -> Element:
    element = Element("TIER", {"TIER_ID": name})
    if person:
        element.set("PARTICIPANT", person)
    element.set("ANNOTATOR", annotator)
    return element


def _span_ms(clip: Clip) -> tuple[int, int]:
    start = ms_of(clip.start_ns)
    return start, max(ms_of(clip.end_ns), start + 1)


def _shared_person(clips: Iterable[Clip]) -> str:
    persons = {clip.person for clip in clips}
    return persons.pop() if len(persons) == 1 else ""


def _usual_origin(clips: Iterable[Clip]) -> Origin:
    counts = Counter(clip.origin for clip in clips)
    return counts.most_common(1)[0][0] if counts else Origin.HUMAN


def _fields(clip: Clip, person: str, origin: Origin) -> Iterator[tuple[str, str]]:
    if clip.comment:
        yield FIELD + "comment", clip.comment
    if clip.confidence is not None:
        yield FIELD + "confidence", repr(clip.confidence)
    if clip.origin is not origin:
        yield FIELD + "origin", clip.origin.value
    if clip.person != person:
        yield FIELD + "person", clip.person
    if clip.unsure:
        yield FIELD + "unsure", "yes"
    for name, value in clip.attributes.items():
        if isinstance(value, str):
            yield TEXT + name, value
        else:
            yield NUMBER + name, json.dumps(value)


def _media_element(media: Media) -> Element:
    """TIME_ORIGIN is what ELAN skips of a file: less than nothing for one that begins later."""
    path = PurePath(media.path)
    mime = guess_type(media.path)[0] or f"{media.kind}/*"
    url = path.as_posix()
    relative = url if path.is_absolute() or url.startswith(".") else f"./{url}"
    element = Element("MEDIA_DESCRIPTOR")
    element.set("MEDIA_URL", "file://" + quote(legal(url)) if path.is_absolute() else relative)
    element.set("MIME_TYPE", mime)
    if not path.is_absolute():
        element.set("RELATIVE_MEDIA_URL", legal(relative))
    element.set("TIME_ORIGIN", str(-round(media.offset_ns / MS_NS)))
    return element
