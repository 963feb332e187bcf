"""Small parts between the large ones: start gate, constant, buttons, lamps.

Units: rt = redstone tick = 2 gt. Ports are dust on a floor; outputs stand behind a repeater.
"""

from __future__ import annotations

from collections.abc import Sequence

from craftc.blocks import BlockState, Entity
from craftc.cells.drawing import CHARS
from craftc.errors import PlacementError
from craftc.macros.base import Macro, Pos, Sketch
from craftc.macros.clock import split_delay, window_latch

GATE_RT = 3  # start gate
FAN_RT, FAN_PITCH, MAX_FAN = 1, 3, 9
JOIN_RT, JOIN_PITCH, MAX_JOIN = 1, 4, 8
TRIM_REPEATERS = 5
PLAIN_RT = PLAIN_REPEATERS = 3  # of joins that are not trimmed
TRIM_RT = (5, 20)  # least and most delay of trimmed lines: more than a word apart, so any edge finds a tap
LONGER_RT = 3


def start_gate() -> Macro:
    """Return a gate: out follows `in` while `busy` is off, GATE_RT later."""
    sketch = Sketch("start_gate")
    sketch.on_floor((0, 0, 0), CHARS["+"])
    sketch.on_floor((1, 0, 0), CHARS["e"])
    sketch.on_floor((2, 0, 0), CHARS[">"])
    sketch.on_floor((2, 0, 1), CHARS["n"])
    sketch.on_floor((2, 0, 2), CHARS["+"])
    sketch.on_floor((3, 0, 0), CHARS["e"])
    sketch.on_floor((4, 0, 0), CHARS["+"])
    sketch.port("in", (0, 0, 0), "in", side="west")
    sketch.port("busy", (2, 0, 2), "in", side="south")
    sketch.port("out", (4, 0, 0), "out", side="east", latency_rt=GATE_RT)
    return sketch.build()[0]


def window_unit(set_rt: int = TRIM_RT[0], reset_rt: int = TRIM_RT[0]) -> Macro:
    """Return a window latch whose set and reset lines have five repeaters each to trim them (5..20 rt).

    q follows set after set_rt + LATCH_RT, and reset after reset_rt + LATCH_RT (macros/clock.py).
    """
    sketch = Sketch("window_unit")
    latch = window_latch()
    sketch.paste(latch.volume, (0, 0, 0))
    x, y, z = latch.ports["set"].pos
    for k, delay in enumerate(split_delay(set_rt, TRIM_REPEATERS)):
        sketch.on_floor((x - 1 - k, y, z), CHARS["e"].with_props(delay=delay))
    sketch.on_floor((x - TRIM_REPEATERS - 1, y, z), CHARS["+"])
    sketch.port("set", (x - TRIM_REPEATERS - 1, y, z), "in", side="west")
    x, y, z = latch.ports["reset"].pos
    for k, delay in enumerate(split_delay(reset_rt, TRIM_REPEATERS)):
        sketch.on_floor((x, y, z - 1 - k), CHARS["u"].with_props(delay=delay))
    sketch.on_floor((x, y, z - TRIM_REPEATERS - 1), CHARS["+"])
    sketch.port("reset", (x, y, z - TRIM_REPEATERS - 1), "in", side="north")
    for name in ("q", "not_q"):
        port = latch.ports[name]
        sketch.port(name, port.pos, "out", side=port.side)
    return sketch.build()[0]


