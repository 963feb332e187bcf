"""Lints for boards that are to do the same in the game, in MCHPRS and in mc-tick: what they are known to
do differently. Each form says who does what; the evidence is in docs/simulator.md.

    comparator side   a torch, switch or powered solid beside a comparator is no side input in the game and in
                      MCHPRS; mc-tick takes it as one
    torch on lamp     MCHPRS lights a lamp under a torch; in the game a torch gives nothing downwards
    own output        MCHPRS drops a link from a component to itself over dust; the game keeps it
    unread container  MCHPRS does not read chests, brewing stands, jukeboxes and others
    wooden button     MCHPRS does not press it
    cake, end frame   mc-tick takes them as conductors and does not read them
    long axis         MCHPRS reads sizes as signed shorts
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from craftc.blocks.names import BUTTONS
from craftc.blocks.volume import Pos, Volume
from craftc.check import drc
from craftc.lint.findings import Finding
from craftc.sim import Board
from craftc.sim.devices import COMPARE, CONSTANT, DUST, REPEATER, SUBTRACT, DeviceTables, device_tables

_READ_BY_MCHPRS = frozenset({
    "barrel", "furnace", "hopper", "cauldron", "water_cauldron", "lava_cauldron", "powder_snow_cauldron",
    "composter", "cake",
})  # fmt: skip
_PRESSED_BY_MCHPRS = frozenset({"stone_button"})
_CONDUCT_IN_MCTICK = frozenset({"cake", "end_portal_frame"})
_LONGEST = 32_767
Mask = npt.NDArray[np.bool_]


def judge_findings(volume: Volume, board: Board) -> Iterator[Finding]:
    """Yield the places of a board on which game and simulators differ."""
    for pos, what in _places(volume, board):
        yield Finding("judges", pos, "warning", what)


def _places(volume: Volume, board: Board) -> Iterator[tuple[Pos, str]]:
    if max(volume.size) > _LONGEST:
        yield (0, 0, 0), f"an axis of {max(volume.size)} blocks: MCHPRS reads at most {_LONGEST}"
    yield from _side_inputs(volume)
    yield from _torches_on_lamps(volume)
    yield from _own_outputs(board)
    yield from _unread_containers(volume)
    yield from _odd_blocks(volume)


def _side_inputs(volume: Volume) -> Iterator[tuple[Pos, str]]:
    """Comparators beside which something gives a signal, or a conductor may be powered."""
    devices, tables = device_tables(volume)
    kind = devices.kind
    giver = (devices.gives != 0) & ~np.isin(kind, (REPEATER, COMPARE, SUBTRACT, CONSTANT))
    risky = giver[volume.ids] | _maybe_powered(volume, devices, tables.conductor)
    comparator = np.isin(kind, (COMPARE, SUBTRACT))[volume.ids]
    sides = devices.sides[volume.ids]
    bad = np.zeros(volume.ids.shape, dtype=np.bool_)
    for direction in range(2, 6):
        bad |= comparator & (sides >> direction & 1 > 0) & drc.neighbour(risky, direction).astype(np.bool_)
    for pos in volume.positions(bad):
        yield pos, f"beside this {volume.get(pos).short} is something that mc-tick takes as a side input"


def _maybe_powered(volume: Volume, devices: DeviceTables, conductor: npt.NDArray[np.bool_]) -> Mask:
    """Return the conductors that something placed could power, strongly or weakly."""
    strong, is_dust = devices.strong[volume.ids], devices.kind == DUST
    powered = drc.neighbour(is_dust[volume.ids], 1)
    for direction in range(6):  # the neighbour in `direction` powers this cell if it points back at it
        powered |= drc.neighbour(strong, direction) >> (direction ^ 1) & 1 > 0
    for direction, side in ((2, "south"), (3, "north"), (4, "east"), (5, "west")):
        points = np.array([s.get(side, "none") != "none" for s, _ in volume.palette]) & is_dust
        powered |= drc.neighbour(points[volume.ids], direction)
    return powered & conductor[volume.ids]


def _torches_on_lamps(volume: Volume) -> Iterator[tuple[Pos, str]]:
    names = [state.short for state, _ in volume.palette]
    torch = np.array([name == "redstone_torch" for name in names])[volume.ids]
    lamp = np.array([name == "redstone_lamp" for name in names])[volume.ids]
    both = np.zeros_like(torch)
    both[1:] = torch[1:] & lamp[:-1]
    for pos in volume.positions(both):
        yield pos, "MCHPRS lights the lamp under this torch, the game does not"


def _own_outputs(board: Board) -> Iterator[tuple[Pos, str]]:
    link = board.graph.link
    source = np.repeat(np.arange(board.nodes), np.diff(link.start))
    for node in np.unique(source[link.target >> 1 == source]).tolist():
        yield board.position(node), "feeds its own input: MCHPRS drops this link"


def _unread_containers(volume: Volume) -> Iterator[tuple[Pos, str]]:
    devices, tables = device_tables(volume)
    foreign = np.array([s.short not in _READ_BY_MCHPRS for s, _ in volume.palette]) & (tables.analog >= 0)
    kinds = devices.kind[volume.ids]
    comparator = (kinds == COMPARE) | (kinds == SUBTRACT)
    reads = devices.reads[volume.ids]
    bad = np.zeros(volume.ids.shape, dtype=np.bool_)
    for direction in range(2, 6):
        there = drc.neighbour(foreign[volume.ids], direction).astype(np.bool_)
        bad |= comparator & (reads >> direction & 1 > 0) & there
    for pos in volume.positions(bad):
        yield pos, f"{volume.get(pos).short} reads a block that MCHPRS does not read"


def _odd_blocks(volume: Volume) -> Iterator[tuple[Pos, str]]:
    for index, (state, _) in enumerate(volume.palette):
        if state.short in BUTTONS and state.short not in _PRESSED_BY_MCHPRS:
            what = "MCHPRS does not press this button"
        elif state.short in _CONDUCT_IN_MCTICK:
            what = f"mc-tick takes a {state.short} as a conductor, and does not read it"
        else:
            continue
        for pos in volume.positions(volume.ids == index):
            yield pos, what
