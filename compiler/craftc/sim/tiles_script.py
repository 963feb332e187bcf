"""Runs of timed stimuli on the groups of a board, many of them in one call of a kernel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from craftc.blocks.volume import Pos
from craftc.sim import lanes_probe
from craftc.sim.board import Levels
from craftc.sim.lanes_build import with_room
from craftc.sim.lanes_words import FREELY, FULL, NOW
from craftc.sim.script import Row
from craftc.sim.tiles_groups import TileGroups
from craftc.sim.wide import limbs, rows

READINGS = 2**15
"""Words read in one call of the kernel."""


class TileScript:
    """A script under way. `now`: game ticks that are over; `stopped`: at a hazard, before which `last` is
    the game tick of the flow at the last action; `over`: at the end."""

    def __init__(
        self, groups: TileGroups, actions: Sequence[Row], game_ticks: int, probes: Sequence[Pos], every: int
    ) -> None:
        """Prepare the table of the actions."""
        self._groups, self._actions = groups, actions
        self._ticks, self._every = game_ticks, every
        self._sources = [groups.board._sources(pos) for pos in probes]
        self._nodes = np.array(sorted({n for found in self._sources for n in found}), dtype=np.int64)
        given = np.array(actions, dtype=np.int64).reshape(-1, 3)
        placing, node = groups.placing, given[:, 1]
        columns = (given[:, 0], placing.group[node], placing.place[node], given[:, 2] > 0)
        self._table = np.stack(columns, axis=1).astype(np.int64)
        self._state = np.zeros(2, dtype=np.int64)
        self._begin = int(groups.flow.scalar[NOW])
        self._chunk = every * max(1, READINGS // (4 * max(1, len(self._nodes))))
        self._rows: list[Levels] = [np.zeros((0, len(probes)), dtype=np.uint8)]
        self._from = 0
        self._open()
        self.stopped = self.over = False

    def _open(self) -> None:
        """Make room for the readings of the next chunk."""
        self._until = min(self._ticks, self._from + self._chunk)
        readings = self._until // self._every - self._from // self._every
        self._out = rows(readings * len(self._nodes) * 4, self._groups.placing.places)

    def _close(self, readings: int) -> None:
        """Keep the first readings of this chunk."""
        planes = limbs(self._out)
        shape = (-1, len(self._nodes), 4, planes.shape[1])
        words = (
            planes.reshape(shape)[:readings] if planes.size else np.zeros((readings, *shape[1:]), np.uint64)
        )
        self._rows.append(self._groups.strongest(self._sources, self._nodes, words))

    def go(self, worth: int) -> list[tuple[int, int, bool]]:
        """Run up to an action that `take` gives, a hazard, or the end; return (game tick of the flow, node,
        on) of the actions done. `worth`: entries run at which a state at rest is worth keeping."""
        running, first = self._groups.running, int(self._state[0])
        self._state[1] = worth
        groups = self._groups.placing.group[self._nodes]
        running.flow.scalar[FREELY] = True
        while True:
            found = lanes_probe.run_script(
                running.wiring, running.flow, self._begin, (self._from, self._until), self._every, groups,
                self._out, self._table, self._state,
            )  # fmt: skip
            if found == lanes_probe.GROW:
                running.flow = with_room(running.flow, int(running.flow.scalar[FULL]))
            elif found == lanes_probe.WENT and self._until < self._ticks:
                self._next_chunk()
            else:
                break
        self.over = found == lanes_probe.WENT
        self.stopped = found == lanes_probe.STOPPED
        done = self._actions[first : int(self._state[0])]
        if self.over:
            self._close(self._until // self._every - self._from // self._every)
        elif self.stopped:
            self._stop()
        return [(self._begin + time, node, level > 0) for time, node, level in done]

    def _next_chunk(self) -> None:
        self._close(self._until // self._every - self._from // self._every)
        self._from = self._until
        self._open()

    def _stop(self) -> None:
        """Find how far results are right: up to the last action, or to the beginning of this chunk."""
        k = int(self._state[0])
        self.now = max(self._from, self._actions[k - 1][0] if k else 0)
        self._close(self.now // self._every - self._from // self._every)

    @property
    def last(self) -> int:
        """Game tick of the flow up to which results are right."""
        return self._begin + self.now

    def take(self) -> tuple[int, bool]:
        """Return node and level of the next action, which the caller does."""
        _, node, level = self._actions[int(self._state[0])]
        self._state[0] += 1
        return node, level > 0

    def left(self) -> Sequence[Row]:
        """Return the actions that are left."""
        return self._actions[int(self._state[0]) :]

    def levels(self) -> Levels:
        """Return the readings so far, (readings, probes)."""
        return np.concatenate(self._rows)
