"""The document file: JSON with one clip a line, so that git shows what changed."""

from __future__ import annotations

import json
import math
from json.encoder import encode_basestring
from pathlib import Path
from typing import Any

from harstudio.errors import DataError
from harstudio.labels.editing.edits import EditError, check_tier
from harstudio.labels.model import Clip, Document, Origin, Tier, TierRules, order, typed

FORMAT = "harstudio-labels"
VERSION = 2  # 1: no rules, attributes, done, kept


_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def compact_json(data: Any) -> str:
    """JSON in one line; the same data always gives the same text."""
    return _ENCODER.encode(data)


def to_bytes(text: str) -> bytes:
    """UTF-8; a lone surrogate (from a file name that is no UTF-8) becomes its JSON escape."""
    return text.encode("utf-8", "backslashreplace")


def dump_document(document: Document, journal: str) -> bytes:
    """The file's content. journal: the id of the journal whose edits are in, up to revision."""
    head: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "recording": document.recording,
        "annotator": document.annotator,
        "revision": document.revision,
        "journal": journal,
    }
    if document.done:
        head["done"] = True
    if document.kept:
        head["kept"] = document.kept
    lines = [f"{compact_json(key)}: {compact_json(value)}," for key, value in head.items()]
    tiers = [_dump_tier(tier) for tier in document.tiers]
    body = '"tiers": [\n' + ",\n".join(tiers) + "\n]" if tiers else '"tiers": []'
    return to_bytes("{\n" + "\n".join(lines) + "\n" + body + "\n}\n")


def _dump_tier(tier: Tier) -> str:
    rules = tier.rules.to_dict()
    head = f'"name": {compact_json(tier.name)}'
    head += f', "rules": {compact_json(rules)}' if rules else ""
    if not tier.clips:
        return f' {{{head}, "clips": []}}'
    clips = ",\n".join([_dump_clip(clip) for clip in tier.clips])
    return f' {{{head}, "clips": [\n{clips}\n ]}}'


def _dump_clip(clip: Clip) -> str:
    if (
        clip.person or clip.comment or clip.attributes or clip.unsure or clip.rejected
        or clip.confidence is not None or clip.origin is not Origin.HUMAN
    ):  # fmt: skip
        return "  " + compact_json(clip.to_dict())
    return (  # the same, at a fifth of the time
        f'  {{"id":{encode_basestring(clip.id)},"start_ns":{clip.start_ns},'
        f'"end_ns":{clip.end_ns},"label":{encode_basestring(clip.label)}}}'
    )


def parse_document(data: bytes, path: Path) -> tuple[Document, str]:
    """The document and the id of the journal that is in it.

    DataError when anything in it is not whole, or of a newer version; the file stays as it is.
    """
    try:
        return _parse(json.loads(data, parse_float=_finite, parse_constant=_finite))
    except (ValueError, RecursionError) as error:  # ValueError: not JSON, not UTF-8, not whole
        raise DataError(
            f"The labels cannot be read: {error}.",
            path=path,
            remedy="Nothing was changed; put back an older copy, or move the file away to start "
            "anew.",
        ) from error


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is no number that can be kept")
    return value


def _parse(data: Any) -> tuple[Document, str]:
    if typed(data, "format", str) != FORMAT:
        raise ValueError("this is no label document")
    version = typed(data, "version", int)
    if version > VERSION:
        raise ValueError(f"a newer HARStudio wrote it (version {version}, here {VERSION})")
    kept = typed(data, "kept", dict, {})
    document = Document(
        recording=typed(data, "recording", str),
        annotator=typed(data, "annotator", str),
        revision=typed(data, "revision", int),
        done=typed(data, "done", bool, False),
        kept={key: typed(kept, key, str) for key in kept},
    )
    for tier in typed(data, "tiers", list):
        clips = [Clip.from_dict(clip) for clip in typed(tier, "clips", list)]
        rules = TierRules.from_dict(typed(tier, "rules", dict, {}))
        document.tiers.append(Tier(typed(tier, "name", str), clips, rules))
    _check_whole(document)
    for tier in document.tiers:
        if tier.rules.overlap or tier.rules.points:
            tier.clips.sort(key=order)  # those of equal starts may come in any order
    return document, typed(data, "journal", str)


def _check_whole(document: Document) -> None:
    names = [tier.name for tier in document.tiers]
    if len(set(names)) < len(names):
        raise ValueError("two tiers have one name")
    ids = [clip.id for tier in document.tiers for clip in tier.clips]
    if len(set(ids)) < len(ids):
        raise ValueError("two clips have one id")
    for tier in document.tiers:
        starts = [clip.start_ns for clip in tier.clips]
        if starts != sorted(starts):
            raise ValueError(f"the clips of tier “{tier.name}” are not in order")
        try:
            check_tier(tier)
        except EditError as error:
            raise ValueError(str(error).removesuffix(".")) from error
