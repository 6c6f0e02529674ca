"""LAReQA's files: which sentence answers, what is only searched, what is refused."""

import json
import os
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from pydantic import ValidationError

from data.errors import BadInput
from data.schema import PAIRS, QRELS, TEXTS, write_table
from data.sources.lareqa import NO_SENTENCE, Lareqa
from data.suites import SuiteConfig, load_suite


def article(context: str, breaks: list[list[int]], answers: dict[str, int]) -> dict[str, object]:
    questions = [
        {"id": name, "question": f"{name}?", "answers": [{"answer_start": start, "text": "x"}]}
        for name, start in answers.items()
    ]
    return {"title": "Moon", "paragraphs": [{"context": context, "sentence_breaks": breaks, "qas": questions}]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    # English: the first sentence answers q1, the third q2. German is cut into two sentences: both are in the second.
    english = article("One two. Four. Six.", [[0, 8], [9, 14], [15, 19]], {"q1": 0, "q2": 15})
    german = article("Eins. Zwei vier sechs.", [[0, 5], [6, 22]], {"q1": 6, "q2": 16})
    for name, data in (("en", english), ("de", german)):
        (tmp_path / f"{name}.json").write_text(json.dumps({"data": [data], "version": "1.1"}))
    return tmp_path


def read(folder: Path, *languages: str) -> tuple[dict[str, str], set[tuple[str, str, int]], list[str]]:
    tables = Lareqa(path=folder, languages=languages or ("en", "de")).normalise(None)
    texts = {row["parallel_id"]: row["text"] for row in tables.texts.to_pylist()}
    qrels = {(row["query_parallel_id"], row["passage_parallel_id"], row["grade"]) for row in tables.qrels.to_pylist()}
    return texts, qrels, tables.rejected["reason"].to_pylist()


def test_a_sentence_is_the_contexts_slice_and_the_first_that_holds_the_answers_begin_is_relevant(folder: Path) -> None:
    texts, qrels, rejected = read(folder)
    assert texts["Moon.0.2@en"] == "Six."
    assert texts["Moon.0.1@de"] == "Zwei vier sechs."
    assert {row for row in qrels if row[2] == 1} == {
        ("q1", "Moon.0.0@en", 1), ("q2", "Moon.0.2@en", 1), ("q1", "Moon.0.1@de", 1), ("q2", "Moon.0.1@de", 1),
    }  # fmt: skip
    assert {row for row in qrels if row[2] == 0} == {("q1", "Moon.0.1@en", 0), ("q1", "Moon.0.0@de", 0)}
    assert rejected == []


def test_an_answer_between_two_sentences_is_rejected(folder: Path) -> None:
    data = {"data": [article("One two. Four.", [[0, 8], [9, 14]], {"q1": 0, "q2": 8})]}
    (folder / "en.json").write_text(json.dumps(data))
    _, qrels, rejected = read(folder)
    assert rejected == [NO_SENTENCE]
    assert not {row for row in qrels if row[0] == "q2" and row[1].endswith("@en")}


def test_every_sentence_is_searched_and_all_are_in_the_pool(folder: Path, tmp_path: Path) -> None:
    tables = Lareqa(path=folder, languages=("en", "de")).normalise(None)
    for name, table, schema in (
        ("texts", tables.texts, TEXTS), ("pairs", tables.pairs, PAIRS), ("qrels", tables.qrels, QRELS)
    ):  # fmt: skip
        write_table(tmp_path / f"{name}.parquet", table, schema)
    config = SuiteConfig(name="moon", settings=("mono", "multi"), languages=("en", "de"), pool="all")
    suite = load_suite(tmp_path, config, "test")
    assert Counter(suite.candidates["lang"].to_pylist()) == {"en": 3, "de": 2}
    assert suite.pool == "all"
    assert suite.relevant["q2"] == {"Moon.0.2@en", "Moon.0.1@de"}
    assert set(suite.queries["cluster_id"].to_pylist()) == {"Moon"}


def test_the_fingerprint_is_of_the_files_and_not_of_their_place(folder: Path, tmp_path: Path) -> None:
    source = Lareqa(path=folder, languages=("en", "de"))
    before = source.resolve()
    assert Lareqa(path=folder, languages=("de",)).resolve() == before
    assert "path" not in source.settings()
    (folder / "en.json").write_text((folder / "en.json").read_text() + " ")
    assert source.resolve() != before


def test_what_is_wrong_is_said_in_a_sentence(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BABELMIX_DATA", raising=False)
    with pytest.raises(ValidationError, match=r"no path is given; give the folder .* or set BABELMIX_DATA"):
        Lareqa(languages=("en",))
    with pytest.raises(BadInput, match=r"holds no sw\.json for sw; it has de, en"):
        Lareqa(path=folder, languages=("sw",)).resolve()
    (folder / "en.json").write_text('{"data": [{"title": "Moon", "paragraphs": [{"context": "x", "qas": []}]}]}')
    with pytest.raises(BadInput, match=r"no file of LAReQA .*sentence_breaks"):
        Lareqa(path=folder, languages=("en",)).normalise(None)
    unanswered = {"id": "q1", "question": "Why?", "answers": []}
    paragraph = {"context": "x", "sentence_breaks": [[0, 1]], "qas": [unanswered]}
    (folder / "en.json").write_text(json.dumps({"data": [{"title": "Moon", "paragraphs": [paragraph]}]}))
    with pytest.raises(BadInput, match="no file of LAReQA"):
        Lareqa(path=folder, languages=("en",)).normalise(None)


@pytest.mark.realdata
def test_xquad_r_has_its_published_numbers() -> None:
    if not os.environ.get("BABELMIX_DATA"):
        pytest.skip("BABELMIX_DATA names no folder with the data")
    languages = ("ar", "de", "el", "en", "es", "hi", "ru", "th", "tr", "vi", "zh-Hans")
    tables = Lareqa(languages=languages).normalise(None)
    assert tables.rejected.num_rows == 0
    sentences = tables.texts.filter(pc.match_substring(tables.texts["parallel_id"], "@"))
    assert dict(Counter(sentences["lang"].to_pylist())) == {
        "ar": 1222, "de": 1276, "el": 1234, "en": 1180, "es": 1215, "hi": 1244, "ru": 1219, "th": 852, "tr": 1167,
        "vi": 1209, "zh-Hans": 1196,
    }  # fmt: skip
    positive = tables.qrels.filter(pc.equal(tables.qrels["grade"], 1))
    assert set(Counter(positive["query_parallel_id"].to_pylist()).values()) == {11}
    assert len(pc.unique(positive["query_parallel_id"])) == 1190
    assert isinstance(tables.pairs, pa.Table) and len(pc.unique(tables.pairs["doc_id"])) == 48
