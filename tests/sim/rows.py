"""Lines of devices on stone, for tests of single components."""

from __future__ import annotations

from tests.sim.small import Pos, draw

from craftc.blocks import Volume
from craftc.sim.interface import Simulator

ROW = """
      y=0          y=1
z=0   ###########  {row}
"""
LEVER = (0, 1, 0)


def row(devices: str, lever: bool = True, **blocks: str) -> Volume:
    """Return one line of devices on stone; the first cell is a lever. Blocks are given as x3="state"."""
    volume = draw(ROW.replace("{row}", devices.ljust(11, ".")), (LEVER,) if lever else ())
    for place, state in blocks.items():
        volume.set((int(place[1:]), 1, 0), state)
    return volume


def trace(board: Simulator, pos: Pos, game_ticks: int) -> list[int]:
    """Return the level at a position after each game tick."""
    return [int(v) for v in board.probe([pos], game_ticks)[:, 0]]


def flag(board: Simulator, pos: Pos, key: str) -> bool:
    """Return a property that is true or false."""
    return board.block(pos).get(key) == "true"
