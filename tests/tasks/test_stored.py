from pathlib import Path

import pytest

from data.store import Draft, Store
from tasks.stored import Step, stored

STEP = Step(room="batches", name="batches", version=1, config={"ratio": 0.5}, inputs={"pairs": "a" * 32})


def write_once(draft: Draft) -> None:
    (draft.path / "rows.txt").write_text("first")


def test_a_step_is_built_once_and_then_cached(tmp_path: Path) -> None:
    store = Store(tmp_path)
    first = stored(store, STEP, write_once)
    second = stored(store, STEP, lambda draft: pytest.fail("built twice"))
    assert (first.name, second.name) == ("Completed", "Cached")
    assert (store.require("batches", STEP.fingerprint) / "rows.txt").read_text() == "first"
    assert store.manifest("batches", STEP.fingerprint)["stats"]["seconds"] >= 0


def test_a_failing_step_leaves_nothing_behind(tmp_path: Path) -> None:
    def fail(draft: Draft) -> None:
        (draft.path / "half.txt").write_text("half")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        stored(Store(tmp_path), STEP, fail)
    assert list((tmp_path / "batches").iterdir()) == []


@pytest.mark.parametrize(
    "change", [{"version": 2}, {"config": {"ratio": 0.25}}, {"inputs": {"pairs": "b" * 32}}, {"name": "other"}]
)
def test_whatever_a_step_depends_on_changes_its_fingerprint(change: dict[str, object]) -> None:
    from dataclasses import replace

    assert replace(STEP, **change).fingerprint != STEP.fingerprint  # type: ignore[arg-type]


def test_a_damaged_artefact_is_built_again(tmp_path: Path) -> None:
    stored(Store(tmp_path), STEP, write_once)
    (tmp_path / "batches" / STEP.fingerprint / "rows.txt").write_text("f1rst")
    again = stored(Store(tmp_path), STEP, write_once)
    assert again.name == "Completed"
    assert (tmp_path / "batches" / STEP.fingerprint / "rows.txt").read_text() == "first"
