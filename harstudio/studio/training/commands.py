"""The commands of the Train workspace, as one list."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from harstudio.studio.commands import Command

if TYPE_CHECKING:
    from harstudio.studio.training.service import Training
    from harstudio.studio.window import MainWindow


def train_commands(window: MainWindow, training: Training) -> list[Command]:
    """In the order of the menu."""
    asking = window.asking

    def evaluate() -> None:
        window.set_workspace("view.train")
        if window.train_page is not None:
            window.train_page.evaluate()

    def compare() -> None:
        window.set_workspace("view.train")
        if window.train_page is not None:
            window.train_page.compare()

    def can_recognise() -> bool:
        return window.has_recording() and training.can_evaluate()

    def recognise() -> None:
        if training.chosen is not None:
            window.set_workspace("view.review")
            window.recognising.recognise(training.chosen)

    def reason() -> str:
        return "" if training.is_chosen() else "Choose a run in Train first."

    commands = [
        Command("train.new", "New run…", asking.new_run, "Train", "plus", ("Ctrl+N",)),
        Command("train.open", "Open run…", asking.run, "Train", "folder-open"),
        Command("train.pause", "Pause or go on", training.toggle_pause, "Train", "pause", (),
                training.can_pause, training.is_paused),
        Command("train.stop", "Stop and keep the state", training.stop, "Train", "stop", (),
                training.can_stop),
        Command("train.resume", "Resume run", training.resume, "Train", "play", (),
                training.can_resume),
        Command("train.evaluate", "Evaluate", evaluate, "Train", "chart", (),
                training.can_evaluate),
        Command("train.compare", "Compare the chosen runs", compare, "Train", "chart", (),
                training.can_compare),
        Command("train.recognise", "Recognise the open recording with this run", recognise, "Train",
                "recognise", (), can_recognise),
        Command("train.copy_command", "Copy command", training.copy_command, "Train", "command",
                (), training.is_chosen),
        Command("train.open_folder", "Open the run's folder", training.open_folder, "Train",
                "folder", (), training.is_chosen),
        Command("view.jobs", "Jobs", window.toggle_jobs, "Train", "jobs", ("Ctrl+J",)),
    ]  # fmt: skip
    return [replace(one, why=reason) for one in commands]
