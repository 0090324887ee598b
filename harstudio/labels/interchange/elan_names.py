"""What our own tiers, types and properties are called in an EAF file."""

from __future__ import annotations

import json
from typing import Any
from xml.etree.ElementTree import Element

OURS = "harstudio"  # the PROPERTY of the header, and how our linguistic types begin
CLIP_TYPE = "harstudio-clip"
POINT_TYPE = "harstudio-point"
VOCABULARY = "harstudio-labels"
FIELD = "harstudio-field:"  # + of FIELDS: a dependent tier with a field of the clips
NUMBER = "harstudio-number:"  # + the attribute's name
TEXT = "harstudio-text:"
FIELDS = ("comment", "confidence", "origin", "person", "unsure")
LAST_ID = "lastUsedAnnotationId"  # ELAN's property: it goes on counting annotations from there
UNNAMED = "unlabelled"  # what an annotation without a text is labelled
AUTHOR = "HARStudio"
NO_AUTHOR = ("", "unspecified", AUTHOR.lower())


def own_type(name: str) -> bool:
    """Whether a linguistic type is one that we made."""
    return name.startswith(OURS + "-")


def own_property(root: Element) -> dict[str, Any]:
    """What we wrote into the header: recording, tiers with name and rules; {} without it."""
    for element in root.iterfind("HEADER/PROPERTY"):
        if element.get("NAME") == OURS:
            try:
                found = json.loads(element.text or "")
            except (ValueError, RecursionError):
                return {}
            return found if isinstance(found, dict) else {}
    return {}
