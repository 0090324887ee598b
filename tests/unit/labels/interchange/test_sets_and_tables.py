"""ActivityNet, MMAction2, THUMOS14, X-AnyLabeling, PKU-MMD, BORIS and NOVA as others write them."""

from __future__ import annotations

import gzip
import json
import struct
from pathlib import Path

import pytest

from harstudio.errors import ConflictError, DataError
from harstudio.labels.interchange import registry
from harstudio.labels.interchange.base import Bundle, Labelled, Reading
from harstudio.labels.interchange.mmaction import clip_lists
from harstudio.labels.model import Clip, Document, Origin, Tier
from made_labels import all_clips

SECOND = 1_000_000_000


def read(path: Path, text: str | bytes | dict, **known) -> Bundle:
    """Write a file and read it by what it looks like."""
    if isinstance(text, dict):
        text = json.dumps(text)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return registry.read(path, Reading(**known))


def told(bundle: Bundle) -> list[tuple[str, str, float, float]]:
    return [
        (recording, clip.label, clip.start_ns / SECOND, clip.end_ns / SECOND)
        for recording, _, _, clip in all_clips(bundle)
    ]


def one(recording: str, *clips: Clip, **facts) -> Bundle:
    document = Document(recording, "alice", [Tier("alice", list(clips))])
    return Bundle((Labelled(recording, (document,), **facts),))


# ---- ActivityNet, MMAction2, THUMOS14

GROUND_TRUTH = {
    "version": "1.3",
    "taxonomy": [
        {"nodeName": "Root", "nodeId": 0, "parentName": None, "parentId": None},
        {"nodeName": "Sports", "nodeId": 1, "parentName": "Root", "parentId": 0},
        {"nodeName": "Rock climbing", "nodeId": 2, "parentName": "Sports", "parentId": 1},
    ],
    "database": {
        "v_x": {
            "subset": "testing",
            "duration": 211.53,
            "resolution": "1920x1080",
            "url": "",
            "annotations": [{"segment": [30.03, 205.23], "label": "Rock climbing"}],
        }
    },
}


def test_activitynet_ground_truth_and_detections(tmp_path):
    found = read(tmp_path / "gt.json", GROUND_TRUTH)
    assert told(found) == [("v_x", "Rock climbing", 30.03, 205.23)]
    assert found.recordings[0].duration_ns == 211_530_000_000
    assert found.recordings[0].subset == "test"
    assert [(label.name, label.parent) for label in found.label_set.labels] == [
        ("Sports", ""),
        ("Rock climbing", "Sports"),
    ]
    results = {"x": [{"label": "run", "score": s, "segment": [1, 2.5]} for s in (0.9, -3.1)]}
    detections = read(tmp_path / "r.json", {"version": "VERSION 1.3", "results": results})
    clips = [clip for *_, clip in all_clips(detections)]
    assert {clip.confidence for clip in clips} == {0.9, None}
    assert {clip.origin for clip in clips} == {Origin.MODEL}
    assert "no confidence" in detections.notes[0]
    again = tmp_path / "again.activitynet.json"
    registry.write(detections, again)
    assert set(json.loads(again.read_text("utf-8"))["results"]) == {"x"}


def test_mmaction_and_lists_of_clips(tmp_path):
    video = {"duration_second": 211.53, "duration_frame": 6337, "feature_frame": 6336}
    video |= {"annotations": [{"segment": [30.0, 31.5], "label": "run"}], "fps": 30, "rfps": 29.96}
    found = read(tmp_path / "m.json", {"v_x": video})
    assert told(found) == [("v_x", "run", 30.0, 31.5)]
    registry.write(found, tmp_path / "n.mmaction.json")
    again = json.loads((tmp_path / "n.mmaction.json").read_text("utf-8"))
    assert again["v_x"]["duration_frame"] == 6346  # of 30 a second
    assert again["v_x"]["annotations"] == video["annotations"]
    assert clip_lists([("a/b.avi", 30, 4)], folder=False) == "a/b.avi 4\n"
    assert clip_lists([("a/b", 30, 4)], folder=True) == "a/b 30 4\n"


