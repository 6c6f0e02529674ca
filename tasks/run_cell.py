"""Run a cell in a process of its own, so that cells share no random state and none can take the sweep down."""

import importlib
import multiprocessing
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from pathlib import Path
from types import ModuleType

from prefect import get_client, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Completed

from data.store import Store
from tasks.cell import CellSpec
from tasks.record import cell_is_done, record_failed

BYTES_A_PROCESS = 5 * 2**30
CELL_MODULE = "flows.train_cell"  # by name: a task imports no flow
# One process imports torch, transformers and Prefect, which takes seconds, and every cell's process is forked from it.
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload([CELL_MODULE])
_STARTING = threading.Lock()  # the environment is the whole process's, and an exit code goes to the first who asks


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


def start_forking() -> None:
    """Let the process that cells are forked from start importing; nothing happens where it runs already."""
    with _STARTING, _environment():
        forkserver.ensure_running()


def _run_process(home: Path, spec: CellSpec) -> tuple[int, list[str]]:
    """Run the `train-cell` flow in a process of its own, pass its output on, and keep the last lines."""
    with get_client(sync_client=True) as client:
        api_url = str(client.api_url)  # the parent's server, a temporary one included
    start_forking()
    reader, writer = FORKS.Pipe(duplex=False)
    process = FORKS.Process(target=_in_process, args=(spec, home, api_url, writer))
    try:
        with _STARTING, _no_main():
            process.start()
    except (EOFError, OSError) as error:
        return 1, [f"the process that cells are forked from has ended ({error or type(error).__name__})"]
    finally:
        writer.close()  # the child's end is the last one: the lines end when it does
    try:
        last: list[str] = []
        with reader, os.fdopen(os.dup(reader.fileno()), encoding="utf-8", errors="replace") as lines:
            for line in lines:
                sys.stderr.write(line)
                last = [*last[-19:], line.rstrip()]
        with _STARTING:
            process.join()
    except BaseException:
        process.kill()  # a cancelled sweep leaves no cell running
        raise
    assert process.exitcode is not None
    return process.exitcode, last


@contextmanager
def _environment() -> Iterator[None]:
    """What the process that cells are forked from starts with."""
    root = str(Path(__file__).resolve().parent.parent)
    settings = {
        "OMP_NUM_THREADS": "1",  # one thread a cell; must stand before torch is imported
        "PYTHONPATH": os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")])),
        "PYTHONSAFEPATH": "1",  # the current folder must not shadow our packages
    }
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def _no_main() -> Iterator[None]:
    """Hide the program that started the sweep: multiprocessing would run it again in every cell."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _in_process(spec: CellSpec, home: Path, api_url: str, output: Connection) -> None:
    """What the forked process does; it ends with its parent, whatever ended that."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    for stream in (sys.stdout, sys.stderr):
        os.dup2(output.fileno(), stream.fileno())
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    output.close()
    with temporary_settings({PREFECT_API_URL: api_url}):
        importlib.import_module(CELL_MODULE).main(spec, home)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


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
