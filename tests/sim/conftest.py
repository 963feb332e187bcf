"""The engines of the simulator, through which every test of behaviour runs."""

from __future__ import annotations

import pytest
from tests.sim.every_engine import EVERY

from craftc.sim.interface import Engine


@pytest.fixture(params=sorted(EVERY))
def engine(request: pytest.FixtureRequest) -> Engine:
    """An engine: call it with a volume to get a board (craftc.sim.interface)."""
    return EVERY[str(request.param)]
