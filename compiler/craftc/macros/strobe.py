"""Strobe channels: pulses at fixed phases of the clock, gated by windows, and whole-word windows.

A bank is a row of channels along z that share one clock line (spine). One channel with two
gates, seen from above; f is the column of phi, the channel's own delayed clock pulse::

          x=0 1 2        f                       f+11
    z=-4    g e ------ [ E e ] ---------+        window, sync_hold, gate A
    z=-3                 n n            |
    z=-2                 # Q            |     @  (@: redstone block, N inverts the gate)
    z=-1                 |              - e   N
    z= 0   s t / -- E E  phi e - e - e - e e e C - out     C = pulse AND gates
    z= 1                 |       - e - e -    e   N
    z= 6   mirror image: gate B

s is the spine, dust at y = -2 below all gate lines; t taps it (repeater, block, stairs up). The
chain between stairs and phi sets the delay. The two parallel repeaters (z = 1) widen a pulse
to 5..10 rt; width 2 and 3 come from a subtract comparator in place of the first repeater.

Times in rt, phi rising at 0: a synchronised gate is sampled at -4 (at its port), changes at C's
side at +5; the pulse reaches C at +6 and leaves at +7. A gate that stands still from -9 to -3 is taken
for what it is; one that changes there may count as either, but pulses always come whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from craftc.blocks.transform import transform_point, transformed
from craftc.cells.drawing import CHARS
from craftc.cells.library import load_cell
from craftc.errors import ConfigError
from craftc.macros.base import Macro, Pos, Sketch
from craftc.macros.clock import MAX_PERIOD_RT, MIN_PERIOD_RT, PULSE_RT, split_delay
from craftc.macros.sketching import line

MAX_DELAY_RT = 23
MIN_WIDTH_RT = 2
MIN_GAP_RT = 2  # off time between pulses; a gap of 1 rt is ambiguous (design rule P15)
MAX_GATES = 2
CHAIN_COLUMNS = 9  # columns that hold MAX_DELAY_RT and the spine's repeaters of 13 channels
SAMPLE_LEAD_RT = 11  # a synchronised gate is its port's level this long before the output slot starts
HELD_LEAD_RT = 5  # an unsynchronised gate acts at C this long after its port; C is 1 rt before the output

_SPINE_X, _TAP_X = 1, 2
_CHAIN_X = 5  # first column after the stairs
_SLOT_X = 11  # output column, counted from phi
_PHI_TO_OUT_RT = 7
_SPINE_REACH = 12  # blocks of spine dust between repeaters
_NORTH_ROW, _SOUTH_ROW = -4, 6


@dataclass(frozen=True, slots=True)
class Gate:
    """A gate input of a channel.

    sync    True: sampled once per word and held; False: a level that the user keeps still while the
            pulse is on
    invert  the pulse passes while the gate is off
    """

    name: str
    sync: bool = True
    invert: bool = False


@dataclass(frozen=True, slots=True)
class ChannelSpec:
    """A channel: a pulse of `width_rt` starting `delay_rt` + c after the clock's edge, if its gates allow.

    width_rt 0 makes a level channel: the output is its one synchronised gate as whole words that
    begin at `delay_rt` + c.
    """

    name: str
    delay_rt: int
    width_rt: int
    gates: tuple[Gate, ...] = ()


@dataclass(slots=True)
class StrobeBank(Macro):
    """A bank; outputs rise `delay_rt` + `constant_rt` after the port ck rises."""

    constant_rt: int = 0
    period_rt: int = 0
    rows: dict[str, int] = field(default_factory=dict)


def _check(spec: ChannelSpec, period_rt: int) -> None:
    where = f"strobe channel {spec.name!r}"
    if not 0 <= spec.delay_rt <= MAX_DELAY_RT:
        raise ConfigError(f"delay {spec.delay_rt} rt", where=where, legal=f"0..{MAX_DELAY_RT} rt")
    if spec.width_rt == 0:
        if len(spec.gates) != 1 or not spec.gates[0].sync or spec.gates[0].invert:
            raise ConfigError("gates of a level channel", where=where, legal="one, sync, not inverted")
        return
    widest = period_rt - MIN_GAP_RT
    if not MIN_WIDTH_RT <= spec.width_rt <= widest:
        raise ConfigError(f"width {spec.width_rt} rt", where=where, legal=f"0, {MIN_WIDTH_RT}..{widest} rt")
    if len(spec.gates) > MAX_GATES:
        raise ConfigError(f"{len(spec.gates)} gates", where=where, legal=f"at most {MAX_GATES}")


def _check_all(channels: Sequence[ChannelSpec], period_rt: int) -> None:
    if not MIN_PERIOD_RT <= period_rt <= MAX_PERIOD_RT:
        raise ConfigError(
            f"period {period_rt} rt", where="strobe bank", legal=f"{MIN_PERIOD_RT}..{MAX_PERIOD_RT} rt"
        )
    names = ["ck"]
    for spec in channels:
        _check(spec, period_rt)
        names += [spec.name, *(f"{spec.name}.{gate.name}" for gate in spec.gates)]
    double = sorted({n for n in names if names.count(n) > 1})
    if double or not channels:
        raise ConfigError(f"names used twice: {double}, or no channel", where="strobe bank", legal="one each")


def _extent(spec: ChannelSpec) -> tuple[int, int]:
    """Return the first and last row of a channel, its pulse row being 0."""
    first = _NORTH_ROW if spec.gates else 0
    if len(spec.gates) == MAX_GATES:
        return first, _SOUTH_ROW
    narrow, plain = 0 < spec.width_rt < PULSE_RT, spec.width_rt in (0, PULSE_RT)
    return first, 2 if narrow else 0 if plain else 1


def _rows(channels: Sequence[ChannelSpec]) -> list[int]:
    """Return the pulse row of every channel; one row stays free between channels."""
    rows, free = [], 0
    for spec in channels:
        first, last = _extent(spec)
        rows.append(free - first)
        free = rows[-1] + last + 2
    return rows


def _spine(sketch: Sketch, rows: Sequence[int]) -> list[int]:
    """Draw the clock line and return the number of its repeaters north of every pulse row."""
    counts, repeaters, since = [], 0, 0
    for z in range(-1, rows[-1] + 1):
        is_tap = z in rows
        if since >= _SPINE_REACH and not is_tap and z > 0:
            sketch.on_floor((_SPINE_X, -2, z), CHARS["u"])
            repeaters, since = repeaters + 1, 0
        else:
            sketch.on_floor((_SPINE_X, -2, z), CHARS["|"])
            since += 1
        if is_tap:
            counts.append(repeaters)
    sketch.port("ck", (_SPINE_X, -2, -1), "in", side="north")
    return counts


def _tap(sketch: Sketch, z: int, chain: Sequence[int], phi_x: int) -> None:
    """Draw tap, stairs and the delay chain that ends west of phi."""
    sketch.on_floor((_TAP_X, -2, z), CHARS["e"])
    sketch.on_floor((_TAP_X + 1, -1, z), CHARS["-"])
    first = phi_x - len(chain)
    line(sketch, (_CHAIN_X - 1, 0, z), (first - 1, 0, z))
    for index, delay in enumerate(chain):
        sketch.on_floor((first + index, 0, z), CHARS["e"].with_props(delay=delay))
    line(sketch, (phi_x, 0, z), (phi_x, 0, z))


def _shape(sketch: Sketch, phi: Pos, width_rt: int) -> None:
    """Draw the row that gives the pulse its width, from phi to the cell before C; 6 rt with C's input."""
    x, _, z = phi
    if width_rt < PULSE_RT:
        sketch.on_floor((x + 1, 0, z), CHARS[">"])
        sketch.on_floor((x + 1, 0, z + 1), CHARS["n"].with_props(delay=width_rt))
        line(sketch, (x, 0, z + 1), (x, 0, z + 2))
        line(sketch, (x, 0, z + 2), (x + 1, 0, z + 2))
    else:
        sketch.on_floor((x + 1, 0, z), CHARS["e"])
    for offset, char in enumerate("-e-e-eee", 2):
        sketch.on_floor((x + offset, 0, z), CHARS[char])
    extra = max(0, width_rt - PULSE_RT)
    first = min(extra, 3)
    for offset, more in ((3, first), (5, extra - first)):
        if more:
            sketch.on_floor((x + offset, 0, z + 1), CHARS["e"].with_props(delay=1 + more))
            line(sketch, (x + offset - 1, 0, z + 1), (x + offset - 1, 0, z + 1))
            line(sketch, (x + offset + 1, 0, z + 1), (x + offset + 1, 0, z + 1))


