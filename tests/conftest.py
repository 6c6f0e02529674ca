"""Fixtures that every layer's tests share."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
os.environ.setdefault("HF_HUB_OFFLINE", "1")


@pytest.fixture(scope="session")
def prefect_harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Prefect's test harness, once a session: it takes seconds to start. Its results go to a temporary folder."""
    from prefect.settings import PREFECT_HOME, temporary_settings
    from prefect.testing.utilities import prefect_test_harness

    with temporary_settings({PREFECT_HOME: tmp_path_factory.mktemp("prefect")}), prefect_test_harness():
        yield


@pytest.fixture(scope="session")
def wheel_folder() -> Path:
    """The downloaded data wheels, for tests marked `realdata`."""
    folder = os.environ.get("BABELMIX_WHEELS")
    if not folder or not Path(folder).is_dir():
        pytest.skip("BABELMIX_WHEELS names no folder with the data wheels")
    return Path(folder)
