"""Files that are damaged, hostile, huge or in another encoding: one sentence that names them."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import HealthCheck, given, settings

from harstudio.errors import DataError, HarstudioError
from harstudio.labels.interchange import registry
from harstudio.labels.interchange.base import Bundle, Labelled, Reading
from harstudio.labels.interchange.rows import Rows
from harstudio.labels.model import Clip
from made_labels import bundles, grid, media

READING = Reading(grid_of=lambda _name: grid())
BILLION = "".join(f'<!ENTITY l{k} "{f"&l{k - 1};" * 10}">' for k in range(1, 10))
XML = {
    "entity": '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><{root}>&b;</{root}>',
    "laughs": f'<!DOCTYPE a [<!ENTITY l0 "lol">{BILLION}]><{{root}}>&l9;</{{root}}>',
    "dtd": '<!DOCTYPE {root} SYSTEM "http://example.org/a.dtd"><{root}/>',
    "cut": "<{root}><TIER",
    "other root": "<html/>",
    "deep": "<{root}>" + "<a>" * 5000 + "</a>" * 5000 + "</{root}>",
    "encoding": '<?xml version="1.0" encoding="nobody-knows"?><{root}/>',
    "bytes": '<?xml version="1.0" encoding="utf-8"?><{root} a="\xe4"/>',
    "nothing": "",
}
ROOTS = {"elan": "ANNOTATION_DOCUMENT", "cvat": "annotations"}
EAF = """<ANNOTATION_DOCUMENT><HEADER TIME_UNITS="milliseconds"/><TIME_ORDER>
<TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="{}"/><TIME_SLOT TIME_SLOT_ID="ts2" TIME_VALUE="{}"/>
</TIME_ORDER><TIER TIER_ID="a" LINGUISTIC_TYPE_REF="t"><ANNOTATION><ALIGNABLE_ANNOTATION
ANNOTATION_ID="a1" TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts2"><ANNOTATION_VALUE>x
</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION></TIER></ANNOTATION_DOCUMENT>"""
CVAT = (
    '<annotations><track label="x"><box frame="{}" outside="0"/><box frame="{}" outside="1"/>'
    "</track></annotations>"
)
VIA = """{{"project":{{"vid_list":["1"]}},"attribute":{{}},"file":{{"1":{{"fname":"a.mp4"}}}},
"view":{{"1":{{"fid_list":["1"]}}}},"metadata":{{"x":{{"vid":"1","z":[{},{}],"av":{{}}}}}}}}"""
STUDIO = """[{{"data":{{"audio":"a.wav"}},"annotations":[{{"result":[{{"type":"labels",
"value":{{"start":{},"end":{},"labels":["x"]}}}}]}}]}}]"""
VTT = "WEBVTT\n\n{} --> {}\nx\n"
CSV = "start,end,label\n{},{},x\n"
TIMES = {"elan": EAF, "cvat": CVAT, "via": VIA, "label-studio": STUDIO, "webvtt": VTT, "csv": CSV}
MINE = tuple(TIMES)


def refused(path, name: str = "") -> str:
    """The sentence that a file is refused with; it names the file."""
    with pytest.raises(HarstudioError) as caught:
        registry.read(path, READING, name)
    assert str(path) in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("what", XML)
@pytest.mark.parametrize("name", ROOTS)
def test_hostile_xml_is_refused(name, what, tmp_path):
    path = tmp_path / "a.xml"
    text = XML[what].replace("{root}", ROOTS[name])
    path.write_bytes(text.encode("latin-1"))
    sentence = refused(path, name)
    if what in ("entity", "laughs", "dtd"):
        assert "entities" in sentence


@pytest.mark.parametrize("name", MINE)
def test_times_that_cannot_be_are_refused(name, tmp_path):
    path = tmp_path / "a.csv"
    never = [("NaN", "1"), ("-5", "1"), ("0", "1e999999"), ("9" * 40, "9" * 41), ("x", "y")]
    if name != "cvat":  # keyframes in another order are no clip that ends before it starts
        never.append(("5", "2"))
    for start, end in never:
        path.write_text(TIMES[name].format(start, end))
        refused(path, name)


@pytest.mark.parametrize("name", [n for n in registry.names() if n not in ("pyskl", "thumos")])
def test_a_huge_file_is_not_read(name, tmp_path):
    path = tmp_path / f"a{registry.by_name(name).EXTENSIONS[0]}"
    with path.open("wb") as file:
        file.truncate(3 << 30)  # sparse
    assert "MB" in refused(path, name)


@pytest.mark.parametrize("name", MINE)
@pytest.mark.parametrize("encoding", ["utf-16", "cp1252"])
def test_another_encoding_is_refused(name, encoding, tmp_path):
    text = TIMES[name].format(0, 1).replace("x", "Füße")
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode(encoding))
    if name in ROOTS and encoding == "utf-16":
        assert registry.read(path, READING, name).recordings  # XML says its encoding itself
    else:
        refused(path, name)


def test_what_no_reader_expected_is_a_sentence_too(tmp_path, monkeypatch):
    """And none that is longer than a person reads."""
    path = tmp_path / "a.csv"
    path.write_text("start,end,label\n0,1,x\n")
    for error in (OverflowError(), AttributeError("x"), MemoryError(), DataError("x" * 10**6)):

        def broken(_path, _reading, error=error):
            if isinstance(error, DataError):
                error = DataError(error.message, path=path)
            raise error

        monkeypatch.setattr(registry.csv_table, "read", broken)
        assert len(refused(path, "csv")) < 1000


@pytest.mark.parametrize("name", MINE)
def test_a_truncated_file_never_ends_in_a_traceback(name, tmp_path):
    rows = Rows("r")
    said = {"comment": 'two\nlines, "so"', "attributes": {"side": "left", "effort": 3}}
    clips = (Clip(0, 10**9, "drink", person="P1", **said), Clip(10**9, 2 * 10**9, "Füße heben"))
    rows.add("alice", "all", *clips)
    path = tmp_path / f"whole{registry.by_name(name).EXTENSIONS[0]}"
    registry.write(Bundle((Labelled("r", rows.documents(), media=(media(),)),)), path, name)
    data = path.read_bytes()
    for cut in range(0, len(data), max(len(data) // 25, 1)):
        _try(path, data[:cut], name)


@pytest.mark.parametrize("name", ["via", "label-studio"])
def test_values_of_other_types_never_end_in_a_traceback(name, tmp_path):
    whole = json.loads(TIMES[name].format(0, 1))
    path = tmp_path / "a.json"
    for wrong in (None, 1, "x", [], {}, [None], {"x": None}, True, 1e400):
        for place in _places(whole):
            _try(path, json.dumps(_with(whole, place, wrong)).encode(), name)


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in registry.names() if n not in ("pyskl", "thumos")])
@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(bundle=bundles())
def test_bytes_that_were_changed_never_end_in_a_traceback(name, bundle, tmp_path):
    path = tmp_path / f"S001C001P001R001A001{registry.by_name(name).EXTENSIONS[0]}"
    path.unlink(missing_ok=True)
    registry.write(bundle, path, name)
    data, rng = path.read_bytes(), random.Random(7)
    for _ in range(100):
        changed = bytearray(data)
        for _ in range(rng.randint(1, 6)):
            if changed:
                changed[rng.randrange(len(changed))] = rng.choice(b'\x00\xff<>"{}[],:;-1eN\n')
        _try(path, bytes(changed), name)


def _try(path, data: bytes, name: str) -> None:
    """Read it; it is read or refused with a sentence, nothing else."""
    path.write_bytes(data)
    try:
        bundle = registry.read(path, READING, name)
    except HarstudioError as error:
        named = str(path) in str(error)
        assert named, error  # noqa: PT017 -- a file that is read is fine too
    else:
        for one in bundle.recordings:
            for document in one.documents:
                assert all(0 <= c.start_ns <= c.end_ns for t in document.tiers for c in t.clips)


def _places(value, at=()):
    yield at
    items = value.items() if isinstance(value, dict) else ()
    items = enumerate(value) if isinstance(value, list) else items
    for key, inner in items:
        yield from _places(inner, (*at, key))


def _with(value, place, wrong):
    if not place:
        return wrong
    copy = json.loads(json.dumps(value))
    inner = copy
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = wrong
    return copy
