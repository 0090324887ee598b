"""What a document kept of an EAF file: put back around the clips as they are now."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from xml.etree.ElementTree import Element, SubElement

from defusedxml.ElementTree import fromstring

from harstudio.labels.interchange.elan_names import LAST_ID, own_type

EXTRAS = ("SVG_REF", "EXT_REF", "LANG_REF")


class Kept:
    """The kept parts of all documents of a recording, as one; of doubles the first counts."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._frames = [fromstring(text, forbid_dtd=True) for text in texts]
        self._tiers: dict[str, Element] = {}
        for frame in self._frames:
            for tier in frame.iterfind("TIER"):
                self._tiers.setdefault(tier.get("TIER_ID", ""), tier)
        self._dependents = {name: tier for name, tier in self._tiers.items() if self._waits(tier)}
        self._extras = {
            one.get("ANNOTATION_ID", ""): one
            for tier in self._tiers.values()
            for one in tier.iterfind("ANNOTATION/ALIGNABLE_ANNOTATION")
        }
        self._lost = 0
        self._gone: list[str] = []

    @property
    def tier_names(self) -> tuple[str, ...]:
        return tuple(self._tiers)

    @property
    def author(self) -> str:
        return next((frame.get("AUTHOR", "") for frame in self._frames), "")

    @property
    def version(self) -> str:
        return next((frame.get("VERSION", "") for frame in self._frames), "")

    @staticmethod
    def _waits(tier: Element) -> bool:
        """Whether its annotations belong to others; an aligned tier may be empty here."""
        if tier.find("ANNOTATION/REF_ANNOTATION") is not None:
            return True
        return bool(tier.get("PARENT_REF")) and tier.find("ANNOTATION") is None

    def shell(self, name: str, annotator: str) -> Element | None:
        """The tier as it was, without its clips."""
        tier = self._tiers.get(name)
        if tier is None or tier.get("ANNOTATOR", annotator) not in ("", annotator):
            return None
        if tier.find("ANNOTATION/REF_ANNOTATION") is not None:
            return None
        self._dependents.pop(name, None)
        return tier

    @staticmethod
    def name_of(shell: Element) -> str:
        return shell.get("TIER_ID", "")

    def extras(self, clip_id: str, label: str, shell: Element | None) -> dict[str, str]:
        """References of an annotation to pictures, languages and its place in a vocabulary."""
        old = self._extras.get(clip_id)
        if old is None:
            return {}
        found = {key: old.get(key, "") for key in EXTRAS if old.get(key)}
        entry = old.get("CVE_REF")
        same = (old.findtext("ANNOTATION_VALUE") or "").strip() == label
        own = shell is None or own_type(shell.get("LINGUISTIC_TYPE_REF", ""))
        return found | ({"CVE_REF": entry} if entry and same and not own else {})

    def dependents(
        self, ids: Mapping[str, str], tier_of: Mapping[str, str], next_id: Callable[[], str]
    ) -> Iterator[Element]:
        """Dependent tiers whose parents are still there, with the new ids of everything.

        ids: ANNOTATION_ID by clip; tier_of: TIER_ID by ANNOTATION_ID. What belonged to clips
        that are gone, or that moved to another tier, is lost and told.
        """
        names, places = dict(ids), dict(tier_of)
        pending = dict(self._dependents)
        while pending:
            ready = [
                name for name, tier in pending.items() if tier.get("PARENT_REF") not in pending
            ]
            for name in ready or list(pending):
                tier = self._renumbered(pending.pop(name), names, places, next_id)
                if tier is not None:
                    yield tier

    def _renumbered(
        self,
        tier: Element,
        names: dict[str, str],
        places: dict[str, str],
        next_id: Callable[[], str],
    ) -> Element | None:
        name = tier.get("TIER_ID", "")
        parents = [
            places[names[ref]]
            for one in tier.iterfind("ANNOTATION/REF_ANNOTATION")
            if (ref := one.get("ANNOTATION_REF", "")) in names
        ]
        there = set(places.values())
        parent = tier.get("PARENT_REF", "")
        if parents and parent not in parents:
            parent = parents[0]  # the tier was renamed
        if not parents and parent not in there:
            self._gone.append(name)
            return None
        written = Element("TIER", dict(tier.attrib) | {"PARENT_REF": parent})
        following: dict[str, str] = {}
        for one in tier.iterfind("ANNOTATION/REF_ANNOTATION"):
            owner = names.get(one.get("ANNOTATION_REF", ""))
            if owner is None or places[owner] != parent:
                self._lost += 1
                continue
            fresh = next_id()
            old = one.get("ANNOTATION_ID", "")
            names[old], places[fresh] = fresh, name
            following[old] = fresh
            attributes = dict(one.attrib) | {"ANNOTATION_ID": fresh, "ANNOTATION_REF": owner}
            previous = attributes.pop("PREVIOUS_ANNOTATION", None)
            if previous in following:
                attributes["PREVIOUS_ANNOTATION"] = following[previous]
            holder = SubElement(written, "ANNOTATION")
            again = SubElement(holder, "REF_ANNOTATION", attributes)
            again.extend(list(one))
        return written

    def root(self) -> Element:
        """The document without tiers and times: headers, types, vocabularies, as they were."""
        root = Element("ANNOTATION_DOCUMENT")
        seen: set[tuple[str, str]] = set()
        for frame in self._frames:
            for key, value in frame.attrib.items():
                root.attrib.setdefault(key, value)
            for child in frame:
                if child.tag == "TIER":
                    continue
                key = child.tag, identity(child)
                if key not in seen and not _ours(child):
                    seen.add(key)
                    root.append(child)
        return root

    @staticmethod
    def set_last_id(header: Element, number: int) -> None:
        """ELAN goes on counting annotations from there."""
        for one in header.iterfind("PROPERTY"):
            if one.get("NAME") == LAST_ID:
                one.text = str(number)
                return
        SubElement(header, "PROPERTY", {"NAME": LAST_ID}).text = str(number)

    def said(self) -> Iterator[str]:
        if self._lost:
            yield (
                f"{self._lost} annotations of dependent tiers went with the clips that they "
                "belonged to."
            )
        for name in self._gone:
            yield f"The dependent tier “{name}” was left out; its parent is gone."


def _ours(child: Element) -> bool:
    """Whether it is written anew in any case."""
    return own_type(child.get("LINGUISTIC_TYPE_ID", "")) or own_type(child.get("CV_ID", ""))


def identity(child: Element) -> str:
    """What tells a linguistic type, vocabulary, language, ... from the others of its tag."""
    keys = (
        "LINGUISTIC_TYPE_ID",
        "CV_ID",
        "LANG_ID",
        "LANGUAGE_CODE",
        "STEREOTYPE",
        "EXT_REF_ID",
        "LEX_REF_ID",
        "LICENSE_URL",
    )
    return next((child.get(key, "") for key in keys if key in child.attrib), "")
