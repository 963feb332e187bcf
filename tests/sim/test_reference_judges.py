"""The reference engine against mc-tick, tick by tick and at the board's place in the world.

Both follow the game's order of updates, so boards with races are compared too. Left out is what mc-tick
is known to do otherwise than the game (docs/simulator.md); each such difference has a small board here that
shows it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from tests.oracle.client import Judge
from tests.sim.component_boards import Action, Pos, component_board, random_actions
from tests.sim.fuzz import RISKY, without_risky_sides
from tests.sim.small import draw

from craftc.blocks import BlockState, Volume
from craftc.blocks.tables import is_conductor
from craftc.sim.reference import Reference

pytestmark = pytest.mark.oracle
DIFFERENT = frozenset({"trapdoor", "bulb", "lamp"})  # kinds that mc-tick treats otherwise
UNREAD = frozenset({"cake", "end_portal_frame", "beehive", "respawn_anchor"})  # mc-tick does not read them
LEVER = (0, 1, 0)


def shown(state: BlockState) -> int:
    """Return the level that a state shows, as the judge's worker does."""
    if state.get("power"):
        return int(state.get("power"))
    return 15 if "true" in (state.get("lit"), state.get("powered")) else 0


def comparable(seed: int) -> Volume:
    """Return a random board without what mc-tick treats otherwise, with its place in the world."""
    volume = component_board(seed, without=DIFFERENT)
    for pos in volume.positions(volume.ids != 0):
        state = volume.get(pos)
        if state.short in UNREAD:
            volume.set(pos, "composter[level=5]")
    out = without_risky_sides(volume, tuple(sorted({*RISKY, *_side_conductors(volume)})))
    out.origin = volume.origin
    return out


def _side_conductors(volume: Volume) -> set[str]:
    names = {state.short for state, _ in volume.palette if is_conductor(state)}
    return names | {"observer", "stone_button", "oak_button"}


def replay(baked: Volume, actions: list[Action], ticks: int, probes: list[Pos]) -> npt.NDArray[np.uint8]:
    """Return the levels of the reference engine after every game tick."""
    board, rest, rows = Reference(baked, "trusted"), list(actions), []
    for t in range(ticks):
        while rest and rest[0].time_gt == t:
            board.use(rest.pop(0).pos)
        board.run(1)
        rows.append([shown(board.block(pos)) for pos in probes])
    return np.array(rows, dtype=np.uint8)


@pytest.mark.parametrize("gap_gt", [40, 12, 5, 3])
def test_random_boards_of_all_components(judge: Judge, gap_gt: int) -> None:
    asked = 0
    for seed in range(1000 * gap_gt, 1000 * gap_gt + 40):
        board = Reference(comparable(seed))
        baked = board.write_back()
        rounds = max(4, 40 // gap_gt)
        actions = random_actions(baked, seed, rounds, gap_gt, writes=False)
        if not board.quiet or not actions or _double_lock(baked):
            continue
        ticks = rounds * gap_gt + 10
        states = {"power", "lit", "powered"}
        probes = [p for p in baked.positions(baked.ids != 0) if states & {k for k, _ in baked.get(p).props}]
        theirs = judge.trace(
            baked, [(a.time_gt, a.pos) for a in actions], ticks, probes, engine="mctick", every_gt=1,
            origin=baked.origin,
        )  # fmt: skip
        assert np.array_equal(replay(baked, actions, ticks, probes), theirs), f"board {seed}"
        asked += 1
    assert asked >= 15


def _double_lock(volume: Volume) -> bool:
    """Return whether a repeater points into the side of a repeater of the same delay: mc-tick lets them
    run in another order when both are due."""
    step = {"north": (0, 1), "south": (0, -1), "west": (1, 0), "east": (-1, 0)}  # towards the output
    for pos in volume.positions(volume.ids != 0):
        state = volume.get(pos)
        if state.short in ("repeater", "comparator"):
            dx, dz = step[state.get("facing")]
            x, z = pos[0] + dx, pos[2] + dz
            if 0 <= x < volume.size[0] and 0 <= z < volume.size[2]:
                front = volume.get((x, pos[1], z))
                if front.short == "repeater" and front.get("facing") not in (
                    state.get("facing"), *_opposite(state.get("facing"))
                ):  # fmt: skip
                    return True
    return False


def _opposite(facing: str) -> tuple[str]:
    return ({"north": "south", "south": "north", "west": "east", "east": "west"}[facing],)


def small(row: str, **blocks: str) -> Volume:
    """Return one line of devices on stone with a lever at its start; blocks as x3="state"."""
    volume = draw(f"""
          y=0        y=1
    z=0   #########  {row.ljust(9, ".")}
    """, (LEVER,))  # fmt: skip
    for place, state in blocks.items():
        volume.set((int(place[1:]), 1, 0), state)
    return volume


KNOWN = {
    # name: (board, probe, level of the game, level of mc-tick), 8 gt after a lever was turned
    "a copper bulb conducts nothing": (
        small(".e.-", x2="copper_bulb[lit=false,powered=false]"), (3, 1, 0), 0, 15,
    ),
    "an end portal frame conducts nothing": (
        small(".e.-", x2="end_portal_frame[eye=false,facing=north]"), (3, 1, 0), 0, 15,
    ),
    "an observer sees a lamp": (
        small(".-..e-", x2="redstone_lamp[lit=false]", x3="observer[facing=west,powered=false]"),
        (5, 1, 0), 15, 0,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_where_mc_tick_differs_from_the_game(judge: Judge, name: str) -> None:
    volume, probe, ours, theirs = KNOWN[name]
    baked = Reference(volume).write_back()
    board = Reference(baked, "trusted")
    board.use(LEVER)
    mine = board.probe([probe], 5)[-1, 0]
    judged = judge.trace(baked, [(0, LEVER)], 5, [probe], engine="mctick", every_gt=1)[-1, 0]
    assert (int(mine), int(judged)) == (ours, theirs)


# What a comparator reads: (the game, mc-tick, MCHPRS)
READINGS = {
    "composter[level=6]": (6, 6, 6),
    "water_cauldron[level=2]": (2, 2, 2),
    "powder_snow_cauldron[level=3]": (3, 3, 0),
    "lava_cauldron": (3, 3, 0),
    "cake[bites=0]": (14, 0, 14),
    "end_portal_frame[eye=true,facing=north]": (15, 0, 15),
    "respawn_anchor[charges=3]": (11, 0, 0),
    "beehive[facing=north,honey_level=5]": (5, 0, 0),
    "waxed_copper_bulb[lit=true,powered=false]": (15, 0, 0),
}


@pytest.mark.parametrize("source", sorted(READINGS))
def test_what_comparators_read_in_the_judges(judge: Judge, source: str) -> None:
    # the side input coming and going makes the comparator look again
    volume = draw("""
          y=0   y=1
    z=0   ####  .>-.
    z=1   ####  .|..
    z=2   ####  ....
    """)
    lever, probe = (1, 1, 2), (2, 1, 0)
    volume.set((0, 1, 0), source)
    volume.set(lever, "lever[face=floor,facing=north,powered=false]")
    baked = Reference(volume).write_back()
    mine = Reference(baked, "trusted").run_script([(0, lever, True), (20, lever, False)], 40, [probe])[-1, 0]
    actions = [(0, lever), (20, lever)]
    others = [
        int(judge.trace(baked, actions, 40, [probe], engine=name)[-1, 0]) for name in ("mctick", "mchprs")
    ]
    assert (int(mine), *others) == READINGS[source]