def test_thumos_is_a_folder(tmp_path):
    folder = tmp_path / "annotation"
    (folder / "x").mkdir(parents=True)
    (folder / "detclasslist.txt").write_text("7 BaseballPitch\n")
    (folder / "Cliff Dive_test.txt").write_bytes(b"caf\xe9 1  0.5 2\n")
    text = "video_validation_0000053  67.5 75.9\n\nvideo_validation_0000053  85.9 90.6\n"
    (folder / "BaseballPitch_val.txt").write_text(text)
    found = registry.read(folder, Reading())
    assert told(found) == [
        ("café 1", "Cliff Dive", 0.5, 2.0),
        ("video_validation_0000053", "BaseballPitch", 67.5, 75.9),
        ("video_validation_0000053", "BaseballPitch", 85.9, 90.6),
    ]
    assert [one.subset for one in found.recordings] == ["test", "validation"]
    (folder / "Bad_val.txt").write_text("only two\n")
    with pytest.raises(DataError, match="line 1 is no video with two times"):
        registry.read(folder, Reading())
    with pytest.raises(ConflictError, match="something is here already"):
        registry.write(found, folder, "thumos")


def test_a_class_whose_name_no_file_may_have(tmp_path):
    """And one that ends like a part of the data."""
    labels = ["a/b: c?", "draw_val", "50%", "CON", "draw "]
    clips = [Clip(k * SECOND, (k + 1) * SECOND, label) for k, label in enumerate(labels)]
    registry.write(one("x", *clips), tmp_path / "t.thumos")
    again = registry.read(tmp_path / "t.thumos", Reading())
    assert {clip.label for *_, clip in all_clips(again)} == {label.strip() for label in labels}


# ---- X-AnyLabeling, PKU-MMD

SIDECAR = {
    "version": "1.0.0", "type": "video_classification", "video": "C:\\data\\clip.mp4",
    "fps": 30.0, "duration_ms": 120_000, "width": 1920, "height": 1080, "labels": ["run"],
    "label_colors": {"run": "#FF7F0E"},
    "segments": [
        {"id": "s1", "label": "run", "start_ms": 1000, "end_ms": 3500, "description": "fast"},
        {"id": "s2", "label": "run", "start_frame": 120, "end_frame": 150},
    ],
}  # fmt: skip


def test_x_anylabeling(tmp_path):
    found = read(tmp_path / "clip.json", SIDECAR)
    assert told(found) == [("clip", "run", 1.0, 3.5), ("clip", "run", 4.0, 5.0)]
    assert found.label_set.color_of("run") == "#ff7f0e"
    assert [clip.comment for *_, clip in all_clips(found)] == ["fast", ""]


def test_pku_mmd_counts_from_one(tmp_path):
    """Frames and labels; the file need not be sorted, and actions may overlap."""
    found = read(tmp_path / "0002-L.txt", "34,300,359,2\r\n8, 1, 30, 1\n11 20 50\n")
    by_start = sorted(told(found), key=lambda row: row[2])
    assert by_start[0] == ("0002-L", "drink water", 0.0, 1.0)
    assert by_start[1][2:] == (pytest.approx(19 / 30), pytest.approx(50 / 30))
    assert by_start[2][2:] == (pytest.approx(299 / 30), pytest.approx(359 / 30))
    assert sorted(clip.confidence or 0 for *_, clip in all_clips(found)) == [0, 0.5, 1.0]
    out = tmp_path / "out" / "0002-L.txt"
    out.parent.mkdir()
    registry.write(found, out, "pku-mmd")
    assert out.read_text() == "8,1,30,1\n11,20,50,2\n34,300,359,2\n"
    assert not (out.parent / "classes.txt").exists()


# ---- BORIS

EVENTS = [
    [3.3, "P1", "sit", "low|3", "begins"], [7.75, "P1", "sit", "low|3", ""],
    [4.0, "P2", "sit", "None|None", ""], [9.0, "", "clap", "", "one", 270],
    [8.0, "P2", "sit", "None|None", "ends"], [20.0, "P1", "sit", "high|1", ""],
]  # fmt: skip
PROJECT = {
    "project_format_version": "7.0",
    "behaviors_conf": {
        "0": {
            "type": "State event", "key": "s", "code": "sit", "description": "on a chair",
            "modifiers": {
                "0": {"name": "effort", "type": 0, "values": ["low", "high"]},
                "1": {"name": "times", "type": 2, "values": []},
            },
        },
        "1": {"type": "Point event", "key": "c", "code": "clap", "modifiers": ""},
    },
    "observations": {
        "obs1": {
            "file": {"1": ["rgb.avi"], "2": ["ir.avi"]}, "time offset": 2.0, "events": EVENTS,
            "media_info": {"length": {"rgb.avi": 30.5}, "fps": {"rgb.avi": 30.0}},
        }
    },
}  # fmt: skip


