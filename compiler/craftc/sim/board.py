"""A volume of blocks that runs: `Board`, and `settle`.

Time is in game ticks (gt); 2 gt = 1 redstone tick. An action (lever, button) happens after the
last game tick that ran; a repeater of delay 1 driven by it fires 2 gt later. Positions are local to
the volume. What is and is not modelled: devices.py, engine.py, settle.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from craftc.blocks.volume import Pos, Volume
from craftc.errors import SimError
from craftc.sim import address, bake, doubt, drive, engine, words
from craftc.sim import settle as start
from craftc.sim.devices import BUTTON, KIND_NAMES, LEVER
from craftc.sim.graph import Graph, extract, find_cell
from craftc.sim.pack import make_engine, remember
from craftc.sim.react import BURN, BURNOUTS, EVENTS, NOW, PEAK, RUNS, State
from craftc.sim.resolve import Resolver, Sources
from craftc.sim.ring import FREE

SETTLE_LIMIT_GT = 1000
# More executed ticks than a board needs that settles at all.
SETTLE_EVENTS, SETTLE_EVENTS_PER_NODE = 100_000, 20
Levels = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A copy of everything that changes on a board."""

    state: State
    doubt: doubt.Doubt | None = None


@dataclass(frozen=True, slots=True)
class _Probes:
    start: npt.NDArray[np.int64]
    node: npt.NDArray[np.int32]
    loss: npt.NDArray[np.uint8]


