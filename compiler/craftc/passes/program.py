"""Pass `program`: says in which word slot what happens, for all layers.

A slot is one word period. In slot w of a layer the word w of the running plane is added to the
sums. One pass over one layer looks like this (two planes, W words, H levels)::

    slot   0 .. W-1     W        W+1 .. 2W     2W+1 .. 2W+2H
           plane 1    double      plane 0       read: shift, hold, shift, hold, ...

    token  at 0 and W+1 (start of a ROM segment)
    clock  with every word that has an input (the input registers step once)
    force  4-bit layers: the bias words behind the inputs, constant 8 of the south lanes in the first
           plane, constant 1 of the north lanes in the last

A layer that is cut (passes/parts.py) has windows `clock` and `loadmode` per part of its inputs and `late` per
group of its neurons: all groups are read at the same time, all parts scanned at the same time.

Reads start in slots of a fixed parity, because the half-rate clock tells shift words from hold words. The
next layer starts PIPE_SLOTS or more after the last read, when the last activation stands in the registers.
A pass over the first layer begins by loading the levers into the panel's registers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from craftc.config import Optimize
from craftc.errors import TimingError
from craftc.macros.register_file import pushes
from craftc.passes.fold import LayerPlan
from craftc.passes.parts import chunks, halves

READ_SLOTS = 2  # slots per neuron: one shift word, one hold word
LOAD_SLOTS = 3  # the load line is on around the one clock that copies the levers
DRAIN_SLOTS = 3  # slots after the last read in which the last activation is pushed
PIPE_SLOTS = (
    16  # least slots between the last read of a layer and the first word of the next (timing checks it)
)


@dataclass(frozen=True, slots=True)
class Pace:
    """Time that is left between what must not meet; pass `timing` says where it is too little.

    origin_words  slot 0 begins about this many words after the run pulse; more in steps of origin_step
    pipe_slots    from the last read of a layer to the first word of the next; more in steps of pipe_step
    exact_end     done when the last class lamp can change last, not pipe_slots after the last read

    Steps of the origin are even, so that parities stay.
    """

    origin_words: int = 8
    origin_step: int = 8
    pipe_slots: int = PIPE_SLOTS
    pipe_step: int = 2
    exact_end: bool = False


CALM = Pace()
HASTY = Pace(origin_words=2, origin_step=2, pipe_slots=1, pipe_step=1, exact_end=True)


def pace_of(optimize: Optimize) -> Pace:
    """Return the pace of a setting: HASTY for speed."""
    return HASTY if optimize == "speed" else CALM


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """A signal of a layer that is on in slots start <= w < end."""

    layer: int
    signal: str  # load loadmode token clock force_n force_s double read
    start: int
    end: int
    segment: int = 0  # token: which ROM segment; clock, loadmode: which part; late: which group


@dataclass(frozen=True, slots=True)
class Program:
    """All windows, sorted, and the number of slots until the answer stands."""

    windows: tuple[Window, ...]
    slots: int

    def of(self, layer: int, signal: str, segment: int | None = None) -> tuple[Window, ...]:
        """Return the windows of one signal of one layer (of one segment, if given), in time order."""
        found = (w for w in self.windows if w.layer == layer and w.signal == signal
                 and segment in (None, w.segment))  # fmt: skip
        return tuple(sorted(found, key=lambda w: w.start))


def program(
    plans: Sequence[LayerPlan], parity: Mapping[int, int] | None = None, pipe_slots: int = PIPE_SLOTS
) -> Program:
    """Return the program of a network; reads of layer l start in slots of parity[l] (default even).

    `pipe_slots` lie between the last read of a layer and the first word of the next. Raises TimingError if
    its own rules do not hold.
    """
    wanted = parity or {}
    windows: list[Window] = []
    slot = 0
    for plan in plans:
        reads: list[Window] = []
        for pass_index in range(plan.passes):
            if plan.index == 0:
                windows.append(Window(0, "load", slot, slot + LOAD_SLOTS))
                windows.append(Window(0, "clock", slot + 1, slot + 2))
                slot += LOAD_SLOTS
            made = list(_pass(plan, pass_index, slot, wanted.get(plan.index, 0)))
            windows += made
            reads += [w for w in made if w.signal == "read"]
            slot = max(w.end for w in made)
        if plan.index + 1 < len(plans):
            start, end = reads[0].start, reads[-1].end + DRAIN_SLOTS
            windows += [Window(plan.index + 1, "loadmode", start, end, part) for part in range(plan.groups)]
        slot += pipe_slots
    result = Program(tuple(sorted(windows)), slot)
    require_rules(result, plans, wanted)
    return result


def _pass(plan: LayerPlan, pass_index: int, start: int, parity: int) -> Iterator[Window]:
    layer, slot = plan.index, start
    segment = pass_index * len(plan.parts)
    for plane in reversed(range(plan.planes)):
        yield Window(layer, "token", slot, slot + 1, segment)
        for part, inputs in enumerate(chunks(plan.n_in, plan.splits)):
            words = plan.parts[0] if plan.splits == 1 else len(halves(inputs)[0])
            yield Window(layer, "clock", slot, slot + words, part)
        slot += plan.parts[0]
        if plan.planes > 1:
            for signal, words, index in _bias(plan, plane):
                yield Window(layer, "token", slot, slot + 1, segment + index)
                yield Window(layer, signal, slot, slot + words)
                slot += words
        if plane:
            yield Window(layer, "double", slot, slot + 1)
            slot += 1
    slot += (slot + parity) % 2
    yield Window(layer, "read", slot, slot + READ_SLOTS * reads_of(plan, pass_index))


def _bias(plan: LayerPlan, plane: int) -> Iterator[tuple[str, int, int]]:
    """Yield (force signal, words, segment of the pass) of the bias words read in a plane."""
    if plane == 0 and plan.const_north:
        yield "force_n", plan.const_north, 1
    if plane == plan.planes - 1 and plan.const_south:
        yield "force_s", plan.const_south, len(plan.parts) - 1


def late_reads(plan: LayerPlan, group: int) -> int:
    """Return the shift words of a group of neurons: its neurons, and one more if they are odd."""
    return pushes(len(chunks(plan.n_out, plan.groups)[group]))


def reads_of(plan: LayerPlan, pass_index: int) -> int:
    """Return the shift words of a pass: its neurons, and one more of an odd hidden layer (register_file).

    Of a layer that is cut: those of its largest group.
    """
    if plan.groups > 1:
        return late_reads(plan, 0)
    neurons = min(plan.levels, plan.n_out - pass_index * plan.levels)
    odd = plan.shift is not None and plan.n_out % 2 == 1 and pass_index == plan.passes - 1
    return neurons + int(odd)


def require_rules(made: Program, plans: Sequence[LayerPlan], parity: Mapping[int, int]) -> None:
    """Raise TimingError unless windows of a signal are disjoint, tokens far apart and reads in phase."""
    by_signal: dict[tuple[int, str, int], list[Window]] = {}
    for window in made.windows:
        number = 0 if window.signal == "token" else window.segment
        by_signal.setdefault((window.layer, window.signal, number), []).append(window)
    for (layer, signal, _), found in sorted(by_signal.items()):
        found.sort(key=lambda w: w.start)
        for a, b in pairwise(found):
            gap = plans[layer].parts[0] if signal == "token" and a.segment == b.segment else a.end - a.start
            if b.start < a.start + gap:
                raise TimingError(f"{signal} windows {a} and {b} overlap", where=f"layer {layer}")
    for window in made.windows:
        if window.signal == "read" and window.start % 2 != parity.get(window.layer, 0):
            raise TimingError(f"read starts in slot {window.start}", where=f"layer {window.layer}",
                              legal=f"slots of parity {parity.get(window.layer, 0)}")  # fmt: skip


def as_text(made: Program) -> str:
    """Return the program as text, one window per line in time order."""
    rows = sorted(made.windows, key=lambda w: (w.start, w.layer, w.signal))
    lines = [f"{w.start:6d} {w.end:6d}  layer {w.layer}  {w.signal}  segment {w.segment}" for w in rows]
    return "\n".join([f"slots {made.slots}", *lines])
