"""Mutated dataset files: read in a child process with little memory, never more than an error."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dataset_files import skeleton_text, write_trial
from harstudio.errors import DataError, HarstudioError

resource = pytest.importorskip("resource")  # memory limits of a process; not on Windows

TESTS = Path(__file__).resolve().parents[2]
FILES = 2_000
KINDS = ("ntu", "depth", "skeleton", "inertial")
ADDRESS_SPACE = 4 << 30
MOST_GROWTH = 200 << 20
SLOWEST_S = 2.0
WORDS = (b"-1", b"999999999", b"99999999999999999999", b"nan", b"1e999", b"", b"\x00", b"25 25")


def mutated(data: bytes, rng: random.Random) -> bytes:
    """The bytes with one to six damages: flips, cuts, doubled, deleted or strange pieces."""
    changed = bytearray(data)
    for _ in range(rng.randint(1, 6)):
        if not changed:
            break
        at = rng.randrange(len(changed))
        length = rng.choice((1, 2, 4, 8, 60, 400))
        how = rng.randrange(7)
        if how == 0:
            changed[at] ^= 1 << rng.randrange(8)
        elif how == 1:
            changed[at : at + length] = rng.randbytes(length)
        elif how == 2:
            del changed[at:]
        elif how == 3:
            del changed[at : at + length]
        elif how == 4:
            changed[at:at] = changed[at : at + length]
        elif how == 5:
            changed[at : at + rng.choice((1, 4))] = rng.choice(WORDS)
        else:
            head = rng.randrange(min(len(changed), 256))
            changed[head : head + 4] = rng.choice((b"\xff\xff\xff\x7f", b"\0\0\0\0", b"\xff" * 4))
    return bytes(changed)


def read_mutations(kind: str, source: Path, first: int, count: int) -> tuple[int, int]:
    """Open and read so many mutations of a file; how many opened and how many were refused."""
    import harstudio

    data = source.read_bytes()
    opened = 0
    for seed in range(first, first + count):
        source.write_bytes(mutated(data, random.Random(f"{kind} {seed}")))
        started = time.monotonic()
        try:
            with harstudio.open(source) as recording:
                for stream in recording.streams.values():
                    for index in {0, len(stream) // 2, len(stream) - 1} if len(stream) else ():
                        stream.frame(index)
                opened += 1
        except DataError as error:
            sentence = str(error)
            if source.name not in sentence or "\n" in sentence:
                raise AssertionError(f"{kind} {seed}: {sentence}") from error
        except HarstudioError as error:
            raise AssertionError(f"{kind} {seed}: {type(error)} {error}") from error
        took = time.monotonic() - started
        assert took < SLOWEST_S, f"{kind} {seed} took {took:.1f} s"
    source.write_bytes(data)
    return opened, count - opened


def child(kind: str, source: Path, count: int) -> None:
    """What the child process does: with little memory, read all mutations."""
    import harstudio

    with harstudio.open(source) as recording:
        assert recording.streams
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    opened, refused = read_mutations(kind, source, 0, count)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10) - used
    assert grown < MOST_GROWTH, f"{grown >> 20} MiB more than before"
    print(f"opened {opened} refused {refused} grown {grown >> 20} MiB")


def run_child(kind: str, folder: Path, count: int) -> tuple[int, int]:
    """How many mutations opened and how many were refused; a crash or a hang fails."""
    command = [sys.executable, __file__, kind, str(make(kind, folder)), str(count)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (TESTS, TESTS.parent)))}
    result = subprocess.run(
        command, capture_output=True, text=True, timeout=600, check=False, env=environment
    )
    assert result.returncode == 0, result.stdout + result.stderr[-3000:]
    words = result.stdout.split()
    return int(words[1]), int(words[3])


def make(kind: str, folder: Path) -> Path:
    """One whole file of a kind, alone in its folder."""
    if kind == "ntu":
        path = folder / "S001C001P001R001A001.skeleton"
        path.write_text(skeleton_text([1, 2, 0, 1, 1, 3]))
        return path
    source = write_trial(folder / "trial", frames=6)[kind]
    return source.rename(folder / source.name)


@pytest.mark.parametrize("kind", KINDS)
def test_some_mutations(tmp_path: Path, kind: str) -> None:
    opened, refused = run_child(kind, tmp_path, 40)
    assert opened + refused == 40
    assert refused > 10


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("kind", KINDS)
def test_thousands_of_mutations(tmp_path: Path, kind: str) -> None:
    opened, refused = run_child(kind, tmp_path, FILES)
    assert opened + refused == FILES
    assert refused > FILES // 4


if __name__ == "__main__":
    child(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