def fan_out(count: int) -> Macro:
    """Return a splitter: outputs `out0` .. (west), each FAN_RT after `in` (east) and apart from the others.

    Raises PlacementError above MAX_FAN outputs: the last one's dust would get no power.
    """
    if not 1 <= count <= MAX_FAN:
        raise PlacementError(f"{count} outputs", where="fan_out", legal=f"1..{MAX_FAN}")
    sketch = Sketch("fan_out")
    for z in range(FAN_PITCH * (count - 1) + 1):
        sketch.on_floor((0, 0, z), CHARS["+"])
    for index in range(count):
        z = FAN_PITCH * index
        sketch.on_floor((-1, 0, z), CHARS["w"])
        sketch.on_floor((-2, 0, z), CHARS["+"])
        sketch.port(f"out{index}", (-2, 0, z), "out", side="west", latency_rt=FAN_RT)
    middle = FAN_PITCH * ((count - 1) // 2)
    sketch.port("in", (0, 0, middle), "in", side="east")
    return sketch.build()[0]


def join(trims_rt: Sequence[int], repeaters: int = TRIM_REPEATERS) -> Macro:
    """Return a wired OR: inputs `in0` .. (west), each through repeaters that trim it: five, 5..20 rt.

    out follows input i after trims_rt[i] + JOIN_RT. Raises PlacementError above MAX_JOIN inputs.
    """
    count = len(trims_rt)
    if not 1 <= count <= MAX_JOIN:
        raise PlacementError(f"{count} inputs", where="join", legal=f"1..{MAX_JOIN}")
    sketch = Sketch("join")
    column = repeaters + 1
    for z in range(JOIN_PITCH * (count - 1) + 1):
        sketch.on_floor((column, 0, z), CHARS["+"])
    for index, trim_rt in enumerate(trims_rt):
        z = JOIN_PITCH * index
        sketch.on_floor((0, 0, z), CHARS["+"])
        for k, delay in enumerate(split_delay(trim_rt, repeaters)):
            sketch.on_floor((1 + k, 0, z), CHARS["e"].with_props(delay=delay))
        sketch.port(f"in{index}", (0, 0, z), "in", side="west")
    middle = JOIN_PITCH * (count - 1) // 2
    sketch.on_floor((column + 1, 0, middle), CHARS["e"])
    sketch.on_floor((column + 2, 0, middle), CHARS["+"])
    sketch.port("out", (column + 2, 0, middle), "out", side="east", latency_rt=JOIN_RT)
    return sketch.build()[0]


def longer(extra_rt: int) -> Macro:
    """Return a macro that keeps a pulse on for `extra_rt` (1..6) more; LONGER_RT of delay.

    The pulse goes through two lines of repeaters, 2 rt and 2 + extra_rt, that are joined; it must
    itself last extra_rt, or the two copies leave a gap.
    """
    sketch = Sketch("longer")
    first = (2 + extra_rt + 1) // 2
    for z, delays in ((0, (1, 1)), (1, (first, 2 + extra_rt - first))):
        sketch.on_floor((0, 0, z), CHARS["+"])
        for x, delay in enumerate(delays, 1):
            sketch.on_floor((x, 0, z), CHARS["e"].with_props(delay=delay))
        sketch.on_floor((3, 0, z), CHARS["+"])
    sketch.on_floor((4, 0, 0), CHARS["e"])
    sketch.on_floor((5, 0, 0), CHARS["+"])
    sketch.port("in", (0, 0, 0), "in", side="west")
    sketch.port("out", (5, 0, 0), "out", side="east", latency_rt=LONGER_RT)
    return sketch.build()[0]


def constant_on() -> Macro:
    """Return a driver that is always on."""
    sketch = Sketch("constant_on")
    sketch.put((0, 0, 0), CHARS["@"])
    sketch.put((0, -1, 0), CHARS["#"])
    sketch.on_floor((1, 0, 0), CHARS["e"])
    sketch.on_floor((2, 0, 0), CHARS["+"])
    sketch.port("out", (2, 0, 0), "out", side="east")
    return sketch.build()[0]


def _sign(lines: tuple[str, ...]) -> tuple[BlockState, Entity]:
    padded = (lines + ("",) * 4)[:4]
    return BlockState.make("oak_sign", rotation=0, waterlogged="false"), Entity("sign", 0, padded)


def button(label: tuple[str, ...], block: str) -> Macro:
    """Return a stone button on a coloured block with a sign; `out` is on for 10 rt per press.

    Seen from the south: sign, button on its block, and behind it the dust that it drives.
    """
    sketch = Sketch("button")
    sketch.put((0, 0, 0), BlockState.make(block))
    sketch.put((0, -1, 0), CHARS["#"])
    sketch.put((0, 1, 0), BlockState.make("stone_button", face="floor", facing="north", powered="false"))
    sketch.on_floor((0, 0, -1), CHARS["n"])
    sketch.on_floor((0, 0, -2), CHARS["+"])
    sketch.on_floor((1, 0, 0), *_sign(label))
    sketch.port("out", (0, 0, -2), "out", side="north")
    sketch.probes["button"] = (0, 1, 0)
    return sketch.build()[0]


def platform(width: int, length: int, texts: Sequence[tuple[str, ...]]) -> Macro:
    """Return a floor to stand on (x width, z length), with signs of four lines along its north edge."""
    sketch = Sketch("platform")
    for x in range(width):
        for z in range(length):
            sketch.put((x, 0, z), BlockState.make("smooth_stone"))
    for index, lines in enumerate(texts):
        sketch.put((2 + 4 * index, 1, 0), *_sign(lines))
    return sketch.build()[0]


def lamp(label: tuple[str, ...], frame: str = "black_concrete") -> Macro:
    """Return a lamp of 1 block in a frame, lit while `in` is on, with a sign in front (south)."""
    sketch = Sketch("lamp")
    sketch.on_floor((0, 0, 0), CHARS["+"])
    sketch.on_floor((0, 0, 1), CHARS["u"])
    sketch.put((0, 0, 2), BlockState.make("redstone_lamp", lit="false"))
    sketch.put((0, -1, 2), CHARS["#"])
    for pos in ((0, 1, 2), (-1, 0, 2), (1, 0, 2)):
        sketch.put(pos, BlockState.make(frame))
    sketch.on_floor((0, 0, 3), *_sign(label))
    sketch.port("in", (0, 0, 0), "in", side="north")
    sketch.probes["lamp"] = (0, 0, 2)
    return sketch.build()[0]


__all__ = [
    "Pos",
    "button",
    "constant_on",
    "fan_out",
    "join",
    "lamp",
    "longer",
    "start_gate",
    "window_unit",
]
