"""Label sets that a project used before, put away in a folder of it until they are taken back."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path

from harstudio.errors import DataError, HarstudioError
from harstudio.labels.keeping.names import Names
from harstudio.labels.label_sets.label_set import LabelSet, bundled_label_sets


class PutAway:
    """One TOML file a set, as ``LabelSet.save`` writes it; files that are none are passed over."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._by_path: dict[Path, LabelSet] = {}
        for path in sorted(folder.glob("*.toml")):
            try:
                self._by_path[path] = LabelSet.load(path)
            except DataError:
                continue

    @property
    def sets(self) -> tuple[LabelSet, ...]:
        """What is there, by name of the file."""
        return tuple(self._by_path[path] for path in sorted(self._by_path))

    def put(self, old: LabelSet, new: LabelSet) -> LabelSet | None:
        """Keep a set that another one is about to replace, as what is returned (its name may be
        taken); None where nothing of it would be lost. HarstudioError when it cannot be written."""
        if not _lost(old, new) or old in (*self.sets, *bundled_label_sets()):
            return None
        taken = {path.stem for path in self._folder.glob("*.toml")}
        names = {one.name for one in self.sets}
        name, number = old.name, 1
        while name in names or Names(taken).safe(name) in taken:
            number += 1
            name = f"{old.name} {number}"
        kept = replace(old, name=name)
        path = self._folder / f"{Names(taken).safe(name)}.toml"
        try:
            kept.save(path)
        except OSError as error:
            raise HarstudioError(
                f"“{old.name}” cannot be put away ({error.strerror or error}), so it stays.",
                path=path,
                remedy="See whether the folder may be written to.",
            ) from error
        self._by_path[path] = kept
        return kept

    def take(self, label_set: LabelSet) -> None:
        """It is used again, so its file goes, if it can."""
        for path, kept in list(self._by_path.items()):
            if kept == label_set:
                with contextlib.suppress(OSError):
                    path.unlink(missing_ok=True)
                del self._by_path[path]


def put_away_sentence(label_set: LabelSet) -> str:
    """What to say of a set that was put away."""
    count = len(label_set.labels)
    what = (
        f"1 label of “{label_set.name}” was"
        if count == 1
        else (f"{count} labels of “{label_set.name}” were")
    )
    return f"{what} put away; the title above the label list brings them back."


def _lost(old: LabelSet, new: LabelSet) -> bool:
    pairs = (
        (old.labels, new.labels),
        (old.attributes, new.attributes),
        (old.groups, new.groups),
    )
    return any(one not in after for before, after in pairs for one in before)
