"""Adds the north and the south sum of an engine into one stream of octal digits."""

from __future__ import annotations

from craftc.cells.library import load_cell
from craftc.macros.base import Macro, Sketch
from craftc.macros.sketching import cell_port, cell_pos, paste_cell
from craftc.units import GT_PER_RT


def nsum() -> Macro:
    """Return the adder of the N and S streams: in `n`, `s` (digits together), out `y`.

    `y.latency_rt` after digit 0 stands at `n` and `s` it stands at `y`. The sum is modulo 8^digits;
    a carry out of the top digit appears in the first flush digit of the word, as 1.
    """
    sketch = Sketch("nsum")
    paste_cell(sketch, "sum_feed")
    paste_cell(sketch, "octal_adder")
    cell_port(sketch, "sum_feed", "n")
    cell_port(sketch, "sum_feed", "s")
    feed, adder = load_cell("sum_feed"), load_cell("octal_adder")
    latency = (int(feed.timing["n_to_p_gt"]) + int(adder.timing["p_to_s_gt"])) // GT_PER_RT
    sketch.port("y", cell_pos("octal_adder", "s"), "out", "stream", "south", latency)
    return sketch.build()[0]
