"""The command `lint`: what a board should not depend on."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from craftc.blocks.volume import Pos
from craftc.commands.options import board_argument, game_ticks_option, json_option, use_option
from craftc.commands.screen import Stages, say
from craftc.errors import LintError

if TYPE_CHECKING:
    from craftc.commands.boards import Given
    from craftc.lint import Finding, Setting, Stimulus
    from craftc.sim.trace import Action

SHOWN = 10
"""Findings of one rule that are printed without --all."""


@click.command()
@board_argument
@game_ticks_option("Length of the run [400, or one question to a build].")
@use_option("Lever or button used then, instead of random ones; repeatable.")
@click.option(
    "--orders", type=click.IntRange(0), help="Permuted orders of updates to try [12; 3 on large boards]."
)
@click.option("--seed", type=int, default=1, show_default=True, help="Of random stimuli.")
@click.option("--strict", is_flag=True, help="Fail on warnings too.")
@click.option("--all", "everything", is_flag=True, help=f"Print all findings, not {SHOWN} of each rule.")
@json_option
def lint(
    source: Path,
    game_ticks: int | None,
    used: list[Action],
    orders: int | None,
    seed: int,
    strict: bool,
    everything: bool,
    as_json: bool,
) -> None:
    """Look for races, burn-out, short pulses, unsettled or idle blocks, unloaded chunks.

    Exit code 1 if there are errors. docs/simulator.md tells what each rule means.
    """
    from craftc.commands.boards import read_board
    from craftc.lint import lint_board

    given = read_board(source)
    setting = _setting(source, given, used, seed)
    if game_ticks is not None:
        setting = replace(setting, game_ticks=game_ticks)
    with Stages() as stages:
        report = lint_board(given.volume, replace(setting, orders=orders), lambda a, b: stages("lint", a, b))
    if as_json:
        say(json.dumps({**report.plain(), "findings": [asdict(f) for f in report.findings]}))
    else:
        _print(report.findings, everything)
        say(f"{report.errors} errors, {report.warnings} warnings")
    if report.errors or (strict and report.warnings):
        first = report.findings[0]
        where = f"{source}, {first.pos[0]},{first.pos[1]},{first.pos[2]}"
        what = f"{report.errors} errors and {report.warnings} warnings, first {first.rule}: {first.what}"
        raise LintError(what, where=where, legal="none" if strict else "no errors")


def _setting(source: Path, given: Given, used: list[Action], seed: int) -> Setting:
    from craftc.lint import Setting
    from craftc.lint.chunks import forced_of
    from craftc.lint.machine import machine_setting

    forced = forced_of(source) if source.is_dir() else None
    if given.io is not None and not used:
        return machine_setting(given.io, forced, seed)
    if given.matrix is not None and not used:
        from craftc.lint.matrix import matrix_setting
        from craftc.passes.matrix.files import load_vectors

        return matrix_setting(given.matrix, load_vectors(source)[0][0], forced)
    script = _clicks(given, used) if used else None
    return Setting(script, forced=forced, seed=seed)


def _clicks(given: Given, used: list[Action]) -> list[Stimulus]:
    """Return right-clicks as stimuli: every click on a lever turns it over."""
    from craftc.lint import Stimulus

    count: Counter[Pos] = Counter()
    script = []
    for action in sorted(used, key=lambda a: a.at_gt):
        count[action.pos] += 1
        lit = _inside(given, action) and given.volume.get(action.pos).get("powered") == "true"
        script.append(Stimulus(action.at_gt, action.pos, lit != bool(count[action.pos] % 2)))
    return script


def _inside(given: Given, action: Action) -> bool:
    return all(0 <= p < s for p, s in zip(action.pos, given.volume.size, strict=True))


def _print(findings: tuple[Finding, ...], everything: bool) -> None:
    count: Counter[tuple[str, str]] = Counter()
    for finding in findings:
        key = (finding.severity, finding.rule)
        count[key] += 1
        if everything or count[key] <= SHOWN:
            say(str(finding))
    for (severity, rule), found in count.items():
        if not everything and found > SHOWN:
            say(f"{severity}: {rule}: {found - SHOWN} more (--all shows them)")


COMMANDS: tuple[click.Command, ...] = (lint,)
