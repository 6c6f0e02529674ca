"""People's own SQL: read-only, with no way out of the file."""

from pathlib import Path
from typing import Any

import duckdb

from data.errors import BadInput


def connect_readonly(lake: Path) -> duckdb.DuckDBPyConnection:
    """Open the lake so that a query can neither write, attach, install nor read another file, nor allow itself to.

    Raises
    ------
    BadInput
        If there is no lake yet.
    """
    if not lake.is_file():
        raise BadInput(f"there are no results at {lake}; run `babelmix sweep` first, or name a workspace that has some")
    settings: dict[str, Any] = {"enable_external_access": "false", "lock_configuration": "true"}
    try:
        return duckdb.connect(str(lake), read_only=True, config=settings)
    except duckdb.IOException as error:
        raise BadInput(
            f"{lake} is no DuckDB file; delete it and run `babelmix sweep`, which builds it again"
        ) from error


def run_sql(lake: Path, query: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Answer a query.

    Returns
    -------
    columns : list of str
    rows : list of tuple

    Raises
    ------
    BadInput
        With DuckDB's own first line when the query is wrong or does what is not allowed.
    """
    with connect_readonly(lake) as connection:
        try:
            if not connection.extract_statements(query):
                raise BadInput('the query is empty; ask something, such as "select * from cells"')
            cursor = connection.execute(query)
            return [column[0] for column in cursor.description or ()], cursor.fetchall()
        except duckdb.Error as error:
            said = str(error).splitlines()[0]
            raise BadInput(f"DuckDB does not accept the query: {said}; the tables are in docs/SQL.md") from error
