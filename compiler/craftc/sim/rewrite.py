"""What follows when a block of a running board was written and the board was made anew.

Scheduled ticks and torch histories move to the same blocks; the devices whose inputs changed or that stand
beside the written block look at them, comparators of its content as the game tells them; observers see every
block that changed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from craftc.blocks import names
from craftc.blocks.palette import BlockState
from craftc.blocks.tables import DIRECTION, analog_level
from craftc.blocks.volume import Pos, Volume
from craftc.sim import engine, words
from craftc.sim.board import Board
from craftc.sim.devices import COMPARE, LEVEL_OBSERVER, OBSERVER, OBSERVER_GT, SUBTRACT
from craftc.sim.edit import support_of
from craftc.sim.graph import find_cell
from craftc.sim.queue import Waiting, schedule, set_torch_ages, torch_ages, waiting
from craftc.sim.watch import changed_blocks

_AROUND = ((0, -1, 0), (0, 1, 0), (0, 0, -1), (0, 0, 1), (-1, 0, 0), (1, 0, 0))
_SIDES = ("north", "east", "south", "west")
NOTES = 25
_TORCHES = frozenset({"redstone_torch", "redstone_wall_torch"})


def clicked_state(state: BlockState) -> BlockState | None:
    """Return what a right-click turns a block into at once, or None for levers, buttons and the rest.

    Dust that is neither cross nor dot stays as it is.
    """
    name = state.short
    if name == "repeater":
        return state.with_props(delay=int(state.get("delay", "1")) % 4 + 1)
    if name == "comparator":
        return state.with_props(mode="compare" if state.get("mode") == "subtract" else "subtract")
    if name in names.TRAPDOORS and name != "iron_trapdoor":
        return state.with_props(open="false" if state.get("open") == "true" else "true")
    if name == "note_block":
        return state.with_props(note=(int(state.get("note", "0")) + 1) % NOTES)
    if name == "composter" and state.get("level") == "8":
        return state.with_props(level=0)
    if name == "redstone_wire":
        joined = [state.get(side) != "none" for side in _SIDES]
        if all(joined) or not any(joined):
            return state.with_props(**dict.fromkeys(_SIDES, "none" if all(joined) else "side"))
        return state
    return None


def refresh(board: Board, pos: Pos) -> None:
    """Let the comparator at `pos` take the output its inputs ask for at once."""
    node = _find(board, pos)
    wanted = int(words.WANTED[int(board._state.word[node]) & 0xFFF])
    engine.set_output(board._net, board._state, node, wanted & 15)


def carry_over(old: Board, new: Board) -> None:
    """Bring scheduled ticks and torch histories of one board to the same blocks of another."""
    ticks = waiting(old)
    place, same = _same_nodes(old, new, ticks.node)
    schedule(new, Waiting(place[same], ticks.delay_gt[same], ticks.priority[same]))
    nodes, ages = torch_ages(old)
    place, same = _same_nodes(old, new, nodes)
    set_torch_ages(new, place[same], ages[same])


def notify(old: Board, new: Board, pos: Pos, before: Volume) -> None:
    """Let everything react to the block written at `pos`; `before` are the blocks until then."""
    place, same = _same_nodes(old, new, np.arange(old.nodes))
    was, now = old._state.seen[same], new._state.seen[place[same]]
    content = old.graph.rear[same] != new.graph.rear[place[same]]
    told = content & _tells_comparators(before, new.volume, pos)
    moved = same.copy()
    moved[same] = (was[:, 1] != now[:, 1]) | ~content & (was[:, 0] != now[:, 0]) | told
    changed = changed_blocks(before, new.volume)
    broken = [c.pos for c in changed if c.before.name != c.after.name and c.pos != pos]
    told_of = {there for where in (pos, *broken) for there in _told(before, new.volume, where)}
    looking = [n for n in (_find(new, there) for there in sorted(told_of)) if n >= 0]
    for node in sorted({*place[moved].tolist(), *looking}):
        if new.graph.kind[node] not in (OBSERVER, LEVEL_OBSERVER):
            engine.check(new._net, new._state, node)
    _wake_observers(new, pos, before)


def _told(before: Volume, after: Volume, pos: Pos) -> list[Pos]:
    """Return the positions that get a neighbour update although their inputs may be the same.

    The six around; where dust came or went, or a torch changed, also all within two steps, the written block
    included; what stands in front of a diode, and around that; where a switch went that was on also those
    around its support; a new bulb looks by itself.
    """
    old, new = before.get(pos), after.get(pos)
    around = _around(pos)
    here = (new,) if old.name == new.name else (old, new)
    told, centres = {*around}, set[Pos]()
    for state in here:
        if state.short in _TORCHES or (state.short == "redstone_wire" and old.name != new.name):
            centres.update(around)
        elif state.short in ("repeater", "comparator"):
            dx, dy, dz = _AROUND[DIRECTION[state.get("facing")] ^ 1]
            front = (pos[0] + dx, pos[1] + dy, pos[2] + dz)
            told.update({front, *_around(front)} - {pos})
    if old.name != new.name and _is_on(old):
        dx, dy, dz = _AROUND[DIRECTION[support_of(old) or "down"]]
        centres.add((pos[0] + dx, pos[1] + dy, pos[2] + dz))
    told.update(there for centre in centres for there in _around(centre))
    if old.name != new.name and new.short in names.BULBS:
        told.add(pos)
    return sorted(told)


def _around(pos: Pos) -> list[Pos]:
    return [(pos[0] + dx, pos[1] + dy, pos[2] + dz) for dx, dy, dz in _AROUND]


def _is_on(state: BlockState) -> bool:
    switch = state.short == "lever" or state.short in names.BUTTONS or state.short in names.PLATES
    return switch and (state.get("powered") == "true" or state.get("power", "0") != "0")


def _tells_comparators(before: Volume, after: Volume, pos: Pos) -> bool:
    """Return whether comparators that read the written block through another one are told."""
    old, new = before.get(pos), after.get(pos)
    removed = old.name != new.name and old.short in names.CONTAINERS
    return removed or analog_level(new, after.entity(pos)) >= 0


def _wake_observers(board: Board, pos: Pos, before: Volume) -> None:
    """Schedule the observers that face a block that changed, and one that was written."""
    if not np.isin(board.graph.kind, (OBSERVER, LEVEL_OBSERVER)).any():
        return
    changed = [change.pos for change in changed_blocks(before, board.write_back())]
    found = {_find(board, pos)} if pos in changed else set()
    for x, y, z in changed:
        for d, (dx, dy, dz) in enumerate(_AROUND):
            there = (x + dx, y + dy, z + dz)
            node = _find(board, there)
            if node >= 0 and DIRECTION.get(board.volume.get(there).get("facing"), -1) == d ^ 1:
                found.add(node)
    for node in sorted(found - {-1}):
        is_observer = board.graph.kind[node] in (OBSERVER, LEVEL_OBSERVER)
        if is_observer and int(board._state.word[node]) >> words.OUT & 15 == 0:
            engine.schedule(board._state, node, OBSERVER_GT, engine.NORMAL)


def _find(board: Board, pos: Pos) -> int:
    return find_cell(board.graph.cell, board.volume, pos)


def _family(kind: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return kinds with those of one block made equal."""
    out = np.where(kind == SUBTRACT, COMPARE, kind)
    return np.where(out == LEVEL_OBSERVER, OBSERVER, out).astype(np.uint8)


def _same_nodes(old: Board, new: Board, nodes: Any) -> tuple[Any, Any]:
    """Return (node numbers on the new board, mask of those that are still the same kind of block)."""
    cell = old.graph.cell[nodes]
    place = np.minimum(np.searchsorted(new.graph.cell, cell), max(new.nodes - 1, 0))
    if not new.nodes:
        return place, np.zeros(len(place), dtype=np.bool_)
    was, now = _family(old.graph.kind[nodes]), _family(new.graph.kind[place])
    return place, (new.graph.cell[place] == cell) & (was == now)
