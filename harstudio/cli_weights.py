"""``harstudio weights``: those that come with the program, published ones, and to pass on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from harstudio import cli_output
from harstudio.cli_jobs import run_job
from harstudio.cli_options import AsJson, RunArgument
from harstudio.errors import HarstudioError, UsageError
from harstudio.runs.folder import RunFolder

LARGEST_CLASSES = 1 << 20  # bytes of a list of names

app = typer.Typer(
    help="Weights that come with the program, that others published, or to pass on.",
    no_args_is_help=True,
)


@app.command("import")
def import_weights(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A .pth or .safetensors file.")],
    network: Annotated[str, typer.Option(metavar="NAME", help="The network that takes them.")],
    out: Annotated[Path, typer.Option(metavar="RUN", help="A new run folder, or an imported one.")],
    classes: Annotated[
        Path | None, typer.Option(metavar="TXT", help="Names of the classes, one a line.")
    ] = None,
    topology: Annotated[str, typer.Option(help="The joints; else those of the paper.")] = "",
    part: Annotated[
        str, typer.Option(help="Only this part of the network; else all that fit.")
    ] = "",
    change: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="An option of the network."),
    ] = None,
    json: AsJson = False,
) -> None:
    """Put published weights into a run folder, every tensor of the file accounted for."""
    from harstudio.runs.config import parse_options  # only needed here: help answers at once

    cli_output.must_exist(file)
    names: list[str] = []
    if classes is not None:
        cli_output.must_exist(classes)
        names = read_classes(classes)
    told = run_job(
        "harstudio.learning.jobs:import_weights",
        {
            "file": str(file.absolute()),
            "network": network,
            "out": str(out.absolute()),
            "classes": names,
            "topology": topology,
            "options": parse_options(change or ()),
            "part": part,
        },
        title="Importing",
    )
    if json:
        cli_output.print_json(told)
        return
    line = cli_output.print_line
    line(f"{told['format']}: {told['loaded']} tensors into {' and '.join(told['parts'])}")
    for name, why in told["left_out"].items():
        line(f"left out  {name}: {why}")
    random = Counter(name.rpartition(".")[0] for name in told["left_at_random"])
    if random:
        line(f"at random {sum(random.values())} weights of {', '.join(shortened(random))}")
    line(f"Saved in {told['run']}; train from it with training.start.")


def read_classes(path: Path) -> list[str]:
    """Names of classes, one a line; UsageError where there are none, or one twice."""
    with path.open("rb") as file:
        text = file.read(LARGEST_CLASSES + 1)
    try:
        names = [line.strip() for line in text.decode("utf-8").splitlines() if line.strip()]
    except UnicodeDecodeError:
        names = []
    if not names or len(text) > LARGEST_CLASSES:
        raise UsageError("It holds no names of classes.", path=path, remedy="Write one a line.")
    twice = next((name for name, count in Counter(names).items() if count > 1), None)
    if twice is not None:
        raise UsageError(f"The class {twice} is named twice.", path=path)
    return names


def shortened(names: Iterable[str], most: int = 8) -> list[str]:
    """The first parts of dotted names, each once; at most so many."""
    parts = list(dict.fromkeys(".".join(name.split(".")[:2]) for name in names))
    return [*parts[:most], "..."] if len(parts) > most else parts


@app.command("list")
def list_weights(json: AsJson = False) -> None:
    """List the weights that come with the program: RUN may be one of their names."""
    from harstudio.runs.bundled import bundled_runs  # as above

    found = []
    for name, folder in bundled_runs().items():
        try:
            found.append(describe(name, folder))
        except HarstudioError as error:
            cli_output.complain(str(error))
    if json:
        cli_output.print_json(found)
        return
    for one in found:
        low, high = one["ci95"]
        cli_output.print_line(f"{one['name']}: {one['title']}")
        cli_output.print_line(
            f"  sees {' + '.join(one['modalities'])}; {len(one['classes'])} classes; "
            f"{one['top1']:.1%} of {one['clips']} clips right ({low:.1%} to {high:.1%}); "
            f"{one['bytes'] / 1e6:.1f} MB"
        )
        for source in one["serves"]:
            cli_output.print_line(f"  serves {source}")
        cli_output.print_line(f"  card: {one['card']}")


def describe(name: str, folder: Path) -> dict[str, Any]:
    """One set of bundled weights as builtins; HarstudioError where a file of it is damaged."""
    from harstudio.runs.about import ABOUT, load_about  # as above
    from harstudio.runs.config import load
    from harstudio.runs.reading import read_data

    run, about = RunFolder(folder), load_about(folder / ABOUT)
    config, data = load(run.config), read_data(folder) or {}
    return {
        "name": name,
        "network": config.network.name,
        "modalities": list(config.data.modalities),
        "classes": data.get("classes", []),
        "topology": data.get("topology", ""),
        "protocol": config.data.protocol,
        "seed": config.training.seed,
        "bytes": sum(one.stat().st_size for one in folder.rglob("*") if one.is_file()),
        "card": str(run.card),
        **about.model_dump(mode="json"),
    }


@app.command("pack")
def pack(
    run: RunArgument,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A new folder; its name is theirs.")],
    about: Annotated[
        Path, typer.Option(metavar="TOML", help="What the card shall say of data, terms, figures.")
    ],
    json: AsJson = False,
) -> None:
    """Make a run small enough to pass on: float16 weights with a card."""
    from harstudio.runs.bundled import find_run  # as above

    payload = {
        "run": str(find_run(run)),
        "out": str(out.absolute()),
        "about": str(about.absolute()),
    }
    told = run_job("harstudio.learning.jobs:pack_weights", payload, title="Packing")
    if json:
        cli_output.print_json(told)
        return
    cli_output.print_line(
        f"{told['run']}: {told['bytes'] / 1e6:.1f} MB, weights changed by "
        f"{told['largest_change']:.2%} of their largest at most"
    )
