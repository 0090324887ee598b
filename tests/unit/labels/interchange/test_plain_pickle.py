"""Pickles of strangers give data or a sentence; nothing in them runs and nothing eats memory."""

from __future__ import annotations

import os
import pickle
import struct
import tracemalloc

import numpy as np
import pytest

from harstudio.errors import DataError
from harstudio.labels.interchange.plain_pickle import PlainArray, read_pickle

DATA = {
    "split": {"train": ["x", "y"]},
    "annotations": [
        {
            "frame_dir": "x",
            "label": np.int64(3),
            "share": np.float16(2.5),
            "known": np.bool_(True),
            "keypoint": np.arange(24, dtype=np.float16).reshape(1, 4, 2, 3),
            "fortran": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
            "nobody": np.zeros((0, 3), np.float32),
            "swapped": np.arange(3, dtype=">i4"),
            "names": np.array(["ab", "c"]),
            "shape": (1080, 1920),
            "none": None,
        }
    ],
}


class Evil:
    def __reduce__(self):
        return os.system, ("exit 3",)


def deep(count: int) -> bytes:
    return b")" + b"\x85" * count


ARRAY = pickle.dumps(np.zeros(3, np.float32))
HOSTILE = {
    "runs a command": (pickle.dumps(Evil()), "system"),
    "evaluates": (b"cbuiltins\neval\n(V1+1\ntR.", "eval"),
    "loads a file": (b"cnumpy\nload\n(Vx\ntR.", "numpy.load"),
    "asks for a terabyte array": (
        b"cnumpy\nndarray\n((I1000000000000\ntI0\ntR.",
        "makes an array by its class",
    ),
    "says it is larger than it is": (
        ARRAY.replace(b"K\x03\x85", b"J\xff\xff\xff\x7f\x85"),
        "other data than it says",
    ),
    "asks for a terabyte of bytes": (b"\x80\x05\x8e" + struct.pack("<Q", 1 << 40) + b"x.", "end"),
    "asks for a terabyte to change": (b"\x80\x05\x96" + struct.pack("<Q", 1 << 40) + b"x.", "end"),
    "nests a key deeply": (b"\x80\x04}" + deep(200_000) + b"Ns.", "no text"),
    "holds objects": (pickle.dumps(np.array([{}], dtype=object)), "no numbers"),
    "holds records": (pickle.dumps(np.zeros(3, dtype=[("a", "f4")])), "no numbers"),
    "says a type that has no end": (
        b"cnumpy\ndtype\n(](" + b"l(" * 5 + b"ltR.",
        "of the type list",
    ),
    "chooses its keys so that they collide": (b"\x80\x04}L2305843009213693951L\nNs.", "no text"),
    "uses an extension": (b"\x82\x01.", "instruction"),
    "asks somebody else": (b"Pabc\n.", "instruction"),
    "makes an instance": (pickle.dumps(struct.Struct), "Struct"),
    "is cut off": (pickle.dumps(DATA)[:-20], "end"),
    "is empty": (b"", "end"),
    "is no pickle": (b"GIF89a", "end or are wrong"),
}


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_builtins_and_arrays_of_every_protocol(tmp_path, protocol):
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps(DATA, protocol))
    found = read_pickle(path, "PYSKL")
    assert found["split"] == DATA["split"]
    told, true = found["annotations"][0], DATA["annotations"][0]
    assert list(told) == list(true)
    for key, value in true.items():
        one = told[key].array() if isinstance(told[key], PlainArray) else told[key]
        assert np.array_equal(one, value), key
    assert type(told["label"]) is int


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_pickles_are_refused_with_a_sentence(tmp_path, name):
    data, words = HOSTILE[name]
    path = tmp_path / "a.pkl"
    path.write_bytes(data)
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match=words) as caught:
            read_pickle(path, "PYSKL")
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()
    assert str(path) in str(caught.value)


def test_a_huge_place_in_the_memo_takes_no_memory(tmp_path):
    path = tmp_path / "a.pkl"
    path.write_bytes(b"\x80\x04]r\xff\xff\xff\x7f.")  # the C reader takes 32 GB for it
    assert read_pickle(path, "PYSKL") == []
