"""Prepared data: the same as the recordings, whatever ended the preparation."""

from __future__ import annotations

import dataclasses
import json
import shutil
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io

import tiny_network
from harstudio.cli import main
from harstudio.errors import ConflictError, DataError, HarstudioError, UsageError
from harstudio.learning import jobs
from harstudio.learning.data.datasets import collect
from harstudio.learning.loading import Loader
from harstudio.learning.prepared.cache_writing import LOCK
from harstudio.learning.prepared.caches import ABOUT, DATA, INDEX, Cache, is_cache
from harstudio.learning.prepared.packing import pack
from harstudio.learning.usual_boxes import with_usual_boxes
from harstudio.recordings.formats import open_recording
from job_context import Heard
from trials import write_trial

TRIALS = [f"a{action}_s{subject}_t1" for action in (1, 2, 3) for subject in (1, 2, 3, 4)]
NOISE = "joint-noise-0.05"
NETWORK = "mmff-lite"  # skeleton and picture

Files = dict[str, bytes]


@pytest.fixture(scope="module")
def trials(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("utd")
    for k, name in enumerate(TRIALS):
        write_trial(root, name, frames=6 + k)
    return root


def prepared(data: Path, out: Path, *changes: str, network: str = NETWORK, **context: Any) -> Any:
    payload = {
        "config": {"data": {"path": str(data)}, "network": {"name": network}},
        "overrides": list(changes),
        "out": str(out),
    }
    return jobs.prepare_data(payload, Heard(**context))


@pytest.fixture(scope="module")
def whole(trials: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All trials, prepared."""
    out = tmp_path_factory.mktemp("prepared") / "cache"
    told = prepared(trials, out)
    assert (told["state"], told["clips"], told["read"], told["kept"]) == ("finished", 12, 12, 0)
    assert told["failed"] == 0
    assert told["problems"] == []
    assert told["bytes"] == sum(one.size for one in Cache(out).entries.values())
    assert told["bytes_per_clip"] >= sum(told["inputs"].values())
    assert told["inputs"].keys() == {"skeleton", "picture"}
    return out


def files(folder: Path) -> Files:
    return {one.name: one.read_bytes() for one in folder.iterdir()}


def put(folder: Path, content: Files) -> Path:
    folder.mkdir(parents=True)
    for name, data in content.items():
        (folder / name).write_bytes(data)
    return folder


def read_all(cache: Cache) -> list[bytes]:
    """Every clip as bytes, in the order of the dataset."""
    samples = collect(cache.path).samples
    return [pack(cache.raw(one, cache.preprocessing.inputs)) for one in samples]


# ---- what it holds


def test_the_dataset_is_the_same(trials: Path, whole: Path) -> None:
    one, other = collect(trials), collect(whole)
    for field in dataclasses.fields(one):
        if field.name != "path":
            assert getattr(one, field.name) == getattr(other, field.name), field.name
    assert other.samples[0].path.is_file()
    names = ("Wave", one.classes[1])
    with pytest.raises(DataError, match="None of its labels"):
        collect(whole, classes=("Wave",))
    assert collect(whole, classes=names).samples == collect(trials, classes=names).samples
    with pytest.raises(UsageError, match="clips of anna"):
        collect(whole, annotator="anna")


def test_what_was_read_is_the_same(trials: Path, whole: Path) -> None:
    cache = Cache(whole)
    for sample, record in zip(collect(trials).samples, read_all(cache), strict=True):
        with open_recording(sample.path) as recording:
            raw = cache.preprocessing.read(recording, sample.start_ns, sample.end_ns)
        assert pack(raw) == record
        few = cache.raw(sample, {"skeleton": None})
        assert few.seen == {}
    own = with_usual_boxes(cache.preprocessing, collect(trials).samples)
    assert own != cache.preprocessing
    assert with_usual_boxes(cache.preprocessing, collect(whole).samples, cache) == own


@pytest.mark.parametrize("threads", [0, 2])
def test_batches_are_the_same(trials: Path, whole: Path, threads: int) -> None:
    cache = Cache(whole)
    tables = {
        name: table.model_copy(update={"size": 24} if name == "picture" else {"frames": 7})
        for name, table in cache.preprocessing.inputs.items()
    }
    preprocessing = dataclasses.replace(cache.preprocessing, inputs=tables)
    samples = collect(trials).samples
    direct = Loader(samples, preprocessing, 5, seed=3, train=True, threads=threads)
    quick = Loader(samples, preprocessing, 5, seed=3, train=True, threads=threads, cache=cache)
    for epoch in (0, 1):
        for one, two in zip(direct.batches(epoch), quick.batches(epoch), strict=True):
            assert one.indices == two.indices
            for name, value in one.inputs.items():
                assert value.numpy().tobytes() == two.inputs[name].numpy().tobytes()
    assert quick.kept_bytes == 0


def test_recordings_are_not_needed(trials: Path, whole: Path, tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    shutil.copytree(trials, moved)
    out = tmp_path / "cache"
    prepared(moved, out)
    expected = read_all(Cache(out))
    shutil.rmtree(moved)
    assert read_all(Cache(out)) == expected
    assert collect(out).problems == ()


# ---- trainings


@pytest.fixture
def tiny() -> Iterator[str]:
    tiny_network.install()
    yield tiny_network.NAME
    tiny_network.remove()


def trained(folder: Path, data: Path, network: str, *changes: str) -> tuple[list[Any], Any]:
    """Metrics of the epochs and the evaluation, without what differs from run to run."""
    payload = {
        "config": {
            "data": {"path": str(data)},
            "network": {"name": network},
            "run": {"folder": str(folder)},
        },
        "overrides": ["training.epochs=2", *changes],
    }
    jobs.train(payload, Heard())
    clocks = {"seconds", "samples_per_s", "wait_share"}
    lines = [
        {key: value for key, value in json.loads(line).items() if key not in clocks}
        for line in (folder / "metrics.jsonl").read_text().splitlines()
        if '"epoch"' in line.partition(",")[0]
    ]
    evaluation = json.loads((folder / "evaluation.json").read_text())
    return lines, {
        key: value
        for key, value in evaluation.items()
        if key not in ("run", "data", "seconds_per_clip")
    }


def test_a_training_is_the_same(trials: Path, tiny: str, tmp_path: Path) -> None:
    """To the last bit, and its evaluation works from prepared data too, wherever they lie."""
    out = tmp_path / "cache"
    prepared(trials, out, network=tiny)
    direct = trained(tmp_path / "a", trials, tiny)
    quick = trained(tmp_path / "b", out, tiny)
    assert len(direct[0]) == 8
    assert quick == direct
    paths = [one["path"] for one in quick[1]["samples"]]
    assert all(Path(path).is_relative_to(trials) for path in paths)
    answers = [(tmp_path / run / "answers.npz").read_bytes() for run in "ab"]
    assert answers[0] == answers[1]
    # what must be read otherwise is read from the recordings
    worse = [
        jobs.evaluate({"run": str(tmp_path / run), "disturbed": NOISE}, Heard())["loss"]
        for run in "ab"
    ]
    assert worse[0] == worse[1] != direct[1]["loss"]
    other = tmp_path / "elsewhere"
    out.rename(other)
    for data in (other, trials):
        again = jobs.evaluate({"run": str(tmp_path / "b"), "data": str(data)}, Heard())
        assert again["top1"] == direct[1]["top1"]
        assert again["confusion"] == direct[1]["confusion"]
    # a run of recordings, evaluated on prepared data
    again = jobs.evaluate({"run": str(tmp_path / "a"), "data": str(other)}, Heard())
    assert (again["part"], again["confusion"]) == ("test", direct[1]["confusion"])


def test_new_run_looks_at_prepared_data(trials: Path, whole: Path) -> None:
    one, other = (jobs.survey({"path": str(path)}, Heard()) for path in (trials, whole))
    assert one == other


def test_a_training_goes_on_with_the_recordings(trials: Path, tiny: str, tmp_path: Path) -> None:
    out, run = tmp_path / "cache", tmp_path / "run"
    prepared(trials, out, network=tiny)
    stages = [f"training.stage.{name}.epochs=1" for name in ("place", "motion", "fusion")]
    trained(run, out, tiny, *stages)
    expected = trained(tmp_path / "direct", trials, tiny, *stages, "training.stage.all.epochs=3")
    shutil.rmtree(out)
    payload = {
        "config_path": str(run / "config.toml"),
        "overrides": [f'data.path="{trials.as_posix()}"', "training.stage.all.epochs=3",
                      f'run.folder="{run.as_posix()}"'],
        "resume": True,
    }  # fmt: skip
    jobs.train(payload, Heard())
    evaluation = json.loads((run / "evaluation.json").read_text())
    assert evaluation["confusion"] == expected[1]["confusion"]
    assert evaluation["loss"] == expected[1]["loss"]


def test_what_would_be_read_otherwise_is_refused(trials: Path, whole: Path, tmp_path: Path) -> None:
    changed = "preprocessing.picture.frame_position=0.25"
    with pytest.raises(UsageError, match=r"frame_position is 0\.5 there, not 0\.25") as refused:
        trained(tmp_path / "run", whole, NETWORK, changed)
    assert f"--network {NETWORK} --out FOLDER --set '{changed}'" in refused.value.remedy
    assert str(trials) in refused.value.remedy
    with pytest.raises(UsageError, match=r"there is no clip input"):
        trained(tmp_path / "run", whole, "amfi-net")
    assert not (tmp_path / "run").exists()


# ---- going on


def test_every_torn_end_is_mended(trials: Path, whole: Path, tmp_path: Path) -> None:
    """A power cut leaves an index and data of any length, data at least as far as the index."""
    content = files(whole)
    expected = read_all(Cache(whole))
    entries = list(Cache(whole).entries.values())
    about = json.dumps({**json.loads(content[ABOUT]), "finished": None}).encode()
    ends = np.cumsum([len(line) for line in content[INDEX].splitlines(keepends=True)])
    rng = np.random.default_rng(0)
    for number, cut in enumerate([0, 1, *(ends[[2, 6]] - 1), *ends[[0, 4]], *(ends[[7, 11]] + 3)]):
        kept = int((ends <= cut).sum())
        least = max((one.at + one.size for one in entries[:kept]), default=0)
        torn = content[DATA][:least] + rng.bytes(int(rng.integers(5000)))
        out = put(tmp_path / str(number), {ABOUT: about, INDEX: content[INDEX][:cut], DATA: torn})
        with pytest.raises(DataError, match="not finished"):
            collect(out)
        told = prepared(trials, out)
        assert (told["kept"], told["read"]) == (kept, 12 - kept)
        assert read_all(Cache(out)) == expected
        assert told["unused_bytes"] == 0


KILLED = """
    import os, signal, sys
    sys.path.insert(0, {tests!r})
    from harstudio.learning import jobs
    from harstudio.learning.prepared import cache_writing
    from job_context import Heard
    cache_writing.SAFE_EVERY_S = 0
    real, count = cache_writing.os.fsync, 0
    def fsync(number):
        global count
        count += 1
        if count == {at}:
            os.kill(os.getpid(), signal.SIGKILL)
        real(number)
    cache_writing.os.fsync = fsync
    payload = {{"config": {{"data": {{"path": {data!r}}}, "network": {{"name": {network!r}}}}},
               "out": {out!r}}}
    jobs.prepare_data(payload, Heard())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL there")
def test_killed_it_goes_on(trials: Path, whole: Path, tmp_path: Path) -> None:
    """SIGKILL between the bytes of a record and its line; the lock of the dead is no hindrance."""
    out = tmp_path / "cache"
    tests = str(Path(__file__).parents[2])
    script = textwrap.dedent(KILLED).format(
        tests=tests, data=str(trials), network=NETWORK, out=str(out), at=11
    )
    ended = subprocess.run([sys.executable, "-c", script], timeout=60, check=False)
    assert ended.returncode == -signal.SIGKILL
    assert (out / LOCK).exists()
    before = files(out)
    told = prepared(trials, out)
    assert 2 <= told["kept"] < 12
    assert told["kept"] + told["read"] == 12
    assert read_all(Cache(out)) == read_all(Cache(whole))
    assert files(out)[INDEX].startswith(before[INDEX])
    assert not (out / LOCK).exists()


def test_stopped_it_goes_on(trials: Path, whole: Path, tmp_path: Path) -> None:
    out = tmp_path / "cache"
    told = prepared(trials, out, stop_at=20)
    assert told["state"] == "stopped"
    assert 0 < told["read"] < 12
    again = prepared(trials, out)
    assert (again["state"], again["kept"]) == ("finished", told["read"])
    assert read_all(Cache(out)) == read_all(Cache(whole))
    done = prepared(trials, out)
    assert (done["kept"], done["read"]) == (12, 0)


def test_clips_that_cannot_be_read(trials: Path, tmp_path: Path) -> None:
    """They are told as without preparing, and tried again."""
    data, out = tmp_path / "data", tmp_path / "cache"
    shutil.copytree(trials, data)
    (data / "Skeleton" / f"{TRIALS[4]}_skeleton.mat").unlink()
    skeleton = data / "Skeleton" / f"{TRIALS[5]}_skeleton.mat"
    scipy.io.savemat(skeleton, {"d_skel": np.full((20, 3, 11), np.nan)})
    told = prepared(data, out)
    assert told["clips"] == 11  # one lacks its skeleton
    assert (told["failed"], len(told["problems"])) == (1, 1)
    assert TRIALS[5] in told["problems"][0]
    dataset, cache = collect(out), Cache(out)
    samples = dataset.with_kinds(("skeleton", "depth")).samples
    loaders = [
        Loader(samples, cache.preprocessing, 4, threads=0, cache=one) for one in (None, cache)
    ]
    batches = [[one.indices for one in loader.batches()] for loader in loaders]
    assert batches[0] == batches[1]
    assert loaders[0].problems == loaders[1].problems == tuple(told["problems"])
    write_trial(data, TRIALS[5], frames=11)
    again = prepared(data, out)
    assert (again["kept"], again["read"], again["failed"]) == (10, 1, 0)


def test_changed_recordings_are_told_and_read_again(trials: Path, tmp_path: Path) -> None:
    data, out = tmp_path / "data", tmp_path / "cache"
    shutil.copytree(trials, data)
    prepared(data, out)
    before = read_all(Cache(out))
    assert collect(out).problems == ()
    write_trial(data, TRIALS[7], frames=40)
    problem = collect(out).problems[0]
    assert problem.startswith("1 of 12 recordings have changed since they were prepared: ")
    assert TRIALS[7] in problem
    write_trial(data, "a3_s5_t1", frames=9)
    told = prepared(data, out)
    assert (told["kept"], told["read"], told["clips"]) == (11, 2, 13)
    assert told["unused_bytes"] > 0
    dataset = collect(out)
    assert dataset.problems == ()
    place = next(k for k, one in enumerate(dataset.samples) if one.recording == TRIALS[7])
    after = read_all(Cache(out))
    assert after[place] != before[place]
    direct = collect(data)
    assert direct.samples == dataset.samples


# ---- what goes wrong


def test_damage_is_told(whole: Path, tmp_path: Path) -> None:
    content = files(whole)
    about = json.loads(content[ABOUT])

    def broken(name: str, data: bytes) -> Path:
        out = tmp_path / "broken"
        shutil.rmtree(out, ignore_errors=True)
        return put(out, {**content, name: data})

    def refused(out: Path, words: str) -> None:
        with pytest.raises(DataError, match=words) as told:
            collect(out)
        assert told.value.path is not None
        assert told.value.path.is_relative_to(out)
        assert told.value.remedy

    for wrong in (b"", b"{", b"[]", b"\xff\xfe", b'{"version": 1}', b"[" * 100_000):
        refused(broken(ABOUT, wrong), "damaged|kept otherwise|keeps them otherwise")
    for key in ("source", "dataset", "preprocessing", "finished"):
        refused(broken(ABOUT, json.dumps({**about, key: 7.5}).encode()), "damaged")
    samples = [{"path": "x"}]
    lame = {**about, "dataset": {**about["dataset"], "samples": samples}}
    refused(broken(ABOUT, json.dumps(lame).encode()), "damaged")
    newer = {**about, "version": 99, "made_by": "9.9"}
    refused(broken(ABOUT, json.dumps(newer).encode()), "by HARStudio 9.9")
    layout = {**about["layout"], "Still": [*about["layout"]["Still"], "mask"]}
    refused(broken(ABOUT, json.dumps({**about, "layout": layout}).encode()), "otherwise")
    refused(broken(INDEX, content[INDEX][:-5]), "cut off")
    refused(broken(INDEX, b"\x00" * 50 + content[INDEX]), "cut off")
    refused(broken(DATA, content[DATA][:-1]), "cut off")
    data = bytearray(content[DATA])
    entry = list(Cache(whole).entries.values())[3]
    data[entry.at + entry.size - 7] ^= 1
    cache = Cache(broken(DATA, bytes(data)))
    samples_of = collect(cache.path).samples
    failed = []
    for sample in samples_of:
        try:
            cache.raw(sample, {})
        except DataError as error:
            failed.append(str(error))
    assert len(failed) == 1
    assert "damaged" in failed[0]
    assert DATA in failed[0]


def test_only_what_belongs_together(trials: Path, whole: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    write_trial(other, "a1_s1_t1")
    write_trial(other, "a2_s1_t1")
    before = files(whole)
    with pytest.raises(ConflictError, match=r"other prepared data.*made of"):
        prepared(other, whole)
    with pytest.raises(ConflictError, match="There is no picture input picture"):
        prepared(trials, whole, network="st-gcn")
    with pytest.raises(ConflictError, match=r"frame_position is 0\.5 there, not 0\.1"):
        prepared(trials, whole, "preprocessing.picture.frame_position=0.1")
    with pytest.raises(ConflictError, match="something else"):
        prepared(trials, other)
    with pytest.raises(UsageError, match="are prepared"):
        prepared(whole, tmp_path / "twice")
    with pytest.raises(UsageError, match=r"training\.seed=3 changes nothing"):
        prepared(trials, tmp_path / "x", "training.seed=3")
    assert files(whole) == before
    assert not is_cache(other)


def test_one_at_a_time(trials: Path, tmp_path: Path) -> None:
    """A second preparation of the same folder is refused while one is at work."""
    out = tmp_path / "cache"
    seen: list[HarstudioError] = []

    def at_pause() -> None:
        if is_cache(out) and not seen:
            with pytest.raises(ConflictError) as refused:
                prepared(trials, out)
            seen.append(refused.value)

    told = prepared(trials, out, at_pause=at_pause)
    assert told["state"] == "finished"
    assert "preparing data here" in str(seen[0])


def test_where_nothing_can_be_written(trials: Path, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    with pytest.raises(ConflictError, match="This is a file"):
        prepared(trials, file)
    with pytest.raises(DataError, match="cannot be written"):
        prepared(trials, file / "below")


def test_a_full_disk(trials: Path, whole: Path, tmp_path: Path) -> None:
    """What fits stays; with room the same command goes on."""
    resource = pytest.importorskip("resource", reason="no limits of files there")
    out = tmp_path / "cache"
    size = (whole / DATA).stat().st_size
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size // 2, limits[1]))
    try:
        with pytest.raises(DataError, match="cannot be written: File too large") as told:
            prepared(trials, out)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "Make room" in told.value.remedy
    assert not (out / LOCK).exists()
    again = prepared(trials, out)
    assert again["state"] == "finished"
    assert read_all(Cache(out)) == read_all(Cache(whole))


# ---- the command


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def command(*arguments: str | Path) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main([*map(str, arguments), "--threads", "1"])
        captured = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return ended.value.code, captured.out, captured.err

    return command


def test_the_command(
    command: Callable[..., tuple[int, str, str]], trials: Path, tmp_path: Path
) -> None:
    out = tmp_path / "cache"
    status, text, error = command("prepare", trials, "--network", "st-gcn", "--out", out)
    assert (status, error) == (0, "")
    lines = text.splitlines()
    assert lines[0].startswith(f"12 of 12 clips are in {out} (")
    assert lines[1].startswith("A clip takes ")
    assert lines[2].endswith("0 were there.")
    assert lines[3] == f'Train with data.path = "{out}".'
    status, text, _ = command("prepare", trials, "--network", "st-gcn", "--out", out, "--json")
    told = json.loads(text)
    assert (status, told["kept"], told["read"], told["network"]) == (0, 12, 0, "st-gcn")
    status, _, error = command("prepare", trials, "--out", out)
    assert status == 2
    assert "--network" in error
    status, text, _ = command("prepare", "demo", "--network", "st-gcn", "--out", tmp_path / "demo")
    assert (status, text[:15]) == (0, "25 of 25 clips ")


def test_the_command_takes_a_config(
    command: Callable[..., tuple[int, str, str]], trials: Path, tiny: str, tmp_path: Path
) -> None:
    config = tmp_path / "c.toml"
    config.write_text(
        f'[data]\npath = "{trials.as_posix()}"\n[network]\nname = "{tiny}"\n'
        '[training]\nepochs = 1\n[run]\nfolder = "run"\n'
    )
    out = tmp_path / "cache"
    assert command("prepare", config, "--out", out)[0] == 0
    status, text, _ = command("train", config, "--set", f"data.path={out}")
    assert status == 0
    assert "Test: " in text
