"""Every example in a docstring runs."""

import doctest
import importlib
import pkgutil

import pytest

import analysis
import data
import retrieval

MODULES = [
    module.name
    for package in (data, retrieval, analysis)
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    module = importlib.import_module(name)
    import numpy as np

    assert doctest.testmod(module, extraglobs={"np": np}).failed == 0