@pytest.mark.parametrize("packed", [False, True])
def test_boris_pairs_states_by_their_order(tmp_path, packed):
    text = json.dumps(PROJECT).encode()
    found = read(tmp_path / "p.boris", gzip.compress(text) if packed else text)
    clips = {(c.label, c.person): c for *_, c in all_clips(found)}
    first, second, point = clips["sit", "P1"], clips["sit", "P2"], clips["clap", ""]
    assert (first.start_ns, first.end_ns) == (3_300_000_000, 7_750_000_000)
    assert first.attributes == {"effort": "low", "times": 3}
    assert second.attributes == {}
    assert (first.comment, second.comment) == ("begins", "ends")
    assert point.is_point
    assert point.start_ns == 9 * SECOND
    assert len(found.notes) == 2
    assert "starts and never stops (20.000 s)" in " ".join(found.notes)
    assert "time offset of 2 s" in found.notes[0]
    assert found.label_set.find("sit").hotkey == "S"
    assert [a.name for a in found.label_set.attributes] == ["effort", "times"]
    assert [m.path for m in found.recordings[0].media] == ["rgb.avi", "ir.avi"]


TABULAR = (
    "Observation id\tobs1\n\nMedia file(s)\n\nTime\tMedia file path\tTotal length\tFPS\tSubject\t"
    "Behavior\tBehavioral category\tComment\tStatus\n"
)


def test_boris_tables(tmp_path):
    rows = "1,5\tv.avi\t30\t30\tP1\tsit\t\t\tSTART\n2.0\tv.avi\t30\t30\tP1\tclap\t\thi\tPOINT\n"
    end = "4.25\tv.avi\t30\t30\tP1\tsit\t\t\tSTOP\n5\tv.avi\t30\t30\tP1\tsit\t\t\tSTOP\n"
    found = read(tmp_path / "t.tsv", TABULAR + rows + end)
    assert told(found) == [("obs1", "sit", 1.5, 4.25), ("obs1", "clap", 2.0, 2.0)]
    assert found.notes == ("“obs1”: sit of P1 stops, but never started (5.000 s); it is left out.",)
    aggregated = (
        "Observation id,Subject,Behavior,Modifiers,Behavior type,Start (s),Stop (s),Comment start\n"
        'o,No focal subject,sit,low,STATE,1.0,2.5,"a, b"\n'
    )
    table = read(tmp_path / "a.csv", aggregated)
    assert told(table) == [("o", "sit", 1.0, 2.5)]
    clip = next(clip for *_, clip in all_clips(table))
    assert (clip.person, clip.comment, clip.attributes) == ("", "a, b", {"modifier 1": "low"})


# ---- NOVA


def nova(kind: str, data: str, size: int, items: str = "") -> str:
    return (
        f'<?xml version="1.0" ?><annotation ssi-v="3"><info ftype="{data}" size="{size}"/>'
        f'<meta annotator="Alice" role="P1"/><scheme name="action" type="{kind}" sr="25">'
        f"{items}</scheme></annotation>"
    )


ITEMS = '<item name="drink" id="0" color="#FFC0504D"/><item name="walk" id="7"/>'


def read_nova(folder: Path, head: str, data: bytes) -> Bundle:
    (folder / "r.annotation~").write_bytes(data)
    return read(folder / "r.annotation", head)


def test_nova_ascii_with_decimal_comma_and_old_code_page(tmp_path):
    rows = b"2,96;3,92;0;1\r\n8;9.72;7;0.6;schr\xe4g\r\n10;11;-1;0,5;color=#FF00FF00\r\n"
    found = read_nova(tmp_path, nova("DISCRETE", "ASCII", 3, ITEMS), rows)
    assert told(found) == [
        ("r", "drink", 2.96, 3.92),
        ("r", "walk", 8.0, 9.72),
        ("r", "GARBAGE", 10.0, 11.0),
    ]
    clips = [clip for *_, clip in all_clips(found)]
    assert [clip.confidence for clip in clips] == [1.0, 0.6, 0.5]
    assert [clip.comment for clip in clips] == ["", "schräg", ""]
    assert {clip.person for clip in clips} == {"P1"}
    assert found.recordings[0].documents[0].annotator == "Alice"
    assert found.label_set.color_of("drink") == "#c0504d"


