"""The ``.skeleton`` parser: exact values, exact ids, every oddity, every kind of damage."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataset_files import skeleton_text, usual_reader, write_text
from harstudio.errors import DataError
from harstudio.recordings.formats.ntu_skeleton import TableReader, read_skeleton

# The first lines of the published S001C001P001R001A001.skeleton.
REAL_BODY = "72057594037931101 0 1 1 1 1 0 0.02764709 0.05745083 2"
REAL_JOINTS = (
    "0.2181153 0.1725972 3.785547 277.419 191.8218 1036.233 519.1677 "
    "-0.2059419 0.05349901 0.9692109 -0.1239193 2",
    "0.2323292 0.4326636 3.714767 279.2439 165.8569 1041.918 444.3235 "
    "-0.2272637 0.05621852 0.964434 -0.1227094 2",
)


def parse(tmp_path: Path, text: str):
    path = tmp_path / "S001C001P001R001A001.skeleton"
    write_text(path, text)
    return read_skeleton(path)


def test_the_published_lines(tmp_path: Path) -> None:
    rest = ["0 0 0 0 0 0 0 0 0 0 0 0"] * 23
    table = parse(tmp_path, "\n".join(["1", "1", REAL_BODY, "25", *REAL_JOINTS, *rest]) + "\n")
    body = TableReader(table).read(0).bodies[0]
    assert body.id == "72057594037931101"
    np.testing.assert_array_equal(
        body.joints[:2], np.float32([[0.2181153, 0.1725972, 3.785547],
                                     [0.2323292, 0.4326636, 3.714767]]))  # fmt: skip
    np.testing.assert_array_equal(body.depth_px[0], np.float32([277.419, 191.8218]))
    np.testing.assert_array_equal(body.color_px[1], np.float32([1041.918, 444.3235]))
    assert np.linalg.norm(body.orientations[0]) == pytest.approx(1, abs=1e-6)
    assert body.tracking.tolist() == [2, 2] + [0] * 23
    assert body.joints.dtype == np.float32
    assert body.tracking.dtype == np.uint8


@pytest.mark.parametrize("newline", ["\n", "\r\n", " \n"])
def test_equal_to_the_usual_reader(tmp_path: Path, newline: str) -> None:
    text = skeleton_text([1, 0, 2, 3, 1], newline=newline)
    table = parse(tmp_path, text)
    frames = usual_reader(tmp_path / "S001C001P001R001A001.skeleton")
    reader = TableReader(table)
    assert len(table) == len(frames) == 5
    assert table.max_bodies == 3
    for t, bodies in enumerate(frames):
        own = reader.read(t).bodies
        assert [body.id for body in own] == [name for name, _ in bodies]
        for body, (_, joints) in zip(own, bodies, strict=True):
            values = np.float32(joints)
            np.testing.assert_array_equal(body.joints, values[:, :3])
            np.testing.assert_array_equal(body.depth_px, values[:, 3:5])
            np.testing.assert_array_equal(body.color_px, values[:, 5:7])
            np.testing.assert_array_equal(body.orientations, values[:, 7:11])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(allow_nan=True, allow_infinity=True, width=64), min_size=12, max_size=12),
       st.sampled_from(["{!r}", "{:.7g}", "{:+.12e}", "{:.3f}", "{:.17g}"]))  # fmt: skip
def test_any_number_that_float_reads(tmp_path_factory, values: list[float], how: str) -> None:
    texts = [how.format(value) for value in values]
    joints = "\n".join([" ".join(texts)] * 25)
    path = tmp_path_factory.mktemp("numbers") / "a.skeleton"
    write_text(path, f"1\n1\n{REAL_BODY}\n25\n{joints}\n")
    expected = np.array([float(text) for text in texts])
    expected[~np.isfinite(expected) | (np.abs(expected) > 1e30)] = np.nan
    np.testing.assert_array_equal(read_skeleton(path).values[0, 7], expected.astype(np.float32))


def test_ids_keep_every_digit(tmp_path: Path) -> None:
    text = skeleton_text([2]).replace("72057594037931101", "72057594037931103", 1)
    assert parse(tmp_path, text).ids == ("72057594037931103", "72057594037931102")


def test_no_bodies_anywhere(tmp_path: Path) -> None:
    table = parse(tmp_path, "3\n0\n0\n0\n")
    assert len(table) == 3
    assert table.max_bodies == 0
    assert TableReader(table).read(1).bodies == ()


def test_no_frames(tmp_path: Path) -> None:
    assert len(parse(tmp_path, "0\n")) == 0


def test_nan_and_inf_are_no_joint(tmp_path: Path) -> None:
    text = skeleton_text([1]).splitlines()
    text[4] = "nan NaN -inf inf 1 -1.#IND 5 0 0 0 0 0".replace("-1.#IND", "nan")
    table = parse(tmp_path, "\n".join(text))
    assert np.isnan(table.joints[0, 0]).all()
    assert np.isfinite(table.joints[0, 1:]).all()
    assert table.tracking[0, 0] == 0


LINES = skeleton_text([1, 2]).splitlines()


def changed(at: int, line: str) -> list[str]:
    return [*LINES[: at - 1], line, *LINES[at:]]


@pytest.mark.parametrize(
    ("lines", "line"),
    [
        ([], "empty"),
        (["", " "], "empty"),
        (changed(1, "two"), "Line 1 "),
        (changed(1, "-2"), "Line 1 "),
        (changed(1, "1"), "Line 30 "),
        (changed(1, "3"), f"Line {len(LINES)} "),
        (changed(1, "99999999999999"), "Line 1 "),
        (changed(2, "999999999"), "Line "),
        (changed(3, "72057594037931101 0 1"), "Line 3 "),
        (changed(4, "24"), "Line 4 "),
        (changed(9, LINES[8] + " 1"), "Line 9 "),
        (changed(9, LINES[8][:-2]), "Line 9 "),
        (changed(12, LINES[11].replace(".", "x", 1)), "Line 12 "),
        (changed(12, ""), "Line 12 "),
        (LINES[:20], "Line 20 "),
        (LINES[:-1], f"Line {len(LINES) - 1} "),
        ([*LINES, "1"], f"Line {len(LINES) + 1} "),
    ],
)
def test_damage_names_the_file_and_the_line(tmp_path: Path, lines: list[str], line: str) -> None:
    with pytest.raises(DataError, match=line) as caught:
        parse(tmp_path, "\n".join(lines))
    assert caught.value.path == tmp_path / "S001C001P001R001A001.skeleton"
    assert "\n" not in str(caught.value)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "a.skeleton"
    path.write_bytes(bytes(range(256)) * 20)
    with pytest.raises(DataError, match=r"a\.skeleton"):
        read_skeleton(path)


def test_two_numbers_moved_to_the_next_line_are_found(tmp_path: Path) -> None:
    lines = LINES.copy()
    first = lines[8].split()
    lines[8], lines[9] = " ".join(first[:10]), " ".join(first[10:]) + " " + lines[9]
    with pytest.raises(DataError, match="Line 9 "):
        parse(tmp_path, "\n".join(lines))
