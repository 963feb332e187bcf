"""Compiled kernels are dated by all sources of the simulator."""

from __future__ import annotations

from typing import Any, cast

from craftc.sim import drive, engine, kernel


def test_cached_code_is_stale_when_any_source_changes() -> None:
    for function in (drive.run_script, engine.run):
        cache = cast(Any, function)._cache._cache_file
        assert cache._source_stamp[1] == kernel.SOURCES
        engine_sees = cache._load_index()
        kept = cache._source_stamp
        cache._source_stamp = (kept[0], "another digest")
        assert cache._load_index() == {}
        cache._source_stamp = kept
        assert cache._load_index().keys() == engine_sees.keys()


def test_an_index_that_names_lost_types_is_empty() -> None:
    def load() -> dict[Any, Any]:
        raise AttributeError("Can't get attribute 'Gone'")

    assert kernel._forgiving(load)() == {}
    assert kernel._forgiving(lambda: {"a": 1})() == {"a": 1}


def test_rarely_is_its_argument() -> None:
    assert [_negative(n) for n in (-1, 0, 1)] == [1, 0, 0]


@kernel.hot
def _negative(n: int) -> int:
    if kernel.rarely(n < 0):
        return 1
    return 0
