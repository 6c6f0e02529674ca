from collections import Counter

import pytest

from data.cleaning import (
    LESS_COMMON,
    Ballot,
    Rejections,
    clean,
    commonest,
    has_choice,
    has_placeholder,
    identity,
    reason_counts,
)


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        ("Defines a [template]({url}) here. [Learn more.]({url}#x)", "Defines a template here. Learn more."),
        ("The `state` is **on** for {minutes} minutes", "The state is on for minutes"),
        ("Sensor: <b>{name}</b><br/>Value", "Sensor: Value"),
        ("Tom &amp; Jerry", "Tom & Jerry"),
        ("# Title\n\n- one\n- two", "Title one two"),
        ("```yaml\nkey: 1\n```", "key: 1"),
        ("see *this* and _that_", "see this and that"),
        ("Example: `*.yaml` or allowlist_external_dirs", "Example: *.yaml or allowlist_external_dirs"),
        ("{n, number} of {m, number} learners", "of learners"),
        ("use a < b and c > d", "use a < b and c > d"),
        ("e\u0301te\u0301", "été"),
    ],
)
def test_markup_and_placeholders_go_and_words_stay(raw: str, plain: str) -> None:
    assert clean(raw) == plain


def test_placeholders_are_seen() -> None:
    assert has_placeholder("Host of {name}")
    assert has_placeholder("%s items")
    assert not has_placeholder("100% sure")


def test_a_choice_is_not_a_plain_number() -> None:
    assert has_choice("{count, plural, one {item} other {items}}")
    assert not has_choice("{count, number} items")


def test_identity_ignores_case_and_markup() -> None:
    assert identity("**IP**  Address") == identity("ip address") != identity("ip addresses")


def test_commonest_breaks_ties_by_the_smallest_string() -> None:
    assert commonest(Counter({"b": 2, "a": 1})) == "b"
    assert commonest(Counter({"b": 2, "a": 2})) == "a"


def test_the_ballot_elects_one_text_and_rejects_the_others() -> None:
    ballot, rejections = Ballot(), Rejections("source")
    for key, text in (("k1", "Gerät"), ("k2", "Apparat"), ("k3", "Gerät"), ("k3", "Gerät")):
        ballot.add("de", "device", key, text)
    assert ballot.elect(rejections) == {"de": {"device": "Gerät"}}
    assert rejections.table().to_pylist() == [
        {"source": "source", "lang": "de", "key": "k2", "text": "Apparat", "reason": LESS_COMMON}
    ]


def test_reasons_are_counted_most_frequent_first() -> None:
    rejections = Rejections("source")
    for reason in ("rare", "often", "often"):
        rejections.add("en", "key", "text", reason)
    assert list(reason_counts(rejections.table()).items()) == [("often", 2), ("rare", 1)]
