"""Why a judge differs on a board: what is known to part it from the game (docs/fuzz.md)."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from tests.sim.ours import run_ours, run_reference
from tests.sim.tiles import Batch

from craftc.blocks.tables import tables_of
from craftc.sim import Board
from craftc.sim.devices import BUTTON, LAMP_OFF_GT
from craftc.sim.live import GraphSimulator
from craftc.sim.trace import Action, Plan, record

_STEP = {
    "down": (0, -1, 0), "up": (0, 1, 0), "north": (0, 0, -1), "south": (0, 0, 1), "west": (-1, 0, 0),
    "east": (1, 0, 0),
}  # fmt: skip


def depends_on_order(batch: Batch, game_ticks: int) -> bool:
    """Whether our own result changes under other orders within a game tick, or with needless ticks."""
    base = _outputs(batch, game_ticks, 0)
    return any(not np.array_equal(base, _outputs(batch, game_ticks, order)) for order in range(1, 25))


def _outputs(batch: Batch, game_ticks: int, order: int) -> npt.NDArray[np.uint8]:
    board = Board(batch.volume, "trusted", order=order, flicker=order > 12)
    nodes = [board.position(n) for n in range(board.nodes)]
    on: dict[tuple[int, int, int], bool] = {}
    script = []
    for t, x, y, z in batch.actions.tolist():
        pos = (x, y, z)
        button = board.graph.kind[board.node_at(pos)] == BUTTON
        on[pos] = True if button else not on.get(pos, board.power(pos) > 0)
        script.append((t, pos, on[pos]))
    return board.run_script(script, game_ticks, nodes, 1)


def burns_out(batch: Batch, game_ticks: int) -> bool:
    """Whether a torch burns out."""
    board = GraphSimulator(batch.volume, "trusted")
    record(board, [Action(t, (x, y, z)) for t, x, y, z in batch.actions.tolist()], Plan(game_ticks))
    return board.burnouts > 0


def drives_itself(batch: Batch) -> bool:
    """Whether any component feeds its own input."""
    board = Board(batch.volume, "trusted")
    link = board.graph.link
    source = np.repeat(np.arange(board.nodes), np.diff(link.start))
    return bool((link.target >> 1 == source).any())


def feeds_both_inputs(batch: Batch) -> bool:
    """Whether one component feeds both inputs of another: MCHPRS looks after each of them."""
    link = Board(batch.volume, "trusted").graph.link
    source = np.repeat(np.arange(len(link.start) - 1), np.diff(link.start))
    pairs = np.unique(np.stack([source, link.target], axis=1), axis=0)
    _, count = np.unique(np.stack([pairs[:, 0], pairs[:, 1] >> 1], axis=1), axis=0, return_counts=True)
    return bool((count > 1).any())


def _has(batch: Batch, name: str) -> bool:
    used = np.unique(batch.volume.ids)
    return any(batch.volume.palette.state(int(i)).short == name for i in used)


def torch_on_lamp(batch: Batch) -> bool:
    """Whether a torch stands on a lamp, which MCHPRS lights."""
    names = np.array([s.short for s, _ in batch.volume.palette])[batch.volume.ids]
    return bool(((names[1:] == "redstone_torch") & (names[:-1] == "redstone_lamp")).any())


def observes_repeater(batch: Batch) -> bool:
    """Whether an observer faces a repeater, whose lock mc-tick's observers do not see."""
    volume = batch.volume
    for pos in volume.positions(volume.ids != 0):
        state = volume.get(pos)
        if state.short == "observer":
            step = _STEP[state.get("facing")]
            there = (pos[0] + step[0], pos[1] + step[1], pos[2] + step[2])
            inside = all(0 <= p < s for p, s in zip(there, volume.size, strict=True))
            if inside and volume.get(there).short == "repeater":
                return True
    return False


def risky_side(batch: Batch) -> bool:
    """Whether a torch, switch or solid stands beside a comparator, which mc-tick takes as an input."""
    volume = batch.volume
    states = [state for state, _ in volume.palette]
    comparator = [s.short == "comparator" for s in states]
    giver = np.array([s.short.endswith(("torch", "button", "lever", "observer")) for s in states])
    risky = (giver | tables_of(volume.palette).conductor)[volume.ids]
    for axis, facings in ((2, ("north", "south")), (1, ("west", "east"))):
        turned = np.array([c and s.get("facing") in facings for c, s in zip(comparator, states, strict=True)])
        beside = np.roll(risky, 1, axis) | np.roll(risky, -1, axis)
        if (turned[volume.ids] & beside).any():
            return True
    return False


def lamp_told_as_dust_rises(batch: Batch, game_ticks: int) -> bool:
    """Whether our two engines part first at lamps that go off 4 gt after dust rose: a lamp that is due in the
    game tick in which its dust rises is told before all of the dust has, and asks for another tick."""
    fast, game = run_ours(batch, game_ticks).trace, run_reference(batch, game_ticks)
    apart = fast ^ game
    if not apart:
        return False
    first = min(row[0] for row in apart)
    lamps = all("redstone_lamp" in row[4] for row in apart if row[0] == first)
    return lamps and any(row[0] == first - LAMP_OFF_GT and _rises(row[4], row[5]) for row in game)


def _rises(before: str, after: str) -> bool:
    levels = [re.search(r"redstone_wire.*power=(\d+)", text) for text in (before, after)]
    return all(levels) and int(levels[1][1]) > int(levels[0][1])  # type: ignore[index]


def explain(batch: Batch, game_ticks: int, judge: str) -> str:
    """Return why a judge differs on a board, or "" if nothing known explains it."""
    mchprs: dict[str, Callable[[], bool]] = {
        "wooden button": lambda: _has(batch, "oak_button"),
        "torch on lamp": lambda: torch_on_lamp(batch),
        "own output": lambda: drives_itself(batch),
        "burn-out": lambda: burns_out(batch, game_ticks),
    }
    mctick: dict[str, Callable[[], bool]] = {
        "cake": lambda: _has(batch, "cake"),
        "side input": lambda: risky_side(batch),
        "own output": lambda: drives_itself(batch),
        "observed lock": lambda: observes_repeater(batch),
        "rising dust": lambda: lamp_told_as_dust_rises(batch, game_ticks),
    }
    for name, holds in (mchprs if judge == "mchprs" else mctick).items():
        if holds():
            return name
    if depends_on_order(batch, game_ticks):
        return "order"
    return "both inputs" if judge == "mchprs" and feeds_both_inputs(batch) else ""