def test_nova_binary_is_exact(tmp_path):
    rows = [(0.1, 2 / 3, 0, 0.25), (1e-9, 35_999.999999999, 7, 1.0)]
    data = b"".join(struct.pack("<ddIf", *row) for row in rows)
    found = read_nova(tmp_path, nova("DISCRETE", "BINARY", 2, ITEMS), data)
    clips = [clip for *_, clip in all_clips(found)]
    assert sorted((c.start_ns, c.end_ns, c.label, c.confidence) for c in clips) == [
        (1, 35_999_999_999_999, "walk", 1.0),
        (100_000_000, 666_666_667, "drink", 0.25),
    ]
    texts = ("jump", "Füße heben", "")
    free = b"".join(
        struct.pack("<ddI", k, k + 0.5, len(t.encode())) + t.encode() + struct.pack("<f", 0.5)
        for k, t in enumerate(texts[:2])
    )
    again = read_nova(tmp_path, nova("FREE", "BINARY", 2), free)
    assert told(again) == [("r", "jump", 0.0, 0.5), ("r", "Füße heben", 1.0, 1.5)]
    with pytest.raises(DataError, match="cut off or wrong"):
        read_nova(tmp_path, nova("FREE", "BINARY", 2), free[:-3])
    with pytest.raises(DataError, match="cut off"):
        read_nova(tmp_path, nova("DISCRETE", "BINARY", 2, ITEMS), data[:-1])
    huge = struct.pack("<ddI", 0, 1, 0xFFFFFFFF) + b"x"
    with pytest.raises(DataError, match="4294967295 bytes"):
        read_nova(tmp_path, nova("FREE", "BINARY", 1), huge)


def test_a_signal_of_nova_is_told_and_left(tmp_path):
    found = read_nova(tmp_path, nova("CONTINUOUS", "ASCII", 2), b"0.5;1\n0.6;1\n")
    assert told(found) == []
    assert "a signal of 25 values a second" in found.notes[0]


def test_nova_files_of_a_session(tmp_path):
    """A NOVA data set has a folder a session, and names files by role, scheme and annotator."""
    folder = tmp_path / "session 4"
    folder.mkdir()
    (folder / "P1.action.Alice.annotation~").write_bytes(b"0;1;0;1\n")
    found = read(folder / "P1.action.Alice.annotation", nova("DISCRETE", "ASCII", 1, ITEMS))
    assert told(found) == [("session 4", "drink", 0.0, 1.0)]


# ---- what is refused

BAD: dict[str, tuple[str, str | bytes]] = {
    "ends at 2, before it starts": ("g.json", json.dumps({"database": {"a": {"annotations": [
        {"segment": [5, 2], "label": "x"}]}}})),
    "“label” is missing": ("g.json", json.dumps({"database": {"a": {"annotations": [
        {"segment": [1, 2]}]}}})),
    "“annotations” is": ("g.json", json.dumps({"database": {"a": {"annotations": {}}}})),
    "is no number": ("g.json", '{"database": {"a": {"duration": NaN}}}'),
    "nests too deeply": ("g.json", '{"database": {"a": ' + "[" * 100_000),
    "no JSON": ("g.json", '{"database": {"a": '),
    "is a kind of itself": ("g.json", json.dumps({"database": {}, "taxonomy": [
        {"nodeName": "a", "parentName": "b"}, {"nodeName": "b", "parentName": "a"}]})),
    "not UTF-8": ("p.boris", '{"observations": "ä"}'.encode("utf-16")),
    "goes from frame 30 to 2": ("a.txt", "8,30,2,1\n"),
    "label 99": ("a.txt", "99,1,2,1\n"),
    "line 2 is not": ("a.txt", "8,1,2,1\nx\n"),
    "an event that is": ("p.boris", json.dumps({"observations": {"o": {"events": [[1, 2, 3]]}}})),
    "before the beginning": ("p.boris", json.dumps(
        {"observations": {"o": {"events": [[-1, "", "a", "", ""]]}}})),
    "cannot be unpacked": ("p.boris", gzip.compress(b"{}" * 1000)[:-9]),
    "status “MAYBE”": ("t.tsv", TABULAR + "1\tv\t3\t3\tP\tsit\t\t\tMAYBE\n"),
    "no label 9 in the scheme": ("n.annotation", nova("DISCRETE", "ASCII", 1, ITEMS)),
    "not taken over": ("n.annotation", nova("DISCRETE_POLYGON", "ASCII", 1)),
    "its head cannot be read": ("n.annotation", '<!DOCTYPE a [<!ENTITY b "c">]><annotation/>'),
    "has no info and scheme": ("n.annotation", "<annotation ssi-v='3'/>"),
}  # fmt: skip


