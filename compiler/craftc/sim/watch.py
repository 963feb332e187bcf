"""What changed on a running board, block by block.

Between two looks the graph of a board stays the same, so a change of blocks is a change of a node's
output, of a repeater's lock, or of a dust's power. Dust is computed anew only where one of the changed
nodes can reach it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
import numpy.typing as npt

from craftc.blocks.palette import BlockState
from craftc.blocks.properties import complete
from craftc.blocks.volume import Pos, Volume
from craftc.sim import bake, words
from craftc.sim.board import Board
from craftc.sim.devices import BULB, CONSTANT
from craftc.sim.graph import find_cell
from craftc.sim.interface import Change

Bytes = npt.NDArray[np.uint8]
_WORDS = ("none", "side", "up")
_SIDES = ("north", "south", "west", "east")


class Present(Protocol):
    """What a running board shows at this moment."""

    @property
    def events(self) -> int:
        """Output changes so far; while they stay the same, so does all the rest, bulbs aside."""

    def outputs(self) -> Bytes:
        """Return the output level of every node, (nodes,)."""

    def sides(self) -> Bytes:
        """Return the level at the side port of every node of bake.REMEMBERING, (nodes,)."""

    def node(self, number: int) -> tuple[int, int]:
        """Return output and side level of one node."""

    def power(self, pos: Pos) -> int:
        """Return the level at a position, as Board.power does."""


class BoardPresent:
    """What a board of the graph engine shows (see Present)."""

    def __init__(self, board: Board) -> None:
        self._board = board

    @property
    def events(self) -> int:
        """Output changes so far."""
        return self._board.events

    def outputs(self) -> Bytes:
        """Return the output level of every node."""
        return self._board._state.out

    def sides(self) -> Bytes:
        """Return the level at the side port of every node."""
        return self._board._state.seen[:, 1]

    def node(self, number: int) -> tuple[int, int]:
        """Return output and side level of one node."""
        word = self._board._state.word[number : number + 1]
        return int(word[0]) >> words.OUT & 15, int(words.port_levels(word)[0, 1])

    def power(self, pos: Pos) -> int:
        """Return the level at a position."""
        return self._board.power(pos)


class Watch:
    """Remembers the states of a board at the last look; `present()` tells those of now.

    A look compares every node and dust with the last one, unless nothing happened since.
    """

    def __init__(self, board: Board, present: Callable[[], Present]) -> None:
        self._board = board
        self._present = present
        self._remembers = np.isin(board.graph.kind, bake.REMEMBERING)
        self._bulbs = bool((board.graph.kind == BULB).any())  # one may change without an event
        shown = present()
        self._out, self._side = shown.outputs(), shown.sides()
        self._dust = bake.dust_power(board.graph, self._out)
        self._events = shown.events
        self._texts: dict[tuple[int, int, bool], BlockState] = {}
        self._wires: dict[tuple[int, int, int], BlockState] = {}

    def take(self) -> list[Change]:
        """Return the changes since the last look, sorted by y, z, x."""
        graph, shown = self._board.graph, self._present()
        events = shown.events
        if events == self._events and not self._bulbs:
            return []
        self._events = events
        out, side = shown.outputs(), shown.sides()
        locked = self._remembers & ((side > 0) != (self._side > 0))
        moved = np.flatnonzero((out != self._out) | locked)
        rows = [(int(graph.cell[n]), *self._node_change(int(n), out, side)) for n in moved]
        rows = [row for row in rows if row[1] != row[2]]
        power = bake.dust_power(graph, out)
        for d in np.flatnonzero(power != self._dust):
            before, after = self._wire(int(d), int(self._dust[d])), self._wire(int(d), int(power[d]))
            rows.append((int(graph.dust.flat[d]), before, after))
        self._out, self._side, self._dust = out, side, power
        rows.sort(key=lambda row: row[0])
        return [Change(self._pos(cell), before, after) for cell, before, after in rows]

    def last_blocks(self) -> Volume:
        """Return all blocks as they were at the last look."""
        return bake.write_back(self._board.volume, self._board.graph, self._out, self._side)

    def block(self, pos: Pos) -> BlockState:
        """Return the present state of one block, with every key."""
        board = self._board
        node = find_cell(board.graph.cell, board.volume, pos)
        if node >= 0 and board.graph.kind[node] != CONSTANT:
            level, side = self._present().node(node)
            return self._state(node, level, bool(self._remembers[node]) and side > 0)
        dust = find_cell(board.graph.dust.flat, board.volume, pos)
        if dust >= 0:
            return self._wire(dust, self._present().power(pos))
        return complete(board.volume.get(pos))

    def _node_change(self, node: int, out: Bytes, side: Bytes) -> tuple[BlockState, BlockState]:
        before = self._state(node, int(self._out[node]), bool(self._side[node] > 0))
        return before, self._state(node, int(out[node]), bool(side[node] > 0))

    def _state(self, node: int, level: int, locked: bool) -> BlockState:
        entry = int(self._board.graph.entry[node])
        key = (entry, level, locked)
        if key not in self._texts:
            state, entity = self._board.volume.palette.entries[entry]
            self._texts[key] = complete(bake._baked(state, entity, level, locked)[0])
        return self._texts[key]

    def _wire(self, dust: int, power: int) -> BlockState:
        graph = self._board.graph
        entry = int(self._board.volume.ids.reshape(-1)[graph.dust.flat[dust]])
        shape = tuple(graph.dust.shape[dust].tolist())
        key = (entry, int(shape[0] * 27 + shape[1] * 9 + shape[2] * 3 + shape[3]), power)
        if key not in self._wires:
            sides = {name: _WORDS[digit] for name, digit in zip(_SIDES, shape, strict=True)}
            self._wires[key] = self._board.volume.palette.state(entry).with_props(power=power, **sides)
        return self._wires[key]

    def _pos(self, cell: int) -> Pos:
        y, z, x = np.unravel_index(cell, self._board.volume.ids.shape)
        return (int(x), int(y), int(z))


def changed_blocks(before: Volume, after: Volume) -> list[Change]:
    """Return the blocks whose states differ between two volumes of one size, sorted by y, z, x."""
    old = [complete(state) for state, _ in before.palette]
    new = [complete(state) for state, _ in after.palette]
    number = {state: k for k, state in enumerate(dict.fromkeys([*old, *new]))}
    left = np.array([number[s] for s in old], dtype=np.int64)[before.ids]
    right = np.array([number[s] for s in new], dtype=np.int64)[after.ids]
    found = []
    for y, z, x in np.argwhere(left != right):
        pos = (int(x), int(y), int(z))
        found.append(Change(pos, old[int(before.ids[y, z, x])], new[int(after.ids[y, z, x])]))
    return found
