"""A project: a folder with a label set and, for each recording and annotator, a label document.

It also works on a shared drive and in git: two people never write one file::

    project.toml   labels.toml   recordings/   labels/<recording>/<annotator>.json
    assignments.toml (who labels what)   subjects.toml (names of subjects, kept out of git)
    label-sets/<name>.toml (label sets that were used before)
    suggestions/<annotator>/ (what networks propose, kept out of git: see ``suggested``)
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tomli_w

from harstudio.errors import ConflictError, DataError, HarstudioError, MissingError, UsageError
from harstudio.files import write_atomically
from harstudio.labels.keeping.heads import named_in
from harstudio.labels.keeping.history import History
from harstudio.labels.keeping.names import Names, safe_name
from harstudio.labels.keeping.recovery import load
from harstudio.labels.keeping.shared_file import damaged, read_toml, update_toml
from harstudio.labels.label_sets.label_set import LabelSet, label_set_for
from harstudio.labels.label_sets.put_away import PutAway
from harstudio.labels.model import Document, typed
from harstudio.labels.team.policy import Policy
from harstudio.labels.team.pseudonyms import Pseudonyms
from harstudio.settings import data_dir

if TYPE_CHECKING:
    from harstudio.recordings.formats.found import Found

PROJECT_FILE = "project.toml"
LABELS_FILE = "labels.toml"
PUT_AWAY = "label-sets"
VERSION = 1
GITIGNORE = b"/labels/**/*.lock\n/*.lock\n/subjects.toml\n/suggestions/\n"

DOCUMENT, JOURNAL = ".json", ".journal.jsonl"


def is_project(path: Path) -> bool:
    """Whether a path is a project folder or its project.toml."""
    return (path / PROJECT_FILE).is_file() or (path.name == PROJECT_FILE and path.is_file())


class Project:
    """An open project; made by ``create``, ``open`` or ``private_for``."""

    def __init__(
        self,
        folder: Path,
        name: str,
        recording_folders: Sequence[Path],
        label_set_path: Path,
        policy: Policy,
    ) -> None:
        self.folder = folder
        self.name = name
        self.policy = policy
        self.recording_folders = tuple(recording_folders)
        self.label_set_path = label_set_path
        self.label_set = self.read_label_set()
        self.put_away = PutAway(folder / PUT_AWAY)
        self.problems: tuple[str, ...] = ()  # sentences about what the last session left
        self._found: list[Found] | None = None
        self._labelled: tuple[int, Names] | None = None  # with the time of labels/

    # ---- making and opening

    @classmethod
    def create(
        cls,
        folder: Path,
        name: str,
        *,
        label_set: LabelSet | None = None,
        recording_folders: Sequence[str | Path] = ("recordings",),
    ) -> Project:
        """Make a new project; UsageError where there is one already.

        recording_folders: within the project (kept relative) or anywhere.
        """
        folder = folder.absolute()
        if is_project(folder):
            raise UsageError("There is a project already.", path=folder, remedy="Open it instead.")
        for place in recording_folders:
            if not Path(place).is_absolute():
                (folder / place).mkdir(parents=True, exist_ok=True)
        (label_set or label_set_for("")).save(folder / LABELS_FILE)
        (folder / "labels").mkdir(exist_ok=True)
        if not (folder / ".gitignore").exists():
            write_atomically(folder / ".gitignore", GITIGNORE)
        about = {
            "version": VERSION,
            "name": name,
            "recordings": [Path(place).as_posix() for place in recording_folders],
            "label_set": LABELS_FILE,
        }
        write_atomically(folder / PROJECT_FILE, tomli_w.dumps(about).encode())
        return cls.open(folder)

    @classmethod
    def open(cls, folder: Path) -> Project:
        """Open a project by its folder or its project.toml; DataError when that is damaged."""
        path = folder if folder.name == PROJECT_FILE else folder / PROJECT_FILE
        folder = path.parent.absolute()
        try:
            about = tomllib.loads(path.read_text("utf-8"))
            if typed(about, "version", int, VERSION) > VERSION:
                raise ValueError("a newer HARStudio made it")
            name = typed(about, "name", str, folder.name)
            places = [_text(place) for place in typed(about, "recordings", list, ["recordings"])]
            label_set_path = folder / typed(about, "label_set", str, LABELS_FILE)
            policy = Policy.from_dict(typed(about, "policy", dict, {}))
        except FileNotFoundError as error:
            raise MissingError("There is no project here.", path=folder) from error
        except OSError as error:
            raise DataError(f"It cannot be read ({error.strerror}).", path=path) from error
        except ValueError as error:
            raise DataError(
                f"The project file is damaged: {error}.", path=path, remedy="Correct it by hand."
            ) from error
        project = cls(folder, name, [folder / place for place in places], label_set_path, policy)
        project._finish_renaming()
        return project

    def _finish_renaming(self) -> None:
        from harstudio.labels.keeping.renaming import finish_renaming  # it knows projects

        sentence = finish_renaming(self)
        self.problems += (sentence,) if sentence else ()

    @classmethod
    def private_for(cls, path: Path, recording_format: str = "") -> Project:
        """The user's own project for recordings that belong to none; made when it is missing.

        path: the folder (or file) that was opened. recording_format: picks the label set.
        """
        folder = _private_folder(path)
        if is_project(folder):
            return cls.open(folder)
        path = path.resolve()
        label_set = label_set_for(recording_format)
        return cls.create(folder, path.name, label_set=label_set, recording_folders=[path])

    @classmethod
    def find_private(cls, path: Path) -> Project | None:
        """What ``private_for`` made earlier; None, and nothing is made, when it did not."""
        folder = _private_folder(path)
        return cls.open(folder) if is_project(folder) else None

    def set_label_set(self, label_set: LabelSet, *, over: bool = False) -> None:
        """Use and keep another label set; clips stay as they are.

        ConflictError when somebody else changed it since it was read, unless ``over``;
        HarstudioError when it cannot be written.
        """
        if not over and self.label_set_is_stale():
            raise ConflictError(
                "Somebody else changed the label set; nothing was overwritten.",
                path=self.label_set_path,
                remedy="Make the change once more, on top of theirs.",
            )
        try:
            label_set.save(self.label_set_path)
        except OSError as error:
            raise HarstudioError(
                f"The label set cannot be written ({error.strerror or error}).",
                path=self.label_set_path,
                remedy="See whether the drive is there, has room and may be written to.",
            ) from error
        self.label_set, self._label_set_mark = label_set, _mark(self.label_set_path)

    def exchange_label_set(self, label_set: LabelSet) -> LabelSet | None:
        """Use another set in the place of this one, which is put away, as what is returned.

        None where nothing of it is lost. Errors as of ``set_label_set``, also where this set
        cannot be put away; then it stays.
        """
        put = None if self.label_set_is_stale() else self.put_away.put(self.label_set, label_set)
        self.set_label_set(label_set)
        self.put_away.take(label_set)
        return put

    def label_set_is_stale(self) -> bool:
        """Whether the label set on the disk is another than the one that was read or kept."""
        return _mark(self.label_set_path) != self._label_set_mark

    def read_label_set(self) -> LabelSet:
        """Read it again; DataError when it is damaged, and the one at hand stays."""
        mark = _mark(self.label_set_path)
        self.label_set = LabelSet.load(self.label_set_path)
        self._label_set_mark = mark
        return self.label_set

    def set_policy(self, policy: Policy) -> None:
        """Keep and use what this policy changes; what else project.toml holds stays.

        What somebody else changed since the project was opened holds then, too. ConflictError
        or HarstudioError when the file cannot be changed; then the old policy holds.
        """
        held: list[Policy] = []
        update_toml(
            self.folder / PROJECT_FILE,
            lambda about: held.append(policy.put_into(about, self.policy)),
        )
        self.policy = held[0]

    def read_policy(self) -> Policy:
        """Read it again; DataError when project.toml is damaged, and the one at hand stays."""
        path = self.folder / PROJECT_FILE
        try:
            self.policy = Policy.from_dict(typed(read_toml(path), "policy", dict, {}))
        except ValueError as error:
            raise damaged(path, error) from error
        return self.policy

    def pseudonyms(self) -> Pseudonyms:
        """Those in force: of subjects.toml where the policy asks for them, else none.

        DataError when the file is damaged: nothing is shown or exported under a name then.
        """
        return Pseudonyms.load(self.folder) if self.policy.pseudonyms else Pseudonyms()

    # ---- recordings

    def recordings(self, *, rescan: bool = False) -> list[Path]:
        """Paths of the recordings in the project's folders, by folder and name; remembered."""
        return [found.path for found in self._scanned(rescan=rescan)]

    def recording_paths(self) -> dict[str, Path]:
        """The same by name of recording; of two with one name the first."""
        return {found.name: found.path for found in reversed(self._scanned())}

    def _scanned(self, *, rescan: bool = False) -> list[Found]:
        from harstudio.recordings.formats import scan  # every format; only needed here

        if self._found is None or rescan:
            self._found = [
                found
                for folder in self.recording_folders
                if folder.exists()
                for found in scan(folder).recordings
            ]
        return self._found

    # ---- labels

    def history(
        self, recording: str, annotator: str, *, read_only: bool = False, by: str = ""
    ) -> History:
        """What an annotator says about a recording, open for editing.

        by: who edits, where that is somebody else (adjudication of the gold labels).
        ConflictError when it is open elsewhere, DataError when it is damaged.
        """
        self._labelled = None  # look again: this may make a folder
        folder = self._label_folder(recording)
        name = _documents_in(folder).safe(annotator)
        path = folder / (name + DOCUMENT)
        return History(path, recording, annotator, read_only=read_only, by=by)

    def documents(
        self,
        recording: str,
        on_problem: Callable[[HarstudioError], None] | None = None,
        *,
        but: str = "",
    ) -> list[Document]:
        """What everybody says about a recording, unsaved edits included, by annotator.

        but: an annotator whose document is not wanted, nor read. A damaged document is handed to
        on_problem and the others go on; without on_problem the error is raised, so that nothing
        is left out in silence.
        """
        documents = []
        for annotator, path in self.document_paths(recording):
            if but and annotator == but:
                continue
            try:
                loaded = load(path, recording, annotator)
            except HarstudioError as error:
                if on_problem is None:
                    raise
                on_problem(error)
            else:
                documents.append(loaded.document)
        return documents

    def annotators(self, recording: str) -> list[str]:
        """Who has labelled a recording, sorted; damaged documents count by their file name."""
        return sorted({annotator for annotator, _ in self.document_paths(recording)})

    def labelled(self, recordings: Iterable[str]) -> set[str]:
        """Those of the recordings (names) that somebody opened for labelling; a quick look."""
        self._labelled = None
        there = self._label_folders()
        return {recording for recording in recordings if recording in there}

    def labelled_recordings(self) -> list[str]:
        """Names of all recordings that somebody labelled, sorted, also of those that are gone.

        Reads the first lines of one document each: not for the GUI thread.
        """
        labels = self.folder / "labels"
        folders = (_paths_in(labels / name) for name in _names(labels))
        return sorted({named_in(paths[0])[0] for paths in folders if paths})

    def document_paths(self, recording: str) -> list[tuple[str, Path]]:
        """Annotators of a recording with the files of their documents, sorted.

        A document that was never saved has no file yet, only a journal beside that path.
        """
        paths = _paths_in(self._label_folder(recording))
        return sorted((named_in(path)[1], path) for path in paths)

    def _label_folder(self, recording: str) -> Path:
        return self.folder / "labels" / self._label_folders().safe(recording)

    def _label_folders(self) -> Names:
        """The folders in labels/, read again only when one came or went."""
        labels = self.folder / "labels"
        changed = labels.stat().st_mtime_ns if labels.exists() else 0
        if self._labelled is None or self._labelled[0] != changed:
            self._labelled = changed, Names(_names(labels))
        return self._labelled[1]


def _private_folder(path: Path) -> Path:
    path = path.resolve()
    mark = hashlib.sha256(str(path).encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return data_dir() / "projects" / f"{safe_name(path.name[:60])}-{mark}"


def _mark(path: Path) -> str:
    """What tells one state of a small file from another; "" when it cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""


def _names(folder: Path) -> list[str]:
    try:
        return [path.name for path in folder.iterdir()]
    except OSError:
        return []


def _documents_in(folder: Path) -> Names:
    """Names of the documents in a folder, without extension, saved or only in a journal."""
    ends = (DOCUMENT, JOURNAL)
    names = _names(folder)
    return Names(name.removesuffix(end) for name in names for end in ends if name.endswith(end))


def _paths_in(folder: Path) -> list[Path]:
    return [folder / (stem + DOCUMENT) for stem in _documents_in(folder)]


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no folder")
    return value
