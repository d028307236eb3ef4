"""What pyproject.toml can't say: `pip install -e .` brings the data files too, as a wheel does.

setuptools asks whether the distribution `has_data`, and has given it no such answer.
"""

from setuptools import Distribution, setup

Distribution.has_data = Distribution.has_data_files
setup()
