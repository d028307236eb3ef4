"""What the tests share."""

import importlib
import os
from types import ModuleType

import pytest
from hypothesis import settings

# A deadline is a timed test, and these machines are shared.
settings.register_profile("patient", deadline=None)
# With other versions of the libraries it is their interfaces that differ, which a few examples meet too.
settings.register_profile("few", deadline=None, max_examples=20)
settings.load_profile(os.environ.get("HYPOTHESIS", "patient"))

# Else `--doctest-modules` looks for doctests here, and finds browser/conftest.py under the same name.
collect_ignore = ["conftest.py"]


@pytest.fixture(scope="session")
def torch() -> ModuleType:
    """PyTorch, the referee: a test that asks for it skips where it is absent, except in CI."""
    try:
        return importlib.import_module("torch")
    except ImportError:
        message = "PyTorch is not installed; `make test TORCH=1` installs it."
        if os.environ.get("CI"):
            pytest.fail(f"CI compares every gradient with PyTorch, and {message}")
        pytest.skip(message)
