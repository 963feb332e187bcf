"""Options that commands which run a board have in common."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from craftc.blocks.palette import BlockState
from craftc.blocks.properties import checked
from craftc.errors import CraftcError

F = TypeVar("F", bound=Callable[..., Any])
_AT = re.compile(r"(-?\d+),(-?\d+),(-?\d+)(?:=(?P<state>[^@]+))?@(?P<time>\d+)")

board_argument = click.argument("source", metavar="FILE|DIR", type=click.Path(path_type=Path))
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead.")


def game_ticks_option(text: str) -> Callable[[F], F]:
    """Return the option --game-ticks with its help."""
    return click.option("--game-ticks", type=click.IntRange(0), help=text)


def use_option(text: str) -> Callable[[F], F]:
    """Return the option --use, a parameter `used`, with its help."""
    return click.option("--use", "used", multiple=True, callback=actions(False), metavar="X,Y,Z@T", help=text)


class EngineName(click.ParamType[str] if TYPE_CHECKING else click.ParamType):  # type: ignore[misc]
    """A name of sim/engines.py, which is loaded only when one is given or shown."""

    name = "engine"

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """Return the names as --help shows them."""
        from craftc.sim.engines import ENGINES

        return f"[{'|'.join(sorted(ENGINES))}]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name. Raises a usage error that lists the legal ones."""
        from craftc.sim.engines import ENGINES

        if value not in ENGINES:
            self.fail(f"{value!r} is not one of {', '.join(sorted(ENGINES))}.", param, ctx)
        return str(value)


def actions(want_state: bool) -> Callable[[Any, Any, tuple[str, ...]], list[Any]]:
    """Return the callback of an option that reads X,Y,Z@T, or X,Y,Z=STATE@T with `want_state`."""
    form = "X,Y,Z=STATE@T" if want_state else "X,Y,Z@T"

    def parse(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> list[Any]:
        from craftc.sim.trace import Action

        found = []
        for value in values:
            match = _AT.fullmatch(value)
            if match is None or (match["state"] is not None) != want_state:
                raise click.BadParameter(f"{value!r} is not of the form {form}", context, parameter)
            pos = (int(match[1]), int(match[2]), int(match[3]))
            state = _state(match["state"], value, context, parameter) if want_state else None
            found.append(Action(int(match["time"]), pos, state))
        return found

    return parse


def _state(text: str, value: str, context: click.Context, parameter: click.Parameter) -> BlockState:
    try:
        return checked(BlockState.parse(text), value)
    except CraftcError as error:
        raise click.BadParameter(str(error), context, parameter) from error
