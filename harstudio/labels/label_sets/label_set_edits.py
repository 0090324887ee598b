"""Changes of a label set: pure functions of a set that return another one.

A name is changed wherever the set says it: as a parent and in the attributes. What clips say is
the business of ``renaming``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from harstudio.labels.label_sets.attributes import Attribute
from harstudio.labels.label_sets.label_set import Example, Label, LabelSet


def changed(label_set: LabelSet, name: str, label: Label) -> LabelSet:
    """Another label in the place of the one of a name; ValueError when the set contradicts
    itself then. A key that another label has moves to this one."""
    labels = []
    for one in label_set.labels:
        if one.name == name:
            one = label
        elif label.hotkey and one.hotkey == label.hotkey:
            one = replace(one, hotkey="")
        labels.append(_with_parent(one, {name: label.name}))
    attributes = _with_labels(label_set.attributes, {name: label.name})
    return replace(label_set, labels=tuple(labels), attributes=attributes)


def with_example(label_set: LabelSet, name: str, example: Example | None) -> LabelSet:
    """Another example for a label."""
    labels = (replace(la, example=example) if la.name == name else la for la in label_set.labels)
    return replace(label_set, labels=tuple(labels))


def removed(label_set: LabelSet, names: Collection[str]) -> LabelSet:
    """Without some labels or groups. What stood under one stands under what that stood under; an
    attribute that was asked of nothing else goes too."""
    parents = {label.name: label.parent for label in label_set.labels}

    def above(name: str) -> str:
        while name in names:
            name = parents.get(name, "")
        return name

    kept = tuple(
        replace(label, parent=above(label.parent))
        for label in label_set.labels
        if label.name not in names
    )
    attributes = []
    for attribute in label_set.attributes:
        rest = tuple(name for name in attribute.labels if name not in names)
        if rest or not attribute.labels:
            attributes.append(replace(attribute, labels=rest))
    groups = tuple(group for group in label_set.groups if group not in names)
    return replace(label_set, labels=kept, attributes=tuple(attributes), groups=groups)


def merged(label_set: LabelSet, sources: Collection[str], target: str) -> LabelSet:
    """The target stands for the sources too: their names and synonyms become synonyms of it."""
    gone = [label for label in label_set.labels if label.name in sources and label.name != target]
    names = {label.name: target for label in gone}
    more = [name for label in gone for name in (label.name, *label.synonyms)]
    labels = []
    for label in label_set.labels:
        if label.name in names:
            continue
        label = _with_parent(label, names)
        if label.name == target:
            parent = _outside(label_set, label.parent, {*names, target})
            synonyms = tuple(n for n in dict.fromkeys((*label.synonyms, *more)) if n != target)
            label = replace(label, synonyms=synonyms, parent=parent)
        labels.append(label)
    attributes = _with_labels(label_set.attributes, names)
    return replace(label_set, labels=tuple(labels), attributes=attributes)


def moved(label_set: LabelSet, names: Collection[str], parent: str, before: str = "") -> LabelSet:
    """Labels under another parent ("" for none), in the order before a label; "" is the end of what
    stands under the parent, and of the set where there is none. The first to come under a parent
    stay where they are. ValueError when one would stand under itself."""
    going = [replace(label, parent=parent) for label in label_set.labels if label.name in names]
    rest = [label for label in label_set.labels if label.name not in names]
    place = len(rest)
    if before:
        place = next((k for k, label in enumerate(rest) if label.name == before), place)
    elif parent:
        below = [k for k, label in enumerate(rest) if parent in (label.parent, label.name)]
        first = next((k for k, la in enumerate(label_set.labels) if la.name in names), place)
        place = below[-1] + 1 if below else first
    return replace(label_set, labels=(*rest[:place], *going, *rest[place:]))


def with_group(label_set: LabelSet, name: str) -> LabelSet:
    """With one more group; ValueError when the name is taken."""
    return replace(label_set, groups=(*label_set.groups, name))


def group_renamed(label_set: LabelSet, old: str, new: str) -> LabelSet:
    """A group under another name; ValueError when the name is taken."""
    labels = tuple(_with_parent(label, {old: new}) for label in label_set.labels)
    groups = tuple(new if group == old else group for group in label_set.groups)
    return replace(label_set, labels=labels, groups=groups)


def with_labels(label_set: LabelSet, labels: Iterable[Label], groups: Iterable[str]) -> LabelSet:
    """With more labels and groups at the end; those whose names are there already are left out.

    A label without a colour or key of its own gets the next free ones.
    """
    known = {label.name for label in label_set.labels} | set(label_set.groups)
    new = [label for label in labels if label.name not in known]
    fresh = tuple(g for g in groups if g not in known and g not in {la.name for la in new})
    label_set = replace(label_set, groups=(*label_set.groups, *fresh))
    there = known | set(fresh) | {label.name for label in new}
    parents = {label.name: label.parent if label.parent in there else "" for label in new}
    for label in new:
        label_set = label_set.with_label(label.name)
        own = label_set.labels[-1]
        taken = {one.hotkey for one in label_set.labels[:-1]}
        hotkey = label.hotkey if label.hotkey not in taken else ""
        made = replace(label, color=own.color, hotkey=hotkey or own.hotkey, parent="")
        label_set = replace(label_set, labels=(*label_set.labels[:-1], made))
    labels_now = (
        replace(la, parent=parents[la.name]) if parents.get(la.name) else la
        for la in label_set.labels
    )
    return replace(label_set, labels=tuple(labels_now))


def _with_parent(label: Label, names: dict[str, str]) -> Label:
    parent = names.get(label.parent, label.parent)
    return label if parent == label.parent else replace(label, parent=parent)


def _with_labels(attributes: tuple[Attribute, ...], names: dict[str, str]) -> tuple[Attribute, ...]:
    return tuple(
        replace(one, labels=tuple(dict.fromkeys(names.get(name, name) for name in one.labels)))
        for one in attributes
    )


def _outside(label_set: LabelSet, parent: str, names: Collection[str]) -> str:
    while parent in names:
        label = label_set.find(parent)
        parent = "" if label is None else label.parent
    return parent
