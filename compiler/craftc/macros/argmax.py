"""Argmax: a running maximum over neurons that arrive one after the other, and a one-hot index.

The digits 7 - b of the best word b so far circulate in a loop one word long (12 rt). The adder
forms z = y + (8^NL - 1 - b) = y - b - 1 modulo 8^NL, which is not negative exactly if y > b; so of equal
words the first stays. The top digit of z (negative from 4 on) is sampled by a locked repeater. If y
was greater, y replaces b while `load` is high, and the latches of the index take the token that
walks from class to class, one per neuron (x east, z south)::

    lamp0    lamp1    lamp2              one argmax_tile per class, pitch 8
    latch <- lock line -> ...
    token -> 24 + 1 rt -> token ...
      ^ take
    loop of 7 - b  -> octal_adder <- y   argmax_core
                         z >= 4 -> latch

All words must satisfy |y| < 8^digits / 4: then y - b - 1 cannot overflow.
"""

from __future__ import annotations

from dataclasses import dataclass

from craftc.cells.drawing import CHARS
from craftc.cells.library import load_cell
from craftc.errors import ConfigError
from craftc.macros.base import Macro, Pos, Sketch
from craftc.macros.sketching import cell_port, cell_pos, paste_cell
from craftc.units import GT_PER_RT

DIGIT_RT = 2
WORD_DIGITS = 6  # NL: the loop is one word long
NEURON_RT = 24  # two words per neuron
TILE_PITCH = 8
IDLE_Z = -4  # row inside the loop
TILE_SKEW_RT = 1  # token and lock line run this much later per class
FIRST_TILE: Pos = (-2, 0, -13)
LAST_LAMP_RT = 40  # after the last neuron's digit 0, skew not counted


@dataclass(frozen=True, slots=True)
class Strobe:
    """When a port must be high: rt after digit 0 of the neuron's first word stands at port `y`.

    An exact strobe must start and stop at these times; a rising one must rise then and stay high 2..12 rt;
    a loose one may start and stop up to 4 rt earlier or later.
    """

    start_rt: int
    width_rt: int
    kind: str  # "exact", "rising" or "loose"


@dataclass(slots=True)
class Argmax(Macro):
    """An argmax unit with its contract.

    `ck` and `load` come once per neuron; `first` and `token` with the first neuron only. `clear` is high
    4 rt or more while no token walks. `done_rt` after digit 0 of the first neuron the lamps stand.
    """

    ck: Strobe = Strobe(0, 0, "")
    load: Strobe = Strobe(0, 0, "")
    first: Strobe = Strobe(0, 0, "")
    token: Strobe = Strobe(0, 0, "")
    done_rt: int = 0


def value_limit(sum_digits: int) -> int:
    """Return the bound of the words: every y must satisfy -limit < y < limit."""
    return int(8**sum_digits) // 4


def _sketch(classes: int) -> Sketch:
    sketch = Sketch("argmax")
    for cell in ("octal_adder", "argmax_core", "argmax_head"):
        paste_cell(sketch, cell)
    for name in ("y", "ck", "first", "load"):
        cell_port(sketch, "argmax_core", name)
    cell_port(sketch, "argmax_head", "clear")
    _idle_line(sketch)
    for index in range(classes):
        at = (FIRST_TILE[0] + TILE_PITCH * index, FIRST_TILE[1], FIRST_TILE[2])
        paste_cell(sketch, "argmax_tile", at)
        cell_port(sketch, "argmax_tile", "lamp", at, f"lamp{index}")
    cell_port(sketch, "argmax_tile", "token", FIRST_TILE)
    for name in ("not_greater", "complement"):
        sketch.probes[name] = cell_pos("argmax_core", name)
    return sketch


def _idle_line(sketch: Sketch) -> None:
    """Bring the port `idle` over the loop into its middle, where it stops three of the loop's relays.

    While idle is on nothing circulates, so the machine is silent between runs. Side view, x to the east::

        y=2                    - - - - -
        y=1    # w - - - g(5)  #         -
        y=0    -   g g g       A    |      - idle        x = 0 .. 11, z = -4
    """
    z = IDLE_Z
    sketch.put((0, 0, z), CHARS["+"])
    sketch.put((0, -1, z), CHARS["#"])
    sketch.put((0, 1, z), CHARS["#"])
    sketch.on_floor((1, 1, z), CHARS["w"])
    for x in (2, 3, 4):
        sketch.put((x, 0, z), CHARS["g"])
        sketch.put((x, 1, z), CHARS["+"])
    for x in range(5, 10):
        sketch.on_floor((x, 2, z), CHARS["+"])
    sketch.on_floor((10, 1, z), CHARS["+"])
    sketch.on_floor((11, 0, z), CHARS["+"])
    sketch.port("idle", (11, 0, z), "in", side="east")


def argmax(classes: int, sum_digits: int) -> Argmax:
    """Return the argmax unit for `classes` neurons of `sum_digits` octal digits (two's complement).

    Ports: in `y` (stream), `ck`, `load`, `first`, `token`, `clear`, `idle` (binary), out `lamp0` .. (binary,
    strength 15). Raises ConfigError on less than one class or on digits outside 2..5.
    """
    if classes < 1:
        raise ConfigError(f"{classes} classes", where="argmax", legal="1 or more")
    if not 2 <= sum_digits < WORD_DIGITS:
        raise ConfigError(f"{sum_digits} sum digits", where="argmax", legal=f"2..{WORD_DIGITS - 1}")
    macro, _ = _sketch(classes).build()
    timing = load_cell("argmax_core").timing
    ck = DIGIT_RT * (sum_digits - 1) + int(timing["ck_after_top_digit_gt"]) // GT_PER_RT
    start = int(timing["load_start_gt"]) // GT_PER_RT
    return Argmax(
        macro.name, macro.volume, macro.ports, macro.probes,
        ck=Strobe(ck, 4, "rising"),
        load=Strobe(start, int(timing["load_width_gt"]) // GT_PER_RT, "exact"),
        first=Strobe(ck - 3, 12, "loose"),
        token=Strobe(start + 6, 18, "loose"),
        done_rt=(NEURON_RT + TILE_SKEW_RT) * (classes - 1) + LAST_LAMP_RT,
    )  # fmt: skip
