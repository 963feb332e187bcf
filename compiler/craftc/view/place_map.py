"""place.json: which macro stands where, in world coordinates, and which layer it serves.

    {"version": 1,
     "instances": [{"name": "engine0", "kind": "engine", "layer": 0, "corner": [x, y, z], "size": [x, y, z],
                    "ports": {"start0": [x, y, z], ...}, "probes": {...},
                    "rom": {"corner": [x, y, z], "words": n, "levels": n, "axis_z": z,
                            "rows": [{"corner": [x, y, z], "first": n, "words": n, "turned": false}, ...]}},
                   ...],
     "nets": [{"name": "run", "drivers": ["run.out"], "sinks": ["start.run"], "cells": [x, y, z, ...]}, ...],
     "layers": [{"n_in": n, "n_out": n, "levels": n, "passes": n, "words": n, "input_bits": 1, "half": n,
                 "const_north": n, "const_south": n}, ...]}

`layer` is null for what serves no single layer. `rom` is there for engines only; `axis_z` is the
world z of the tower row between the lanes. A row of the ROM holds `words` words from `first` on, and is
turned by 180 degrees or not (macros/rom_rows.py). Written by the build, read by `view.why`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from craftc.errors import FormatError, PlacementError
from craftc.export.safe import atomic_write

if TYPE_CHECKING:
    from craftc.hw.netlist import Instance, Machine
    from craftc.passes.fold import LayerPlan

Pos = tuple[int, int, int]
Cells = npt.NDArray[np.int32]
Plain = dict[str, Any]

VERSION = 1
FILE = Path("craftc") / "place.json"
_OF_LAYER = re.compile(r"(?:engine|bank|readout|requant|file|on|w\.[a-z_]+?)(?P<layer>\d+)(?:_\d+)?")
_KEYS = {"version", "instances", "nets", "layers"}


def layer_of(name: str, layers: int) -> int | None:
    """Return the layer that an instance serves by the names of pass place (`engine0`, `w.token0_1`), or None.

    `file<l>` holds the inputs of layer l, which are the activations h of layer l - 1: it serves layer l.
    """
    match = _OF_LAYER.fullmatch(name)
    found = int(match["layer"]) if match else layers
    return found if found < layers else None


def place_map(
    machine: Machine,
    plans: Sequence[LayerPlan],
    *,
    shift: Pos = (0, 0, 0),
    wires: Mapping[str, Cells] | None = None,
    wires_from: Pos = (0, 0, 0),
) -> Plain:
    """Return the contents of place.json.

    `shift` takes machine coordinates to world coordinates. `wires` gives the cells (n, 3) of every routed
    net, counted from the machine coordinate `wires_from` (the low corner of the routed volume). Raises
    PlacementError if an engine's ROM is not the one of its plan.
    """
    rows = [_instance(machine.instances[n], plans, shift) for n in sorted(machine.instances)]
    found = wires if wires is not None else {}
    nets = [
        {
            "name": net.name,
            "drivers": [".".join(d) for d in net.drivers],
            "sinks": [".".join(s) for s in net.sinks],
            "cells": _shifted(found.get(net.name), shift, wires_from),
        }
        for net in sorted(machine.nets, key=lambda net: net.name)
    ]
    return {"version": VERSION, "instances": rows, "nets": nets, "layers": [_layer(p) for p in plans]}


def _shifted(cells: Cells | None, shift: Pos, start: Pos) -> list[int]:
    if cells is None:
        return []
    flat: list[int] = (cells.astype(np.int64) + np.array(shift) + np.array(start)).reshape(-1).tolist()
    return flat


def _instance(instance: Instance, plans: Sequence[LayerPlan], shift: Pos) -> Plain:
    macro = instance.macro

    def at(pos: Pos) -> list[int]:
        return [a + b for a, b in zip(instance.world(pos), shift, strict=True)]

    layer = layer_of(instance.name, len(plans))
    row: Plain = {
        "name": instance.name,
        "kind": macro.name,
        "layer": layer,
        "corner": at((0, 0, 0)),
        "size": list(macro.volume.size),
        "ports": {n: at(p.pos) for n, p in sorted(macro.ports.items())},
        "probes": {n: at(p) for n, p in sorted(macro.probes.items())},
    }
    rom = _rom(instance, None if layer is None else plans[layer], at)
    return row if rom is None else row | {"rom": rom}


def _rom(instance: Instance, plan: LayerPlan | None, at: Any) -> Plain | None:
    from craftc.macros.engine import Engine
    from craftc.macros.rom_rows import RomRows, Row

    macro = instance.macro
    if not isinstance(macro, Engine) or macro.bank is None:
        return None
    bank = macro.bank
    if plan is None or (plan.passes * plan.words, plan.height) != (bank.words, bank.levels):
        raise PlacementError(f"a ROM of {bank.words} words x {bank.levels} levels", where=instance.name,
                             legal="an engine named engine<layer> with the ROM of its plan")  # fmt: skip
    corner = macro.bank_at
    axis_z = at((0, 0, corner[2] + 2))[2]
    rows = bank.rows if isinstance(bank, RomRows) else (Row(0, bank.words, (0, 0, 0), False),)
    places = [
        {"corner": at((corner[0] + r.at[0], corner[1] + r.at[1], corner[2] + r.at[2])),
         "first": r.first, "words": r.words, "turned": r.turned}
        for r in rows
    ]  # fmt: skip
    return {"corner": at(corner), "words": bank.words, "levels": bank.levels, "axis_z": axis_z,
            "rows": places}  # fmt: skip


def _layer(plan: LayerPlan) -> Plain:
    keys = ("n_in", "n_out", "levels", "passes", "words", "const_north", "const_south")
    row = {key: getattr(plan, key) for key in keys}
    row |= {key: getattr(plan, key) for key in ("groups", "splits") if getattr(plan, key) > 1}
    return row | {"input_bits": 1 if plan.planes == 1 else 4, "half": len(plan.north)}


def save_place(plain: Plain, path: Path) -> None:
    """Write place.json whole or not at all; equal machines give equal bytes. Raises OutputError."""
    atomic_write(path, (json.dumps(plain, sort_keys=True, separators=(",", ":")) + "\n").encode())


def load_place(path: Path) -> Plain:
    """Return the contents of place.json. Raises FormatError if it is absent, damaged or of another form."""
    legal = "a folder that craftc build made"
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise FormatError("no such file", where=str(path), legal=legal) from error
    except (OSError, ValueError) as error:
        raise FormatError(f"cannot be read: {error}", where=str(path), legal=legal) from error
    if not isinstance(plain, dict) or plain.get("version") != VERSION or set(plain) != _KEYS:
        raise FormatError("is no place map of version 1", where=str(path), legal=legal)
    return plain
