"""Pass `interface`: the io map of a placed machine, from the names that `place` gives its instances.

panel.lever_<i>        levers                    run.button, reset.button    buttons
lamp<j>.lamp           class lamps               lamp_done.lamp              done lamp
file<l+1>.h_<j>_<bit>  activations of layer l: registers h.<l>.<j>; file<l+1>_<g> holds those of group g
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from craftc.errors import PlacementError
from craftc.export.io_map import BITS, DONE, RESET, RUN, Expected, Input, IoMap, Output, Register
from craftc.hw.netlist import Machine
from craftc.macros.base import Pos
from craftc.macros.lane import tagged
from craftc.passes.fold import LayerPlan
from craftc.passes.parts import chunks


def interface(
    machine: Machine,
    plans: Sequence[LayerPlan],
    box: tuple[Pos, Pos],
    expected: Expected,
    *,
    shift: Pos = (0, 0, 0),
    read_gt: Mapping[int, int] | None = None,
) -> IoMap:
    """Return the interface in world coordinates.

    `box` (low, high) of the finished blocks and all instances are in machine coordinates, which `shift` takes
    to the world; `read_gt`: when the registers of a layer are read, game ticks after the press of run.
    Raises PlacementError if an instance or one of its probes is missing.
    """
    times = read_gt if read_gt is not None else {}

    def at(name: str, probe: str) -> Pos:
        instance = machine.instances.get(name)
        if instance is None or probe not in instance.macro.probes:
            raise PlacementError(f"no probe {name}.{probe}", where="interface", legal="names of pass place")
        return _sum(instance.world(instance.macro.probes[probe]), shift)

    inputs = {f"lever_{i}": Input(at("panel", f"lever_{i}"), "lever", "level") for i in range(plans[0].n_in)}
    inputs |= {name: Input(at(name, "button"), "stone_button", "pulse") for name in (RUN, RESET)}
    outputs = {f"class_{j}": Output(at(f"lamp{j}", "lamp")) for j in range(plans[-1].n_out)}
    outputs[DONE] = Output(at("lamp_done", "lamp"))
    registers = {}
    for plan in plans[:-1]:
        for j in range(plan.n_out):
            group = next(g for g, c in enumerate(chunks(plan.n_out, plan.groups)) if j in c)
            value = j - chunks(plan.n_out, plan.groups)[group].start
            file = tagged(f"file{plan.index + 1}", group)
            bits = tuple(at(file, f"h_{value}_{b}") for b in range(BITS))
            registers[f"h.{plan.index}.{j}"] = Register(plan.index, j, bits, at_gt=times.get(plan.index))
    return IoMap(_sum(box[0], shift), _sum(box[1], shift), inputs, outputs, expected, registers)


def _sum(a: Pos, b: Pos) -> Pos:
    return (a[0] + b[0], a[1] + b[1], a[2] + b[2])
