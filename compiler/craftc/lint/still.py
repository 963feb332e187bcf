"""Lints on the blocks alone: dust and states as saved, components nobody drives or reads."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

import numpy as np

from craftc.blocks.dust import SIDES
from craftc.blocks.volume import Pos, Volume
from craftc.check import drc
from craftc.check.idle import pieces
from craftc.lint.findings import Finding
from craftc.sim import Board, bake
from craftc.sim.devices import COMPARE, KIND_NAMES, LAMP, REPEATER, SUBTRACT
from craftc.sim.graph import find_cell

_WORDS = ("none", "side", "up")


def _position(cell: int, volume: Volume) -> Pos:
    y, z, x = np.unravel_index(cell, volume.ids.shape)
    return (int(x), int(y), int(z))


def dust_findings(volume: Volume, board: Board) -> Iterator[Finding]:
    """Yield dust whose saved shape or power differs from what its neighbours imply.

    `board` is the volume's, trusted and not yet run.
    """
    graph = board.graph
    entry = volume.ids.reshape(-1)[graph.dust.flat]
    states = [state for state, _ in volume.palette]
    saved = np.array([[_WORDS.index(s.get(side, "none")) for side in SIDES] for s in states], np.uint8)
    power = np.array([int(s.get("power", "0")) for s in states], np.uint8)
    implied = bake.dust_power(graph, board._state.out)
    shapes = (saved[entry] != graph.dust.shape).any(axis=1)
    for index in np.flatnonzero(shapes | (power[entry] != implied)).tolist():
        wanted = dict(zip(SIDES, (_WORDS[k] for k in graph.dust.shape[index].tolist()), strict=True))
        state = states[int(entry[index])]
        meant = state.with_props(power=int(implied[index]), **wanted)
        what = f"is saved as {state}, its neighbours imply {meant}"
        yield Finding("dust", _position(int(graph.dust.flat[index]), volume), "error", what)


def state_findings(volume: Volume, board: Board) -> Iterator[Finding]:
    """Yield components whose saved state contradicts their inputs; dust is left to `dust_findings`."""
    for pos in board.restless():
        yield Finding("state", pos, "error", f"{volume.get(pos)} is saved in a state its inputs contradict")


def support_findings(broken: Iterable[drc.Finding]) -> Iterator[Finding]:
    """Yield components that nothing carries, from the broken design rules of a board."""
    for found in broken:
        if found.rule == "support":
            what = f"{found.block} stands or hangs on nothing that carries it"
            yield Finding("support", found.pos, "error", what)


def idle_findings(volume: Volume, board: Board, read: Collection[Pos]) -> Iterator[Finding]:
    """Yield components that nothing drives or nothing reads. `read` are positions that someone reads.

    A torch that nothing drives is a constant and no finding; levers, buttons and redstone blocks are
    driven, lamps are read. Dust is told of once per connected piece.
    """
    graph = board.graph
    watched = np.zeros(board.nodes, dtype=np.bool_)
    nodes = [find_cell(graph.cell, volume, pos) for pos in sorted(read)]
    watched[[n for n in nodes if n >= 0]] = True
    driven = np.zeros(2 * board.nodes, dtype=np.bool_)
    driven[graph.link.target] = True
    driven[0::2] |= graph.rear >= 0
    needs = np.isin(graph.kind, (REPEATER, COMPARE, SUBTRACT, LAMP))
    for node in np.flatnonzero(needs & ~driven[0::2]).tolist():
        yield Finding("idle", board.position(node), "warning", f"nothing drives this {_kind(board, node)}")
    feeds = np.diff(graph.link.start) > 0
    for node in np.flatnonzero(~feeds & ~watched & (graph.kind != LAMP)).tolist():
        yield Finding("idle", board.position(node), "warning", f"nothing reads this {_kind(board, node)}")
    yield from _idle_dust(volume, board, read)


def _idle_dust(volume: Volume, board: Board, read: Collection[Pos]) -> Iterator[Finding]:
    graph = board.graph
    piece = pieces(graph.wire.start, graph.wire.target)
    is_read = np.diff(graph.sink.start) > 0
    dusts = [find_cell(graph.dust.flat, volume, pos) for pos in sorted(read)]
    is_read[[d for d in dusts if d >= 0]] = True
    live = np.zeros(len(piece), dtype=np.bool_)
    live[piece[is_read]] = True
    most = bake.dust_power(graph, np.full(board.nodes, 15, dtype=np.uint8))
    for mask, words in ((most == 0, "nothing can power"), (~live[piece], "nothing reads")):
        cells, first, count = np.unique(piece[mask], return_index=True, return_counts=True)
        for index, size in zip(first[: len(cells)].tolist(), count.tolist(), strict=True):
            dust = int(np.flatnonzero(mask)[index])
            pos = _position(int(graph.dust.flat[dust]), volume)
            yield Finding("idle", pos, "warning", f"{words} this dust" + _and_more(size))


def _and_more(size: int) -> str:
    return f" and {size - 1} more of its wire" if size > 1 else ""


def _kind(board: Board, node: int) -> str:
    return KIND_NAMES[int(board.graph.kind[node])]
