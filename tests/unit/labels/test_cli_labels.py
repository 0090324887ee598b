"""harstudio labels import, export and convert, as somebody calls them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import harrec_files
from harstudio.cli import main
from harstudio.labels.project import Project


@pytest.fixture
def run(capsys):
    def run(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["labels", *map(str, arguments)])
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return run


@pytest.fixture
def project(tmp_path) -> Project:
    folder = tmp_path / "project"
    made = Project.create(folder, "p")
    harrec_files.write_recording(folder / "recordings" / "trial.harrec", 10)
    return made


def test_import_export_and_convert(run, project, tmp_path):
    (name,) = project.recording_paths()
    table = tmp_path / f"{name}.csv"
    table.write_text("start,end,label,comment\n1,2,walk,fast\n")
    status, out, _ = run("import", project.folder, table, "--annotator", "alice", "--json")
    told = json.loads(out)["files"][0]
    assert (status, told["format"], told["unknown_labels"]) == (0, "csv", ["walk"])
    assert told["documents"] == [
        {"recording": name, "annotator": "alice", "added": 1, "already": 0, "aside": 0}
    ]
    status, out, _ = run("import", project.folder, table, "--annotator", "alice", "--add-labels")
    assert "1 were there already" in out
    assert Project.open(project.folder).label_set.find("walk") is not None

    status, out, _ = run("export", project.folder, tmp_path / "out.vtt", "--json")
    told = json.loads(out)
    assert (status, told["clips"], told["files"]) == (0, 1, [str(tmp_path / "out.vtt")])
    assert any("no place for comments" in note for note in told["notes"])
    status, out, err = run("export", project.folder, tmp_path / "out.vtt")
    assert (status, out) == (1, "")
    assert "--overwrite" in err

    status, out, _ = run("convert", tmp_path / "out.vtt", tmp_path / "out.eaf")
    assert status == 0
    assert (tmp_path / "out.eaf").is_file()
    status, _, err = run("convert", tmp_path / "out.vtt", tmp_path / "out.cvat.xml")
    assert status == 2
    assert "--fps" in err
    status, out, _ = run(
        "convert", tmp_path / "out.vtt", tmp_path / "out.cvat.xml", "--fps", 25, "--json"
    )
    assert status == 0
    assert '<box frame="25"' in (tmp_path / "out.cvat.xml").read_text()


def test_what_cannot_be_read_is_one_sentence_and_the_rest_goes_on(run, project, tmp_path):
    (name,) = project.recording_paths()
    good, bad = tmp_path / f"{name}.csv", tmp_path / "bad.eaf"
    good.write_text("start,end,label\n1,2,walk\n")
    bad.write_text("<ANNOTATION_DOCUMENT>")
    status, out, err = run("import", project.folder, bad, good)
    assert status == 1
    assert "1 clip of 1 recording imported as imported" in out
    assert err.count("\n") == 1
    assert str(bad) in err
    status, out, err = run("import", project.folder, Path(tmp_path / "nothing.eaf"))
    assert (status, out) == (1, "")
    assert "nothing.eaf" in err
    unknown = tmp_path / "unknown.bin"
    unknown.write_bytes(b"\x00\x01")
    status, _, err = run("convert", unknown, tmp_path / "a.eaf")
    assert status == 1
    assert "No label format knows this file" in err
