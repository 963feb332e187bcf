"""What every engine of the simulator offers: `Simulator`, and the values it hands out.

Time is in game ticks (gt); 2 gt = 1 redstone tick. Positions are local (x, y, z) of the volume.
An action (`use`, `set_lever`, `set_block`) happens after the last game tick that ran and before the
next one; what it changes at once is seen in the readings right after it, and a trace counts it to the
next game tick:

    for t in range(1, game_ticks + 1):
        ...                             # actions at t
        board.run(1)
        for change in board.take_changes(): ...     # the net changes of tick t

Engines are made by a call `engine(volume, settle="placed" | "trusted", ticks=pending)`, see `Engine`.

"placed"    The build is placed by a player: every state is derived anew, levers keep their position,
            then it runs until nothing is scheduled (at most settle limit; an oscillator stays running).
"trusted"   A loaded save: states stand, and the block ticks given as `ticks` are scheduled.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from craftc.blocks.palette import BlockState, Entity
from craftc.blocks.volume import Pos, Volume

Levels = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class BlockTick:
    """A scheduled block tick, as a world save holds it (`block_ticks` of a chunk).

    block      full name of the block it is for, e.g. "minecraft:repeater"
    delay_gt   game ticks from now; 1 is the next one
    priority   -3 (runs first) .. 3
    order      ticks of equal time and priority run in increasing order
    """

    pos: Pos
    block: str
    delay_gt: int
    priority: int = 0
    order: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """A block that differs between two moments."""

    pos: Pos
    before: BlockState
    after: BlockState


class Running(Protocol):
    """What runs a board and can be read. Errors are SimError."""

    @property
    def now_gt(self) -> int:
        """Game ticks run since the start (settling not counted)."""

    @property
    def events(self) -> int:
        """Output changes of devices so far (dust not counted)."""

    @property
    def burnouts(self) -> int:
        """How often a torch burnt out."""

    @property
    def quiet(self) -> bool:
        """Whether nothing is scheduled."""

    def run(self, game_ticks: int) -> None:
        """Run that many game ticks."""

    def power(self, pos: Pos) -> int:
        """Return dust power, comparator output, 15 or 0 of other devices, received power of a conductor,
        0 of anything else."""

    def probe(self, positions: Sequence[Pos], game_ticks: int, every_gt: int = 1) -> Levels:
        """Run, and return levels (game_ticks // every_gt, positions); row k is after (k+1)*every_gt gt."""

    def run_script(
        self,
        actions: Iterable[tuple[int, Pos, bool]],
        game_ticks: int,
        probes: Sequence[Pos] = (),
        every_gt: int = 1,
    ) -> Levels:
        """Run with stimuli (t, position, on), and return levels as `probe` does; see Board.run_script."""


class Front(Running, Protocol):
    """What runs the board of a simulator: the board of the graph engine, or what runs ahead of it."""

    def run_while_busy(self, limit_gt: int) -> int:
        """Return the game ticks run until nothing was scheduled, `limit_gt` at most."""


class Simulator(Running, Protocol):
    """A board that runs. Errors are SimError; the volume given is never changed."""

    @property
    def volume(self) -> Volume:
        """The volume the board was made from."""

    @property
    def ticks_run(self) -> int:
        """Scheduled ticks executed so far; the bit-sliced engines count a word of nodes once."""

    @property
    def peak_ticks_per_gt(self) -> int:
        """Most scheduled ticks executed in one game tick; the game itself defers above 65,536."""

    @property
    def nodes(self) -> int:
        """Number of components: all blocks that act on their own, dust not counted."""

    @property
    def how(self) -> str:
        """What runs the board, as a reader says it."""

    @property
    def hand_overs(self) -> int:
        """How often one way of running the board had to give it to another, with equal results."""

    def run_until_quiet(self, limit_gt: int) -> int:
        """Return the game ticks run until nothing was scheduled. Raises SimError at the limit."""

    def use(self, pos: Pos) -> None:
        """Right-click with an empty hand: lever, button, repeater (delay), comparator (mode), trapdoor,
        note block (pitch), dust (dot or cross). Raises SimError on blocks that do not react."""

    def set_lever(self, pos: Pos, on: bool) -> None:
        """Bring a lever to a position. Raises SimError if there is none."""

    def set_block(self, pos: Pos, state: BlockState | str, entity: Entity | None = None) -> None:
        """Write a block state with all updates of the game; `minecraft:air` breaks the block.

        Levers, buttons and pressure plates that only change `powered` or `power` act as if a player or
        mob had done it: the block they rest on is told too, and nothing releases them.
        Raises SimError on blocks that the simulator refuses.
        """

    def block(self, pos: Pos) -> BlockState:
        """Return the present state of one block."""

    def blocks(self) -> Volume:
        """Return the present state of all blocks as a volume; the same as `write_back`."""

    def write_back(self) -> Volume:
        """Return a volume with the present state in its blocks. Scheduled ticks are in `pending`."""

    def pending(self) -> list[BlockTick]:
        """Return all scheduled ticks in the order in which they will run, `order` counted from 0."""

    def take_changes(self) -> list[Change]:
        """Return the net changes of blocks since the last call, or since the start; sorted by y, z, x.

        States have every key of the block; dust shapes and comparators (`powered`, not the level) count.
        """

    def snapshot(self) -> Any:
        """Return a copy of everything that changes; `restore` takes it."""

    def restore(self, snapshot: Any) -> None:
        """Go back to a snapshot of this board."""

    def reset(self) -> None:
        """Go back to the state after construction."""

    def restless(self) -> list[Pos]:
        """Return the positions of devices that would change if they looked at their inputs now."""

    def save(self) -> bytes:
        """Return the running state as bytes, the volume included (see `checkpoint` of the engine's module):
        resuming it gives the same future as going on."""


class Engine(Protocol):
    """What makes a board of a volume: an engine's class."""

    def __call__(
        self, volume: Volume, settle: str = "placed", *, ticks: Sequence[BlockTick] = ()
    ) -> Simulator:
        """Return the board. Raises SimError on blocks it does not know or an unknown settle mode."""

    def resume(self, data: bytes) -> Simulator:
        """Return the board that `save` of the same engine wrote. Raises SimError on anything else."""