class Board:
    """The machine in a volume. The volume itself is never changed."""

    def __init__(
        self, volume: Volume, settle: str = "placed", *, order: int = 0, flicker: bool = False
    ) -> None:
        """Set the board up.

        `settle` is "placed" (derive the state, run at most SETTLE_LIMIT_GT and about 20 events per node;
        a board that oscillates stays running) or "trusted" (saved states stand).
        `order` other than 0 is a seed that permutes what runs first within a game tick (priorities
        included) and whom a change notifies first: a machine without races behaves the same under every
        order. `flicker` then also adds the needless ticks that falling dust may cause in the game.

        Raises SimError on unknown blocks or an unknown settle mode.
        """
        if settle not in ("placed", "trusted"):
            raise SimError(f"unknown settle mode {settle!r}", legal="placed, trusted")
        self.volume = volume
        self.graph: Graph = extract(volume)
        trusted = settle == "trusted"
        out = self.graph.value if trusted else start.derive(self.graph)
        self._net, self._state = make_engine(self.graph, out, order, flicker)
        self._table = address.addresses(self._net, self._state)
        self._place = int(self._table.ctypes.data)
        self._resolver = Resolver(volume, self.graph, self.graph.devices, self.graph.conductor)
        self._known: dict[Pos, Sources] = {}
        start.keep_memories(volume, self.graph, self._state, trusted)
        if not trusted:
            self._settle()
        self._origin = self.snapshot()

    def _settle(self) -> None:
        scalar = self._state.scalar
        scalar[BURN] = 0  # placing a torch chain is no operation of it
        asleep = self._net._replace(wanted=words.ASLEEP, asks=words.ASKS_ASLEEP)
        start.check_all(asleep, self._state)
        most = SETTLE_EVENTS + SETTLE_EVENTS_PER_NODE * self.nodes
        table = address.addresses(asleep, self._state)
        used = address.advance_at(int(table.ctypes.data), SETTLE_LIMIT_GT, most)
        scalar[BURN] = 1
        remember(self._state, np.zeros(0, np.uint8))
        self._zero = used
        for index in (EVENTS, RUNS, PEAK):
            scalar[index] = 0

    _zero = 0
    doubt: doubt.Doubt | None = None
    """Devices that wait to be told (doubt.py); a board that is only run, not written, has none."""

    # --- time -------------------------------------------------------------------------------

    @property
    def now_gt(self) -> int:
        """Game ticks run since the start (settling not counted)."""
        return int(self._state.scalar[NOW]) - int(self._zero)

    @property
    def events(self) -> int:
        """Output changes so far."""
        return int(self._state.scalar[EVENTS])

    @property
    def ticks_run(self) -> int:
        """Scheduled ticks of nodes executed so far."""
        return int(self._state.scalar[RUNS])

    @property
    def peak_ticks_per_gt(self) -> int:
        """Most scheduled ticks executed in one game tick; the game itself defers above 65,536."""
        return int(self._state.scalar[PEAK])

    @property
    def burnouts(self) -> int:
        """How often a torch burnt out."""
        return int(self._state.scalar[BURNOUTS])

    @property
    def nodes(self) -> int:
        """Number of component nodes."""
        return self.graph.nodes

    @property
    def quiet(self) -> bool:
        """Whether nothing is scheduled."""
        return int(self._state.queue.used[:FREE].sum()) == 0

    def run(self, game_ticks: int) -> None:
        """Run that many game ticks."""
        if game_ticks < 0:
            raise SimError(f"cannot run {game_ticks} game ticks", legal="0 or more")
        if self.doubt is not None:
            game_ticks -= doubt.run_while(self, game_ticks)
        address.run_at(self._place, game_ticks)

    def run_plain(self, game_ticks: int) -> None:
        """Run that many game ticks without a look at devices that wait to be told."""
        address.run_at(self._place, game_ticks)

    def run_until_quiet(self, limit_gt: int) -> int:
        """Return the game ticks run until nothing was scheduled. Raises SimError at the limit."""
        used = self.run_while_busy(limit_gt)
        if not self.quiet:
            raise SimError(f"still running after {limit_gt} game ticks; {self._busy()}")
        return used

    def run_while_busy(self, limit_gt: int) -> int:
        """Return the game ticks run until nothing was scheduled, `limit_gt` at most."""
        used = doubt.run_while(self, limit_gt, busy=True)
        return used + int(address.advance_at(self._place, limit_gt - used, engine.MANY))

    def _busy(self) -> str:
        waiting = np.flatnonzero(self._state.word & words.IS_PENDING)
        names = ", ".join(f"{KIND_NAMES[self.graph.kind[n]]} at {self.position(int(n))}" for n in waiting[:3])
        return f"{len(waiting)} devices have ticks scheduled, first: {names}"

    # --- stimuli ----------------------------------------------------------------------------

    def node_at(self, pos: Pos) -> int:
        """Return the node number of the device at `pos`. Raises SimError if there is none."""
        node = find_cell(self.graph.cell, self.volume, pos)
        if node < 0:
            raise SimError("no device here", where=str(tuple(pos)), legal="a component's position")
        return node

    def position(self, node: int) -> Pos:
        """Return local (x, y, z) of a node."""
        y, z, x = np.unravel_index(int(self.graph.cell[node]), self.volume.ids.shape)
        return (int(x), int(y), int(z))

    def _input_at(self, pos: Pos, *kinds: int) -> int:
        node = find_cell(self.graph.cell, self.volume, pos)
        if node < 0 or int(self.graph.kind[node]) not in kinds:
            inside = all(0 <= p < s for p, s in zip(pos, self.volume.size, strict=True))
            block = str(self.volume.get(pos)) if inside else "outside the box"
            legal = " or ".join(KIND_NAMES[k] for k in kinds)
            raise SimError(f"{block} cannot be switched", where=str(tuple(pos)), legal=legal)
        return node

    def use(self, pos: Pos) -> None:
        """Right-click: a lever toggles, a button is pressed (no effect while it is pressed)."""
        node = self._input_at(pos, LEVER, BUTTON)
        self.act(node, self.graph.kind[node] != LEVER or self._out(node) == 0)

    def set_lever(self, pos: Pos, on: bool) -> None:
        """Bring a lever to a position."""
        self.act(self._input_at(pos, LEVER), on)

    def act(self, node: int, on: bool) -> None:
        """Bring a lever, by its node, to a position, or press a button."""
        self._move(node, 15 if on else 0)

    def _move(self, node: int, level: int) -> None:
        """Set a lever or button, and let those look that this tells."""
        address.use_at(self._place, node, level)
        if self.doubt is not None:
            self.doubt = self.doubt.look(self)

    # --- readings ---------------------------------------------------------------------------

    def _sources(self, pos: Pos) -> Sources:
        key = (int(pos[0]), int(pos[1]), int(pos[2]))
        found = self._known.get(key)
        if found is None:
            found = self._resolver.sources(key)
            if found is None:
                raise SimError(f"lies outside the box {self.volume.size}", where=str(key))
            self._known[key] = found
        return found

    def power(self, pos: Pos) -> int:
        """Return dust power, comparator output, 15 or 0 of other devices, received power of a
        conductor, 0 of anything else."""
        return max([0, *(self._out(n) - loss for n, loss in self._sources(pos).items())])

    def _out(self, node: int) -> int:
        return int(self._state.word[node]) >> words.OUT & 15

    def _probes(self, positions: Iterable[Pos]) -> _Probes:
        lists = [self._sources(pos) for pos in positions]
        return _Probes(
            np.cumsum([0] + [len(s) for s in lists]).astype(np.int64),
            np.array([n for s in lists for n in s], dtype=np.int32),
            np.array([loss for s in lists for loss in s.values()], dtype=np.uint8),
        )

    def probe(self, positions: Sequence[Pos], game_ticks: int, every_gt: int = 1) -> Levels:
        """Run, and return levels (game_ticks // every_gt, positions); row k is after (k+1)*every_gt gt."""
        return self.run_script([], game_ticks, positions, every_gt)

    def run_script(
        self,
        actions: Iterable[tuple[int, Pos, bool]],
        game_ticks: int,
        probes: Sequence[Pos] = (),
        every_gt: int = 1,
    ) -> Levels:
        """Run with stimuli, and return levels as `probe` does.

        An action (t, position, on) happens when t game ticks of this call have run, 0 <= t <=
        game_ticks; actions of equal t in the order given. `on` sets a lever; for a button True presses
        it and False is refused.
        """
        if every_gt < 1 or game_ticks < 0:
            raise SimError(f"bad sampling {game_ticks}/{every_gt}", legal="game_ticks >= 0, every_gt >= 1")
        rows = [self._action(*action, game_ticks) for action in actions]
        rows.sort(key=lambda row: row[0])
        table = np.array(rows, dtype=np.int64).reshape(-1, 3)
        found = self._probes(probes)
        out = np.zeros((game_ticks // every_gt, len(found.start) - 1), dtype=np.uint8)
        if self.doubt is not None:
            return doubt.run_script(self, rows, game_ticks, list(probes), every_gt, out)
        drive.run_script(
            self._net, self._state, game_ticks, every_gt, table, found.start, found.node, found.loss, out
        )
        return out

    def _action(self, time: int, pos: Pos, on: bool, game_ticks: int) -> tuple[int, int, int]:
        if not 0 <= time <= game_ticks:
            raise SimError(f"action at {time} outside the run", where=str(pos), legal=f"0..{game_ticks}")
        node = self._input_at(pos, LEVER, BUTTON)
        if self.graph.kind[node] == BUTTON and not on:
            raise SimError("a button is released by itself", where=str(pos), legal="on=True")
        return (time, node, 15 if on else 0)

    # --- states -----------------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        """Return a copy of the present state."""
        return Snapshot(engine.copied(self._state), None if self.doubt is None else self.doubt.copy())

    def restore(self, snapshot: Snapshot) -> None:
        """Go back to a state of this board."""
        engine.copy_into(snapshot.state, self._state)
        self.doubt = None if snapshot.doubt is None else snapshot.doubt.copy()

    def reset(self) -> None:
        """Go back to the state after construction."""
        self.restore(self._origin)

    def restless(self) -> list[Pos]:
        """Return the positions of devices that would change if they looked at their inputs now."""
        kept = self.snapshot()
        start.check_all(self._net, self._state)
        changed = self._state.word ^ kept.state.word
        moved = changed & (words.IS_PENDING | words.NIBBLE << words.OUT)
        self.restore(kept)
        return [self.position(int(n)) for n in np.flatnonzero(moved)]

    def write_back(self) -> Volume:
        """Return the volume with the present state in its blocks (see bake.py); nothing scheduled is kept."""
        return bake.write_back(self.volume, self.graph, self._state.out, self._state.seen[:, 1])


def settle(volume: Volume) -> Volume:
    """Return a copy with dust shapes computed and all states settled from placement.

    Raises SimError if it does not become quiet within SETTLE_LIMIT_GT.
    """
    board = Board(volume)
    if not board.quiet:
        board.run_until_quiet(0)
    return board.write_back()
