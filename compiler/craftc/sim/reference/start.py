"""Start states of the reference engine.

trusted   The saved states stand. Dust saved without its four sides is given them; nothing is scheduled.
placed    All states are derived anew, as craftc.sim.settle says: inputs first, loops opened at their first
          device. That gives the values to start from, not the definition of a rule: then every block in
          array order is told that its neighbours changed, and it runs until nothing is scheduled, at most
          SETTLE_LIMIT_GT. While it settles torches do not burn out, observers sleep and bulbs keep their
          light. Boards that the graph engine refuses start from everything off, torches lit.
"""

from __future__ import annotations

import numpy as np

from craftc.blocks import names
from craftc.blocks.dust import dust_cells, write_shapes
from craftc.blocks.palette import BlockState, Entity
from craftc.blocks.properties import completed
from craftc.blocks.tables import first_position, known_tables, used_entries
from craftc.blocks.volume import Volume
from craftc.errors import SimError
from craftc.sim.bake import write_back
from craftc.sim.graph import extract
from craftc.sim.pack import make_engine
from craftc.sim.reference.world import World
from craftc.sim.settle import derive, keep_memories

SETTLE_LIMIT_GT = 1000


def check_legal(volume: Volume) -> None:
    """Raise SimError naming block and place of what the simulator refuses."""
    known_tables(volume)
    used = used_entries(volume)
    for index, (state, _) in enumerate(volume.palette):
        if used[index]:
            check_quiet(state, str(first_position(volume, index)))


def check_quiet(state: BlockState, where: str) -> None:
    """Raise SimError on a block that changes by itself."""
    if state.short == "composter" and state.get("level") == "7":
        raise SimError(f"{state} turns into level 8 by itself", where=where, legal="level 0..6 or 8")


def prepared(volume: Volume, settle: str) -> Volume:
    """Return a copy with complete states; for "placed" with the states to start from."""
    out = completed(volume)
    bare = [i for i, (s, _) in enumerate(out.palette) if s.short == "redstone_wire" and not s.get("north")]
    if settle == "placed" or bare:
        saved = out.ids.copy()
        write_shapes(out, dust_cells(out))
        if settle == "trusted":
            out.ids = np.where(np.isin(saved, bare), out.ids, saved)
    return _derived(out) if settle == "placed" else out


def _derived(volume: Volume) -> Volume:
    """Return the volume with the states that follow from its inputs; changes the volume."""
    try:
        graph = extract(volume)
    except SimError:
        table = [volume.palette.add(*_off(state, entity)) for state, entity in list(volume.palette)]
        volume.ids = np.array(table, dtype=np.uint16)[volume.ids]
        return volume
    _, state = make_engine(graph, derive(graph))
    keep_memories(volume, graph, state, trusted=False)
    return write_back(volume, graph, state.out, state.seen[:, 1])


def _off(state: BlockState, entity: Entity | None) -> tuple[BlockState, Entity | None]:
    name = state.short
    if name == "redstone_wire":
        return state.with_props(power=0), entity
    if name == "repeater":
        return state.with_props(powered="false", locked="false"), entity
    if name == "comparator":
        return state.with_props(powered="false"), Entity("comparator", 0)
    if name in ("redstone_torch", "redstone_wall_torch"):
        return state.with_props(lit="true"), entity
    if name == "redstone_lamp":
        return state.with_props(lit="false"), entity
    if name in names.TRAPDOORS and state.get("powered") == "true":
        return state.with_props(powered="false", open="false"), entity
    derived = name in names.BUTTONS | names.TRAPDOORS | names.BULBS or name in ("note_block", "observer")
    return (state.with_props(powered="false") if derived else state), entity


def settle(world: World) -> None:
    """Tell every block that its neighbours changed, and run until nothing is scheduled."""
    world.settling = True
    for cell in range(len(world.ids)):
        entry = world.entry(cell)
        entry.rule.neighbour_changed(world, cell, entry)
    while len(world.ticks) and world.ticks.now < SETTLE_LIMIT_GT:
        world.tick()
    world.settling = False
    world.events = world.ticks_run = world.peak = 0
