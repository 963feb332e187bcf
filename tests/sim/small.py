"""Small boards typed as text, for tests.

`board(text)` reads a drawing (craftc.cells.drawing); `*` marks are not used: levers are put where the
text has the letter of a named position. Every lever stands on the floor and starts off.
"""

from __future__ import annotations

from craftc.blocks import BlockState, Volume
from craftc.cells.drawing import parse

Pos = tuple[int, int, int]
LEVER = BlockState.make("lever", face="floor", facing="north", powered="false")


def draw(text: str, levers: tuple[Pos, ...] = (), x0: int = 0, **blocks: Pos) -> Volume:
    """Return the drawing with levers, and further blocks given as name=position (default states)."""
    volume = parse("test", text, x0, "mixed").volume
    for pos in levers:
        volume.set(pos, LEVER)
    for name, pos in blocks.items():
        volume.set(pos, BlockState.make(name))
    return volume
