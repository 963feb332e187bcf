"""Where the two ROM walls of a matrix stand, and the lines from their ends to the lanes.

Lanes in the south read the south wall, lanes in the north the north wall. A tower serves two words: the
digits on its inner side come at once, those on its outer side one word later, because their line is longer.
Seen from above, at the height of one level; N, S are tower rows, x = `WALL_X` ends the chains::

    z=-22  --- outer chain ----.
    z=-20  N  N  N  N          |  48 rt
    z=-18  --- inner chain ----+---> D of the north lanes (16 rt)
    z=-14  --- inner chain ----+---> D of the south lanes (16 rt)
    z=-12  S  S  S  S          |  48 rt
    z=-10  --- outer chain ----'

Input registers lie below: in the south wall's rows those of every first, in the north wall's those of every
second input (macros/matrix_inputs.py); the north wall runs one word after the south wall.
"""

from __future__ import annotations

from collections.abc import Iterable

from craftc.blocks import Volume
from craftc.macros.base import Macro, Pos, Sketch
from craftc.macros.matrix_rails import bent_pattern
from craftc.macros.octal_lane import LEVEL
from craftc.macros.octal_ring import PERIOD_RT
from craftc.macros.rails import DUST, straight_pattern, stream_line

WALL_X = -60
SOUTH_Z, NORTH_Z = -12, -20
TOWER_PERIOD_RT = 2 * PERIOD_RT
INNER, OUTER = 1, 0  # sides of a bank (0 north, 1 south) before the south wall is mirrored
INNER_RT = 16  # end of a chain to D; the outer one takes a word more
OUTER_Z = 4  # of an outer chain, counted from D's row


def entry(levels: Iterable[int]) -> tuple[Macro, Pos]:
    """Return the lines of the south wall at the given levels, and the lane coordinate of their corner."""
    sketch = Sketch("entry")
    x, _, z = LEVEL
    first = WALL_X + 1
    outer = [(first, z + OUTER_Z), (x, z + OUTER_Z), (x, z + 1)]
    stream_line(sketch, [(first, z), (x - 1, z)], 0, straight_pattern(x - first, INNER_RT))
    stream_line(sketch, outer, 0, bent_pattern(tuple(outer), INNER_RT + PERIOD_RT))
    sketch.on_floor((x, 0, z), DUST)
    part, corner = sketch.build()
    heights = sorted(2 * level for level in levels)
    width, height, depth = part.volume.size
    volume = Volume((width, heights[-1] - heights[0] + height, depth), part.volume.palette)
    for y in heights:
        volume.paste(part.volume, (0, y - heights[0], 0))
    return Macro("entry", volume), (corner[0], corner[1] + heights[0], corner[2])
