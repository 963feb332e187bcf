"""A word of copies of a board at work, and its way back where an order within a game tick matters."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from craftc.sim import lanes_exact, lanes_probe
from craftc.sim.kernel import Longs
from craftc.sim.lanes_build import everywhere, with_room
from craftc.sim.lanes_load import copied, paste, phantom_at, phantom_waits
from craftc.sim.lanes_queue import MOST_PUSHES
from craftc.sim.lanes_words import BEGIN, END, FREELY, FULL, HAZARD, NOW, QUEUED, RUNS, Flow, Wiring
from craftc.sim.wide import NARROW, Planes, limbs, places_of, rows

PATIENCE = 3
"""Returns to the start after which copies stay in exact order."""
_NONE = np.zeros(0, dtype=np.int64)


@dataclass(slots=True)
class Running:
    """A flow at work: it gets room for entries of the queue when it needs more."""

    wiring: Wiring
    flow: Flow

    def use(self, exact: bool, group: int, to: Planes) -> None:
        """Set levers at the places to[0] on and to[1] off, or press buttons at to[0]."""
        self.flow.scalar[FREELY] = not exact
        links = int(self.flow.unit[group, END] - self.flow.unit[group, BEGIN])
        self.flow = with_room(self.flow, MOST_PUSHES * (links + 1))
        lanes_exact.use(self.wiring, self.flow, group, to)

    def go(self, exact: bool, ticks: int, every: int = 0, groups: Longs = _NONE) -> Planes:
        """Run, in free order up to a hazard; return the output words of groups after each `every` game ticks,
        (ticks // every, groups, 4, limbs)."""
        self.flow.scalar[FREELY] = not exact
        every = every or ticks + 1
        places = places_of(self.flow.row)
        out = rows(ticks // every * len(groups) * 4, places)
        run = lanes_probe.run_exact if exact else lanes_probe.run_free
        begin = int(self.flow.scalar[NOW])
        while not run(self.wiring, self.flow, begin, ticks, every, groups, out):
            self.flow = with_room(self.flow, int(self.flow.scalar[FULL]))
        return limbs(out).reshape(ticks // every, len(groups), 4, places // NARROW)


@dataclass(slots=True)
class LaneGroup:
    """Up to 64 or 512 copies in one flow. `log` holds (game tick, node, where to) since `start`, which has an
    order that is known: nothing, or what the board had scheduled."""

    running: Running
    always: bool
    exact: bool = False
    returns: int = 0
    log: list[tuple[int, int, Planes]] = field(default_factory=list)
    start: Flow | None = None

    @property
    def flow(self) -> Flow:
        """What changes."""
        return self.running.flow

    def act(self, node: int, to: Planes, told: Longs) -> None:
        """Set levers at the places to[0] on and to[1] off, or press buttons at to[0], which feed the groups
        `told`."""
        if not self.exact and self.start is not None:
            anywhere = everywhere(np.ones(len(told), dtype=bool), places_of(to))
            if phantom_at(self.flow, told, anywhere):
                self._return_to_start(int(self.flow.scalar[NOW]))
        scalar = self.flow.scalar
        rests = scalar[QUEUED] == 0 and (self.exact or not phantom_waits(self.flow))
        if self.start is None or (rests and scalar[RUNS] != self.start.scalar[RUNS]):
            self._begin()
        self.log.append((int(scalar[NOW]), node, to))
        self.running.use(self.exact, node, to)

    def settle_order(self) -> None:
        """Find out which ticks are scheduled and in which order, if free order does not tell: run again in
        exact order."""
        if not self.exact and self.start is not None and phantom_waits(self.flow):
            self._return_to_start(int(self.flow.scalar[NOW]))

    def _begin(self) -> None:
        self.exact = self.always or self.returns >= PATIENCE
        self.log.clear()
        self.start = copied(self.flow)

    def run(self, ticks: int, every: int, nodes: Longs) -> Planes:
        """Run, and return the output words of `nodes` after each `every` ticks, see Running.go."""
        if self.start is None:
            self._begin()
        before = int(self.flow.scalar[NOW])
        out = self.running.go(self.exact, ticks, every, nodes)
        if self.flow.mask[HAZARD].any():
            self._return_to_start(before)
            out = self.running.go(self.exact, ticks, every, nodes)
        return out

    def _return_to_start(self, until: int) -> None:
        """Go back to `start` and run again in exact order until game tick `until`, with its actions."""
        assert self.start is not None
        paste(self.flow, self.start)
        self.exact = True
        self.returns += 1
        for time, node, to in self.log:
            self.running.go(True, time - int(self.flow.scalar[NOW]))
            self.running.use(self.exact, node, to)
        self.running.go(True, until - int(self.flow.scalar[NOW]))

    def snapshot(self) -> Flow:
        """Return a copy of the state."""
        return copied(self.flow)

    def restore(self, kept: Flow) -> None:
        """Go back to a state; its order counts as known if nothing was scheduled."""
        paste(self.flow, kept)
        self.start = None
