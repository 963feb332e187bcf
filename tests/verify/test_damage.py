"""The damage that other tests do is real: the chosen digit matters and its position is the right one."""

from __future__ import annotations

import numpy as np

from craftc.blocks.dust import compute_shapes
from craftc.config import BuildConfig
from craftc.hw.netlist import Machine
from craftc.macros.engine import engine
from craftc.model import random_model
from craftc.passes.fold import fold
from craftc.sim import Board, settle
from craftc.verify import random_vectors
from craftc.verify.run import require_rest
from craftc.view.place_map import place_map

from .damage import pick_digit, put_digit

MODEL = random_model((9, 6, 3), seed=2)


def test_the_chosen_digit_is_where_the_rom_has_it() -> None:
    plans = fold(MODEL, BuildConfig())
    machine = Machine()
    made = engine(plans[0].rom, plans[0].segments)
    machine.add("engine0", made, (5, 6, 7))
    fault = pick_digit(MODEL, place_map(machine, plans), random_vectors(9, 20, 0))
    x, y, z = (a - b for a, b in zip(fault.position, (5, 6, 7), strict=True))
    old = int(MODEL.layers[0].weight_codes[fault.neuron, fault.input]) & 15
    source, entity = made.volume.get((x, y, z)), made.volume.entity((x, y, z))
    level = int(source.get("level")) if source.short == "composter" else entity.signal if entity else 0
    assert 15 - level == old != fault.digit
    assert made.volume.get((x + 2, y, z)).short == "comparator"
    assert fault.digit != old and fault.vector < 20
    volume = settle(compute_shapes(made.volume))
    volume.origin = (5, 6, 7)
    count = int(np.count_nonzero(volume.ids))
    put_digit(volume, fault)
    require_rest(Board(volume, settle="trusted"))
    assert int(np.count_nonzero(volume.ids)) == count
