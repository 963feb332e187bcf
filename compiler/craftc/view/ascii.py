"""Layers of a volume as text, in the characters of cells/drawing.py, for the eye and for bug reports.

`draw` is the inverse of `craftc.cells.drawing.parse` with const="mixed" for everything that a drawing
can say. States that settle while the machine runs (power, powered, locked, open) are not shown, and a
block without a character is `?` and listed below the grid.
"""

from __future__ import annotations

from functools import cache

from craftc.blocks import BlockState, Entity, Volume
from craftc.cells.drawing import CHARS, constant
from craftc.errors import CellError

UNKNOWN = "?"
_LETTERS = "0123456789abcdjf"
"""Characters of the constants 0..15; the letters are barrels (cells/drawing.py)."""

_SETTLED = {"power": "0", "powered": "false", "locked": "false", "open": "false"}


def _still(state: BlockState) -> BlockState:
    """Return the state as it is drawn: whatever settles by itself is set to its resting value."""
    return state.with_props(**{key: value for key, value in _SETTLED.items() if state.get(key)})


@cache
def _characters() -> dict[tuple[BlockState, Entity | None], str]:
    table: dict[tuple[BlockState, Entity | None], str] = {}
    for char, state in CHARS.items():
        table[(_still(state), None)] = char
    for level, char in enumerate(_LETTERS):
        state, entity = constant(level)
        table[(_still(state), entity)] = char
    return table


def character(state: BlockState, entity: Entity | None = None) -> str:
    """Return the character of a block, `?` if it has none; a comparator's stored output is not shown."""
    shown = None if entity is not None and entity.kind == "comparator" else entity
    return _characters().get((_still(state), shown), UNKNOWN)


def draw(volume: Volume, y: int) -> str:
    """Return layer `y` (local) as a drawing of one level, then one line per block it cannot say.

    Raises CellError if the volume has no such layer.
    """
    x_size, y_size, z_size = volume.size
    if not 0 <= y < y_size:
        raise CellError(f"no layer y={y}", legal=f"0..{y_size - 1}")
    label = max(len(f"z={z}") for z in range(z_size)) + 2
    chars = [character(state, entity) for state, entity in volume.palette]
    lines = [f"{'':{label}}y={y}"]
    for z in range(z_size):
        row = volume.ids[y, z].tolist()
        lines.append(f"{f'z={z}':{label}}{''.join(chars[entry] for entry in row)}")
    for z in range(z_size):
        for x in range(x_size):
            entry = int(volume.ids[y, z, x])
            if chars[entry] == UNKNOWN:
                state, entity = volume.palette.entries[entry]
                lines.append(f"{UNKNOWN} at ({x}, {y}, {z}): {state}{f' {entity}' if entity else ''}")
    return "\n".join(lines)
