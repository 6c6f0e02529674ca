"""The registry of batch strategies: each says which rows are monolingual and how their languages are dealt.

A strategy decides languages only. Which pair stands in which slot is the same for all of them (`data.batches`), and
the exact shares, quotas and keyed draws are the schedule's (`data.schedule`). Adding a strategy is adding a function
here: it gets a `Deal` and returns the `RowLanguages` of every slot.
"""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from data.errors import BadInput
from data.languages import PIVOT
from data.schedule import Deal, RowLanguages

RatioUnit = Literal["batches", "rows"]


def mono(deal: Deal) -> RowLanguages:
    """One language per batch, query and passage alike: X-X-mono of Roy et al. 2020 (arXiv 2004.05484)."""
    return hybrid(replace(deal, ratio=Fraction(1)))


def cross(deal: Deal) -> RowLanguages:
    """Query and passage language differ, an ordered pair per row: X-Y of Roy et al. 2020 (arXiv 2004.05484)."""
    return hybrid(replace(deal, ratio=Fraction(0)))


def cross_per_batch(deal: Deal) -> RowLanguages:
    """One ordered pair of different languages per batch: the fourth corner beside mono, mixed and cross."""
    return deal.languages(np.zeros((deal.steps, deal.batch_size), bool), mono="batch", cross="batch")


def hybrid(deal: Deal) -> RowLanguages:
    """Whole batches are `mono` with the share `ratio`, the others `cross`: Elmahdy et al. 2024 (arXiv 2408.10536)."""
    mono_S = deal.spread_kinds(deal.steps)
    return deal.languages(np.repeat(mono_S[:, None], deal.batch_size, axis=1), mono="batch", cross="row")


def row_hybrid(deal: Deal) -> RowLanguages:
    """The share `ratio` of monolingual rows inside every batch."""
    mono_SB = deal.spread_kinds(deal.rows).reshape(deal.steps, deal.batch_size)
    return deal.languages(deal.shuffle_slots(mono_SB), mono="row", cross="row")


def mixed(deal: Deal) -> RowLanguages:
    """Every row monolingual, languages mixed within the batch (X-X of Roy et al. 2020): standard fine-tuning."""
    return row_hybrid(replace(deal, ratio=Fraction(1)))


def english(deal: Deal) -> RowLanguages:
    """English only, the baseline that leaves all transfer to the start model."""
    query_SB = deal.only(PIVOT)
    return RowLanguages(np.ones(query_SB.shape, bool), query_SB, query_SB)


def mix_entries(deal: Deal) -> RowLanguages:
    """English queries, a passage language drawn per row: Multilingual Translate-Distill (arXiv 2405.00977)."""
    query_SB, passage_SB = deal.only(PIVOT), deal.row_languages()
    return RowLanguages(query_SB == passage_SB, query_SB, passage_SB)


def zero_shot(deal: Deal) -> RowLanguages:
    """No batch at all: the untrained start."""
    return mixed(replace(deal, steps=0))


STRATEGIES: dict[str, Callable[[Deal], RowLanguages]] = {
    "mono": mono,
    "cross": cross,
    "cross_per_batch": cross_per_batch,
    "hybrid": hybrid,
    "row_hybrid": row_hybrid,
    "mixed": mixed,
    "english": english,
    "mix_entries": mix_entries,
    "mix_passages": mix_entries,  # drawn per passage: the same where a row has one passage, as without hard negatives
    "zero_shot": zero_shot,
}
RATIO_UNITS: dict[str, RatioUnit] = {"hybrid": "batches", "row_hybrid": "rows"}


class Strategy(BaseModel):
    """A strategy and its ratio; `canonical` gives equal batches one name.

    Raises
    ------
    BadInput
        Wrapped by pydantic: an unknown name, a ratio outside [0, 1], missing, or given to a strategy without one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(description="Name of the strategy: " + ", ".join(STRATEGIES))
    ratio: float | None = Field(
        default=None,
        description="Monolingual share in [0, 1]: of the batches (hybrid) or of the rows (row_hybrid)",
    )

    @model_validator(mode="after")
    def _check(self) -> "Strategy":
        if self.name not in STRATEGIES:
            raise BadInput(f"unknown strategy {self.name!r}; choose one of {', '.join(STRATEGIES)}")
        if self.name not in RATIO_UNITS and self.ratio is not None:
            raise BadInput(f"strategy {self.name!r} takes no ratio, but {self.ratio} was given; leave the ratio out")
        if self.name in RATIO_UNITS and self.ratio is None:
            raise BadInput(f"strategy {self.name!r} needs a ratio; give the monolingual share, from 0 to 1")
        if self.ratio is not None and not 0 <= self.ratio <= 1:
            raise BadInput(f"ratio {self.ratio} of strategy {self.name!r} is outside [0, 1]; give a share from 0 to 1")
        return self

    @property
    def exact_ratio(self) -> Fraction | None:
        """The ratio as a person wrote it: 0.35 is 7/20, not the nearest binary fraction."""
        return None if self.ratio is None else Fraction(repr(self.ratio))

    @property
    def mono_share(self) -> Fraction | None:
        """The share of monolingual rows that the strategy aims at; None without batches, or without such an aim."""
        fixed = {
            "mono": Fraction(1), "mixed": Fraction(1), "english": Fraction(1),
            "cross": Fraction(0), "cross_per_batch": Fraction(0),
        }  # fmt: skip
        return fixed.get(self.name) if self.ratio is None else self.exact_ratio

    @property
    def ratio_unit(self) -> RatioUnit | None:
        """What the ratio counts in the canonical form: ``"batches"`` (alpha), ``"rows"`` (rho) or None."""
        return RATIO_UNITS.get(self.canonical().name)

    def trained(self, languages: tuple[str, ...]) -> tuple[str, ...]:
        """Which of a schedule's languages the batches hold."""
        if self.name == "zero_shot":
            return ()
        return (PIVOT,) if self.name == "english" else languages

    def canonical(self) -> "Strategy":
        """Give equal specifications one form, so that they are one cell.

        ``mono`` is ``hybrid(1)``; ``cross`` and ``row_hybrid(0)`` are ``hybrid(0)``; ``row_hybrid(1)`` is ``mixed``;
        ``mix_passages`` is ``mix_entries``.
        Their batches are the same byte for byte.
        """
        match self.name, self.ratio:
            case ("mono", _):
                return Strategy(name="hybrid", ratio=1.0)
            case ("cross", _) | ("hybrid" | "row_hybrid", 0):
                return Strategy(name="hybrid", ratio=0.0)  # also turns -0.0 into 0.0
            case ("row_hybrid", 1):
                return Strategy(name="mixed")
            case ("mix_passages", _):
                return Strategy(name="mix_entries")
        return self

    def languages(self, deal: Deal) -> RowLanguages:
        """Deal the languages of every slot."""
        return STRATEGIES[self.name](replace(deal, ratio=self.exact_ratio))
