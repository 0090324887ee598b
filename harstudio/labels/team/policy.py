"""What a project lays down for everybody who works in it: who sees what, and who is trained."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from harstudio.labels.model import Document, typed

GOLD = "gold"  # the annotator of the agreed labels


@dataclass(frozen=True, slots=True)
class Policy:
    """The table [policy] of project.toml.

    blind: annotators see only their own labels. reviewers: who sees everybody's all the same,
    settles disagreements and makes the gold labels. blur_faces: faces are shown blurred; the
    recordings stay as they are. pseudonyms: names of subjects are shown and exported as
    pseudonyms. training: names of the recordings whose gold labels teach new annotators.
    """

    blind: bool = False
    reviewers: tuple[str, ...] = ()
    blur_faces: bool = False
    pseudonyms: bool = False
    training: tuple[str, ...] = ()

    def sees_others(self, annotator: str) -> bool:
        """Whether an annotator is shown the labels of others."""
        return not self.blind or annotator in self.reviewers

    def hides(self, recording: str, annotator: str, *, done: bool) -> bool:
        """Whether what others say about a recording is hidden from an annotator.

        done: whether the annotator's own document of it is marked as done.
        """
        if done or annotator in self.reviewers:
            return False
        return self.blind or self.trains(recording, annotator)

    def visible(
        self, recording: str, annotator: str, documents: Iterable[Document]
    ) -> list[Document]:
        """The documents of a recording that an annotator may see; of "" all of them."""
        there = list(documents)
        done = any(one.done for one in there if one.annotator == annotator)
        if not annotator or not self.hides(recording, annotator, done=done):
            return there
        return [one for one in there if one.annotator == annotator]

    def trains(self, recording: str, annotator: str) -> bool:
        """Whether labelling a recording teaches this annotator: clips are compared with gold."""
        return recording in self.training and annotator != GOLD

    def to_dict(self) -> dict[str, Any]:
        """Builtins for TOML; what has its default is left out."""
        data: dict[str, Any] = {
            key: True for key in ("blind", "blur_faces", "pseudonyms") if getattr(self, key)
        }
        lists = {key: list(getattr(self, key)) for key in ("reviewers", "training")}
        return data | {key: names for key, names in lists.items() if names}

    @classmethod
    def from_dict(cls, data: Any) -> Policy:
        """The reverse of ``to_dict``; ValueError when a value is of a wrong type."""
        return cls(
            blind=typed(data, "blind", bool, False),
            reviewers=_names(data, "reviewers"),
            blur_faces=typed(data, "blur_faces", bool, False),
            pseudonyms=typed(data, "pseudonyms", bool, False),
            training=_names(data, "training"),
        )

    def put_into(self, data: dict[str, Any], before: Policy) -> Policy:
        """Change the policy in the content of project.toml, and return what holds then.

        Only what differs from ``before``, the policy that this one was made from, is changed:
        what others changed meanwhile stays, names that they added too, and so do keys that are
        not known here.
        """
        there = typed(data, "policy", dict, {})
        now = Policy.from_dict(there)
        changed = {
            key: merged(getattr(now, key), getattr(before, key), getattr(self, key)) for key in KEYS
        }
        policy = replace(now, **changed)
        others = {key: value for key, value in there.items() if key not in KEYS}
        data["policy"] = others | policy.to_dict()
        if not data["policy"]:
            del data["policy"]
        return policy


KEYS = ("blind", "reviewers", "blur_faces", "pseudonyms", "training")


def merged(now: Any, before: Any, after: Any) -> Any:
    """What holds when ``before`` became ``after`` here and ``now`` elsewhere."""
    if not isinstance(after, tuple):
        return now if after == before else after
    kept = [name for name in now if name in after or name not in before]
    return (*kept, *(name for name in after if name not in before and name not in kept))


def _names(data: Mapping[str, Any], key: str) -> tuple[str, ...]:
    names = typed(data, key, list, [])
    for name in names:
        if not isinstance(name, str):
            raise ValueError(f"“{key}” holds {name!r}, which is no name")
    return tuple(dict.fromkeys(names))
