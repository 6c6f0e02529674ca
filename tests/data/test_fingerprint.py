import hashlib
from pathlib import Path

import pytest
from pydantic import BaseModel

from data.fingerprint import canonical_json, content_id, file_sha256, fingerprint


class Settings(BaseModel):
    languages: tuple[str, ...] = ("sw", "ha")
    ratio: float | None = None


def test_a_fingerprint_is_frozen() -> None:
    """Golden value: changing it makes every stored artefact unreachable."""
    assert fingerprint("batches", 1, {"ratio": 0.5}, {"pairs": "abc"}) == "e2891211d41768551c4b8bdca5c76a20"


@pytest.mark.parametrize(
    "changed",
    [
        ("checkpoint", 1, {"ratio": 0.5}, {"pairs": "abc"}),
        ("batches", 2, {"ratio": 0.5}, {"pairs": "abc"}),
        ("batches", 1, {"ratio": 0.25}, {"pairs": "abc"}),
        ("batches", 1, {"ratio": 0.5}, {"pairs": "abd"}),
        ("batches", 1, {"ratio": 0.5}, {"texts": "abc"}),
    ],
)
def test_every_part_counts(changed: tuple[str, int, dict[str, float], dict[str, str]]) -> None:
    assert fingerprint(*changed) != fingerprint("batches", 1, {"ratio": 0.5}, {"pairs": "abc"})


def test_a_fingerprint_is_a_name_for_a_folder() -> None:
    name = fingerprint("batches", 1, None, {})
    assert len(name) == 32 and set(name) <= set("0123456789abcdef")


def test_order_of_keys_and_kind_of_mapping_do_not_count() -> None:
    assert fingerprint("s", 1, {"a": 1, "b": 2}, {"x": "1", "y": "2"}) == fingerprint(
        "s", 1, {"b": 2, "a": 1}, {"y": "2", "x": "1"}
    )


def test_a_model_counts_as_its_json() -> None:
    assert canonical_json(Settings(ratio=0.5)) == '{"languages":["sw","ha"],"ratio":0.5}'
    assert fingerprint("s", 1, Settings(), {}) == fingerprint("s", 1, {"languages": ["sw", "ha"], "ratio": None}, {})


def test_what_json_cannot_say_is_refused() -> None:
    with pytest.raises(TypeError, match="cannot fingerprint a PosixPath"):
        canonical_json({"path": Path("x")})
    with pytest.raises(ValueError, match="JSON compliant"):
        canonical_json(float("nan"))


def test_content_ids_keep_the_borders_of_their_parts() -> None:
    ids = [content_id("ab", "c"), content_id("a", "bc"), content_id("abc"), content_id("abc", ""), content_id("ábc")]
    assert len(set(ids)) == len(ids)
    assert all(len(name) == 20 and set(name) <= set("0123456789abcdef") for name in ids)
    assert content_id("homeassistant", "sw", "p1") == "48a1f502a1dd6d93a25c"


def test_file_sha256_is_the_files(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"babel\n" * 100_000)
    assert file_sha256(tmp_path / "file") == hashlib.sha256(b"babel\n" * 100_000).hexdigest()
