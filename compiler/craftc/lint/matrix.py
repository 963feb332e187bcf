"""Stimuli for a matrix engine: some activations loaded, then a product, as the verification does it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from craftc.lint.board import Setting
from craftc.lint.chunks import Chunk
from craftc.lint.history import Stimulus
from craftc.macros.octal_ring import PERIOD_RT
from craftc.units import GT_PER_RT
from craftc.verify.matrix_run import MatrixPorts, load_actions, loading_gt, run_rt

LOADED = 8
"""Registers of each wall that get a word."""
WORDS = 32
"""Words of a product that are run: all lanes do the same things in the rest of a long one."""


def matrix_setting(ports: MatrixPorts, x: npt.NDArray[np.int64], forced: list[Chunk] | None) -> Setting:
    """Return the setting that lints a product of activations x (n,), the first of which are loaded.

    `ports` are local to the volume. At most WORDS words of the product are run.
    """
    spans = [range(begin, begin + loading_gt(LOADED)) for begin in (0, loading_gt(ports.south))]
    script = [
        Stimulus(at_gt, pos, on)
        for at_gt, pos, on in load_actions(ports, x)
        if pos in (ports.switches["load"], ports.switches["load_north"]) or any(at_gt in s for s in spans)
    ]
    begin = GT_PER_RT * ports.load_rt
    script.append(Stimulus(begin, ports.switches["start"]))
    read = [pos for places in (*ports.results, *ports.inputs) for pos in places] + [ports.switches["done"]]
    length = min(run_rt(ports), PERIOD_RT * WORDS)
    return Setting(script, begin + GT_PER_RT * length, frozenset(read), forced)
