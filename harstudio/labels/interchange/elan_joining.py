"""What documents kept of one EAF file and of another, as one: nothing goes that was there."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Iterable
from copy import copy, deepcopy
from xml.etree.ElementTree import Element, tostring

from defusedxml.ElementTree import fromstring

from harstudio.labels.interchange.elan_kept import identity

NAMES = ("CVE_ID", "LANG_REF", "NAME", "MEDIA_URL", "LINK_URL")  # of entries of lists


def joined(before: str, after: str) -> tuple[str, int]:
    """The kept parts of two files as one text, and how many annotations the second replaced.

    Of a tier in both the annotations of each clip are the second's where it has some, else the
    first's; types, vocabularies and properties likewise. A file that was joined before changes
    nothing.
    """
    first, second = _told_apart(before), _told_apart(after)
    replaced = sum(
        old != new
        for name, tier in _tiers(first).items()
        if (other := _tiers(second).get(name)) is not None
        for ref, holders in _groups(tier).items()
        if ref in (theirs := _groups(other))
        for old, new in [(_texts(holders), _texts(theirs[ref]))]
    )
    root = _joined(first, second, _of_root)
    return (before if _text(root) == _text(first) else _text(root)), replaced


def _told_apart(text: str) -> Element:
    """The document with ids of dependent annotations that those of no other file can have.

    They follow from the tier, the clip and the place among its annotations.
    """
    root: Element = fromstring(text, forbid_dtd=True)
    places: dict[str, tuple[str, str, int]] = {}
    for name, tier in _tiers(root).items():
        for ref, holders in _groups(tier).items():
            for number, holder in enumerate(holders):
                for one in holder.iterfind("REF_ANNOTATION"):
                    places[one.get("ANNOTATION_ID", "")] = name, ref, number
    names: dict[str, str] = {}
    for start in places:
        chain: dict[str, None] = {}
        at = start
        while at in places and at not in names and at not in chain:
            chain[at] = None
            at = places[at][1]
        for one_id in reversed(chain):
            tier_name, ref, number = places[one_id]
            told = "\n".join((tier_name, names.get(ref, ref), str(number)))
            names[one_id] = "d" + hashlib.sha256(told.encode()).hexdigest()[:16]
    for one in root.iterfind("TIER/ANNOTATION/REF_ANNOTATION"):
        for key in ("ANNOTATION_ID", "ANNOTATION_REF", "PREVIOUS_ANNOTATION"):
            if key in one.attrib:
                one.set(key, names.get(one.get(key, ""), one.get(key, "")))
    return root


Key = Callable[[Element], Hashable]


def _joined(first: Element, second: Element, key: Key) -> Element:
    """The children of both; of those with one key the second's, in the place of the first's."""
    whole = Element(first.tag, {**first.attrib, **second.attrib})
    whole.text, whole.tail = second.text, second.tail
    children = _by(first, key)
    for name, theirs in _by(second, key).items():
        ours = children.get(name, ())
        pairs = zip(ours, theirs, strict=False)
        if len(ours) == len(theirs):
            children[name] = [_one(old, new) for old, new in pairs]
        else:
            children[name] = theirs
    whole.extend(deepcopy(child) for one in children.values() for child in one)
    return whole


def _one(old: Element, new: Element) -> Element:
    """A part that is in both files."""
    if new.tag == "TIER":
        return _joined(old, new, _of_tier)
    if new.tag in ("HEADER", "CONTROLLED_VOCABULARY"):
        return _joined(old, new, _of_list)
    return new


def _by(parent: Element, key: Key) -> dict[Hashable, list[Element]]:
    found: dict[Hashable, list[Element]] = {}
    for child in parent:
        found.setdefault(key(child), []).append(child)
    return found


def _of_root(child: Element) -> Hashable:
    return child.tag, child.get("TIER_ID", identity(child))


def _of_list(child: Element) -> Hashable:
    return child.tag, *(child.get(name, "") for name in NAMES)


def _of_tier(holder: Element) -> Hashable:
    """The clip, or the annotation, that an annotation belongs to."""
    one = next(iter(holder), holder)
    return one.get("ANNOTATION_REF") or one.get("ANNOTATION_ID", "")


def _tiers(root: Element) -> dict[str, Element]:
    return {tier.get("TIER_ID", ""): tier for tier in root.iterfind("TIER")}


def _groups(tier: Element) -> dict[str, list[Element]]:
    return {str(ref): holders for ref, holders in _by(tier, _of_tier).items()}


def _texts(holders: Iterable[Element]) -> list[str]:
    return [_text(holder) for holder in holders]


def _text(element: Element) -> str:
    bare = copy(element)
    bare.tail = None
    return tostring(bare, encoding="unicode")
