"""Train, dev and test: whole documents go to one split, and nothing in dev or test may stand in train."""

from collections.abc import Iterable, Mapping
from typing import Literal

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field

from data.draws import keyed_order

Split = Literal["train", "dev", "test"]
SPLITS: tuple[Split, ...] = ("train", "dev", "test")


class SplitConfig(BaseModel):
    """How the documents of a source are shared among train, dev and test."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dev: float = Field(default=0.1, ge=0, lt=1, description="Least share of the pairs that dev is filled to")
    test: float = Field(default=0.1, ge=0, lt=1, description="Least share of the pairs that test is filled to")
    largest_unit: float = Field(
        default=0.02, gt=0, le=1, description="A document with a larger share of the pairs than this goes to train"
    )
    seed: int = Field(default=0, description="Key of the order in which documents are dealt")


def split_units(sizes: Mapping[str, int], config: SplitConfig, purpose: str) -> dict[str, Split]:
    """Deal documents to splits by the number of pairs in them.

    Documents are taken in the order of their keyed hash and fill dev, then test, until each holds its share of the
    pairs; the rest is train. Dealing by documents alone would let a few large ones decide how large a split is, and
    a document above the largest share goes to train, so that no single one makes up much of an evaluation.

    Parameters
    ----------
    sizes : mapping of str to int
        Number of pairs in each document.
    config : SplitConfig
    purpose : str
        Key of the order, beside the seed.
    """
    total = sum(sizes.values())
    filled = {"dev": 0, "test": 0}
    shares = {"dev": config.dev, "test": config.test}
    splits: dict[str, Split] = {}
    for unit in keyed_order(config.seed, purpose, list(sizes)):
        splits[unit] = "train"
        if sizes[unit] > config.largest_unit * total:
            continue
        for name in ("dev", "test"):
            if filled[name] < shares[name] * total:
                splits[unit] = name
                filled[name] += sizes[unit]
                break
    return splits


def passages_seen_in_train(
    splits: Iterable[tuple[str, str]], texts: Mapping[str, Mapping[str, str]]
) -> dict[str, tuple[str, str]]:
    """Find the passages of dev and test that a model could have read in training.

    Parameters
    ----------
    splits : iterable of (split, passage parallel_id)
    texts : mapping of lang to (mapping of parallel_id to text)

    Returns
    -------
    dict
        Passage parallel_id to the first language, and the text in it, that stands verbatim in train.
    """
    rows = list(splits)
    in_train = {passage for split, passage in rows if split == "train"}
    elsewhere = {passage for split, passage in rows if split != "train"}
    seen: dict[str, tuple[str, str]] = {}
    for lang in sorted(texts):
        of_lang = texts[lang]
        train_texts = {of_lang[passage] for passage in in_train if passage in of_lang}
        for passage in elsewhere - seen.keys():
            if of_lang.get(passage) in train_texts:
                seen[passage] = (lang, of_lang[passage])
    return seen


def split_facts(pairs: pa.Table) -> dict[str, dict[str, int]]:
    """Counts for the manifest: pairs, queries, passages and documents of each split, and queries that recur.

    `recurring_queries` counts the pairs of dev and test whose query also stands in a pair of train: queries are
    short ("Device"), so they may recur, but the reader should know how many do.
    """
    columns = ("split", "query_parallel_id", "passage_parallel_id", "doc_id")
    rows = list(zip(*(pairs[name].to_pylist() for name in columns), strict=True))
    train_queries = {row[1] for row in rows if row[0] == "train"}
    facts: dict[str, dict[str, int]] = {}
    for split in SPLITS:
        own = [row for row in rows if row[0] == split]
        facts[split] = {
            "pairs": len(own),
            "queries": len({row[1] for row in own}),
            "passages": len({row[2] for row in own}),
            "documents": len({row[3] for row in own}),
        }
        if split != "train":
            facts[split]["recurring_queries"] = sum(row[1] in train_queries for row in own)
    return facts
