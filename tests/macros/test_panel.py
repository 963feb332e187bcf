"""The input panel against its contract: picture, order, constants, limits, orientations, outside judges."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from tests.oracle.client import ENGINES, needs_judge

from craftc.check.drc import check
from craftc.errors import ConfigError
from craftc.macros import panel as pn
from craftc.macros.base import Macro
from craftc.sim.board import Board, settle

sys.path.insert(0, str(Path(__file__).parent))
from register_bench import PORT_RT, Action, Bench, devices

START_GT = 60
REDRAW_GT = 100  # the pulse has reached the farthest stage of every panel here
Shape = tuple[int, int, int, int]  # inputs, constants north and south, columns
SHAPES: list[Shape] = [(64, 2, 1, 8), (9, 0, 2, 3), (10, 1, 0, 8), (21, 3, 3, 4), (40, 0, 0, 20)]


@dataclass(frozen=True)
class Clock:
    """Word period, pulse, and how long load is on before and after the pulse, in gt."""

    period: int = 24
    pulse: int = 6
    lead: int = 2 * pn.LOAD_LEAD_RT
    hold: int = 2 * pn.LOAD_HOLD_RT


def picture(n: int, seed: int) -> npt.NDArray[np.bool_]:
    return np.random.default_rng(seed).integers(0, 2, n).astype(bool)


def presented(image: npt.NDArray[np.bool_], shape: Shape) -> list[list[bool]]:
    """Bits per half, followed by two zeros."""
    return [
        [bool(image[i]) for i in order] + [True] * extra + [False] * 2
        for order, extra in zip(pn.scan_order(len(image)), shape[1:3], strict=True)
    ]


def script(image: npt.NDArray[np.bool_], words: int, clock: Clock) -> tuple[list[Action], int]:
    """Draw, load, redraw, shift; returns actions and length in gt."""
    actions: list[Action] = [(0, f"lever_{i}", bool(on)) for i, on in enumerate(image)]
    actions += [(START_GT - clock.lead, "load", True), (START_GT + clock.pulse + clock.hold, "load", False)]
    for k in range(words):
        t = START_GT + k * clock.period
        actions += [(t, "ck", True), (t + clock.pulse, "ck", False)]
    redraw = START_GT + REDRAW_GT
    actions += [(redraw, f"lever_{i}", not on) for i, on in enumerate(image)]
    return actions, max(START_GT + words * clock.period, START_GT + REDRAW_GT)


def matches(
    bench: Bench,
    macro: Macro,
    shape: Shape,
    clock: Clock = Clock(),
    seed: int = 0,
    board: Board | None = None,
) -> bool:
    """Whether every sample of both outputs is right, from placement or going on with `board`."""
    image = picture(shape[0], seed)
    bits = presented(image, shape)
    words = max(map(len, bits))
    actions, ticks = script(image, words, clock)
    ticks += 60
    got = bench.run(board or bench.board(), actions, ticks, ["x_n", "x_s"]) > 0
    for side, row in zip("ns", bits, strict=True):
        late = 2 * (PORT_RT + macro.ports[f"x_{side}"].latency_rt)
        want = np.zeros(ticks, dtype=bool)
        for k, bit in enumerate(row):
            want[START_GT + k * clock.period + late - 1 :] = bit
        if (got[START_GT + late :, "ns".index(side)] != want[START_GT + late :]).any():
            return False
    return True


@pytest.mark.parametrize("shape", SHAPES)
def test_loads_and_scans(shape: Shape) -> None:
    macro = pn.panel(*shape)
    bench = Bench(macro)
    assert all(matches(bench, macro, shape, seed=seed) for seed in range(3))


@pytest.mark.parametrize(
    "clock",
    [Clock(20), Clock(pulse=4), Clock(pulse=8), Clock(lead=4), Clock(hold=4), Clock(lead=14, hold=4)],
)
def test_limits(clock: Clock) -> None:
    shape = (64, 2, 2, 8)
    macro = pn.panel(*shape)
    assert matches(Bench(macro), macro, shape, clock)


@pytest.mark.parametrize("clock", [Clock(pulse=2), Clock(hold=-4), Clock(pulse=16)])
def test_outside_the_limits_it_fails(clock: Clock) -> None:
    shape = (64, 2, 2, 8)
    macro = pn.panel(*shape)
    assert not matches(Bench(macro), macro, shape, clock)


def test_lamps_and_probes_show_the_picture() -> None:
    macro = pn.panel(16, columns=4)
    bench = Bench(macro)
    board = bench.board()
    image = picture(16, 1)
    actions, _ = script(image, 1, Clock())
    names = [f"{kind}_{i}" for kind in ("lamp", "pix") for i in range(16)]
    actions = [a for a in actions if a[0] < START_GT + 20]
    got = bench.run(board, actions, START_GT + 60, names)
    assert (got[50, :16] > 0).tolist() == image.tolist()
    assert (got[-1, 16:] > 0).tolist() == image.tolist()


def test_levers_are_in_reading_order_at_pitch_4() -> None:
    probes = pn.panel(64).probes
    x0, y0, z0 = probes["lever_0"]
    for i in range(64):
        assert probes[f"lever_{i}"] == (x0 + 4 * (i % 8), y0, z0 + 4 * (i // 8))
        assert probes[f"lamp_{i}"] == (x0 + 4 * (i % 8) + 1, y0 - 1, z0 + 4 * (i // 8))


def test_idle_state_is_zero() -> None:
    macro = pn.panel(16, 1, 1, 4)
    bench = Bench(macro)
    board = bench.board()
    assert board.quiet
    assert not any(board.power(bench.at[f"pix_{i}"]) for i in range(16))
    assert not any(board.power(bench.at[name]) for name in ("x_n", "x_s"))


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("turns", range(4))
def test_orientations(turns: int, mirror: bool) -> None:
    shape = (21, 1, 2, 4)
    macro = pn.panel(*shape)
    assert matches(Bench(macro, turns, mirror), macro, shape)


@pytest.mark.slow
def test_every_missing_device_is_noticed() -> None:
    shape = (12, 1, 1, 3)
    macro = pn.panel(*shape)

    def noticed(pos: tuple[int, int, int]) -> bool:
        bench = Bench(macro, without=pos)
        if not all(matches(bench, macro, shape, seed=seed) for seed in range(6)):
            return True
        board = bench.board()
        reload = Clock(hold=2 * pn.LOAD_HOLD_RT + 4 * Clock.period)  # five loads, all stages full
        return not all(
            matches(bench, macro, shape, c, seed, board) for seed, c in enumerate((reload, reload))
        )

    assert not [pos for pos in devices(macro) if not noticed(pos)]


@pytest.mark.slow
def test_640_inputs() -> None:
    shape = (640, 2, 2, 16)
    macro = pn.panel(*shape)
    assert matches(Bench(macro), macro, shape)


@pytest.mark.parametrize("wrong", [(3,), (8, -1), (8, 0, 0, 1), (8, 0, 0, 21)])
def test_refusals(wrong: tuple[int, ...]) -> None:
    with pytest.raises(ConfigError, match=r"2\.\.20 columns"):
        pn.panel(*wrong)


def test_design_rules() -> None:
    assert check(settle(Bench(pn.panel(21, 1, 2, 4)).volume)) == (0, [])


@pytest.mark.oracle
@needs_judge
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("turns", "mirror", "origin", "shape"),
    [
        (0, False, (0, 0, 0), (64, 2, 2, 8)),
        (1, True, (17, 3, -5), (21, 1, 2, 4)),
        (2, True, (-9, 60, 2), (21, 1, 2, 4)),
        (3, False, (5, 0, 1), (9, 0, 0, 3)),
    ],
)
def test_outside_judges_agree(
    engine: str, turns: int, mirror: bool, origin: tuple[int, int, int], shape: Shape
) -> None:
    bench = Bench(pn.panel(*shape), turns, mirror)
    image = picture(shape[0], turns)
    actions, ticks = script(image, max(map(len, presented(image, shape))), Clock())
    names = ["x_n", "x_s"]
    want = bench.run(bench.board(), actions, ticks, names)
    got = bench.judge(engine, actions, ticks, names, origin)
    assert (got == want[1::2]).all()
