"""What a player does to a world of the reference engine between two game ticks."""

from __future__ import annotations

from craftc.blocks.palette import BlockState, Entity
from craftc.blocks.properties import checked
from craftc.blocks.tables import is_known, refusal
from craftc.blocks.volume import Pos
from craftc.errors import SimError
from craftc.sim.reference.entries import Entry
from craftc.sim.reference.inputs import Button, Lever, Switch
from craftc.sim.reference.start import check_quiet
from craftc.sim.reference.world import World


def switch_at(world: World, pos: Pos, *kinds: type[Switch]) -> tuple[int, Entry]:
    """Return cell and entry of a switch of one of the kinds. Raises SimError if there is none."""
    what = "outside the box"
    if world.inside(pos):
        cell = world.cell(pos)
        entry = world.entry(cell)
        if isinstance(entry.rule, kinds):
            return cell, entry
        what = str(entry.state)
    raise SimError(f"{what} cannot be switched", where=str(tuple(pos)), legal="lever or button")


def click(world: World, pos: Pos) -> None:
    """Right-click with an empty hand. Raises SimError on blocks that do not react."""
    if not world.inside(pos):
        switch_at(world, pos, Lever, Button)
    cell = world.cell(pos)
    entry = world.entry(cell)
    if not entry.rule.use(world, cell, entry):
        legal = "lever, button, repeater, comparator, trapdoor, note block, dust, full composter"
        raise SimError(f"{entry.state} cannot be switched", where=str(tuple(pos)), legal=legal)


def check(world: World, time: int, pos: Pos, on: bool, game_ticks: int) -> None:
    """Raise SimError unless a run of that many game ticks may bring a switch to a position at `time`."""
    if not 0 <= time <= game_ticks:
        raise SimError(f"action at {time} outside the run", where=str(pos), legal=f"0..{game_ticks}")
    _, entry = switch_at(world, pos, Lever, Button)
    if isinstance(entry.rule, Button) and not on:
        raise SimError("a button is released by itself", where=str(pos), legal="on=True")


def turn(world: World, pos: Pos, on: bool) -> None:
    """Bring a lever to a position or press a button."""
    cell, entry = switch_at(world, pos, Lever, Button)
    if isinstance(entry.rule, Button):
        entry.rule.use(world, cell, entry)
    elif entry.powered != on and isinstance(entry.rule, Switch):
        entry.rule.turn(world, cell, entry, on)


def write(world: World, cell: int, state: BlockState | str, entity: Entity | None) -> None:
    """Write a block state with all updates. Raises SimError on blocks that the simulator refuses."""
    where = str(world.position(cell))
    state = BlockState.parse(state) if isinstance(state, str) else state
    if not is_known(state):
        raise refusal(state, where)
    check_quiet(state, where)
    new = world.book.of(checked(state, where), entity)
    old = world.entry(cell)
    if new.name == old.name and isinstance(new.rule, Switch):
        world.change(cell, new, neighbours=True)
        new.rule.tell(world, cell, new)
    elif new.state == old.state and entity != old.entity:
        world.store(cell, new)
        world.notify_comparators(cell)
    else:
        world.change(cell, world.fitted(cell, new), neighbours=True)
