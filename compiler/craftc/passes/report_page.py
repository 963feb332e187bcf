"""report.md: the report of a build as a page, with how to use the machine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from craftc.export.io_map import IoMap, Pos
from craftc.units import GT_PER_RT, GT_PER_SECOND

Row = Sequence[object]


def as_page(report: dict[str, Any], io: IoMap) -> str:
    """Return report.md."""
    parts = [
        f"# {report['model']['name']}",
        "## Figures",
        _table(("figure", "value"), _figures(report)),
        "## Verification",
        _verdict(report["verify"]),
        _table(("check", "result"), _checks(report["verify"])),
        "## Layers",
        _layers(report["layers"]),
        "## Where things are",
        _table(("name", "block", "x", "y", "z"), _places(io)),
        "## In the game",
        _game(report, io),
        "## On MCHPRS",
        _mchprs(io),
        "## Blocks",
        _table(("kind", "blocks"), _ranked(report["blocks"])),
        "## Seconds per pass",
        _table(("pass", "seconds"), [(name, f"{s:.2f}") for name, s in report["seconds"].items()]),
        f"Built on {report['machine']}.",
    ]
    return "\n\n".join(parts) + "\n"


def _show(value: object) -> str:
    if value is None:
        return "not measured"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.2f}" if isinstance(value, float) else str(value)


def _table(head: Sequence[str], rows: Iterable[Row]) -> str:
    lines = [" | ".join(head), " | ".join("---" for _ in head)]
    lines += [" | ".join(_show(v).replace("|", "/") for v in row) for row in rows]
    return "\n".join(f"| {line} |" for line in lines)


def _figures(report: dict[str, Any]) -> list[Row]:
    model, rom, foretold = report["model"], report["rom"], report["estimate"]
    ticks = report["redstone_ticks"]
    game_s = None if ticks is None else ticks * GT_PER_RT / GT_PER_SECOND
    return [
        ("network", " - ".join(map(str, model["sizes"]))),
        ("parameters", model["parameters"]),
        ("weight bits", model["weight_bits"]),
        ("checkpoint sha256", model["sha256"]),
        ("size x, y, z", " x ".join(map(str, report["size"]))),
        ("volume, blocks", report["volume"]),
        ("volume, estimated", foretold["volume"]),
        ("placed blocks", report["placed_blocks"]),
        ("ROM bits", rom["bits"]),
        ("ROM blocks per bit", rom["blocks_per_bit"]),
        ("lanes", report["lanes"]),
        ("words per lane", report["words_per_lane"]),
        ("nodes of the simulator", report["nodes"]),
        ("redstone ticks per answer", ticks),
        ("redstone ticks, estimated", foretold["redstone_ticks"]),
        ("seconds per answer at 20 ticks per second", game_s),
        ("peak memory, MiB", report["peak_rss_mb"]),
    ]


def _verdict(verify: dict[str, Any]) -> str:
    if verify["mismatches"] is None:
        return "This build was **not verified**; run `craftc verify` on its folder."
    if verify["mismatches"]:
        return f"**Verification failed**: {verify['mismatches']:,} checks differ from the model."
    return (
        "The blocks were read back from the saved world and simulated; every answer and every register "
        "agrees with the model."
    )


def _checks(verify: dict[str, Any]) -> list[Row]:
    rows: list[Row] = [
        ("test vectors simulated", verify["vectors"]),
        ("differing checks", verify["mismatches"]),
        ("hidden activations compared", verify["registers_checked"]),
        ("design rule violations", verify["drc_violations"]),
        ("layout equals netlist", verify["lvs_ok"]),
        ("outside simulators that agree", ", ".join(verify["judges"]) or None),
    ]
    if verify.get("accuracy") is not None:
        rows.append(("share of images whose lamp is the label", f"{verify['accuracy']:.2%}"))
    if verify.get("sequences"):
        rows.append(("sequences", ", ".join(verify["sequences"])))
    if verify.get("events_per_second"):
        rows.append(("simulated output changes per second", int(verify["events_per_second"])))
    return rows


def _ranked(blocks: dict[str, int]) -> list[Row]:
    return [(name, -negative) for negative, name in sorted((-count, name) for name, count in blocks.items())]


def _layers(layers: list[dict[str, Any]]) -> str:
    head = list(layers[0])
    rows = [["last layer" if row[key] is None else row[key] for key in head] for row in layers]
    return _table([key.replace("_", " ") for key in head], rows)


def _places(io: IoMap) -> list[Row]:
    names = [n for n in ("run", "reset") if n in io.inputs]
    rows: list[Row] = [(n, io.inputs[n].block, *io.inputs[n].pos) for n in names]
    levers = io.levers
    for i in sorted({0, len(levers) - 1}):
        rows.append((f"lever_{i}", io.inputs[f"lever_{i}"].block, *levers[i]))
    rows += [(n, o.block, *o.pos) for n, o in sorted(io.outputs.items(), key=_lamp_order)]
    return [(name, block, *map(str, pos)) for name, block, *pos in rows]


def _lamp_order(item: tuple[str, Any]) -> tuple[int, int]:
    number = item[0].removeprefix("class_")
    return (0, int(number)) if number.isdigit() else (1, 0)


def _at(pos: Pos) -> str:
    return f"{pos[0]} {pos[1]} {pos[2]}"


def _game(report: dict[str, Any], io: IoMap) -> str:
    seconds = io.expected.game_ticks_per_inference / GT_PER_SECOND
    return "\n".join(
        [
            f"1. Copy this folder into `saves` of Minecraft Java {report['mc']} and open it.",
            "2. Set the levers of the panel: lever_0 is the far left one, row by row.",
            f"3. Press RUN at `{_at(io.inputs['run'].pos)}`; the answer takes about {seconds:,.0f} s. "
            "`/tick sprint 1d` runs it as fast as the computer can.",
            f"4. The lamp of the class lights, then DONE at `{_at(io.outputs['done'].pos)}`. "
            f"RESET is at `{_at(io.inputs['reset'].pos)}`.",
        ]
    )


def _mchprs(io: IoMap) -> str:
    size = " x ".join(str(h - lo) for lo, h in zip(io.low, io.high, strict=True))
    return "\n".join(
        [
            f"1. Load and paste `craftc/build.schem` ({size} blocks): `//load build`, `//paste`.",
            "2. `/rtps unlimited`, then `/redpiler compile -i -o`.",
            "3. Use levers and buttons as above. Positions above are those of the world; the low corner of "
            f"the schematic is `{_at(io.low)}` there.",
        ]
    )
