"""Published weights into runs: every tensor accounted for, nothing unsafe, nothing lost."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor
from typer.testing import CliRunner

from harstudio.cli import app
from harstudio.cli_weights import read_classes
from harstudio.errors import ConflictError, DataError, MissingError, UsageError
from harstudio.learning.devices import Device
from harstudio.learning.evaluating.testing import evaluate_run
from harstudio.learning.preprocessing import Preprocessing
from harstudio.learning.stages import plan_training
from harstudio.learning.weights.checkpoints import load_network
from harstudio.learning.weights.importing import import_weights, read_imported
from harstudio.learning.weights.published import read_published
from harstudio.learning.weights.starting import start_from, start_tables
from harstudio.networks import create_network, network_card
from harstudio.recognition.trained import load_run
from harstudio.runs.config import parse
from job_context import Heard
from trained_runs import write_run
from trials import write_trial

# What the files of each published code hold: (network here, its part, how the names are wrapped).
PUBLISHED = {
    "torchvision ResNet": ("resnet18", "fc."),
    "3D-ResNets": ("resnet3d-18", "fc."),
    "pytorch-i3d": ("i3d", "logits."),
    "Cadene Xception": ("xception", "last_linear."),
    "ST-GCN": ("st-gcn", "fcn."),
    "2s-AGCN": ("agcn", "fc."),
    "HCN": ("hcn", "fc8."),
}
CPU = Device(torch.device("cpu"), "CPU")
KNOWN_BY = {"fc.": "fc.weight", "logits.": "logits.conv3d.weight"}


def published(title: str, classes: int = 4) -> dict[str, Tensor]:
    """A state as the published code would save it, with values that tell them apart."""
    name, classifier = PUBLISHED[title]
    torch.manual_seed(5)
    network = create_network(name, classes)
    for _, module in network.named_modules():
        state = module.state_dict()
        first = KNOWN_BY.get(classifier, f"{classifier}weight")
        if first in state and any(key.partition(".")[0] != classifier[:-1] for key in state):
            return {key: value.clone() for key, value in state.items()}
    raise AssertionError(title)


@pytest.mark.parametrize("title", PUBLISHED)
def test_every_tensor_of_a_published_file_has_its_place(title: str, tmp_path: Path) -> None:
    name, _ = PUBLISHED[title]
    state = published(title)
    file = tmp_path / "weights.pth"
    wrapped = {f"module.{key}": value for key, value in state.items()}
    torch.save({"epoch": 3, "arch": "x", "state_dict": wrapped}, file)
    told = import_weights(file, name, tmp_path / "run")
    assert told["format"] == title
    assert told["loaded"] == len(state)
    assert not told["left_out"]
    assert not told["left_at_random"]
    network = load_network(tmp_path / "run" / "checkpoints" / "last.safetensors")
    assert network.num_classes == 4
    (part,) = told["parts"]
    for key, value in network.get_submodule(part).state_dict().items():
        assert torch.equal(value, state[key]), key
    trained = load_run(tmp_path / "run")
    assert trained.classes == ("class 1", "class 2", "class 3", "class 4")


def test_a_classifier_of_other_classes_is_left_out_and_told(tmp_path: Path) -> None:
    file = tmp_path / "resnet18.safetensors"
    save_file(published("torchvision ResNet", 1000), file)
    told = import_weights(file, "resnet18", tmp_path / "run", classes=["wave", "clap"])
    assert set(told["left_out"]) == {"fc.weight", "fc.bias"}
    assert set(told["left_out"].values()) == {"the classifier is of 1000 classes"}
    assert {name.rpartition(".")[2] for name in told["left_at_random"]} == {"weight", "bias"}
    assert len(told["left_at_random"]) == 2
    tables = Preprocessing.load(tmp_path / "run" / "preprocessing.json").to_dict()["inputs"]
    assert tables["picture"]["mean"] == [0.485, 0.456, 0.406]


def test_a_fusion_network_gets_a_file_into_every_stream_and_a_second_beside(tmp_path: Path) -> None:
    save_file(published("torchvision ResNet", 10), tmp_path / "resnet.safetensors")
    run, classes = tmp_path / "run", ["a", "b", "c"]
    told = import_weights(tmp_path / "resnet.safetensors", "m-mixer", run, classes=classes)
    assert len(told["parts"]) == 2  # colour and depth
    assert told["left_at_random"]
    save_file(published("2s-AGCN", 3), tmp_path / "agcn.safetensors")
    with pytest.raises(ConflictError, match="of m-mixer, not 2s-agcn"):
        import_weights(tmp_path / "agcn.safetensors", "2s-agcn", run)
    both = tmp_path / "both"
    joint = import_weights(tmp_path / "agcn.safetensors", "2s-agcn", both, part="joint")
    assert joint["parts"] == ["joint"]
    assert all(name.startswith("bone") for name in joint["left_at_random"])
    bone = import_weights(tmp_path / "agcn.safetensors", "2s-agcn", both, part="bone")
    assert not bone["left_at_random"] or all("bone" not in n for n in bone["left_at_random"])
    assert [one["parts"] for one in read_imported(both)["files"]] == [["joint"], ["bone"]]


def test_i3d_gets_what_it_was_trained_on(tmp_path: Path) -> None:
    """Its Kinetics weights were learned on values from -1 to 1."""
    save_file(published("pytorch-i3d"), tmp_path / "rgb.safetensors")
    import_weights(tmp_path / "rgb.safetensors", "i3d", tmp_path / "run")
    tables = Preprocessing.load(tmp_path / "run" / "preprocessing.json").to_dict()["inputs"]
    assert tables["clip"]["mean"] == [0.5, 0.5, 0.5]
    assert tables["clip"]["std"] == [0.5, 0.5, 0.5]
    assert start_tables(tmp_path / "run") == {"clip": {"mean": [0.5] * 3, "std": [0.5] * 3}}


def test_an_old_xception_keeps_its_pointwise_weights_as_matrices(tmp_path: Path) -> None:
    state = published("Cadene Xception")
    old = {key.replace("last_linear.", "fc."): value for key, value in state.items()}
    old = {k: v[:, :, 0, 0].clone() if "pointwise" in k else v for k, v in old.items()}
    save_file(old, tmp_path / "old.safetensors")
    form, weights = read_published(tmp_path / "old.safetensors")
    assert form.title == "Cadene Xception"
    assert weights.keys() == state.keys()
    assert all(torch.equal(weights[key], value) for key, value in state.items())


def _other_graph(state: dict[str, Tensor]) -> None:
    state["A"] = state["A"].flip(1)


def _lacking(state: dict[str, Tensor]) -> None:
    del state["st_gcn_networks.3.tcn.2.weight"]


def _more(state: dict[str, Tensor]) -> None:
    state["st_gcn_networks.99.tcn.2.weight"] = torch.zeros(3)


def _shape(state: dict[str, Tensor]) -> None:
    state["data_bn.weight"] = torch.zeros(54)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (_other_graph, "joints are linked in another way"),
        (_lacking, "The file lacks st_gcn_networks.3.tcn.2.weight"),
        (_more, "has no st_gcn_networks.99.tcn.2.weight"),
        (_shape, r"data_bn.weight of skeleton is \(54,\), not \(75,\)"),
    ],
)
def test_what_does_not_fit_is_named_and_nothing_is_written(
    change: Any, says: str, tmp_path: Path
) -> None:
    state = published("ST-GCN")
    change(state)
    save_file(state, tmp_path / "w.safetensors")
    with pytest.raises(DataError, match=says) as told:
        import_weights(tmp_path / "w.safetensors", "st-gcn", tmp_path / "run")
    assert told.value.path == tmp_path / "w.safetensors"
    assert not (tmp_path / "run").exists()


def test_files_of_strangers(tmp_path: Path) -> None:
    with pytest.raises(MissingError):
        read_published(tmp_path / "none.pth")
    whole = tmp_path / "network.pth"
    torch.save(torch.nn.Linear(2, 2), whole)  # a pickled object runs code
    with pytest.raises(DataError, match="damaged, or holds code"):
        read_published(whole)
    torch.save({"a.weight": torch.zeros(2), "b": torch.zeros(1)}, whole)
    with pytest.raises(DataError, match="not known which network"):
        read_published(whole)
    for content in (b"", b"PK\x03\x04" + bytes(99), b"\x80\x02cos\nsystem\n"):
        (tmp_path / "bad.safetensors").write_bytes(content)
        (tmp_path / "bad.pth").write_bytes(content)
        for name in ("bad.safetensors", "bad.pth"):
            with pytest.raises(DataError):
                read_published(tmp_path / name)


def test_a_folder_with_something_else_stays_as_it_is(tmp_path: Path) -> None:
    save_file(published("ST-GCN"), tmp_path / "w.safetensors")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "thesis.tex").write_text("x")
    with pytest.raises(ConflictError, match="something else"):
        import_weights(tmp_path / "w.safetensors", "st-gcn", tmp_path / "run")
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["thesis.tex"]
    state = {k: v for k, v in published("ST-GCN").items() if not k.startswith("fcn.")}
    save_file(state, tmp_path / "w.safetensors")
    with pytest.raises(UsageError, match="no classifier"):
        import_weights(tmp_path / "w.safetensors", "st-gcn", tmp_path / "new")


def test_a_training_starts_from_what_was_imported_only(tmp_path: Path) -> None:
    state = published("ST-GCN", 60)
    save_file(state, tmp_path / "w.safetensors")
    import_weights(tmp_path / "w.safetensors", "st-gcn", tmp_path / "run", classes=["a", "b"])
    torch.manual_seed(1)
    network = create_network("st-gcn", 7)
    head = network.get_parameter("skeleton.fcn.weight").clone()
    told = start_from(network, tmp_path / "run")
    assert "weights start from" in told
    assert torch.equal(network.get_parameter("skeleton.fcn.weight"), head)
    key = "st_gcn_networks.0.gcn.conv.weight"
    assert torch.equal(network.get_parameter(f"skeleton.{key}"), state[key])
    with pytest.raises(DataError, match="Nothing of it fits resnet18"):
        start_from(create_network("resnet18", 7), tmp_path / "run")
    with pytest.raises(MissingError, match="no weights to start from"):
        start_from(network, tmp_path / "nothing")


@pytest.mark.parametrize(
    ("part", "rate", "warned"),
    [("skeleton", 0.1, True), ("skeleton", 0.01, False), ("clip", 0.1, False)],
)
def test_a_rate_that_is_too_high_for_trained_weights_is_told(
    tmp_path: Path, part: str, rate: float, warned: bool
) -> None:
    save_file(published("ST-GCN", 60), tmp_path / "w.safetensors")
    import_weights(tmp_path / "w.safetensors", "st-gcn", tmp_path / "run")
    network = create_network("st-gcn", 7)
    recipe = replace(network.card.recipe, started_rates={part: 0.01})
    network.card = replace(network.card, recipe=recipe)
    tables = {
        "data": {"path": "d"},
        "network": {"name": "st-gcn"},
        "training": {"learning_rate": rate},
    }
    plan = plan_training(parse(tables, base=tmp_path), network.card)
    told = start_from(network, tmp_path / "run", plan.stages)
    assert ("set training.learning_rate=0.01" in told) is warned
    assert ("Warning: stage joints trains skeleton at a rate of 0.1" in told) is warned
    assert network_card("cc-dfarm").recipe.started_rates == {"clip": 0.01}


def test_a_part_of_another_network_is_found_where_it_stands_here(tmp_path: Path) -> None:
    """A graph network that was trained alone becomes a stream of a late fusion, and back."""
    write_run(tmp_path / "graph", "ctr-gcn")
    alone = load_network(tmp_path / "graph" / "checkpoints" / "best.safetensors")
    options = {"modalities": "skeleton+inertial", "skeleton_backbone": "ctr-gcn"}
    network = create_network("late-score", 3, alone.topology, **options)
    before = network.get_submodule("inertial").state_dict()
    before = {name: value.clone() for name, value in before.items()}
    told = start_from(network, tmp_path / "graph")
    assert told.endswith("(skeleton).")
    own = network.get_submodule("skeleton").state_dict()
    theirs = alone.get_submodule("skeleton").state_dict()
    for name, value in theirs.items():
        if not name.startswith("fc."):  # the late fusion has a classifier of its own
            assert torch.equal(own[f"backbone.{name}"], value), name
    for name, value in network.get_submodule("inertial").state_dict().items():
        assert torch.equal(before[name], value)


def test_a_file_with_what_is_no_number_is_refused(tmp_path: Path) -> None:
    state = published("ST-GCN")
    state["st_gcn_networks.2.tcn.0.weight"][3] = torch.nan
    save_file(state, tmp_path / "w.safetensors")
    with pytest.raises(
        DataError, match=r"st_gcn_networks\.2\.tcn\.0\.weight holds what is no number"
    ):
        read_published(tmp_path / "w.safetensors")


def test_imported_weights_are_evaluated_on_data_that_are_named(tmp_path: Path) -> None:
    state = published("HCN", 2)
    state["conv3.0.weight"] = torch.randn(32, 20, 3, 3)
    state["conv3m.0.weight"] = torch.randn(32, 20, 3, 3)
    save_file(state, tmp_path / "w.safetensors")
    names = ["right arm swipe to the left", "right arm swipe to the right"]
    import_weights(
        tmp_path / "w.safetensors", "hcn", tmp_path / "run", classes=names,
        topology="utd_mhad_20", options={"dropout": 0.25},
    )  # fmt: skip
    text = (tmp_path / "run" / "config.toml").read_text()
    assert "dropout = 0.25" in text
    with pytest.raises(UsageError, match=r"imported\. Name labelled data with --data"):
        evaluate_run(tmp_path / "run", Heard(), CPU)
    (tmp_path / "data").mkdir()
    write_trial(tmp_path / "data", "a1_s1_t1")
    write_trial(tmp_path / "data", "a2_s1_t1")
    document = evaluate_run(tmp_path / "run", Heard(), CPU, data=tmp_path / "data")
    assert document["clips"] == 2
    assert list(document["per_class"]) == names


def test_the_command(tmp_path: Path) -> None:
    save_file(published("ST-GCN", 60), tmp_path / "w.safetensors")
    (tmp_path / "classes.txt").write_text("wave\nclap\n")
    arguments = ["weights", "import", str(tmp_path / "w.safetensors"), "--network", "st-gcn"]
    arguments += ["--out", str(tmp_path / "run"), "--classes", str(tmp_path / "classes.txt")]
    done = CliRunner().invoke(app, [*arguments, "--json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["parts"] == ["skeleton"]
    assert sorted(told["left_out"]) == ["fcn.bias", "fcn.weight"]
    assert load_run(tmp_path / "run").classes == ("wave", "clap")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "holds no names"),
        (b"\n \n", "holds no names"),
        (b"\xff\xfe\x00", "holds no names"),
        (b"wave\nclap\nwave\n", "class wave is named twice"),
    ],
)
def test_a_list_of_classes_that_is_none(content: bytes, says: str, tmp_path: Path) -> None:
    (tmp_path / "classes.txt").write_bytes(content)
    with pytest.raises(UsageError, match=says):
        read_classes(tmp_path / "classes.txt")
