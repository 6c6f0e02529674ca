"""The answer in words: what may be said of a sweep, and no more."""

from collections.abc import Sequence
from typing import Any

Row = dict[str, Any]
OBJECTIVE = ("mono", "cross", "multi")


def arm_label(row: Row) -> str:
    """A short name of an arm: ``hybrid 0.25``, ``mixed``."""
    return row["strategy"] if row["ratio"] is None else f"{row['strategy']} {row['ratio']:g}"


def levels(curve: Sequence[Row], **where: str) -> list[Row]:
    """Rows of the curve that match; group `all` and average precision unless said otherwise."""
    wanted = {"lang_group": "all", "metric": "average_precision", **where}
    return [row for row in curve if all(row[name] == value for name, value in wanted.items())]


def answer_sentence(curve: Sequence[Row]) -> str:
    """One sentence on top of the report.

    With one seed an interval says nothing of other training runs, so the dev-best arm is named and nothing is
    recommended. The objective is the mean over the settings of the main suite on dev.
    """
    dev = [row for row in levels(curve, split="dev") if row["strategy"] != "zero_shot"]
    if not dev:
        return "No cell has finished on a dev suite yet, so there is nothing to choose from."
    suite = dev[0]["suite"]
    means: dict[str, list[float]] = {}
    for row in dev:
        if row["suite"] == suite and row["setting"] in OBJECTIVE:
            means.setdefault(arm_label(row), []).append(row["value"])
    best = max(means, key=lambda arm: sum(means[arm]) / len(means[arm]))
    seeds = max(row["n_seeds"] or 0 for row in dev)
    on_test = {
        row["setting"]: row
        for row in levels(curve, suite=suite, split="test")
        if arm_label(row) == best and row["diff"] is not None
    }
    differences = ", ".join(
        f"{setting} {on_test[setting]['diff']:+.3f}{_interval(on_test[setting])}"
        for setting in OBJECTIVE
        if setting in on_test
    )
    start = f"Best on dev ({suite}): {best}."
    figures = f" On test against mixed: {differences}." if differences and best != "mixed" else ""
    end = " This run only, no recommendation: one seed says nothing of another training run." if seeds < 2 else ""
    return start + figures + end


def forgetting_sentences(curve: Sequence[Row]) -> list[str]:
    """For every suite beside the main one: what fine-tuning gained or lost against the start, arm by arm."""
    test = levels(curve, split="test")
    suites = list(dict.fromkeys(row["suite"] for row in levels(curve)))
    sentences = []
    for suite in suites[1:] if any(row["split"] == "dev" for row in levels(curve)) else suites:
        for setting in OBJECTIVE:
            rows = [row for row in test if row["suite"] == suite and row["setting"] == setting]
            start = next((row["value"] for row in rows if row["strategy"] == "zero_shot"), None)
            if start is None:
                continue
            changes = {arm_label(row): row["value"] - start for row in rows if row["strategy"] != "zero_shot"}
            if changes:
                listed = ", ".join(f"{arm} {change:+.3f}" for arm, change in changes.items())
                verb = "lost" if max(changes.values()) < 0 else "gained" if min(changes.values()) > 0 else "changed"
                sentences.append(
                    f"{suite}, {setting}: no arm here trained on it; against the untrained start ({start:.3f}) "
                    f"average precision {verb}: {listed}."
                )
    return sentences


def _interval(row: Row) -> str:
    return "" if row["ci_low"] is None else f" [{row['ci_low']:+.3f}, {row['ci_high']:+.3f}]"
