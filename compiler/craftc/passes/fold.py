"""Pass `fold`: spreads every layer over lanes and words and fills its ROM.

A layer of n_out neurons gets `levels` levels (two lanes each: the north lane takes the first half
of the inputs, the south lane the second half) and is done in `passes` passes; in pass p, level k
computes neuron p*levels + k. Per bit plane a pass reads `words` ROM words: first the inputs, then
the bias constants. A digit of the ROM is the int4 code in two's complement (code & 15).

    words = half of the inputs + bias words       ROM = passes * words words x levels x 2 digits

Before 4-bit inputs the bias words are segments of their own, so that they are read only in the plane
they belong to: the north lanes' constants (1) in plane 0, the south lanes' (8) in plane 3.

Nothing is rounded: illegal lanes or words per lane are refused with the legal values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from craftc.config import BuildConfig
from craftc.errors import FoldingError, OverflowRefused, UnsupportedOp
from craftc.macros.lane import first_levels
from craftc.model.checkpoint import BIAS_STEP, Checkpoint, Int8, Layer, bias_codes
from craftc.model.overflow import digits_for, prove, signed_bits
from craftc.passes.parts import MAX_CUTS, blocks_of, chunks, halves

MAX_SUM_DIGITS = 5  # octal digits of a sum; the word has 6 with at least one flush digit
MIN_SUM_DIGITS = 4  # narrower sums are widened: the strobes are drawn for 4 or 5
MAX_LEVELS = 150  # 2 blocks each inside the world's 384, with room for base and sky
AREA_PASSES = 2  # optimize = area: half the levels, each done twice
CODE_MASK = 15
MIN_INPUTS, MIN_NEURONS = 4, 3  # of the panel, and of a register file (hidden layers)
ROW_WORDS = 200  # a ROM with more words than this is folded, one row per pass


@dataclass(frozen=True, slots=True, eq=False)
class LayerPlan:
    """One layer on hardware. `north` and `south` are input indices in streaming order, of part 0 if there are
    several (passes/parts.py)."""

    index: int
    n_in: int
    n_out: int
    levels: int
    passes: int
    words: int
    planes: int  # bit planes of the inputs: 1 or 4
    sum_digits: int  # octal digits of the sum
    shift: int | None
    north: tuple[int, ...]
    south: tuple[int, ...]
    const_north: int  # bias words on the north lanes (constant 1)
    const_south: int  # bias words on the south lanes (constant 1, or 8 before 4-bit inputs)
    rom: npt.NDArray[np.uint8]  # (passes * words, height, 2)
    groups: int = 1  # of neurons, each read by itself
    splits: int = 1  # parts of the inputs, each with a level per neuron

    @property
    def parts(self) -> tuple[int, ...]:
        """Words of the segments of one pass: inputs (with binary bias words), north bias, south bias."""
        if self.planes == 1:
            return (self.words,)
        parts = (len(self.north), self.const_north, self.const_south)
        return tuple(n for n in parts if n)

    @property
    def segments(self) -> tuple[int, ...]:
        """First ROM word of every segment, pass by pass."""
        firsts = [sum(self.parts[:k]) for k in range(len(self.parts))]
        return tuple(p * self.words + first for p in range(self.passes) for first in firsts)

    @property
    def blocks(self) -> tuple[int, ...]:
        """Levels of every block of the engine, from bottom to top."""
        return blocks_of(self.levels, self.groups, self.splits)

    @property
    def height(self) -> int:
        """Levels of the ROM, the empty ones between blocks included."""
        return sum(self.blocks) + len(self.blocks) - 1

    @property
    def folded(self) -> bool:
        """Whether the passes stand in rows of the ROM of their own (macros/rom_rows.py)."""
        return self.planes == 1 and self.passes > 1 and self.passes * self.words > ROW_WORDS

    @property
    def lanes(self) -> int:
        """Lanes of the layer, two per level."""
        return 2 * sum(self.blocks)

    @property
    def weight_bits(self) -> int:
        """Bits of weight information in the ROM: 4 per weight and per bias code."""
        return 4 * self.n_out * (self.n_in + self.const_north + self.const_south)

    def neuron(self, pass_index: int, level: int) -> int:
        """Return the neuron of a level in a pass (may be >= n_out in the last pass)."""
        return pass_index * self.levels + level


def fold(checkpoint: Checkpoint, config: BuildConfig, cuts: Sequence[int] = ()) -> tuple[LayerPlan, ...]:
    """Return the plan of every layer; `cuts[l]` is the groups of hidden layer l (1 where it is not given).

    Raises FoldingError for illegal lanes or words per lane, OverflowRefused if a sum needs more than
    MAX_SUM_DIGITS octal digits, UnsupportedOp for what the machine has no hardware for.
    """
    ranges = prove(checkpoint, max_digits=MAX_SUM_DIGITS)
    if checkpoint.layers[0].input_bits != 1:
        raise UnsupportedOp("4-bit inputs of the first layer", where="layer 0", legal="1-bit inputs")
    _check_sizes(checkpoint)
    if config.lanes is not None and config.words_per_lane is not None:
        raise FoldingError("lanes and words per lane are both given", legal="one of them")
    hidden = range(len(ranges) - 1)  # the last layer is always done in one pass
    widest = max(hidden, key=lambda k: (checkpoint.layers[k].n_out, -k), default=-1)
    if not hidden:
        _check_single(checkpoint.layers[0], config)
    plans = []
    for index, (layer, found) in enumerate(zip(checkpoint.layers, ranges, strict=True)):
        if layer.shift is not None and layer.shift % 3:
            raise UnsupportedOp(f"shift {layer.shift}", where=f"layer {index}", legal="0, 3, 6, 9")
        digits = max(found.digits, MIN_SUM_DIGITS, 0 if layer.shift is not None else _compared(index, layer))
        groups = cuts[index] if index < len(cuts) else 1
        splits = cuts[index - 1] if 0 < index <= len(cuts) else 1
        levels = _levels(index, layer, config, index == widest)
        _check_cuts(index, layer, levels, groups, splits)
        plans.append(_plan(index, layer, digits, levels, groups, splits))
    return tuple(plans)


def legal_cuts(n_out: int, n_next: int) -> tuple[int, ...]:
    """Return the numbers of groups that n_out neurons in front of a layer of n_next can have."""
    most = min(MAX_CUTS, n_out // MIN_NEURONS, (MAX_LEVELS + 1) // (n_next + 1), MAX_LEVELS - n_out + 1)
    return tuple(range(1, max(1, most) + 1))


def _check_cuts(index: int, layer: Layer, levels: int, groups: int, splits: int) -> None:
    """Raise FoldingError where a layer cannot stand in these blocks."""
    if groups > 1 and (levels != layer.n_out or splits > 1 or layer.n_out // groups < MIN_NEURONS):
        raise FoldingError(f"{groups} groups", where=f"layer {index}",
                           legal="1 of a layer that is done in several passes or cut itself; "
                           f"else groups of {MIN_NEURONS} or more neurons")  # fmt: skip
    blocks = blocks_of(levels, groups, splits)
    if len(blocks) > 1 and sum(blocks) + len(blocks) - 1 > MAX_LEVELS:
        raise FoldingError(f"{splits} parts of {levels} levels", where=f"layer {index}",
                           legal=f"at most {MAX_LEVELS} levels")  # fmt: skip


def _check_sizes(checkpoint: Checkpoint) -> None:
    """Raise UnsupportedOp for a layer that is narrower than the smallest panel or register file."""
    least = [("inputs", MIN_INPUTS, checkpoint.n_in)]
    least += [("neurons", MIN_NEURONS, layer.n_out) for layer in checkpoint.layers[:-1]]
    for index, (what, fewest, found) in enumerate(least):
        if found < fewest:
            where = f"layer {max(index - 1, 0)}"
            raise UnsupportedOp(f"{found} {what}", where=where, legal=f"{fewest} or more {what}")


def _check_single(layer: Layer, config: BuildConfig) -> None:
    """Raise FoldingError unless a setting names what a single layer gets anyway: all neurons in one pass."""
    for what, wanted, only in (("lanes", config.lanes, 2 * layer.n_out),
                               ("words per lane", config.words_per_lane, _words(layer)[0])):  # fmt: skip
        if wanted not in (None, only):
            raise FoldingError(f"{wanted} {what}", where="layer 0", legal=str(only))


def _compared(index: int, layer: Layer) -> int:
    """Return the octal digits of y[a] - y[b] - 1 over all pairs of outputs, as argmax forms it.

    The range of a difference is that of one neuron with the weights w[a] - w[b]. Raises OverflowRefused.
    """
    weights = layer.weight_codes.astype(np.int64)
    most = 0
    for row, bias in zip(weights, layer.bias, strict=True):
        reach = np.maximum(row - weights, 0).sum(axis=1) * layer.input_max + bias - layer.bias
        most = max(most, int(reach.max()))
    digits = digits_for(signed_bits(-most - 1, most))
    if digits > MAX_SUM_DIGITS:
        raise OverflowRefused(f"outputs differ by up to {most} and are compared in {digits} octal digits",
                              where=f"layer {index}", legal=f"at most {MAX_SUM_DIGITS} digits")  # fmt: skip
    return digits


def _words(layer: Layer, splits: int = 1) -> tuple[int, int, int]:
    """Return (words per plane, bias words north, bias words south) of a layer."""
    half = len(halves(chunks(layer.n_in, splits)[0])[0])
    ones = int(np.count_nonzero(layer.bias_constants == 1))
    eights = int(np.count_nonzero(layer.bias_constants == BIAS_STEP))
    if layer.input_bits == 1:
        north, south = (ones + 1) // 2, ones // 2
        return max(half + north, layer.n_in - half + south), north, south
    return half + ones + eights, ones, eights


def legal_levels(n_out: int) -> tuple[int, ...]:
    """Return the useful numbers of levels: the least one for each number of passes, descending."""
    return tuple(sorted({-(-n_out // p) for p in range(1, n_out + 1)} & set(range(1, MAX_LEVELS + 1)),
                        reverse=True))  # fmt: skip


def _levels(index: int, layer: Layer, config: BuildConfig, widest: bool) -> int:
    """Return the levels of a layer. The widest layer must fit the setting exactly, others come near it."""
    if layer.shift is None:  # argmax wants all neurons in one steady row
        if layer.n_out > MAX_LEVELS:
            legal_count = f"at most {MAX_LEVELS}"
            raise UnsupportedOp(f"{layer.n_out} classes", where=f"layer {index}", legal=legal_count)
        return layer.n_out
    legal = legal_levels(layer.n_out)
    words, _, _ = _words(layer)
    by_words = {words * -(-layer.n_out // n): n for n in legal}
    if config.lanes is not None:
        choices, wanted = {2 * n: n for n in legal}, config.lanes
    elif config.words_per_lane is not None:
        choices, wanted = by_words, config.words_per_lane
    else:
        fewer = [n for n in legal if -(-layer.n_out // n) >= AREA_PASSES]
        return fewer[0] if config.optimize == "area" and fewer else legal[0]
    if widest and wanted not in choices:
        what = "lanes" if config.lanes is not None else "words per lane"
        raise FoldingError(f"{wanted} {what}", where=f"layer {index}",
                           legal=", ".join(map(str, sorted(choices))))  # fmt: skip
    below = [n for size, n in choices.items() if size <= wanted]
    return max(below) if below and config.lanes is not None else min(below, default=legal[0])


def _plan(index: int, layer: Layer, sum_digits: int, levels: int, groups: int, splits: int) -> LayerPlan:
    words, const_north, const_south = _words(layer, splits)
    blocks, parts = blocks_of(levels, groups, splits), [halves(c) for c in chunks(layer.n_in, splits)]
    passes = -(-layer.n_out // levels)
    north, south = parts[0]
    rom = np.zeros((passes * words, sum(blocks) + len(blocks) - 1, 2), dtype=np.uint8)
    for block, first in enumerate(first_levels(blocks)):
        digits = _rom(layer, levels, words, (const_north, const_south), parts[block if splits > 1 else 0],
                      biased=splits == 1 or block == 0)  # fmt: skip
        rows = chunks(levels, groups)[block] if groups > 1 else range(levels)
        rom[:, first : first + blocks[block]] = digits[:, rows.start : rows.stop]
    return LayerPlan(index, layer.n_in, layer.n_out, levels, passes, words, layer.input_bits, sum_digits,
                     layer.shift, north, south, const_north, const_south, rom, groups, splits)  # fmt: skip


def _rom(
    layer: Layer, levels: int, words: int, bias: tuple[int, int],
    part: tuple[tuple[int, ...], tuple[int, ...]], *, biased: bool,
) -> npt.NDArray[np.uint8]:  # fmt: skip
    """Return the ROM (passes * words, levels, 2) of one part of the inputs, with or without the bias."""
    const_north, const_south = bias
    (north, south), passes = part, -(-layer.n_out // levels)
    rom = np.zeros((passes * words, levels, 2), dtype=np.uint8)
    codes = bias_codes(layer)
    ones = codes[:, layer.bias_constants == 1]
    extra_north, extra_south = (
        (ones[:, :const_north], ones[:, const_north:])
        if layer.input_bits == 1
        else (ones, codes[:, layer.bias_constants == BIAS_STEP])
    )
    for side, inputs, extra in ((0, north, extra_north), (1, south, extra_south)):
        start = len(inputs) if layer.input_bits == 1 else words - const_south - const_north * (1 - side)
        for p in range(passes):
            neurons = slice(p * levels, min((p + 1) * levels, layer.n_out))
            count = neurons.stop - neurons.start
            block = rom[p * words : (p + 1) * words, :count, side]
            block[: len(inputs)] = _digits(layer.weight_codes[neurons][:, list(inputs)])
            if biased:
                block[start : start + extra.shape[1]] = _digits(extra[neurons])
    return rom


def _digits(codes: Int8) -> npt.NDArray[np.uint8]:
    """Return ROM digits (words, neurons) of int4 codes (neurons, words)."""
    digits: npt.NDArray[np.uint8] = (codes.T & CODE_MASK).astype(np.uint8)
    return digits
