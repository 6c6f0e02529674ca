"""The summaries of a sweep: Parquet files that the lake copies and anybody may read."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa

from analysis.corners import corner_rows
from analysis.curve import panel_rows
from analysis.panel import read_panels
from data.schema import CORNERS, RATIO_CURVE, write_table
from data.workspace import Workspace


def write_summaries(home: Path, sweep: str) -> None:
    """Aggregate a sweep's per-query results into ``results/summaries/<sweep>/``: ratio_curve and corners.

    Cells that failed are left out; an arm is compared over the seeds that it shares with the baseline.
    """
    workspace = Workspace(home)
    record = json.loads(workspace.sweep(sweep).read_text())
    trained = frozenset(record["config"]["schedule"]["languages"])
    cells = [{**workspace.read_cell(cell), "per_query": results} for cell, results in record["results"].items()]
    curve: list[dict[str, Any]] = []
    corners: list[dict[str, Any]] = []
    for panel in read_panels(home, cells):
        curve += [{"sweep": sweep, **row} for row in panel_rows(panel, trained)]
        corners += [{"sweep": sweep, **row} for row in corner_rows(panel, trained)]
    folder = home / "results" / "summaries" / sweep
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows, schema in (("ratio_curve", curve, RATIO_CURVE), ("corners", corners, CORNERS)):
        beside = folder / f"{name}.tmp"
        write_table(beside, pa.Table.from_pylist(rows, schema), schema)
        beside.replace(folder / f"{name}.parquet")
