import json
import logging
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from data.errors import BadInput
from data.store import MANIFEST, Store, find_damage, write_json

NAME = "0123abcd"


def put(store: Store, text: str = "hello", name: str = NAME) -> None:
    with store.put("batches", name, step="batches", config={"ratio": 0.5}, inputs={"pairs": "p1"}) as draft:
        (draft.path / "part").mkdir()
        (draft.path / "part" / "rows.txt").write_text(text)
        (draft.path / "empty").touch()
        draft.stats["rows"] = 3
        draft.provenance["host"] = "here"


def drafts(home: Path) -> list[Path]:
    return list(home.rglob(".draft-*"))


def test_what_is_put_is_got_with_its_manifest(tmp_path: Path) -> None:
    store = Store(tmp_path / "home")
    assert store.get("batches", NAME) is None
    put(store)
    folder = Store(tmp_path / "home").get("batches", NAME)
    assert folder == tmp_path / "home" / "batches" / NAME
    assert (folder / "part" / "rows.txt").read_text() == "hello"
    manifest = store.manifest("batches", NAME)
    assert sorted(manifest["files"]) == ["empty", "part/rows.txt"]
    assert manifest["files"]["part/rows.txt"]["bytes"] == 5
    assert manifest["config"] == {"ratio": 0.5} and manifest["inputs"] == {"pairs": "p1"}
    assert manifest["stats"] == {"rows": 3} and manifest["provenance"] == {"host": "here"}
    assert drafts(tmp_path) == []


def test_rooms_are_apart(tmp_path: Path) -> None:
    store = Store(tmp_path)
    put(store)
    assert store.get("tokens", NAME) is None
    with pytest.raises(FileNotFoundError, match=f"tokens/{NAME}"):
        store.require("tokens", NAME)
    assert store.require("batches", NAME) == tmp_path / "batches" / NAME


def truncate(folder: Path) -> None:
    (folder / "part" / "rows.txt").write_text("hell")


def flip(folder: Path) -> None:
    (folder / "part" / "rows.txt").write_text("jello")


def lose(folder: Path) -> None:
    (folder / "empty").unlink()


def lose_manifest(folder: Path) -> None:
    (folder / MANIFEST).unlink()


def cut_manifest(folder: Path) -> None:
    text = (folder / MANIFEST).read_text()
    (folder / MANIFEST).write_text(text[: len(text) // 2])


def swap_manifest(folder: Path) -> None:
    manifest = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps(manifest | {"fingerprint": "ffff"}))


def empty_manifest(folder: Path) -> None:
    (folder / MANIFEST).write_text("[]")


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (truncate, "part/rows.txt differs"),
        (flip, "part/rows.txt differs"),
        (lose, "empty is missing"),
        (lose_manifest, "no readable manifest"),
        (cut_manifest, "no readable manifest"),
        (empty_manifest, "no readable manifest"),
        (swap_manifest, "its manifest names ffff"),
    ],
)
def test_a_damaged_artefact_is_absent_with_a_warning_and_can_be_put_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: Callable[[Path], None], words: str
) -> None:
    put(Store(tmp_path))
    damage(tmp_path / "batches" / NAME)
    store = Store(tmp_path)
    with caplog.at_level(logging.WARNING):
        assert store.get("batches", NAME) is None
    assert words in caplog.text and NAME in caplog.text
    put(store, "mended")
    folder = Store(tmp_path).require("batches", NAME)
    assert (folder / "part" / "rows.txt").read_text() == "mended"
    assert drafts(tmp_path) == []


def test_an_error_while_writing_leaves_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with (
        pytest.raises(RuntimeError, match="half-way"),
        store.put("batches", NAME, step="batches", config=None, inputs={}) as draft,
    ):
        (draft.path / "rows.txt").write_text("half")
        assert draft.path.is_relative_to(tmp_path)
        raise RuntimeError("half-way")
    assert store.get("batches", NAME) is None
    assert list((tmp_path / "batches").iterdir()) == []


def test_a_draft_of_a_killed_writer_is_never_read(tmp_path: Path) -> None:
    killed = tmp_path / "batches" / f".draft-{NAME}-1234abcd"
    killed.mkdir(parents=True)
    (killed / "rows.txt").write_text("half")
    store = Store(tmp_path)
    assert store.get("batches", NAME) is None
    put(store)
    assert sorted(path.name for path in store.require("batches", NAME).iterdir()) == ["empty", MANIFEST, "part"]


def test_a_home_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()  # a path under a file: not even root can write there
    home = tmp_path / "file" / "home"
    with pytest.raises(BadInput, match=rf"{home} cannot be written \(.+\); give a folder you may write to"):
        put(Store(home))
    assert Store(home).get("batches", NAME) is None
    with pytest.raises(BadInput, match="cannot be written"):
        write_json(home / "results" / "cell.json", {})


def test_two_writers_of_one_artefact_both_succeed_and_the_first_stays(tmp_path: Path) -> None:
    one, two = Store(tmp_path), Store(tmp_path)
    with one.put("batches", NAME, step="batches", config=None, inputs={}) as late:
        (late.path / "rows.txt").write_text("late")
        put(two, "early")
    for store in (one, two, Store(tmp_path)):
        assert (store.require("batches", NAME) / "part" / "rows.txt").read_text() == "early"
    assert drafts(tmp_path) == []


def test_many_writers_at_once_leave_one_valid_artefact(tmp_path: Path) -> None:
    failures: list[BaseException] = []
    start = threading.Barrier(8)

    def write() -> None:
        try:
            start.wait()
            for round_ in range(10):
                put(Store(tmp_path), name=f"{NAME}{round_}")
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    for round_ in range(10):
        assert find_damage(tmp_path / "batches" / f"{NAME}{round_}", f"{NAME}{round_}") is None
    assert drafts(tmp_path) == []


@pytest.mark.parametrize("name", ["../escape", "a/b", "", ".draft-x"])
def test_only_fingerprints_name_artefacts(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInput, match="is not a fingerprint"):
        Store(tmp_path).get("batches", name)


def test_json_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "results" / "cells" / "c1.json"
    write_json(path, {"status": "done", "name": "sw–TZ"})
    assert json.loads(path.read_text()) == {"status": "done", "name": "sw–TZ"}
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json(path, {"value": float("nan")})
    assert json.loads(path.read_text())["status"] == "done"
    assert [file.name for file in path.parent.iterdir()] == ["c1.json"]
