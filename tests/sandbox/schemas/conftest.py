"""The schemas of this installation, read once."""

import pytest

from tutorial.sandbox.schemas import Schemas


@pytest.fixture(scope="session")
def schemas() -> Schemas:
    return Schemas.load()
