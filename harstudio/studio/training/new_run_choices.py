"""Settings of a new run that are one of a few values; the first is what holds where none is
written."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from harstudio.studio.fields import ChoiceBox


class Setting(NamedTuple):
    """values: (what a person reads, what the config has)."""

    title: str
    values: tuple[tuple[str, Any], ...]
    about: str = ""


LACKING = "training.modality_dropout"
SETTINGS = {
    "training.class_weights": Setting(
        "Classes",
        (("count by their clips", "none"), ("all count alike", "balanced")),
        "Whether a class with few clips has less say in the loss.",
    ),
    "training.precision": Setting(
        "Precision",
        (("float32", "float32"), ("bfloat16", "bfloat16"), ("float16, GPU only", "float16")),
        "Of training; half as many bits are quicker on many graphics cards.",
    ),
    "training.ema": Setting(
        "Weights",
        (("as learned", 0.0), ("mean, keeps 99 %", 0.99), ("mean, keeps 99.9 %", 0.999)),
        "A mean of the weights over the last steps is validated, tested and kept.",
    ),
    LACKING: Setting(
        "Lacking inputs",
        (("none", 0.0), ("one in 10 % of clips", 0.1), ("one in 30 % of clips", 0.3)),
        "Training clips that lack a modality, so that the network can do without it.",
    ),
    "training.device": Setting(
        "Device",
        (("automatic", "auto"), ("processor (CPU)", "cpu"), ("graphics card (CUDA)", "cuda")),
    ),
}


class Choices(QObject):
    """A box for each setting; what the config has otherwise is shown as it is written."""

    chosen = Signal(str, object)  # key, value; None where the default holds

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.boxes: dict[str, ChoiceBox] = {}
        for key, setting in SETTINGS.items():
            self.boxes[key] = box = ChoiceBox(setting.title, parent)
            box.hide()  # until it has a place
            box.setToolTip(setting.about)
            for words, value in setting.values:
                box.addItem(words, value)
            box.activated.connect(partial(self._chosen, key))

    def fitting(self, card: Mapping[str, Any]) -> list[str]:
        """The settings that a network has: of one stream no clip can lack an input."""
        several = len(card.get("streams") or ()) > 1 and len(card.get("branches") or ()) > 1
        return [key for key in SETTINGS if several or key != LACKING]

    def show_value(self, key: str, value: Any) -> None:
        """What the config says; None for nothing."""
        box, known = self.boxes[key], [value for _, value in SETTINGS[key].values]
        place = 0 if value is None else box.findData(value)
        if place < 0:
            box.addItem(str(value), value)
            place = box.count() - 1
        elif box.count() > len(known) and place < len(known):
            box.removeItem(len(known))
        box.setCurrentIndex(place)

    def _chosen(self, key: str, row: int) -> None:
        value = self.boxes[key].itemData(row)
        self.chosen.emit(key, None if row == 0 else value)
