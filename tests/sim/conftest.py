"""The engines of the simulator, through which every test of behaviour runs."""

from __future__ import annotations

import pytest

from craftc.sim.engines import ENGINES
from craftc.sim.interface import Engine


@pytest.fixture(params=sorted(ENGINES))
def engine(request: pytest.FixtureRequest) -> Engine:
    """An engine: call it with a volume to get a board (craftc.sim.interface)."""
    return ENGINES[str(request.param)]
