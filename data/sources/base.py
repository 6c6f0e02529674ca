"""What every source gives, whatever its files look like: texts, pairs, qrels, and each row it left out."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, NamedTuple

import pyarrow as pa
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from data.errors import BadInput
from data.fingerprint import content_id
from data.languages import normalise_languages
from data.schema import PAIRS, QRELS, REJECTED, TEXTS
from data.splits import SplitConfig

VERSION = 1

Languages = Annotated[tuple[str, ...], AfterValidator(normalise_languages), Field(min_length=1)]


class SourceTables(NamedTuple):
    """A source in the house's own form; the schemas are TEXTS, PAIRS, QRELS and REJECTED of `data.schema`."""

    texts: pa.Table
    pairs: pa.Table
    qrels: pa.Table
    rejected: pa.Table


class PairRow(NamedTuple):
    """One row of PAIRS before it has an id."""

    split: str
    query: str
    passage: str
    doc: str


class Source(BaseModel, ABC):
    """Settings of one source of parallel text.

    Subclasses add ``kind: Literal[...]``, by which `data.sources.AnySource` tells them apart.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    needs_wheels: ClassVar[bool] = False

    kind: str
    languages: Languages = Field(description="BCP-47 tags of the languages to read, such as en, ga or zh-Hans")
    split: SplitConfig = Field(default_factory=SplitConfig, description="How documents are shared among the splits")

    @abstractmethod
    def resolve(self) -> str:
        """Content hash of what will be read: the root of every fingerprint, so it is taken afresh on every run.

        Raises
        ------
        BadInput
            If the source cannot be found.
        """

    @abstractmethod
    def normalise(self, raw: Path | None) -> SourceTables:
        """Read, clean and split the source.

        Parameters
        ----------
        raw : Path or None
            The folder of the downloaded wheels; None for a source that needs none.

        Raises
        ------
        BadInput
            If a language is missing or has no pairs, or a row cannot be used.
        """


class Rejections:
    """The quarantine: every row left out, with its reason."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._rows: list[tuple[str, str, str, str, str]] = []

    def add(self, lang: str, key: str, text: str, reason: str) -> None:
        """Leave a row out; `key` says where it stood in the source, `reason` is one of the source's constants."""
        self._rows.append((self._source, lang, key, text, reason))

    def table(self) -> pa.Table:
        """The rows in REJECTED order, sorted."""
        return as_table(sorted(self._rows), REJECTED)


def reason_counts(rejected: pa.Table) -> dict[str, int]:
    """Number of rejected rows for each reason, most frequent first; for the manifest."""
    return dict(Counter(rejected.column("reason").to_pylist()).most_common())


def as_table(rows: Iterable[tuple[Any, ...]], schema: pa.Schema) -> pa.Table:
    """Build a table from row tuples in the schema's column order."""
    columns = list(zip(*rows, strict=True)) or [()] * len(schema.names)
    return pa.table([pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)], schema)


def assemble(
    source: str, texts: Mapping[tuple[str, str], str], pairs: Collection[PairRow], rejections: Rejections
) -> SourceTables:
    """Give ids to the rows and put them in a fixed order, so that the same input gives the same bytes.

    Parameters
    ----------
    texts : mapping of (lang, parallel_id) to text
    pairs : collection of PairRow
        At most one for each (split, query, passage). A text's document is the smallest of its pairs' documents.
    """
    doc_of: dict[str, str] = {}
    for pair in pairs:
        for parallel_id in (pair.query, pair.passage):
            doc_of[parallel_id] = min(pair.doc, doc_of.get(parallel_id, pair.doc))
    text_rows = [
        (content_id(source, lang, parallel_id), lang, parallel_id, doc_of[parallel_id], text)
        for (lang, parallel_id), text in texts.items()
    ]
    pair_rows = [(content_id(source, *pair[:3]), pair.query, pair.passage, pair.doc, pair.split) for pair in pairs]
    qrel_rows = {(pair.split, pair.query, pair.passage, 1) for pair in pairs if pair.split != "train"}
    return SourceTables(
        as_table(sorted(text_rows), TEXTS),
        as_table(sorted(pair_rows), PAIRS),
        as_table(sorted(qrel_rows), QRELS),
        rejections.table(),
    )


def require_available(source: str, asked: Iterable[str], available: Collection[str]) -> None:
    """Raise BadInput for the first asked language that the source does not have."""
    for lang in asked:
        if lang not in available:
            raise BadInput(f"{source} has no language {lang}; it has {', '.join(sorted(available))}")


def require_pairs(source: str, asked: Iterable[str], tables: SourceTables, available: Collection[str]) -> None:
    """Raise BadInput for the first asked language in which no pair has both its texts."""
    known = set(zip(tables.texts["lang"].to_pylist(), tables.texts["parallel_id"].to_pylist(), strict=True))
    pairs = list(
        zip(tables.pairs["query_parallel_id"].to_pylist(), tables.pairs["passage_parallel_id"].to_pylist(), strict=True)
    )
    for lang in asked:
        if not any((lang, query) in known and (lang, passage) in known for query, passage in pairs):
            raise BadInput(
                f"language {lang} has no pairs in {source}; choose among the languages that have text there: "
                f"{', '.join(sorted(available))}"
            )
