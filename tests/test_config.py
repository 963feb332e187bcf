"""Build settings: defaults, round trip, and every refusal with the legal values."""

import dataclasses

import pytest

from craftc.config import BuildConfig
from craftc.errors import ConfigError


def test_mapping_round_trip() -> None:
    config = BuildConfig(lanes=8, words_per_lane=16, optimize="speed", schem_version=3, verify=False, seed=5)
    assert BuildConfig.from_mapping(config.to_mapping()) == config
    assert BuildConfig.from_mapping({}) == BuildConfig()


def test_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        BuildConfig().lanes = 4  # type: ignore[misc]


def test_unknown_key_names_the_legal_ones() -> None:
    with pytest.raises(ConfigError) as caught:
        BuildConfig.from_mapping({"lane": 4})
    assert str(caught.value) == (
        "settings: unknown key 'lane' "
        "(legal: lanes, words_per_lane, optimize, mc, schem_version, verify, seed)"
    )


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("lanes", 0, "setting lanes: is 0 (legal: 1..65536)"),
        ("lanes", 10**9, "setting lanes: is 1000000000 (legal: 1..65536)"),
        ("lanes", True, "setting lanes: is True (legal: int or none)"),
        ("lanes", 2.5, "setting lanes: is 2.5 (legal: int or none)"),
        ("words_per_lane", -3, "setting words_per_lane: is -3 (legal: 1..65536)"),
        ("optimize", "size", "setting optimize: is 'size' (legal: area, balanced, speed)"),
        ("schem_version", 4, "setting schem_version: is 4 (legal: 2, 3)"),
        ("verify", 1, "setting verify: is 1 (legal: bool)"),
        ("seed", -1, "setting seed: is -1 (legal: 0..9223372036854775807)"),
    ],
)
def test_illegal_value_is_refused(key: str, value: object, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        BuildConfig.from_mapping({key: value})
    assert str(caught.value) == message


def test_unsupported_game_version_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"setting mc: is '1\.7\.10' \(legal: 1\.20\.4"):
        BuildConfig(mc="1.7.10")


def test_every_field_has_a_kind_and_a_default() -> None:
    from craftc.config import _KINDS

    assert [f.name for f in dataclasses.fields(BuildConfig)] == list(_KINDS)
