"""The register file against its contract: load, scan of bit planes, gated clock, limits, outside judges."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from tests.oracle.client import ENGINES, needs_judge

from craftc.check.drc import check
from craftc.errors import ConfigError
from craftc.macros import register_file as rf
from craftc.macros.base import Macro
from craftc.sim.board import settle

sys.path.insert(0, str(Path(__file__).parent))
from register_bench import PORT_RT, Action, Bench, devices

LATE = 2 * (PORT_RT + rf.X_AFTER_CK_RT)
PUSH_GT = 48


@dataclass(frozen=True)
class Clock:
    """Word period and pulse in gt."""

    period: int = 24
    pulse: int = 6


def pulse(t: int, clock: Clock) -> list[Action]:
    return [(t, "ck", True), (t + clock.pulse, "ck", False)]


def load_script(values: npt.NDArray[np.int64], t: int, clock: Clock) -> tuple[list[Action], int]:
    """Push all values from time t on; returns actions and the time when scanning may begin."""
    actions: list[Action] = [(t, "loadmode", True)]
    t += 40
    for value in values:
        actions += [(t - 12, f"data{b}", bool(value >> b & 1)) for b in range(rf.BITS)]
        actions += pulse(t, clock)
        t += PUSH_GT
    actions.append((t + 20, "loadmode", False))
    return actions, t + 60


def scan_script(words: int, t: int, clock: Clock) -> tuple[list[Action], list[int], int]:
    """Scan all planes with two unheard clock pulses between them; returns actions, pulse times, end."""
    actions: list[Action] = []
    times: list[int] = []
    for plane in reversed(range(rf.BITS)):
        actions.append((t - 10, f"pl{plane}", True))
        for _ in range(words):
            actions += pulse(t, clock)
            times.append(t)
            t += clock.period
        actions.append((t - clock.period + clock.pulse + 4, f"pl{plane}", False))
        for k in range(2):
            actions += pulse(t + 4 + k * clock.period, clock)
        t += 4 + 3 * clock.period
    return actions, times, t + 40


def waves(values: npt.NDArray[np.int64], n: int, times: list[int], ticks: int) -> npt.NDArray[np.bool_]:
    """x_n, x_s after every game tick from the first pulse on; scans go on with the first bit again."""
    words = (n + 1) // 2
    out = np.zeros((ticks, 2), dtype=bool)
    for side, order in enumerate((range(words), range(words, 2 * words))):
        bits = [bool(values[i] >> b & 1) for b in reversed(range(rf.BITS)) for i in order]
        edges = [0, *(t + LATE - 1 for t in times), ticks]
        for k, (a, b) in enumerate(pairwise(edges)):
            out[a:b, side] = bits[k % len(bits)]
    return out


@dataclass
class Run:
    """Loads one after the other, and then scans of the last one, on a bench."""

    bench: Bench
    n: int
    loads: tuple[npt.NDArray[np.int64], ...]
    clock: Clock = Clock()
    scans: int = 1

    def script(self) -> tuple[list[Action], int, int, npt.NDArray[np.bool_]]:
        """Actions, first sample to compare, game ticks, and x_n, x_s after every game tick."""
        actions: list[Action] = []
        t, times = 0, []
        for values in self.loads:
            load, t = load_script(values, t, self.clock)
            actions += load
        first = t - 1
        for _ in range(self.scans):
            scan, more, t = scan_script((self.n + 1) // 2, t, self.clock)
            actions, times = actions + scan, times + more
        return actions, first, t, waves(self.loads[-1], self.n, times, t)

    def holds(self) -> bool:
        actions, first, ticks, want = self.script()
        got = self.bench.run(self.bench.board(), actions, ticks, ["x_n", "x_s"]) > 0
        return bool((got[first:] == want[first:]).all())


def values_for(n: int, seed: int) -> npt.NDArray[np.int64]:
    return np.random.default_rng(seed).integers(0, 16, rf.pushes(n))


@pytest.mark.parametrize("n", [3, 4, 5, 8, 33])
def test_load_and_scan(n: int) -> None:
    bench = Bench(rf.register_file(n))
    assert all(Run(bench, n, (values_for(n, seed),)).holds() for seed in range(3))


@pytest.mark.parametrize(("period", "width"), [(20, 6), (24, 4), (24, 8)])
def test_clock_limits(period: int, width: int) -> None:
    assert Run(Bench(rf.register_file(12)), 12, (values_for(12, 4),), Clock(period, width)).holds()


@pytest.mark.parametrize("width", [2, 12])
def test_outside_the_limits_it_fails(width: int) -> None:
    assert not Run(Bench(rf.register_file(12)), 12, (values_for(12, 4),), Clock(24, width)).holds()


@pytest.mark.parametrize("n", [3, 6, 17])
def test_scans_repeat_and_loads_replace(n: int) -> None:
    loads = tuple(values_for(n, seed) for seed in range(2))
    assert Run(Bench(rf.register_file(n)), n, loads, scans=3).holds()


def test_probes_hold_the_values_and_reload() -> None:
    n = 9
    bench = Bench(rf.register_file(n))
    board = bench.board()
    names = [f"h_{i}_{b}" for i in range(n) for b in range(rf.BITS)]
    for seed in range(3):
        values = values_for(n, seed)
        actions, ticks = load_script(values, 0, Clock())
        got = bench.run(board, actions, ticks, names)[-1].reshape(n, rf.BITS) > 0
        assert (got == (values[:n, None] >> np.arange(rf.BITS) & 1).astype(bool)).all()


def test_force_shows_and_leaves_no_trace() -> None:
    bench = Bench(rf.register_file(4))
    board = bench.board()
    for side in "ns":
        script = [(0, f"force_{side}", True), (30, f"force_{side}", False)]
        got = bench.run(board, script, 60, ["x_n", "x_s"]) > 0
        mine = got[:, "ns".index(side)]
        assert mine[10:30].all() and not mine[40:].any()
        assert not got[:, 1 - "ns".index(side)].any()


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("turns", range(4))
def test_orientations(turns: int, mirror: bool) -> None:
    assert Run(Bench(rf.register_file(5), turns, mirror), 5, (values_for(5, turns),)).holds()


def _is_noticed(macro: Macro, n: int, pos: tuple[int, int, int]) -> bool:
    bench = Bench(macro, without=pos)
    words = [values_for(n, seed) for seed in range(9)]
    if not all(Run(bench, n, (a, b), scans=2).holds() for a, b in pairwise(words)):
        return True
    board = bench.board()
    for side in "ns":  # what only force uses
        got = bench.run(board, [(0, f"force_{side}", True), (30, f"force_{side}", False)], 30, [f"x_{side}"])
        if not got[-1, 0]:
            return True
    return False


@pytest.mark.slow
def test_every_missing_device_is_noticed() -> None:
    macro = rf.register_file(4)
    missed = [pos for pos in devices(macro) if not _is_noticed(macro, 4, pos)]
    assert not missed


def test_growth_is_linear_in_length_only() -> None:
    small, large = rf.register_file(32), rf.register_file(64)
    assert small.volume.size[1:] == large.volume.size[1:]
    assert large.volume.size[0] - small.volume.size[0] == 16


@pytest.mark.slow
def test_320_values() -> None:
    bench = Bench(rf.register_file(320))
    assert Run(bench, 320, (values_for(320, 1),)).holds()


def test_order_and_refusal() -> None:
    assert rf.scan_order(5) == ([0, 1, 2], [3, 4])
    assert rf.pushes(5) == 6
    with pytest.raises(ConfigError, match="3 or more"):
        rf.register_file(2)


def test_design_rules() -> None:
    assert check(settle(Bench(rf.register_file(9)).volume)) == (0, [])


@pytest.mark.oracle
@needs_judge
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("turns", "mirror", "origin"),
    [(0, False, (0, 0, 0)), (1, True, (17, 3, -5)), (2, True, (-9, 60, 2)), (3, False, (5, 0, 1))],
)
def test_outside_judges_agree(
    engine: str, turns: int, mirror: bool, origin: tuple[int, int, int]
) -> None:
    bench = Bench(rf.register_file(8), turns, mirror)
    actions, first, ticks, want = Run(bench, 8, (values_for(8, turns),)).script()
    got = bench.judge(engine, actions, ticks, ["x_n", "x_s"], origin) > 0
    assert (got[first // 2 + 1 :] == want[1::2][first // 2 + 1 :]).all()
