"""Recognitions as files: what was saved comes back; a damaged file is said to be damaged."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harstudio.errors import DataError, MissingError
from harstudio.results import (
    Box,
    Cut,
    Explanation,
    HeatMap,
    Importance,
    JointWeights,
    Matrix,
    ModalityShare,
    Picture,
    Recognition,
    Relation,
    Segment,
    Window,
)
from harstudio.runs import recognitions
from harstudio.runs.recognitions import ARRAYS, load_recognition, recognised_path, save_recognition

RNG = np.random.default_rng(0)
SECOND = 1_000_000_000


def shares(*shape: int) -> np.ndarray[Any, Any]:
    raw = RNG.random(shape, dtype=np.float32)
    return raw / raw.sum(axis=-1, keepdims=True)


def some_explanations(k: int) -> tuple[Explanation, ...]:
    """One of every kind, with shapes that differ from window to window."""
    times = np.arange(4 + k, dtype=np.int64) * 33_333_333
    crop = Box(-12.5, 3.25, 200.0, 240.0)
    weights = RNG.random((4 + k, 20, 2), dtype=np.float32)
    relation = shares(24, 24)
    return (
        HeatMap(
            "self-attention 1",
            "a",
            "depth",
            times[:1],
            RNG.random((1, 2, 2), np.float32),
            (crop,),
            (Box(1.0, 2.0, 3.0, 4.0),),
            7,
            0.25,
        ),
        JointWeights("joint saliency", "b", "utd_mhad_20", times, weights, ("1", "")),
        Relation("relation", "c", relation, (2, 2), "utd_mhad_20", "1", "depth", 5, crop),
        Relation("joints only", "c", shares(20, 20), (0, 0), "utd_mhad_20"),
        ModalityShare("share", "d", times, ("depth", "skeleton"), shares(4 + k, 2)),
        Importance("importance", "e", times, RNG.random(4 + k, dtype=np.float32)),
        Matrix("correlation", "f", shares(3 + k, 5) - 0.5, "feature of a", "feature of b"),
        Picture("dynamic image", "g", RNG.integers(0, 256, (6, 5 + k, 3), np.uint8)),
        Picture(
            "mosaic",
            "h",
            RNG.integers(0, 256, (4, 4, 3), np.uint8),
            "color",
            (Cut(40 + k, Box(1.0, 2.0, 3.0, 4.5), Box(0.0, 0.0, 0.5, 1.0), "head"),),
        ),
        Importance("after them", "e", times, RNG.random(4 + k, dtype=np.float32)),
    )


def some_recognition(windows: int = 3, explained: bool = True) -> Recognition:
    return Recognition(
        run="/runs/\N{GREEK SMALL LETTER ALPHA}",
        network="mmff-lite",
        classes=("wave", "Hände klatschen", "throw"),
        recording="a1_s1_t1",
        path="/data/not text \udcff.mat",
        windows=tuple(
            Window(
                k * SECOND,
                (k + 2) * SECOND,
                shares(3),
                {"skeleton": shares(3), "picture": shares(3)},
            )
            for k in range(windows)
        ),
        segments=(Segment(0, SECOND, 2, 0.75), Segment(2 * SECOND, 3 * SECOND, 0, 1 / 3)),
        label=2,
        confidence=0.1 + 0.2,
        explanations=tuple(map(some_explanations, range(windows))) if explained else (),
        without=("depth", "infrared"),
    )


def assert_same(one: Any, other: Any) -> None:
    """Equal to the last digit, arrays and all that holds them."""
    assert type(one) is type(other)
    if dataclasses.is_dataclass(one):
        for field in dataclasses.fields(one):
            assert_same(getattr(one, field.name), getattr(other, field.name))
    elif isinstance(one, np.ndarray):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)
    elif isinstance(one, dict):
        assert list(one) == list(other)
        assert_same(tuple(one.values()), tuple(other.values()))
    elif isinstance(one, tuple):
        assert len(one) == len(other)
        for a, b in zip(one, other, strict=True):
            assert_same(a, b)
    else:
        assert one == other


@pytest.mark.parametrize("explained", [True, False])
@pytest.mark.parametrize("windows", [1, 3])
def test_what_was_saved_comes_back(tmp_path: Path, windows: int, explained: bool) -> None:
    recognition = some_recognition(windows, explained)
    save_recognition(tmp_path / "one.npz", recognition)
    assert_same(load_recognition(tmp_path / "one.npz"), recognition)
    assert [file.name for file in tmp_path.iterdir()] == ["one.npz"]


def test_streams_without_heads_and_no_segments(tmp_path: Path) -> None:
    recognition = dataclasses.replace(
        some_recognition(2, explained=False),
        windows=(Window(0, 5, shares(3)), Window(5, 9, shares(3))),
        segments=(),
    )
    save_recognition(tmp_path / "one.npz", recognition)
    assert_same(load_recognition(tmp_path / "one.npz"), recognition)


def two_persons() -> Recognition:
    """Windows and segments of two bodies, and how it was asked."""
    recognition = some_recognition(4)
    windows = tuple(
        dataclasses.replace(
            window, person="72057" if k % 2 else "b\N{LATIN SMALL LETTER U WITH DIAERESIS}"
        )
        for k, window in enumerate(recognition.windows)
    )
    segments = tuple(dataclasses.replace(one, person="72057") for one in recognition.segments)
    asked = {"window_s": 2.0, "stride_s": None, "scales": [0.7, 1.0], "each_person": True}
    return dataclasses.replace(recognition, windows=windows, segments=segments, asked=asked)


def test_persons_and_how_it_was_asked_come_back(tmp_path: Path) -> None:
    recognition = two_persons()
    save_recognition(tmp_path / "one.npz", recognition)
    assert_same(load_recognition(tmp_path / "one.npz"), recognition)


def test_what_is_said_about_one_person() -> None:
    recognition = two_persons()
    one, other = (recognition.of_person(person) for person in recognition.persons)
    assert (one.windows, other.windows) == (recognition.windows[::2], recognition.windows[1::2])
    assert one.explanations == recognition.explanations[::2]
    assert (one.segments, other.segments) == ((), recognition.segments)
    mean = np.mean([window.probabilities for window in other.windows], axis=0)
    assert (other.label, other.confidence) == (
        int(mean.argmax()),
        pytest.approx(mean.max(), rel=1e-6),
    )
    assert one.of_person(one.persons[0]) is one
    assert recognition.of_person("nobody").windows == ()


def test_files_of_before_persons_still_open(tmp_path: Path) -> None:
    recognition = some_recognition()
    save_recognition(tmp_path / "new.npz", recognition)
    with np.load(tmp_path / "new.npz", allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in ARRAYS}
    header = json.loads(arrays["header"].tobytes())
    for key in ("asked", "persons", "window_persons"):
        del header[key]
    header["segments"] = [segment[:4] for segment in header["segments"]]
    arrays["header"] = np.frombuffer(json.dumps(header).encode("ascii"), dtype=np.uint8)
    np.savez(tmp_path / "old.npz", **arrays)
    assert_same(load_recognition(tmp_path / "old.npz"), recognition)


def test_what_a_file_is_about(tmp_path: Path) -> None:
    path = tmp_path / "one.npz"
    assert recognised_path(path) is None
    save_recognition(path, some_recognition())
    assert recognised_path(path) == some_recognition().path
    path.write_bytes(path.read_bytes()[:300])
    assert recognised_path(path) is None


def test_numpy_alone_reads_the_arrays(tmp_path: Path) -> None:
    recognition = some_recognition()
    save_recognition(tmp_path / "one.npz", recognition)
    with np.load(tmp_path / "one.npz", allow_pickle=False) as arrays:
        assert set(arrays) == set(ARRAYS)
        assert json.loads(arrays["header"].tobytes())["classes"] == list(recognition.classes)
        np.testing.assert_array_equal(
            arrays["probabilities"][1], recognition.windows[1].probabilities
        )


def test_it_is_read_without_torch(tmp_path: Path) -> None:
    save_recognition(tmp_path / "one.npz", some_recognition())
    program = (
        "import sys, pathlib; from harstudio.runs.recognitions import load_recognition;"
        "load_recognition(pathlib.Path(sys.argv[1])); print('torch' in sys.modules)"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "one.npz")]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout == "False\n"


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="no such recognition"):
        load_recognition(tmp_path / "none.npz")


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_file_that_is_changed_anywhere_is_damaged_or_sane(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("damaged") / "one.npz"
    save_recognition(path, some_recognition(1))
    whole = bytearray(path.read_bytes())
    if data.draw(st.booleans()):
        del whole[data.draw(st.integers(0, len(whole) - 1)) :]
    else:
        whole[data.draw(st.integers(0, len(whole) - 1))] ^= data.draw(st.integers(1, 255))
    path.write_bytes(whole)
    with contextlib.suppress(DataError):  # nothing else may come out
        load_recognition(path)  # bytes that mean nothing (a zip's dates) may change


def test_files_without_pixels_and_without_what_was_lacking_are_older(tmp_path: Path) -> None:
    recognition = some_recognition()
    kept = [
        tuple(one for one in told if not isinstance(one, Picture))
        for told in recognition.explanations
    ]
    old = dataclasses.replace(recognition, explanations=tuple(kept), without=())
    save_recognition(tmp_path / "one.npz", old)
    with np.load(tmp_path / "one.npz") as arrays:
        there = {name: arrays[name] for name in arrays if name != "pixels"}
    header = json.loads(there["header"].tobytes())
    del header["without"]
    there["header"] = np.frombuffer(json.dumps(header).encode(), dtype=np.uint8)
    np.savez(tmp_path / "one.npz", **there)
    assert_same(load_recognition(tmp_path / "one.npz"), old)


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("matrix", {"shape": [3, 4, 5]}),
        ("matrix", {"shape": [0, 5]}),
        ("matrix", {"shape": [1 << 12, 1 << 12]}),
        ("picture", {"shape": [6, 5, 4]}),
        ("picture", {"shape": [0, 5, 3]}),
        ("picture", {"shape": [1 << 13, 1 << 13, 3]}),
        ("picture", {"shape": [6, 5]}),
        ("picture", {"shape": [600, 5, 3]}),  # more than the heap holds
    ],
)
def test_matrices_and_pictures_of_a_wrong_size(
    tmp_path: Path, kind: str, changes: dict[str, Any]
) -> None:
    recognition = some_recognition(1)
    save_recognition(tmp_path / "one.npz", recognition)
    with np.load(tmp_path / "one.npz") as arrays:
        header = json.loads(arrays["header"].tobytes())
    for record in header["explanations"][0]:
        if record["kind"] == kind:
            record.update(changes)
    rewritten(tmp_path / "one.npz", header)
    with pytest.raises(DataError, match="damaged"):
        load_recognition(tmp_path / "one.npz")


def test_a_matrix_of_what_is_no_number(tmp_path: Path) -> None:
    nothing = Matrix("m", "m", np.array([[0.5, np.nan]], np.float32), "rows", "columns")
    recognition = dataclasses.replace(some_recognition(1, False), explanations=((nothing,),))
    save_recognition(tmp_path / "one.npz", recognition)
    with pytest.raises(DataError, match="damaged"):
        load_recognition(tmp_path / "one.npz")


def rewritten(path: Path, header: dict[str, Any] | None = None, **arrays: Any) -> None:
    """The file with some of its arrays replaced."""
    with np.load(path) as old:
        kept = {name: old[name] for name in old}
    text = json.loads(kept["header"].tobytes()) | (header or {})
    kept["header"] = np.frombuffer(json.dumps(text).encode(), dtype=np.uint8)
    np.savez(path, **(kept | arrays))


@pytest.mark.parametrize(
    "header",
    [
        {"label": 3},
        {"label": -1},
        {"classes": "wave"},
        {"segments": [[5, 5, 0, 0.5]]},
        {"segments": [[0, 5, 9, 0.5]]},
        {"streams": ["skeleton"]},
        {"explanations": [[]]},
        {"version": None},
        {"run": 5},
    ],
    ids=str,
)
def test_a_header_that_contradicts_itself(tmp_path: Path, header: dict[str, Any]) -> None:
    save_recognition(tmp_path / "one.npz", some_recognition())
    rewritten(tmp_path / "one.npz", header)
    with pytest.raises(DataError) as raised:
        load_recognition(tmp_path / "one.npz")
    assert raised.value.path == tmp_path / "one.npz"


def test_pickles_are_not_read(tmp_path: Path) -> None:
    save_recognition(tmp_path / "one.npz", some_recognition())
    rewritten(tmp_path / "one.npz", values=np.array([{}], dtype=object))
    with pytest.raises(DataError, match="damaged"):
        load_recognition(tmp_path / "one.npz")


def test_an_array_that_claims_to_be_huge(tmp_path: Path) -> None:
    save_recognition(tmp_path / "one.npz", some_recognition())
    claim = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        claim, {"descr": "<f4", "fortran_order": False, "shape": (10**15,)}
    )
    with zipfile.ZipFile(tmp_path / "one.npz") as old:
        members = {name: old.read(name) for name in old.namelist()}
    with zipfile.ZipFile(tmp_path / "one.npz", "w") as new:
        for name, content in (members | {"values.npy": claim.getvalue()}).items():
            new.writestr(name, content)
    with pytest.raises(DataError, match="damaged"):
        load_recognition(tmp_path / "one.npz")


@pytest.mark.parametrize("bound", ["MAX_BYTES", "MAX_HEADER_BYTES"])
def test_what_could_not_be_read_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    monkeypatch.setattr(recognitions, bound, 1000)
    file = tmp_path / "a.recognition.npz"
    with pytest.raises(DataError, match="without explanations"):
        save_recognition(file, some_recognition())
    assert not file.exists()
