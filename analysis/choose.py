"""Which cell is best on dev."""

from dataclasses import dataclass
from pathlib import Path

import duckdb

from data.errors import BadInput

# The objective is the mean over the settings (mono, cross, multi) of average precision on dev, over all languages.
DEV_BEST = """
with latest as (
    select sweep from sweeps join ratio_curve using (sweep) where split = 'dev' order by created desc, sweep limit 1
)
select sweep, strategy, ratio, ratio_unit, avg(value) as objective
from ratio_curve join latest using (sweep)
where split = 'dev' and lang_group = 'all' and metric = 'average_precision' and control = 'none'
group by all
order by objective desc, strategy, ratio
limit 1
"""
FIRST_SEED = """
select cell_id from cells join sweep_cells using (cell_id)
where sweep = $sweep and status = 'done' and strategy = $strategy and ratio is not distinct from $ratio
  and ratio_unit is not distinct from $ratio_unit
order by seed limit 1
"""


@dataclass(frozen=True)
class Best:
    """The dev-best arm of a sweep; `cell_id` is its first seed's."""

    sweep: str
    strategy: str
    ratio: float | None
    objective: float
    cell_id: str


def best_cell(lake: Path) -> Best:
    """The dev-best cell of the latest sweep.

    Raises
    ------
    BadInput
        If there is no lake, or no sweep that was scored on a dev suite.
    """
    if not lake.is_file():
        raise BadInput(f"there are no results at {lake}; run `babelmix sweep` first, or name a workspace that has some")
    with duckdb.connect(str(lake), read_only=True) as connection:
        best = connection.execute(DEV_BEST).fetchone()
        if best is None:
            raise BadInput(f"no sweep in {lake} was scored on a dev suite; name a cell instead of `best`")
        sweep, strategy, ratio, unit, objective = best
        wanted = {"sweep": sweep, "strategy": strategy, "ratio": ratio, "ratio_unit": unit}
        found = connection.execute(FIRST_SEED, wanted).fetchone()
    assert found is not None, "an arm on the curve has a finished cell"
    return Best(sweep, strategy, ratio, objective, found[0])
