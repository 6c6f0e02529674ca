import subprocess
import sys

import pytest
from pydantic import BaseModel, Field, ValidationError

from data.errors import BadInput
from flows.console import run_as_command, sentence


class Settings(BaseModel):
    share: float = Field(ge=0, le=1)


def test_bad_input_is_one_sentence_and_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    def run() -> None:
        raise BadInput("ratio 1.5 is outside [0, 1]; give a share of batches")

    with pytest.raises(SystemExit) as ending:
        run_as_command(run)
    assert ending.value.code == 2
    assert capsys.readouterr().err == "babelmix: ratio 1.5 is outside [0, 1]; give a share of batches\n"


def test_debug_lets_the_traceback_through() -> None:
    def run() -> None:
        raise BadInput("wrong")

    with pytest.raises(BadInput):
        run_as_command(run, debug=True)


def test_a_failed_validation_names_the_field_and_the_value() -> None:
    with pytest.raises(ValidationError) as caught:
        Settings(share=3)
    assert sentence(caught.value) == "share: input should be less than or equal to 1, but got 3"


def test_our_own_errors_are_not_swallowed() -> None:
    with pytest.raises(ZeroDivisionError):
        run_as_command(lambda: 1 / 0)


@pytest.mark.parametrize("name", ["data.py", "tasks/__init__.py"])
def test_a_file_that_shadows_a_package_is_named(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    folder = tmp_path_factory.mktemp("mine")
    shadow = folder / name
    shadow.parent.mkdir(exist_ok=True)
    shadow.write_text("")
    program = f"import sys; sys.path.insert(0, {str(folder)!r}); sys.path.append('.'); import flows.cli"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 2
    named = shadow.parent if name.endswith("__init__.py") else shadow
    assert done.stderr == (
        f"babelmix: {named} hides babelmix's own package of that name; rename it or start from another folder\n"
    )


def test_a_data_folder_of_ones_own_shadows_nothing(tmp_path: pytest.TempPathFactory) -> None:
    program = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); sys.path.append('.'); import flows"
    (tmp_path / "data").mkdir()  # type: ignore[operator]
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
