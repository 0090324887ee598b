"""Whether prepared data can feed a training: keys that decide what is read must be the same."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import NamedTuple

from harstudio.errors import UsageError
from harstudio.learning.inputs.frames import PictureSettings
from harstudio.learning.inputs.skeleton import SkeletonInput
from harstudio.learning.prepared.caches import Cache
from harstudio.learning.preprocessing import Preprocessing

# Keys that change what is made of a clip, not what is read of it. Every other key counts.
LOOKS = frozenset({"mean", "std", "flip", "light", "blur_px"})
KEPT = LOOKS | {"train_scales", "background", "depth_shift_mm", "depth_holes"}
ONLY_MADE: Mapping[str, frozenset[str]] = {
    "skeleton": frozenset(SkeletonInput.model_fields) - {"kind", "bodies"},
    "picture": KEPT | {"size", "usual_box", "focus_share"},
    "clip": KEPT | {"scaling", "flip_vertical", "rotate_quarters", "color_jitter"},
    "dynamic": LOOKS | {"size", "train_scales"},
    "regions": LOOKS | {"size"},
    "inertial": frozenset({"frames", "crop", "scale"}),
}


class Difference(NamedTuple):
    """Something that would be read otherwise; setting: ``KEY=VALUE`` that tells prepare so, "" for
    none."""

    sentence: str
    setting: str = ""


def differences(known: Preprocessing, wanted: Preprocessing) -> list[Difference]:
    """Why data that were read by ``known`` cannot be used by ``wanted``; none where they can.

    Some inputs may be left out. Pictures are cut out around people, so that those count too.
    """
    found = []
    pictures = any(isinstance(table, PictureSettings) for table in wanted.inputs.values())
    if pictures or wanted.skeleton is not None:
        if known.topology != wanted.topology:
            told = f"the joints are {known.topology or 'none'} there, not {wanted.topology}"
            found.append(Difference(told))
        if known.skeleton is not None and wanted.skeleton is None:
            found.append(Difference("pictures are read there with the joints of the skeleton"))
    for one in fields(Preprocessing):
        if one.name not in ("topology", "inputs", "without"):
            there, here = getattr(known, one.name), getattr(wanted, one.name)
            if there != here:
                found.append(Difference(f"{one.name} is {there!r} there, not {here!r}"))
    for name, table in wanted.inputs.items():
        other = known.inputs.get(name)
        if other is None or other.kind != table.kind:
            found.append(Difference(f"there is no {table.kind} input {name}"))
            continue
        for key, value in table:
            there = getattr(other, key)
            if key not in ONLY_MADE[table.kind] and there != value:
                told = f"[preprocessing.{name}] {key} is {there!r} there, not {value!r}"
                setting = f"preprocessing.{name}.{key}={json.dumps(value)}"
                found.append(Difference(told, "" if key == "appearance" else setting))
    return found


def serves(cache: Cache | None, wanted: Preprocessing) -> bool:
    """Whether there are prepared data and they can be used."""
    return cache is not None and not differences(cache.preprocessing, wanted)


def require_same(cache: Cache | None, wanted: Preprocessing, network: str) -> None:
    """UsageError where there are prepared data that were read otherwise; it names what differs and
    the command that prepares them so."""
    found = [] if cache is None else differences(cache.preprocessing, wanted)
    if cache is None or not found:
        return
    changes = "".join(f" --set '{one.setting}'" for one in found if one.setting)
    raise UsageError(
        f"These data were prepared otherwise: {'; '.join(one.sentence for one in found)}.",
        path=cache.path,
        remedy=f"Prepare them for this: harstudio prepare {cache.source} --network {network} "
        f"--out FOLDER{changes}",
    )
