"""The report of a recorded sweep, built again: after an update, or when its files were deleted."""

from pathlib import Path

from prefect import flow
from prefect.runtime import deployment

from data.workspace import open_workspace
from tasks.publish import publish_artifacts, publish_report


@flow(name="build-report", flow_run_name="{sweep}")
def build_report(sweep: str, workspace: Path | None = None) -> Path:
    """Aggregate a sweep's per-query results and write its tables and page; nothing is trained or scored.

    Parameters
    ----------
    sweep : str
        Name of the sweep.
    workspace : Path, optional
        Where it lies; a deployment run must give an absolute path.

    Raises
    ------
    BadInput
        If there is no such sweep.
    """
    place = open_workspace(workspace, must_be_absolute=deployment.id is not None)
    publish_report(place, sweep, changed=True)
    publish_artifacts(place, sweep)
    return place.report(sweep)
