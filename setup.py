"""Copies the drawings of `circuits/` into a built package as `craftc/_circuits`.

Everything else about the package is in pyproject.toml.
"""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithCircuits(build_py):
    """build_py that adds the cell library."""

    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            source = Path(__file__).resolve().parent / "circuits"
            shutil.copytree(source, Path(self.build_lib) / "craftc" / "_circuits", dirs_exist_ok=True)


setup(cmdclass={"build_py": BuildWithCircuits})
