"""What our engines do with a batch of boards: net changes of blocks, and levels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from tests.sim.judges import Levels, Positions, Row
from tests.sim.tiles import PITCH, ROW, Batch, tile_of, without_tiles

from craftc.blocks import BlockState, Volume
from craftc.errors import SimError
from craftc.sim import Board, bake
from craftc.sim.devices import CONSTANT, LEVER
from craftc.sim.interface import Engine
from craftc.sim.live import GraphSimulator
from craftc.sim.queue import waiting
from craftc.sim.reference import Reference
from craftc.sim.trace import Action, Plan, record


@dataclass(frozen=True, slots=True)
class Ours:
    """What our graph engine does: net changes, and levels of nodes and dust after every redstone tick."""

    trace: set[Row]
    cells: Positions
    levels: Levels


def settled(batch: Batch) -> tuple[Batch, set[int]]:
    """Return the batch with settled blocks, and the tiles that do not come to rest or are left to the
    reference engine, which are emptied."""
    restless: set[int] = set()
    volume = batch.volume
    while True:
        try:
            board = Board(volume)
        except SimError as error:  # what the graph engine leaves to the reference engine
            x, _, z = (int(part) for part in error.where.strip("()").split(","))
            restless.add(z // PITCH * ROW + x // PITCH)
            volume = without_tiles(batch.volume, restless)
            continue
        if board.quiet:
            break
        cells = np.array([board.position(int(n)) for n in waiting(board).node])
        restless |= set(tile_of(cells[:, 0], cells[:, 2]).tolist())
        volume = without_tiles(batch.volume, restless)
    baked = board.write_back()
    _, x, _, z = batch.actions.T
    kept = ~np.isin(tile_of(x, z), sorted(restless))
    return Batch(baked, batch.actions[kept]), restless


def _positions(flat: npt.NDArray[np.int64], volume: Volume) -> Positions:
    y, z, x = np.unravel_index(flat, volume.ids.shape)
    return np.stack([x, y, z], axis=1).astype(np.int64)


def run_ours(batch: Batch, game_ticks: int) -> Ours:
    """Return what the graph engine does with a settled batch."""
    made = GraphSimulator(batch.volume, "trusted")
    board, graph = made.board, made.board.graph
    devices = ~np.isin(graph.kind, (CONSTANT, LEVER))
    cells = np.concatenate(
        [_positions(graph.cell[devices], batch.volume), _positions(graph.dust.flat, batch.volume)]
    )
    trace: set[Row] = set()
    texts: dict[BlockState, str] = {}
    levels = []
    done = 0
    for t in range(game_ticks):
        while done < len(batch.actions) and batch.actions[done, 0] == t:
            _, x, y, z = batch.actions[done].tolist()
            made.board.use((x, y, z))  # levers and buttons only
            done += 1
        made.run(1)
        for change in made.take_changes():
            for state in (change.before, change.after):
                if state not in texts:
                    texts[state] = str(state)
            trace.add((t, *change.pos, texts[change.before], texts[change.after]))
        if t % 2:
            out = board._state.out
            levels.append(np.concatenate([out[devices], bake.dust_power(graph, out)]))
    return Ours(trace, cells, np.array(levels, dtype=np.uint8))


def run_reference(batch: Batch, game_ticks: int) -> set[Row]:
    """Return the net changes of the reference engine."""
    return run_engine(Reference, batch, game_ticks)


def run_engine(engine: Engine, batch: Batch, game_ticks: int) -> set[Row]:
    """Return the net changes of an engine."""
    board = engine(batch.volume, "trusted")
    actions = [Action(t, (x, y, z)) for t, x, y, z in batch.actions.tolist()]
    return set(record(board, actions, Plan(game_ticks)))


def tiles_of_rows(rows: Iterable[Row]) -> set[int]:
    """Return the tiles in which rows lie."""
    cells = np.array([(row[1], row[3]) for row in rows], dtype=np.int64).reshape(-1, 2)
    return set(tile_of(cells[:, 0], cells[:, 1]).tolist())


def tiles_of_levels(ours: Ours, theirs: Levels, mask: npt.NDArray[np.bool_]) -> set[int]:
    """Return the tiles in which levels of the probes in `mask` differ."""
    wrong = (ours.levels != theirs).any(axis=0) & mask
    return set(tile_of(ours.cells[wrong, 0], ours.cells[wrong, 2]).tolist())
