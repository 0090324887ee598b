"""Arrays in MATLAB files, against SciPy's writer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy.io

from dataset_files import write_mat
from harstudio.errors import DataError
from harstudio.recordings.formats.matlab import load_matlab, matlab_variables

TYPES = ("uint8", "int16", "uint16", "int32", "uint32", "float32", "float64", "int64")


@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("shape", [(3, 4), (1, 1), (5, 4, 3), (2, 0)])
def test_values_come_back(tmp_path: Path, compressed: bool, dtype: str, shape: tuple) -> None:
    values = (np.random.default_rng(0).uniform(0, 100, shape)).astype(dtype)
    path = tmp_path / "größe.mat"
    write_mat(path, compressed, other=np.eye(2), a=values, text=np.array(["no number"]))
    found = matlab_variables(path)
    assert set(found) == {"other", "a"}
    assert found["a"].shape == shape
    loaded = load_matlab(path, found["a"])
    assert loaded.dtype == values.dtype
    np.testing.assert_array_equal(loaded, values)


def test_headers_of_large_arrays_need_no_inflation(tmp_path: Path) -> None:
    path = tmp_path / "large.mat"
    write_mat(path, True, d_depth=np.random.default_rng(0).integers(0, 9, (240, 320, 40), "uint16"))
    whole = path.read_bytes()
    path.write_bytes(whole[:5000] + bytes(len(whole) - 5000))
    found = matlab_variables(path)["d_depth"]
    assert found.shape == (240, 320, 40)
    with pytest.raises(DataError, match="d_depth are damaged"):
        load_matlab(path, found)


def test_a_flipped_byte_in_the_values_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "flipped.mat"
    write_mat(path, True, a=np.random.default_rng(0).normal(size=(50, 50)))
    data = bytearray(path.read_bytes())
    data[-300] ^= 0x10
    path.write_bytes(data)
    with pytest.raises(DataError, match=r"flipped\.mat"):
        load_matlab(path, matlab_variables(path)["a"])


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "header"),
        (b"just text", "header"),
        (b"MATLAB 7.3 MAT-file" + bytes(200), "-v7"),
        (b"\x89HDF\r\n\x1a\n" + bytes(200), "-v7"),
        (b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM", "no numeric array"),
        (b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM" + b"\x0f\0\0\0\xff\xff\xff\x7f" * 2,
         "too early"),
    ],
)  # fmt: skip
def test_what_is_no_such_file_is_said(tmp_path: Path, content: bytes, word: str) -> None:
    path = tmp_path / "bad.mat"
    path.write_bytes(content)
    with pytest.raises(DataError, match=word) as caught:
        matlab_variables(path)
    assert caught.value.path == path


def test_a_shape_larger_than_the_file_takes_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "huge.mat"
    write_mat(path, False, a=np.zeros((4, 4)))
    data = bytearray(path.read_bytes())
    at = data.index(np.array([4, 4], "<i4").tobytes())
    data[at : at + 8] = np.array([60000, 60000], "<i4").tobytes()
    path.write_bytes(data)
    with pytest.raises(DataError, match="does not fit"):
        load_matlab(path, matlab_variables(path)["a"])


def test_real_files_give_what_scipy_gives(utd_mhad: Path) -> None:
    for path in sorted(utd_mhad.glob("*/a27_s3_t2_*.mat")):
        for name, variable in matlab_variables(path).items():
            np.testing.assert_array_equal(load_matlab(path, variable), scipy.io.loadmat(path)[name])