def _window(sketch: Sketch, spec: ChannelSpec, index: int, phi: Pos) -> Pos:
    """Draw the line of a gate from the west border past phi and return its dust at phi's column + 2."""
    gate, (x, _, z) = spec.gates[index], phi
    south = index == 1
    row = z + (_SOUTH_ROW if south else _NORTH_ROW)
    name = f"{spec.name}.{gate.name}"
    line(sketch, (0, 0, row), (0, 0, row))
    sketch.port(name, (0, 0, row), "in", side="west")
    sketch.on_floor((1, 0, row), CHARS["e"])
    line(sketch, (2, 0, row), (x - 1, 0, row))
    if not gate.sync:
        sketch.on_floor((x, 0, row), CHARS["e"])
        sketch.on_floor((x + 1, 0, row), CHARS["e"])
        line(sketch, (x + 2, 0, row), (x + 2, 0, row))
        return (x + 2, 0, row)
    drawing = load_cell("sync_hold").drawing
    volume, (width, height, length) = drawing.volume, drawing.volume.size
    if south:  # a half turn of the mirror image: z is negated; two blocks longer to phi
        volume = transformed(volume, 2, mirror_x=True)
        line(sketch, (x, 0, z + 1), (x, 0, z + 2))
        corner = transform_point(drawing.local((0, 0, 0)), (width, height, length), 2, mirror_x=True)
        base = (x - corner[0], -corner[1], z + _SOUTH_ROW + _NORTH_ROW - corner[2])
    else:
        base = (x + drawing.corner[0], drawing.corner[1], z + drawing.corner[2])
    for pos in volume.positions(volume.ids != 0):
        at = (base[0] + pos[0], base[1] + pos[1], base[2] + pos[2])
        if at not in sketch.cells:
            sketch.put(at, volume.get(pos))
    return (x + 2, 0, row)


