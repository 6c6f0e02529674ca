"""The help texts of Home Assistant's translations: a short field name is the query, its description the passage."""

import json
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple

from pydantic import Field

from data.cleaning import clean, commonest, has_placeholder, identity
from data.fingerprint import content_id
from data.languages import is_known
from data.sources.base import (
    PairRow,
    Rejections,
    Source,
    SourceTables,
    assemble,
    require_available,
    require_pairs,
)
from data.splits import passages_seen_in_train, split_units
from data.wheels import open_wheel, pins

KIND = "homeassistant"
PIVOT = "en"
EXCLUDED = ("en-GB",)  # a copy of English

EMPTY = "empty, or nothing left after cleaning"
LESS_COMMON = "another translation of the same English text is more common"
ORPHAN = "no pair with this text is left"
QUERY_PLACEHOLDER = "query with a placeholder"
REPEATED_PAIR = "pair stands in the same split already"
SEEN_IN_TRAIN = "passage stands verbatim in train"
TOO_SHORT = "description shorter than the minimum"
UNTRANSLATED = "equal to the English text"

Strings = Mapping[tuple[str, str], str]  # (component, key path) -> raw string


class Field_(NamedTuple):
    """A described field: where its name and its description stand, and what they mean."""

    component: str
    query_key: str
    passage_key: str
    query: str
    passage: str
