"""A tutorial folder that tests fill with their own step files."""

from __future__ import annotations

from pathlib import Path

import pytest
from steps.folders import Folder


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "mine")
