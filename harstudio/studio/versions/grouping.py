"""Versions that belong together: one person's edits without a long pause between them."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from harstudio.labels.keeping.versions import Version

PAUSE = datetime.timedelta(minutes=10)
NAMED = 3  # kinds of edits that a group names
DONE_AS = {"do": "", "undo": "Undone: ", "redo": "Again: "}


@dataclass(frozen=True, slots=True)
class VersionGroup:
    """versions: newest first, at least one."""

    versions: tuple[Version, ...]

    def when(self, now: datetime.datetime) -> str:
        """``today 16:05 to 16:12``, in the time of this place."""
        last, first = moment(self.versions[0]), moment(self.versions[-1])
        if last is None or first is None:
            return "at an unknown time"
        until = f"{last:%H:%M}"
        since = f"{first:%H:%M}"
        day = _day(last.date(), now.date())
        return f"{day} {since}" if since == until else f"{day} {since} to {until}"

    def what(self) -> str:
        """``label 10, move edge 4``: what was done how often."""
        kinds = Counter(_kind(version) for version in self.versions)
        told = [
            f"{kind} {count}" if count > 1 else kind for kind, count in kinds.most_common(NAMED)
        ]
        return ", ".join(told) + (", …" if len(kinds) > NAMED else "")


def group(versions: Sequence[Version]) -> list[VersionGroup]:
    """Newest first, as the versions come."""
    groups: list[list[Version]] = []
    for version in versions:
        if groups and _together(groups[-1][-1], version):
            groups[-1].append(version)
        else:
            groups.append([version])
    return [VersionGroup(tuple(members)) for members in groups]


def moment(version: Version) -> datetime.datetime | None:
    """When it was made, in the time of this place; None where that is not known."""
    try:
        return datetime.datetime.fromisoformat(version.at).astimezone()
    except ValueError:
        return None


def version_text(version: Version) -> str:
    """``16:05:12  Label “wave”``."""
    at = moment(version)
    clock = "" if at is None else f"{at:%H:%M:%S}   "
    return f"{clock}{DONE_AS.get(version.action, '')}{version.title}"


def _together(newer: Version, older: Version) -> bool:
    if newer.by != older.by:
        return False
    late, early = moment(newer), moment(older)
    if late is None or early is None:
        return late is early
    return late.date() == early.date() and abs(late - early) <= PAUSE


def _kind(version: Version) -> str:
    """The title without what stands in quotation marks."""
    if version.action == "undo":
        return "undo"
    words = version.title.partition("“")[0].strip().removesuffix(" to").strip()
    return words.lower() or version.title.lower()


def _day(day: datetime.date, today: datetime.date) -> str:
    if day == today:
        return "today"
    if day == today - datetime.timedelta(days=1):
        return "yesterday"
    return f"{day:%Y-%m-%d}"
