"""Run a cell in a process of its own, so that cells share no random state and none can take the sweep down."""

import os
import subprocess
import sys
from pathlib import Path

from prefect import get_client, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Completed

from data.store import Store
from tasks.cell import CellSpec
from tasks.record import cell_is_done, record_failed

BYTES_A_PROCESS = 5 * 2**30


@task(task_run_name="cell {spec.label}", cache_policy=NO_CACHE)
def run_cell(store: Store, spec: CellSpec) -> State[str]:
    """Compute a cell unless it is done; record a failure and raise.

    Raises
    ------
    RuntimeError
        When the cell's process ended with an error; the sweep's other cells go on.
    """
    if cell_is_done(store, spec):
        return Completed(name="Cached", message=spec.label, data=spec.cell_id)
    code, last_lines = _run_process(store.home, spec)
    if code != 0:
        error = describe_failure(code, last_lines)
        record_failed(store, spec, error)
        raise RuntimeError(error)
    return Completed(message=spec.label, data=spec.cell_id)


def _run_process(home: Path, spec: CellSpec) -> tuple[int, list[str]]:
    """Start the `train-cell` flow in a fresh interpreter, pass its output on, and keep the last lines."""
    root = str(Path(__file__).resolve().parent.parent)
    with get_client(sync_client=True) as client:
        api_url = str(client.api_url)
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": "1",  # must be set before torch is imported
        "PREFECT_API_URL": api_url,  # the parent's server, a temporary one included
        "PYTHONPATH": os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")])),
        "PYTHONUNBUFFERED": "1",
    }
    # -P: the current folder must not shadow our packages.
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "flows.train_cell", str(home)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment,
    ) as process:  # fmt: skip
        try:
            assert process.stdin and process.stdout
            process.stdin.write(spec.model_dump_json())
            process.stdin.close()
            last: list[str] = []
            for line in process.stdout:
                sys.stderr.write(line)
                last = [*last[-19:], line.rstrip()]
        except BaseException:
            process.kill()  # a cancelled sweep leaves no cell running
            raise
    return process.returncode, last


def describe_failure(code: int, last_lines: list[str]) -> str:
    """One line on how a cell's process ended."""
    if code < 0:
        return f"its process was ended by signal {-code} (9 often means that memory ran out)"
    said = next((line for line in reversed(last_lines) if line.strip()), "it said nothing")
    return f"its process ended with exit code {code}: {said.strip()}"


def cell_processes() -> int:
    """How many one-thread cells stand side by side: min(cores, memory / 5 GB), at least one."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return max(1, min(len(os.sched_getaffinity(0)), memory // BYTES_A_PROCESS))