@pytest.mark.parametrize("words", BAD)
def test_what_is_wrong_is_said(tmp_path, words):
    name, text = BAD[words]
    (tmp_path / "n.annotation~").write_text("0;1;9;1\n")
    with pytest.raises(DataError, match=words) as caught:
        read(tmp_path / name, text)
    assert "Nothing was imported" in str(caught.value) or "DISCRETE" in str(caught.value)


def test_a_packed_bomb_is_refused(tmp_path, monkeypatch):
    from harstudio.labels.interchange import json_text

    monkeypatch.setattr(json_text, "LARGEST_BYTES", 1 << 16)
    with pytest.raises(DataError, match="unpacks to more than"):
        read(tmp_path / "p.boris", gzip.compress(b"{" + b" " * (1 << 20) + b"}"))


def test_files_of_one_folder_share_their_numbers(tmp_path):
    """Also those that were written before a label came that PKU-MMD has not."""
    first = one("a", Clip(0, SECOND, "drink water"))
    second = one("b", Clip(0, SECOND, "juggle"), Clip(SECOND, 2 * SECOND, "falling"))
    registry.write(first, tmp_path / "a.txt")
    assert not (tmp_path / "classes.txt").exists()
    registry.write(second, tmp_path / "b.txt")
    assert (tmp_path / "b.txt").read_text() == "52,1,30,2\n11,31,60,2\n"
    labels = [clip.label for name in "ab" for *_, clip in all_clips(
        registry.read(tmp_path / f"{name}.txt", Reading()))]  # fmt: skip
    assert labels == ["drink water", "juggle", "falling"]


def test_videos_of_one_name_in_two_folders_are_two_recordings(tmp_path):
    """In tables of others and of VIA; the video in one of our folders is that recording's."""
    rows = ["cam1/a.mp4", "cam2\\a.mp4", "x/b.harrec/streams.mkv", "c.v2.mp4"]
    table = "".join(f"{source},0,1,run\n" for source in rows)
    found = read(tmp_path / "t.csv", f"video,start,end,label\n{table}", recording="r")
    names = ["cam1/a.mp4", "cam2\\a.mp4", "b", "c.v2"]
    assert [one.recording for one in found.recordings] == names
    cells = "".join(f'"m{k}","[""{source}""]",0,"[0,1]","[]","{{}}"\n'
                    for k, source in enumerate(rows))  # fmt: skip
    head = "# CSV_HEADER = metadata_id,file_list,flags,temporal_coordinates,spatial_coordinates,"
    found = read(tmp_path / "t.via.csv", f"{head}metadata\n{cells}".replace("cam2\\", "cam2/"))
    assert [one.recording for one in found.recordings] == ["cam1/a.mp4", "cam2/a.mp4", "b", "c.v2"]


def test_our_table_keeps_every_sign_of_a_text(tmp_path):
    clip = Clip(0, SECOND, " run ", person=" P1 ", comment="a\rb")
    registry.write(one("r", clip), tmp_path / "t.csv")
    ((*_, again),) = all_clips(registry.read(tmp_path / "t.csv", Reading()))
    assert (again.label, again.person, again.comment) == (clip.label, clip.person, clip.comment)


def test_a_clip_of_less_than_a_millisecond_is_no_point_in_x_anylabeling(tmp_path):
    registry.write(one("r", Clip(5 * SECOND, 5 * SECOND + 400_000, "run")), tmp_path / "r.json")
    ((*_, again),) = all_clips(registry.read(tmp_path / "r.json", Reading()))
    assert (again.start_ns, again.end_ns) == (5 * SECOND, 5 * SECOND + 1_000_000)


def test_activitynet_calls_a_video_in_two_ways(tmp_path):
    both = {**GROUND_TRUTH, "results": {"x": [{"label": "run", "score": 0.9, "segment": [1, 2]}]}}
    found = read(tmp_path / "both.json", both)
    assert [(name, clip.label) for name, *_, clip in all_clips(found)] == [
        ("v_x", "Rock climbing"),
        ("v_x", "run"),
    ]


def test_the_table_of_boris_tells_clips_apart_that_overlap(tmp_path):
    both = one("r", Clip(0, 2 * SECOND, "run"), Clip(SECOND, 3 * SECOND, "run"))
    assert any("joined" in note for note in registry.write(both, tmp_path / "r.boris"))
    notes = registry.write(both, tmp_path / "r.boris.tsv")
    assert not any("joined" in note for note in notes)
    assert len(told(registry.read(tmp_path / "r.boris.tsv", Reading()))) == 2
