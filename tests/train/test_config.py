"""Settings of a training: defaults are legal, everything else is refused by name."""

from pathlib import Path
from typing import Any

import pytest

from craftc.errors import ConfigError
from craftc.train.config import ChatConfig, read_config


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"vocabulary": 63}, "setting vocabulary: is 63 (legal: 64..512)"),
        ({"width": 64, "heads": 2}, "setting heads: is 2 (legal: 1, 4, 16, 64)"),
        ({"tied": 1}, "setting tied: is 1 (legal: bool)"),
        ({"steps": 1.5}, "setting steps: is 1.5 (legal: int)"),
        ({"head_code": "int3"}, "setting head_code: is 'int3' (legal: ternary, int4, int8)"),
        ({"residual": "x16"}, "'x16' is no number format"),
        ({"residual": "e5m10"}, "a fixed-point format"),
        ({"vectors": "s9.4"}, "signed, at most 8 bits"),
        ({"normed": "u8.4"}, "signed, at most 12 bits"),
        ({"hidden": 4096, "mlp_code": "int8"}, "sums of 4096 products may pass 2^24"),
        ({"held_out": 0.9}, "setting held_out"),
    ],
)
def test_illegal_values_are_named(changes: dict[str, Any], text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        ChatConfig(**changes)
    assert text in str(caught.value)


def test_unknown_keys_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text("width = 64\nlernrate = 0.1\n")
    with pytest.raises(ConfigError, match="unknown key 'lernrate'"):
        read_config(path)


def test_files_are_read_and_broken_ones_named(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text("width = 16\nheads = 1\nlr = 1\n")
    assert read_config(path).width == 16
    path.write_text("width = \n")
    with pytest.raises(ConfigError, match=r"c\.toml: cannot be read"):
        read_config(path)
    with pytest.raises(ConfigError, match="cannot be read"):
        read_config(tmp_path / "absent.toml")


def test_fingerprints_differ_with_settings() -> None:
    assert ChatConfig().fingerprint() == ChatConfig().fingerprint() != ChatConfig(seed=1).fingerprint()
