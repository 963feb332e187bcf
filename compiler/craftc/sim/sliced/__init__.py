"""The bit-sliced engines behind the common interface (interface.Simulator).

Each is the graph engine's simulator with a runner ahead of its board: the runner takes stimuli, game ticks
and readings; for everything else the board is brought to the present state first, and runs it by itself
where a runner cannot.
"""

from craftc.sim.sliced.lanes import LanesSimulator
from craftc.sim.sliced.tiles import TilesSimulator

__all__ = ["LanesSimulator", "TilesSimulator"]
