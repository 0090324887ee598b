"""Labels into files: none of two becomes one, and nothing of others is overwritten."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harstudio.errors import ConflictError
from harstudio.labels.interchange import registry
from harstudio.labels.interchange.base import Bundle, Labelled, Reading
from harstudio.labels.interchange.rows import Rows
from harstudio.labels.interchange.writing import write_files
from harstudio.labels.model import Clip
from made_labels import all_clips


def made(*names: str, annotators: tuple[str, ...] = ("alice",)) -> Bundle:
    """Recordings with a clip of each annotator, labelled with both names."""
    recordings = []
    for name in names:
        rows = Rows(name)
        for annotator in annotators:
            rows.add(annotator, annotator, Clip(0, 10**9, f"{name} {annotator}"))
        recordings.append(Labelled(name, rows.documents()))
    return Bundle(tuple(recordings))


def labels_in(path: Path) -> set[str]:
    return {clip.label for *_, clip in all_clips(registry.read(path, Reading()))}


@pytest.mark.parametrize("name", ["activitynet", "mmaction", "elan", "via", "csv"])
def test_two_recordings_of_one_name_are_both_written(name, tmp_path):
    """Pseudonyms make them."""
    two = made("a", "b").recordings
    both = Bundle((two[0], replace(two[1], recording="a")))
    out = tmp_path / ("out" + (registry.by_name(name).EXTENSIONS[0] if name != "elan" else ""))
    files, notes = write_files(both, out, name)
    assert set().union(*map(labels_in, files)) == {"a alice", "b alice"}
    assert any("written as “a 2”" in note for note in notes)


def test_nova_keeps_a_file_for_everybody_and_leaves_those_of_others(tmp_path):
    """“trial.bob.annotation” is what bob says of “trial”, and a recording may be called so."""
    folder = tmp_path / "nova"
    folder.mkdir()
    whole = made("trial", "trial.bob", annotators=("alice", "bob"))
    files, _ = write_files(whole, folder, "nova")
    found = [registry.read(path, Reading()).recordings[0] for path in files]
    assert [one.recording for one in found] == ["trial", "trial.bob"]
    for path, name in zip(files, ("trial", "trial.bob"), strict=True):
        assert labels_in(path) == {f"{name} alice", f"{name} bob"}
    with pytest.raises(ConflictError, match="already"):
        write_files(whole, folder, "nova")
    (alices,), _ = write_files(made("trial"), folder / "trial.annotation", "nova", overwrite=True)
    assert labels_in(alices) == {"trial alice"}
    assert labels_in(files[1]) == {"trial.bob alice", "trial.bob bob"}

    theirs = tmp_path / "trial.bob.annotation"
    theirs.write_text("what they wrote")
    for overwrite in (False, True):
        with pytest.raises(ConflictError, match="not from here"):
            write_files(
                made("trial", annotators=("alice", "bob")), tmp_path / "trial.annotation", "nova",
                overwrite=overwrite,
            )  # fmt: skip
    assert theirs.read_text() == "what they wrote"


@pytest.mark.parametrize(
    ("name", "file", "beside"),
    [("pku-mmd", "a.txt", "classes.txt"), ("pyskl", "a.npz", "a.json")],
)
def test_a_file_beside_that_is_not_ours_stays(name, file, beside, tmp_path):
    (tmp_path / beside).write_text("person\ncar\n")
    with pytest.raises(ConflictError, match="not from here") as caught:
        write_files(made("a"), tmp_path / file, name, overwrite=True)
    assert caught.value.path == tmp_path / beside
    assert (tmp_path / beside).read_text() == "person\ncar\n"


def test_a_folder_of_thumos_is_replaced_when_that_is_asked_for(tmp_path):
    out = tmp_path / "t.thumos"
    write_files(made("a", "b"), out, "thumos")
    (out / "readme.md").write_text("mine")
    with pytest.raises(ConflictError, match="already"):
        write_files(made("c"), out, "thumos")
    files, _ = write_files(made("c"), out, "thumos", overwrite=True)
    assert (files, labels_in(out)) == ([out], {"c alice"})
    assert {path.name for path in out.iterdir()} == {"c alice.txt", "detclasslist.txt", "readme.md"}
    assert list(tmp_path.iterdir()) == [out]
