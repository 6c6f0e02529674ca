"""The lake: `results.duckdb`, tables copied from the workspace's files. Safe to delete: it is built from them again.

Tables and not views: a view breaks when the file is moved, opened from another folder, or with external access off.
"""

import json
import uuid
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from data.languages import is_low_resource, joshi_class, script_of
from data.schema import METRICS, PER_QUERY, RATIO_CURVE
from data.workspace import Workspace


def build_lake(home: Path) -> Path:
    """Build `results.duckdb` from the records, the per-query Parquet and the summaries of a workspace.

    Returns
    -------
    Path
        The file, written beside its place and renamed: a reader sees the old tables or the new ones.
    """
    lake = Workspace(home).lake
    beside = lake.with_name(f".{uuid.uuid4().hex[:8]}.duckdb")
    try:
        with duckdb.connect(str(beside)) as connection:
            connection.execute(files("analysis").joinpath("tables.sql").read_text())
            cells = _read_records(home / "results" / "cells")
            _insert(connection, "cells", cells)
            sweeps = _read_records(home / "results" / "sweeps")
            _insert(connection, "sweeps", sweeps)
            members = [{"sweep": sweep["sweep"], "cell_id": cell} for sweep in sweeps for cell in sweep["cells"]]
            _insert(connection, "sweep_cells", members)
            _insert(connection, "looks", _read_records(home / "results" / "looks"))
            results = [home / "per_query" / name / "per_query.parquet" for cell in cells for name in cell["per_query"]]
            _copy(connection, "per_query", results, PER_QUERY)
            _copy(connection, "ratio_curve", sorted(home.glob("results/summaries/*/ratio_curve.parquet")), RATIO_CURVE)
            connection.execute(_scores_query())
            _insert(connection, "languages", _languages(connection))
        beside.replace(lake)
    finally:
        beside.unlink(missing_ok=True)
    return lake


def _read_records(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]


def _insert(connection: duckdb.DuckDBPyConnection, table: str, rows: Iterable[dict[str, Any]]) -> None:
    """Insert records by column name; what the table has no column for stays in the files."""
    columns = connection.execute(f"select column_name, column_type from (describe {table})").fetchall()
    values = [[_value(row.get(name), kind) for name, kind in columns] for row in rows]
    if values:
        connection.executemany(f"insert into {table} values ({', '.join('?' for _ in columns)})", values)


def _value(value: Any, kind: str) -> Any:
    return json.dumps(value, ensure_ascii=False) if kind == "JSON" else value


def _copy(connection: duckdb.DuckDBPyConnection, table: str, paths: Iterable[Path], schema: pa.Schema) -> None:
    """Create a table from Parquet files; without files it is empty but has its columns."""
    rows = pa.concat_tables([schema.empty_table(), *(pq.read_table(path) for path in paths if path.is_file())])
    connection.register("arriving", rows)
    connection.execute(f"create table {table} as select * from arriving")
    connection.unregister("arriving")


def _scores_query() -> str:
    """Means of the per-query rows, one row a metric; a metric that does not apply to a setting has no row."""
    keys = "cell_id, control, suite, split, setting, query_lang, passage_lang"
    return f"""
        create table scores as
        select {keys}, metric, avg(value) as value, count(value) as n_queries
        from (unpivot (select {keys}, {", ".join(METRICS)} from per_query)
              on {", ".join(METRICS)} into name metric value value)
        group by all order by all
    """


def _languages(connection: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    tags = connection.execute("select distinct query_lang from per_query order by 1").fetchall()
    return [
        {
            "tag": tag, "script": script_of(tag), "joshi_class": joshi_class(tag), "low_resource": is_low_resource(tag),
        }
        for (tag,) in tags
    ]  # fmt: skip
