"""Stimuli for a built matrix, from its ports: load activations through the levers, start, read."""

from __future__ import annotations

from craftc.lint.board import Setting
from craftc.lint.chunks import Chunk
from craftc.lint.history import Stimulus
from craftc.units import GT_PER_RT
from craftc.verify.matrix_run import LATE_RT, Longs, MatrixPorts, load_actions

WORD_RT = 32  # redstone ticks per ROM word of a run


def matrix_setting(ports: MatrixPorts, x: Longs, forced: list[Chunk] | None) -> Setting:
    """Return the setting that lints one product of a matrix: activations x (n,) are loaded, then it runs."""
    script = [Stimulus(at_gt, pos, on) for at_gt, pos, on in load_actions(ports, x)]
    loaded = GT_PER_RT * ports.load_rt
    script.append(Stimulus(loaded, ports.switches["start"]))
    read = {*ports.switches.values(), *(pos for row in (*ports.results, *ports.inputs) for pos in row)}
    return Setting(script, loaded + GT_PER_RT * (WORD_RT * ports.words + LATE_RT), frozenset(read), forced)
