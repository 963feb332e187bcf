"""Conductor: a long coil of repeaters in which the run token walks, with a tap at chosen words.

Seen from above, one storey (x east, z south); every cell of a dense row is a repeater::

    x=0 1 2 3          E
    r e -                      r = port run
        | > > > > > >  -       row 0, eastward
    t - w - < < < < <  |       row 1, westward; tap (t) on the turn at its end
          | > > > > >  > -     row 2; turns alternate between two columns, so that
    t   w - < < < < <  < |     dust of neighbouring turns never meets

Between two taps the token makes an even number of row passes, so that every tap lies at the west
border; the passes share the delay n*P exactly. Rows with less than 2 rt per cell are sparse (repeaters
and dust) and keep a free row beside them. Storeys are two blocks high, joined by stairs in the east.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from craftc.blocks import Palette, Volume
from craftc.cells.drawing import CHARS
from craftc.errors import ConfigError
from craftc.macros.base import Macro, Port, Pos

TAP_RT = 2  # port run rising to tap of word 0 rising
TOKEN_RT = (4, 12)  # legal length of the token: not shorter than the longest repeater delay
MIN_ROW, MAX_ROW = 6, 36
STOREY = 2  # blocks of height per storey

_WEST = 2  # first of the two columns of west turns; the ports stand at x = 0
_RUN_Z = -1  # row of port run; the row before the first pass
_DUST_REACH = 10  # most cells of a sparse row per repeater
_DENSE_RT = 2  # rt per cell from which on a row is dense


@dataclass(slots=True)
class Conductor(Macro):
    """A coil; with run rising at 0, port `tap<n>` rises at TAP_RT + n*P and is on as long as run was."""

    taps: tuple[int, ...] = ()
    period_rt: int = 0


@dataclass(frozen=True, slots=True)
class _Row:
    """One pass: cells strictly between the turn columns `start` and `end` at height y, row z.

    `tap` is the tapped word at the turn where the row ends, or -1; `climbs` joins the next storey.
    """

    y: int
    z: int
    start: int
    end: int
    delay_rt: int
    tap: int = -1
    climbs: bool = False

    @property
    def cells(self) -> int:
        return abs(self.end - self.start) - 1

    @property
    def sparse(self) -> bool:
        return self.delay_rt < _DENSE_RT * self.cells

    @property
    def eastward(self) -> bool:
        return self.end > self.start


def _check(taps: Sequence[int], period_rt: int, row_blocks: int, depth: int) -> None:
    rising = all(a < b for a, b in pairwise(taps))
    if not taps or not rising or taps[0] < 0:
        raise ConfigError(f"taps {list(taps)[:8]}", where="conductor", legal="rising words from 0 on")
    if not 8 <= period_rt <= 16:
        raise ConfigError(f"period {period_rt} rt", where="conductor", legal="8..16 rt")
    if not MIN_ROW <= row_blocks <= MAX_ROW or depth < 4:
        raise ConfigError(
            f"rows of {row_blocks} blocks, depth {depth}", where="conductor",
            legal=f"rows {MIN_ROW}..{MAX_ROW}, depth 4 or more",
        )  # fmt: skip


def _passes(taps: Sequence[int], period_rt: int, row_blocks: int) -> list[tuple[int, int]]:
    """Return (delay, tapped word or -1) of every row; even rows go east."""
    out: list[tuple[int, int]] = []
    for before, word in pairwise((0, *taps)):
        total = (word - before) * period_rt
        if not total:
            continue
        count = 2 * -(-total // (8 * row_blocks))
        out += [((total + i) // count, word if i == count - 1 else -1) for i in range(count)]
    return out


def _plan(passes: Sequence[tuple[int, int]], row_blocks: int, depth: int) -> list[_Row]:
    """Return all rows with their places."""
    east = _WEST + row_blocks + 2
    rows: list[_Row] = []
    y, z, step, column = 0, 0, 1, _WEST
    climbed = 0
    for index, (delay, tap) in enumerate(passes):
        turn = index // 2
        if index % 2 == 0:
            climbs = index > 0 and (z >= depth if step > 0 else z <= 0) and not climbed
            end = east + 3 if climbs else east + turn % 2
        else:
            climbs, end = False, _WEST + (turn + 1) % 2
        row = _Row(y, z, column, end, delay, tap, climbs)
        if rows and rows[-1].y == y and not climbed:
            z = rows[-1].z + step * (2 if rows[-1].sparse or row.sparse else 1)
            row = replace(row, z=z)
        rows.append(row)
        column = end
        climbed = max(0, climbed - 1)
        if climbs:
            y, z, step, climbed = y + STOREY, z + 2 * step, -step, 1
    return rows


def _delays(row: _Row) -> npt.NDArray[np.int64]:
    """Return repeater delays along the row in walking order, 0 = dust; they add up to the row's delay."""
    count = row.cells
    if row.sparse:
        count = max(-(-row.delay_rt // 4), -(-row.cells // _DUST_REACH))
    values = (row.delay_rt + np.arange(count)) // count
    out = np.zeros(row.cells, dtype=np.int64)
    out[-(-np.arange(1, count + 1) * row.cells // count) - 1] = values
    return out


class _Draft:
    """Writes rows into a volume whose local row 0 is z = `low`."""

    def __init__(self, size: Pos, low: int, palette: Palette | None) -> None:
        self.volume = Volume(size, palette)
        self.low = low
        add = self.volume.palette.add
        self.stone, self.dust = add("minecraft:stone"), add(CHARS["-"])
        self.ways = {
            char: np.array([self.dust] + [add(CHARS[char].with_props(delay=d)) for d in range(1, 5)])
            for char in "ew"
        }

    def put(self, pos: Pos, entry: int) -> None:
        """Place one block on a stone; y = 0 is the device layer of the first storey."""
        x, y, z = pos
        self.volume.ids[y + 1, z - self.low, x] = entry
        self.volume.ids[y, z - self.low, x] = self.stone

    def row(self, row: _Row) -> None:
        """Place the cells of a row and the dust at its end."""
        step = 1 if row.eastward else -1
        cells = slice(row.start + step, row.end, step)
        line = self.ways["e" if row.eastward else "w"][_delays(row)]
        self.volume.ids[row.y + 1, row.z - self.low, cells] = line
        self.volume.ids[row.y, row.z - self.low, cells] = self.stone
        self.put((row.end, row.y, row.z), self.dust)

    def turn(self, row: _Row, after: _Row) -> None:
        """Join the end of a row to the start of the next one."""
        x, step = row.end, 1 if after.z > row.z else -1
        if row.climbs:
            self.put((x, row.y + 1, row.z + step), self.dust)
            self.put((x, row.y + 2, row.z + 2 * step), self.dust)
            return
        for z in range(row.z, after.z + step, step):
            self.put((x, row.y, z), self.dust)

    def tap(self, x: int, y: int, z: int) -> Pos:
        """Place the repeater west of turn dust at `x` and dust to the border; return the port's cell."""
        self.put((x - 1, y, z), int(self.ways["w"][1]))
        for cell in range(x - 1):
            self.put((cell, y, z), self.dust)
        return (0, y + 1, z - self.low)


def conductor(
    taps: Sequence[int],
    period_rt: int = 12,
    row_blocks: int = 30,
    depth: int = 32,
    palette: Palette | None = None,
) -> Conductor:
    """Return the coil for the rising word numbers `taps`; ports run, tap<n> at the west border.

    Rows hold about `row_blocks` repeaters; a storey is left once it is `depth` blocks deep. The
    token must be TOKEN_RT long. Raises ConfigError for taps that do not rise or illegal sizes.
    """
    taps = tuple(int(t) for t in taps)
    _check(taps, period_rt, row_blocks, depth)
    rows = _plan(_passes(taps, period_rt, row_blocks), row_blocks, depth)
    zs = [r.z for r in rows] or [0]
    low = min(min(zs), _RUN_Z - 2 if taps[0] == 0 else _RUN_Z)
    width = max([_WEST + 1, *(max(r.start, r.end) + 1 for r in rows)])
    height = STOREY + max([0, *(r.y for r in rows)])
    draft = _Draft((width, height, max(zs) - low + 1), low, palette)
    for x, entry in ((0, draft.dust), (1, int(draft.ways["e"][1])), (_WEST, draft.dust)):
        draft.put((x, 0, _RUN_Z), entry)
    draft.put((_WEST, 0, 0), draft.dust)
    ports = {"run": Port("run", (0, 1, _RUN_Z - low), "in", "binary", "west")}
    for row in rows:
        draft.row(row)
    for row, after in pairwise(rows):
        draft.turn(row, after)
    places = {r.tap: (r.end, r.y, r.z) for r in rows if r.tap >= 0}
    if taps[0] == 0:
        for z in (_RUN_Z - 1, _RUN_Z - 2):
            draft.put((_WEST, 0, z), draft.dust)
        places[0] = (_WEST, 0, _RUN_Z - 2)
    for word, (x, y, z) in sorted(places.items()):
        name = f"tap{word}"
        pos = draft.tap(x, y, z)
        ports[name] = Port(name, pos, "out", "binary", "west", TAP_RT + word * period_rt)
    return Conductor("conductor", draft.volume, ports, {}, taps, period_rt)
