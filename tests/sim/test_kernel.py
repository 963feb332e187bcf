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
