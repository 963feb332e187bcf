"""A running board as a file: blocks, scheduled ticks, torch histories, counters.

An .npz archive (numpy, no pickles): `meta` is JSON with the form, the engine and the palette; `ids` the
blocks [y, z, x]; `torch_cell`, `torch_ages` the last turn-offs of torches. Inputs of devices are not
kept: they follow from the outputs in the blocks. Equal states give equal bytes.
"""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from craftc.blocks.palette import BlockState, Entity, Palette
from craftc.blocks.volume import Volume
from craftc.errors import CraftcError, SimError
from craftc.sim.interface import BlockTick

FORM, VERSION = "craftc checkpoint", 1
LEGAL = "a file that craftc sim --checkpoint wrote"
_ARRAYS = ("ids", "torch_ages", "torch_cell")
_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Saved:
    """A running state.

    ticks        in the order in which they run
    torch_cell   flat cells [y, z, x] of torches with a history, (torches,)
    torch_ages   game ticks since their last turn-offs, (torches, 8), -1 for none
    counters     game ticks run, output changes, ticks executed, most of them in one game tick, burn-outs
    """

    volume: Volume
    ticks: tuple[BlockTick, ...]
    torch_cell: npt.NDArray[np.int64]
    torch_ages: npt.NDArray[np.int64]
    counters: tuple[int, int, int, int, int]


def save_bytes(saved: Saved, engine: str) -> bytes:
    """Return the file of a state of an engine."""
    volume = saved.volume
    entries = [[str(s), None if e is None else [e.kind, e.signal, list(e.lines)]] for s, e in volume.palette]
    meta = {
        "form": FORM, "version": VERSION, "engine": engine, "origin": list(volume.origin),
        "palette": entries, "counters": list(saved.counters), "ticks": [asdict(t) for t in saved.ticks],
    }  # fmt: skip
    arrays = {"ids": volume.ids, "torch_ages": saved.torch_ages, "torch_cell": saved.torch_cell}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("meta.json", _EPOCH), json.dumps(meta, sort_keys=True))
        for name in _ARRAYS:
            part = io.BytesIO()
            np.save(part, np.ascontiguousarray(arrays[name]), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", _EPOCH), part.getvalue())
    return out.getvalue()


def load_bytes(data: bytes, engine: str, where: str = "checkpoint") -> Saved:
    """Return the state in a file. Raises SimError if it is damaged or of another engine."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            meta = json.loads(archive.read("meta.json"))
            arrays = {n: np.load(io.BytesIO(archive.read(f"{n}.npy")), allow_pickle=False) for n in _ARRAYS}
        if meta["form"] != FORM or meta["version"] != VERSION:
            raise SimError(f"is {meta['form']} {meta['version']}", where=where, legal=LEGAL)
        if meta["engine"] != engine:
            legal = f"--engine {meta['engine']}"
            raise SimError(f"was saved by the engine {meta['engine']}", where=where, legal=legal)
        return _saved(meta, arrays)
    except CraftcError:
        raise
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, EOFError, OSError, IndexError) as error:
        raise SimError(f"cannot be read: {error}", where=where, legal=LEGAL) from error


def _saved(meta: dict[str, Any], arrays: dict[str, npt.NDArray[Any]]) -> Saved:
    palette = Palette()
    for text, content in meta["palette"][1:]:
        entity = None if content is None else Entity(content[0], int(content[1]), tuple(content[2]))
        palette.add(BlockState.parse(text), entity)
    ids = arrays["ids"]
    if ids.dtype != np.uint16 or ids.ndim != 3 or ids.size == 0 or int(ids.max()) >= len(palette):
        raise SimError("its blocks do not fit its palette", where="checkpoint", legal=LEGAL)
    x, y, z = (int(v) for v in meta["origin"])
    volume = Volume((1, 1, 1), palette, (x, y, z))
    volume.ids = np.ascontiguousarray(ids)
    ticks = tuple(
        BlockTick(_pos(t["pos"]), str(t["block"]), int(t["delay_gt"]), int(t["priority"]), int(t["order"]))
        for t in meta["ticks"]
    )
    now, events, runs, peak, burnouts = (int(v) for v in meta["counters"])
    ages = arrays["torch_ages"].astype(np.int64)
    return Saved(
        volume, ticks, arrays["torch_cell"].astype(np.int64), ages, (now, events, runs, peak, burnouts)
    )


def _pos(value: Any) -> tuple[int, int, int]:
    x, y, z = (int(v) for v in value)
    return (x, y, z)
