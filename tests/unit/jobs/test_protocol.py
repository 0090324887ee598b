"""Messages carry builtins only, one bounded line each."""

from __future__ import annotations

import enum
import io
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harstudio.jobs import protocol
from harstudio.jobs.protocol import MessageError


class Word(enum.StrEnum):
    ONE = "one"


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (np.float64(0.5), "numpy.float64"),  # a subclass of float
        (np.int64(3), "numpy.int64"),
        (np.bool_(True), "numpy.bool"),
        (np.zeros(2), "numpy.ndarray"),
        (Word.ONE, "Word"),  # a subclass of str
        (Path("x"), "Path"),
        (b"bytes", "builtins.bytes"),
        ({1, 2}, "builtins.set"),
        (1j, "builtins.complex"),
    ],
)
def test_what_is_no_builtin_is_refused_by_its_key(value: Any, kind: str) -> None:
    with pytest.raises(MessageError) as refused:
        protocol.encode("metrics", {"train": {"loss": [1.0, value]}})
    assert str(refused.value).startswith("payload.train.loss[1] is a ")
    assert kind in str(refused.value)


def test_keys_are_text() -> None:
    with pytest.raises(MessageError, match=r"payload\.classes has the key 3, which is not text"):
        protocol.plain({"classes": {3: "wave"}})


def test_nan_and_infinity_arrive_as_none() -> None:
    line = protocol.encode("metrics", {"loss": [math.nan, math.inf, -math.inf, 1.5]})
    assert protocol.decode(line).payload == {"loss": [None, None, None, 1.5]}


def test_what_contains_itself_is_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(MessageError, match="nested deeper than 64"):
        protocol.encode("log", {"text": endless})


def test_a_line_has_a_limit() -> None:
    room = protocol.MAX_LINE - len(protocol.encode("x", {"text": ""}))
    assert len(protocol.encode("x", {"text": "a" * room})) == protocol.MAX_LINE
    with pytest.raises(MessageError, match=r'"x" has 16\.0 MiB, more than 16 MiB'):
        protocol.encode("x", {"text": "a" * (room + 1)})


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inside: st.lists(inside) | st.dictionaries(st.text(), inside),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), json_values))
def test_every_other_payload_arrives_as_it_was(payload: dict[str, Any]) -> None:
    line = protocol.encode("kind", payload)
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    message = protocol.decode(line)
    assert message.kind == "kind"
    assert message.payload == protocol.plain(payload)


def test_file_names_that_are_no_text_arrive() -> None:
    name = b"a\xff.avi".decode("utf-8", "surrogateescape")
    assert protocol.decode(protocol.encode("x", {"path": name})).payload == {"path": name}


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"hello\n",
        b"[1]\n",
        b'{"v":2,"kind":"x","payload":{}}\n',
        b'{"v":1,"kind":3,"payload":{}}\n',
        b'{"v":1,"kind":"x","payload":[]}\n',
        b'{"v":1,"kind":"x"}\n',
        b"\xff\xfe\n",
        b"[" * 100_000,
        b"1" * 10_000 + b"\n",
    ],
)
def test_what_is_no_message_is_said_to_be_none(line: bytes) -> None:
    with pytest.raises(MessageError, match="is no message"):
        protocol.decode(line)


def test_the_rest_of_a_line_that_is_too_long_is_left_out() -> None:
    stream = io.BytesIO(b"one\n" + b"x" * 25 + b"\ntwo\n" + b"y" * 10 + b"\nthree")
    assert list(protocol.lines(stream, 10)) == [b"one\n", b"x" * 10, b"two\n", b"y" * 10, b"three"]