def _gate(sketch: Sketch, gate: Gate, start: Pos, phi: Pos) -> None:
    """Draw the way of a gate from `start` to the side of C; 2 rt either way."""
    x, _, z = phi
    step = -1 if start[2] < z else 1
    turn = x + (10 if gate.invert else 8)
    line(sketch, start, (turn, 0, start[2]))
    if gate.invert:
        line(sketch, (turn, 0, start[2]), (turn, 0, z + 2 * step))
        sketch.on_floor((x + 10, 0, z + step), CHARS["u" if step < 0 else "n"].with_props(delay=2))
        return
    line(sketch, (turn, 0, start[2]), (turn, 0, z + step))
    sketch.on_floor((x + 9, 0, z + step), CHARS["e"])
    sketch.on_floor((x + 10, 0, z + step), CHARS["v" if step < 0 else "^"])
    sketch.put((x + 10, 0, z + 2 * step), CHARS["@"])


def _channel(sketch: Sketch, spec: ChannelSpec, phi: Pos, latency_rt: int) -> None:
    x, _, z = phi
    if spec.width_rt == 0:
        start = _window(sketch, spec, 0, phi)
        line(sketch, start, (x + 9, 0, start[2]))
        sketch.on_floor((x + 10, 0, start[2]), CHARS["E"])
        z = start[2]
    else:
        for index, gate in enumerate(spec.gates):
            _gate(sketch, gate, _window(sketch, spec, index, phi), phi)
        _shape(sketch, phi, spec.width_rt)
        sketch.on_floor((x + 10, 0, z), CHARS[">" if spec.gates else "e"])
    line(sketch, (x + _SLOT_X, 0, z), (x + _SLOT_X, 0, z))
    sketch.port(spec.name, (x + _SLOT_X, 0, z), "out", side="east", latency_rt=latency_rt)


def strobe_bank(channels: Sequence[ChannelSpec], period_rt: int = 12, columns: int = 0) -> StrobeBank:
    """Return the bank of `channels`, from north to south in the order given.

    At least `columns` columns are kept for the delay chains, so that banks which differ only in their
    delays have the same ports (CHAIN_COLUMNS is enough for every delay).

    Ports: ck (north border, y = -2; pulses of 4 rt each period, strength 15), gate inputs
    "<channel>.<gate>" (west border), outputs "<channel>" (east border, strength 15).
    Raises ConfigError for illegal delays, widths, gates or names.
    """
    _check_all(channels, period_rt)
    sketch = Sketch("strobe_bank")
    rows = _rows(channels)
    counts = _spine(sketch, rows)
    chains = [split_delay(spec.delay_rt + counts[-1] - n) for spec, n in zip(channels, counts, strict=True)]
    phi_x = _CHAIN_X + max(columns, *(len(c) for c in chains))
    constant_rt = counts[-1] + 1 + _PHI_TO_OUT_RT
    for spec, z, chain in zip(channels, rows, chains, strict=True):
        _tap(sketch, z, chain, phi_x)
        _channel(sketch, spec, (phi_x, 0, z), spec.delay_rt + constant_rt)
    macro, corner = sketch.build()
    placed = {spec.name: z - corner[2] for spec, z in zip(channels, rows, strict=True)}
    return StrobeBank(macro.name, macro.volume, macro.ports, macro.probes, constant_rt, period_rt, placed)
