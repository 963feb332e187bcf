"""Small parts between the large ones: stretcher, start gate, constant, buttons, lamps.

Units: rt = redstone tick = 2 gt. Ports are dust on a floor; outputs stand behind a repeater.
"""

from __future__ import annotations

from craftc.blocks import BlockState, Entity
from craftc.cells.drawing import CHARS
from craftc.macros.base import Macro, Pos, Sketch

PULSE_RT = 4  # width of the pulse that `stretcher` takes
TOKEN_RT = 12  # width it gives
STRETCH_RT = 2  # delay of its rising edge
_TAPS = ((0, 0), (2, 3), (4, 3), (6, 2))  # column, delay of the repeater before it


def stretcher() -> Macro:
    """Return a macro that makes a pulse of 4 rt one of 12 rt, 2 rt later.

    The pulse is delayed by 0, 3, 6 and 8 rt and the copies are joined; neighbours overlap::

        in - E - E - E -      z = 0
           v   v   v   v      z = 1
           - - - - - - - e out
    """
    sketch = Sketch("stretcher")
    for column, delay in _TAPS:
        if delay:
            sketch.on_floor((column - 1, 0, 0), CHARS["e"].with_props(delay=delay))
        sketch.on_floor((column, 0, 0), CHARS["+"])
        sketch.on_floor((column, 0, 1), CHARS["u"])
    for x in range(7):
        sketch.on_floor((x, 0, 2), CHARS["+"])
    sketch.on_floor((7, 0, 2), CHARS["e"])
    sketch.on_floor((8, 0, 2), CHARS["+"])
    sketch.port("in", (0, 0, 0), "in", side="west")
    sketch.port("out", (8, 0, 2), "out", side="east", latency_rt=STRETCH_RT)
    return sketch.build()[0]


def start_gate() -> Macro:
    """Return a gate: out follows `in` while `busy` is off (2 rt)."""
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
    sketch.port("out", (4, 0, 0), "out", side="east", latency_rt=3)
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


__all__ = ["Pos", "button", "constant_on", "lamp", "start_gate", "stretcher"]
