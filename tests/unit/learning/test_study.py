"""harstudio study: cells are ordinary runs, trained once, compared by seed and fold."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harstudio.cli import main
from harstudio.errors import ConflictError, UsageError
from harstudio.jobs.context import Stopped
from harstudio.learning import study as studies
from harstudio.learning.jobs import study
from harstudio.runs.config import parse
from harstudio.runs.reading import read_status
from harstudio.runs.study import read_study
from job_context import Heard

Write = Callable[..., Path]


@pytest.fixture
def write(small: Path, tiny: str, tmp_path: Path) -> Write:
    """Writes a study of the tiny network; two variants, two seeds unless said otherwise."""

    def write(head: str = "seeds = [0, 1]", variants: str | None = None) -> Path:
        text = f"""
            [study]
            folder = "cells"
            {head}
            [base.data]
            path = "{small.as_posix()}"
            validation_subjects = 0
            [base.network]
            name = "{tiny}"
            [base.training]
            epochs = 1
            stages = ["all"]
            """
        usual = """
            [[variant]]
            name = "as it is"
            [[variant]]
            name = "no dropout"
            set = { "network.dropout" = 0.0 }
            """
        path = tmp_path / "study.toml"
        path.write_text(text + (usual if variants is None else variants), "utf-8")
        return path

    return write


def run(path: Path, resume: bool = False, context: Heard | None = None) -> dict[str, Any]:
    return study({"path": str(path), "resume": resume}, context or Heard())


def test_every_cell_is_a_run_and_variants_are_compared(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[object] = []
    real = studies.gather
    monkeypatch.setattr(studies, "gather", lambda *args: (looked.append(args), real(*args))[1])
    head = 'seeds = [0, 1]\nprotocols = ["kfold:2"]'
    document = run(write(head))
    assert len(looked) == 1
    assert document["state"] == "finished"
    assert json.loads((tmp_path / "cells" / "study.json").read_text("utf-8")) == document
    cells = document["cells"]
    assert len(cells) == 2 * 2 * 2
    for cell in cells:
        assert read_status(Path(cell["run"]))["state"] == "finished"  # type: ignore[index]
        assert 0 <= cell["top1"] <= 1
    assert {Path(cell["run"]).relative_to(tmp_path / "cells").as_posix() for cell in cells} == {
        f"{variant}/{protocol}-s{seed}"
        for variant in ("as-it-is", "no-dropout")
        for protocol in ("kfold-2-0", "kfold-2-1")
        for seed in (0, 1)
    }
    groups = {(one["variant"], one["protocol"]): one for one in document["groups"]}
    folded = groups["no dropout", "kfold:2"]
    assert folded["seeds"] == [0, 1]
    assert folded["folds"] == ["0", "1"]
    assert folded["clips"] == [24, 24]
    own = [one for one in cells if one["variant"] == "no dropout"]
    by_seed = [sum(one["top1"] * 12 for one in own if one["seed"] == seed) / 24 for seed in (0, 1)]
    assert folded["top1"] == pytest.approx(by_seed)
    pairs = [(one["a"], one["b"], one["clips"]) for one in document["pairs"]]
    assert ("as it is, kfold:2, seed 1", "no dropout, kfold:2, seed 1", 24) in pairs
    assert not any("seed 0" in a and "seed 1" in b for a, b, _ in pairs)
    assert document["configs"]["network.dropout"]


def test_what_the_test_part_chose_is_said(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    changed = '[[variant]]\nname = "looks"\nset = { "training.select" = "test" }'
    with pytest.raises(SystemExit):
        main(["study", str(write("seeds = [0]", changed)), "--threads", "1"])
    shown = capsys.readouterr().out
    assert "too good: the mean of looks, cross-subject" in shown
    assert "95 %, clips" in shown


def test_stopped_it_goes_on_where_it_was(write: Write, tmp_path: Path) -> None:
    path = write()
    whole = run(path)
    pairs = [(one["a"], one["b"], one["clips"]) for one in whole["pairs"]]
    assert ("as it is/cross-subject-s1", "no dropout/cross-subject-s1", 12) in pairs
    other = tmp_path / "other.toml"
    other.write_text(path.read_text("utf-8").replace('"cells"', '"again"'), "utf-8")
    since = iter(range(100))

    def within_the_second() -> None:
        if len(context.told("cell")) == 2 and next(since) == 5:
            raise Stopped

    context = Heard(at_pause=within_the_second)
    stopped = run(other, context=context)
    assert stopped["state"] == "stopped"
    states = [cell["state"] for cell in stopped["cells"]]
    assert states == ["finished", "stopped", "waiting", "waiting"]
    first = Path(stopped["cells"][0]["run"], "status.json").read_bytes()
    with pytest.raises(ConflictError, match="--resume"):
        run(other)
    done = run(other, resume=True)
    assert done["state"] == "finished"
    assert Path(done["cells"][0]["run"], "status.json").read_bytes() == first  # not touched
    assert [cell["top1"] for cell in done["cells"]] == [cell["top1"] for cell in whole["cells"]]


def test_what_is_so_of_the_data_is_said_once(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    real = studies.gather
    sentence = "Two clips have no class."

    def gather(*args: Any) -> Any:
        return replace(real(*args), problems=(sentence,))

    monkeypatch.setattr(studies, "gather", gather)
    context = Heard()
    run(write('seeds = [0, 1]\nprotocols = ["test-recordings:a1_s1_t1"]'), context=context)
    assert [line for line in context.lines if sentence in line] == [sentence]
    own = "1 person is learned from and tested."
    assert sum(own in line for line in context.lines) == 4  # of the split, by each cell


def test_one_that_fails_is_told_and_the_rest_goes_on(
    write: Write, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "cells" / "as-it-is" / "cross-subject-s0").mkdir(parents=True)
    (tmp_path / "cells" / "as-it-is" / "cross-subject-s0" / "notes.txt").write_text("mine")
    with pytest.raises(SystemExit) as ended:
        main(["study", str(write("seeds = [0]")), "--json", "--threads", "1"])
    out, err = capsys.readouterr()
    assert ended.value.code == 1
    document = json.loads(out)
    assert [cell["state"] for cell in document["cells"]] == ["failed", "finished"]
    assert "There is something else in this folder." in err
    assert [one["variant"] for one in document["groups"]] == ["no dropout"]


def test_another_config_in_a_finished_cell_is_told(write: Write) -> None:
    run(write("seeds = [0]"))
    changed = '[[variant]]\nname = "as it is"\nset = { network = { dropout = 0.1 } }'
    document = run(write("seeds = [0]", changed), resume=True)
    assert document["state"] == "failed"
    assert "network.dropout is not what this run began with" in document["cells"][0]["reason"]
    longer = '[[variant]]\nname = "as it is"\nset = { "training.epochs" = 2 }'
    document = run(write("seeds = [0]", longer), resume=True)
    assert document["state"] == "finished"
    lines = Path(document["cells"][0]["run"], "metrics.jsonl").read_text("utf-8")
    assert lines.count('"kind": "epoch"') == 2


@pytest.mark.parametrize(
    ("head", "variants", "says"),
    [
        ("seed = [0]", None, "There is no key study.seed."),
        ("seeds = []", None, "study.seeds"),
        ("seeds = [1, 1]", None, "The seed 1 is there twice."),
        ('protocols = ["kfold:2", "cross-objects"]', None, "There is no protocol cross-objects."),
        ('config = "other.toml"', None, "A study has one base."),
        ("", '[[variant]]\nname = "a"\n[[variant]]\nname = "a"', "The variant a is there twice."),
        ("", '[[variant]]\nname = "a"\nset = { "training.seed" = 1 }', "the study's own"),
        ("", '[[variant]]\nname = "a"\nset = { "training.epoch" = 1 }', "no key training.epoch"),
        ("", '[[variant]]\nname = "a"\nset = { "network.drop" = 1 }', "drop"),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_trained(
    write: Write, tmp_path: Path, head: str, variants: str | None, says: str
) -> None:
    with pytest.raises(UsageError) as error:
        run(write(head, variants))
    assert says in str(error.value)
    assert not (tmp_path / "cells").exists()


def test_the_config_may_be_a_file_of_its_own(small: Path, tiny: str, tmp_path: Path) -> None:
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "base.toml").write_text(
        f'[data]\npath = "{small.as_posix()}"\nprotocol = "kfold:2:1"\n[network]\nname = "{tiny}"\n'
    )
    path = tmp_path / "mine.toml"
    path.write_text('[study]\nconfig = "configs/base.toml"\n')
    found = read_study(path)
    assert found.folder == tmp_path / "runs" / "mine"
    assert found.protocols == ("kfold:2:1",)
    (variant,) = found.variants
    config = found.config(variant, "kfold:2:1", 3)
    assert config.training.seed == 3
    assert config.run.folder == str(tmp_path / "runs" / "mine" / "base" / "kfold-2-1-s3")
    same = parse(config.to_dict(), base=tmp_path)
    assert same == config
