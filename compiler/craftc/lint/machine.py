"""Stimuli for a machine of craftc, from its io.json: draw, run, read, reset, as a player does."""

from __future__ import annotations

import numpy as np

from craftc.export.io_map import RESET, RUN, IoMap
from craftc.lint.board import Setting
from craftc.lint.chunks import Chunk
from craftc.lint.history import Stimulus

SETTLE_GT, MARGIN_GT = 400, 400
"""Game ticks in which levers take effect; and after an answer or a reset, until the machine is at rest."""


def machine_setting(io: IoMap, forced: list[Chunk] | None, seed: int = 1) -> Setting:
    """Return the setting that lints one question to a machine: random levers, run, the answer, reset."""
    rng = np.random.default_rng(seed)
    drawn = rng.random(len(io.levers)) < 0.5
    script = [Stimulus(0, io.local(pos)) for pos, on in zip(io.levers, drawn, strict=True) if on]
    answered = SETTLE_GT + io.expected.game_ticks_per_inference + MARGIN_GT
    script.append(Stimulus(SETTLE_GT, io.local(io.inputs[RUN].pos)))
    script.append(Stimulus(answered, io.local(io.inputs[RESET].pos)))
    return Setting(script, answered + SETTLE_GT + MARGIN_GT, io.cells(), forced)
