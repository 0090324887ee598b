"""ELAN ``.eaf``: XML of the Max Planck Institute, one file a recording, whole milliseconds.

Schema 2.8, https://www.mpi.nl/tools/elan/EAF_Annotation_Format_3.0_and_ELAN.pdf. What clips and
tiers cannot say (dependent tiers, linguistic types, vocabularies, the header) stays with the
document and comes back when it is written again.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from harstudio.labels.interchange import elan_reading, elan_writing, xml_files
from harstudio.labels.interchange.base import Bundle, Reading, damaged

NAME = "elan"
TITLE = "ELAN"
EXTENSIONS: tuple[str, ...] = (".eaf",)
UNIT = "1 ms"
ONE_FILE: Literal["recording", "set"] = "recording"


def recognises(path: Path, head: bytes) -> bool:
    """By the ending, or an ANNOTATION_DOCUMENT."""
    return path.suffix.lower() == ".eaf" or xml_files.begins(head, "ANNOTATION_DOCUMENT")


def read(path: Path, reading: Reading) -> Bundle:
    """Every time-aligned tier; the rest is kept. DataError when the file is damaged."""
    root = xml_files.read_xml(path, "ANNOTATION_DOCUMENT", TITLE)
    try:
        return elan_reading.bundle(root, path, reading)
    except ValueError as error:
        raise damaged(path, str(error), TITLE) from error


def write(bundle: Bundle, path: Path) -> Sequence[str]:
    """One recording with everybody's tiers."""
    root, notes = elan_writing.document(bundle)
    xml_files.write_xml(root, path)
    return notes
