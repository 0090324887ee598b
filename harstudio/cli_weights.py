"""``harstudio weights list`` and ``weights pack``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harstudio import cli_output
from harstudio.cli_jobs import run_job
from harstudio.errors import HarstudioError
from harstudio.runs.about import ABOUT, load_about
from harstudio.runs.bundled import bundled_runs, find_run
from harstudio.runs.config import load
from harstudio.runs.folder import RunFolder
from harstudio.runs.reading import read_data


def list_weights(*, json: bool) -> None:
    """Print the bundled weights; what is damaged is complained about and left out."""
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


def pack(run: Path, out: Path, about: Path, *, json: bool) -> None:
    """Run the job and print how large it became."""
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
