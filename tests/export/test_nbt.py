"""NBT against nbtlib, and damaged documents."""

from __future__ import annotations

import io

import nbtlib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from craftc.errors import FormatError
from craftc.export import nbt, nbt_read


def _every_type() -> dict[str, nbt.Tag]:
    return {
        "byte": nbt.byte(-128),
        "short": nbt.short(-2),
        "int": nbt.integer(-(2**31)),
        "long": nbt.long(2**63 - 1),
        "float": nbt.float32(0.5),
        "double": nbt.float64(0.1),
        "text": nbt.string("grüße ☃"),
        "bytes": nbt.byte_array(np.array([1, -1, 127])),
        "ints": nbt.int_array([1, -2, 3]),
        "longs": nbt.long_array(np.array([2**64 - 1, 5], dtype=np.uint64)),
        "list": nbt.list_of(nbt.STRING, [nbt.text_payload("a"), nbt.text_payload("b")]),
        "none": nbt.list_of(nbt.COMPOUND, []),
        "deep": nbt.compound({"x": nbt.integer(1), "y": nbt.compound({})}),
    }


def test_nbtlib_reads_every_type() -> None:
    data = nbt.document(_every_type(), "root")
    file = nbtlib.File.parse(io.BytesIO(data))
    assert file.root_name == "root"
    assert (file["byte"], file["short"], file["int"], file["long"]) == (-128, -2, -(2**31), 2**63 - 1)
    assert (float(file["float"]), float(file["double"]), str(file["text"])) == (0.5, 0.1, "grüße ☃")
    assert [file[k].tolist() for k in ("bytes", "ints", "longs")] == [[1, -1, 127], [1, -2, 3], [-1, 5]]
    assert [str(v) for v in file["list"]] == ["a", "b"]
    assert list(file["none"]) == []
    assert file["deep"]["x"] == 1


def test_own_decoder_reads_what_nbtlib_writes() -> None:
    buffer = io.BytesIO()
    ours = nbtlib.File.parse(io.BytesIO(nbt.document(_every_type(), "root")))
    ours.write(buffer)
    name, root = nbt_read.parse(buffer.getvalue(), "test")
    assert name == "root"
    assert root["text"] == "grüße ☃" and root["list"] == ["a", "b"] and root["deep"] == {"x": 1, "y": {}}
    assert root["longs"].tolist() == [-1, 5]


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=20))
def test_strings_round_trip(text: str) -> None:
    assert nbt_read.parse(nbt.document({"t": nbt.string(text)}), "test")[1] == {"t": text}


def test_null_and_astral_characters_take_java_form() -> None:
    assert nbt.text_payload("\0") == b"\x00\x02\xc0\x80"
    assert nbt.text_payload("\U0001f600") == b"\x00\x06\xed\xa0\xbd\xed\xb8\x80"


def test_gzip_is_reproducible_and_carries_no_time() -> None:
    one = nbt.pack_gzip(b"x" * 100)
    assert one[4:8] == bytes(4) and one == nbt.pack_gzip(b"x" * 100)
    assert nbt_read.unpack_gzip(one, "test") == b"x" * 100


def test_every_cut_is_refused() -> None:
    data = nbt.document(_every_type())
    for size in range(len(data)):
        with pytest.raises(FormatError, match="somewhere"):
            nbt_read.parse(data[:size], "somewhere")


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60))
def test_garbage_never_escapes_as_another_error(data: bytes) -> None:
    try:
        nbt_read.parse(b"\x0a\0\0" + data, "garbage")
    except FormatError as error:
        assert "garbage" in str(error)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\x01\0\0\x05", "root has type 1"),
        (nbt.document({}) + b"!", "1 bytes after the end"),
        (b"\x0a\0\0\x0d\0\0", "unknown tag type 13"),
        (b"\x0a\0\0\x07\0\0\xff\xff\xff\xff\0", "needs -1 bytes"),
        (b"\x0a\0\0\x09\0\x01a\x00\x00\x00\x00\x05\0", "without a type"),
        (b"\x0a\0\0\x08\0\x01a\0\x01\xff\0", "modified UTF-8"),
        (b"\x0a\0\0" + b"\x0a\0\0" * 500 + b"\0" * 501, "nested deeper"),
    ],
)
def test_malformed_documents_are_refused(data: bytes, why: str) -> None:
    with pytest.raises(FormatError, match=why):
        nbt_read.parse(data, "test")


def test_want_names_the_field() -> None:
    with pytest.raises(FormatError, match="field Width is missing"):
        nbt_read.want({}, "Width", int, "test")
    with pytest.raises(FormatError, match="field Width is a str"):
        nbt_read.want({"Width": "1"}, "Width", int, "test")


def test_a_string_too_long_is_refused() -> None:
    with pytest.raises(FormatError, match="65,535"):
        nbt.string("x" * 65_536)
