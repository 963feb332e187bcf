"""Reading and writing the .pt file of a quantized model (docs/checkpoint.md).

The file is what `torch.save` writes for one plain dictionary of numbers, strings, lists and
tensors, and it is read with `weights_only=True`, so nothing in it is ever executed. Archives
with compressed members and tensors that claim more elements than they store are refused before
memory is spent on them. torch is imported when a file is read or written, not before.
"""

import contextlib
import hashlib
import io
import math
import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from craftc.errors import ModelError, OutputError
from craftc.model.checkpoint import MAX_WEIGHTS, Checkpoint, make_layer

FORMAT = "craftc-quantized"
VERSION = 1
_TOP_KEYS = ("format", "layers", "meta", "name", "version")
_LAYER_KEYS = ("activation", "bias", "bias_constants", "input_bits", "shift", "weight_codes")
_RERUN = "a .pt file written by craftc train or craftc quantize"


def save_checkpoint(checkpoint: Checkpoint, path: Path) -> str:
    """Writes the checkpoint and returns the sha256 of the file; same model, same bytes.

    Written beside and renamed. Raises OutputError if it cannot be written, ModelError for metadata that the
    format cannot hold.
    """
    import torch

    check_meta(checkpoint.meta, str(path))
    buffer = io.BytesIO()
    torch.save(_to_plain(checkpoint), buffer)
    data = buffer.getvalue()
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(data)
        part.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink()
        raise OutputError(f"cannot be written: {error.strerror}", where=str(path)) from error
    return hashlib.sha256(data).hexdigest()


def _to_plain(checkpoint: Checkpoint) -> dict[str, Any]:
    """Returns the dictionary that goes into the file."""
    import torch

    layers = [
        {
            "weight_codes": torch.from_numpy(layer.weight_codes.copy()),
            "bias": torch.from_numpy(layer.bias.copy()),
            "bias_constants": layer.bias_constants.tolist(),
            "input_bits": layer.input_bits,
            "shift": layer.shift,
            "activation": layer.activation,
        }
        for layer in checkpoint.layers
    ]
    return {
        "format": FORMAT,
        "version": VERSION,
        "name": checkpoint.name,
        "layers": layers,
        "meta": dict(checkpoint.meta),
    }


def load_checkpoint(path: Path) -> Checkpoint:
    """Returns the checkpoint in a .pt file.

    Raises ModelError, naming the file and the field, for anything that docs/checkpoint.md does
    not allow: not an archive, truncated, holding code, NaN, codes out of range, shapes that do
    not chain, unknown keys, a newer version.
    """
    where = str(path)
    plain = load_plain(path)
    if not isinstance(plain, dict) or plain.get("format") != FORMAT:
        raise ModelError(
            f"is a .pt file, but not of the format {FORMAT!r}",
            where=where,
            legal=f"{_RERUN}; run craftc quantize",
        )
    version = plain.get("version")
    if type(version) is not int or version != VERSION:
        raise ModelError(
            f"format version is {version!r}", where=where, legal=f"{VERSION}; a newer craftc may read it"
        )
    check_keys(plain, _TOP_KEYS, where)
    if not isinstance(plain["name"], str) or not plain["name"]:
        raise ModelError(f"name is {plain['name']!r}", where=where, legal="a non-empty string")
    if not isinstance(plain["layers"], list):
        raise ModelError("layers is not a list", where=where, legal="a list of dictionaries")
    check_meta(plain["meta"], where)
    layers = tuple(_layer(item, f"{where}: layer {index}") for index, item in enumerate(plain["layers"]))
    try:
        return Checkpoint(name=plain["name"], layers=layers, meta=plain["meta"])
    except ModelError as error:
        raise ModelError(error.message, where=f"{where}: {error.where}", legal=error.legal) from error


def load_plain(path: Path) -> Any:
    """Returns the object in a .pt file, loaded without running anything in it.

    Raises ModelError for a missing file, a file that is no torch archive, a damaged one, a
    compressed one, and one that holds anything but tensors and plain values.
    """
    where = str(path)
    if not path.is_file():
        raise ModelError("no such file", where=where, legal="the path of a .pt file")
    _check_archive(path)
    import torch

    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ModelError(
            "holds code or objects, which are never run",
            where=where,
            legal="tensors, numbers, strings, lists and dicts, such as a state_dict()",
        ) from error
    except (
        RuntimeError,
        EOFError,
        ValueError,
        KeyError,
        TypeError,
        IndexError,
        AttributeError,
        OSError,
    ) as error:
        raise ModelError(
            "the archive is damaged", where=where, legal="an intact file; write it again"
        ) from error


def _check_archive(path: Path) -> None:
    """Raises ModelError unless the file is a zip archive of stored members with right checksums."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            packed = [m.filename for m in members if m.compress_type != zipfile.ZIP_STORED]
            pickles = [m.filename for m in members if m.filename.endswith("data.pkl")]
            broken = None if packed else archive.testzip()
    except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError, ValueError) as error:
        raise ModelError("is not a PyTorch archive, or is cut off", where=str(path), legal=_RERUN) from error
    if packed:
        raise ModelError(f"member {packed[0]} is compressed", where=str(path), legal="stored members only")
    if broken is not None:
        raise ModelError(
            f"member {broken} is damaged", where=str(path), legal="an intact file; write it again"
        )
    if len(pickles) != 1:
        raise ModelError("is a zip file, but not a PyTorch archive", where=str(path), legal=_RERUN)


def _layer(item: Any, where: str) -> Any:
    """Returns the Layer of one entry of the list `layers`."""
    if not isinstance(item, dict):
        raise ModelError(f"is a {type(item).__name__}", where=where, legal="a dictionary")
    check_keys(item, _LAYER_KEYS, where)
    shift, input_bits = item["shift"], item["input_bits"]
    if type(input_bits) is not int or (shift is not None and type(shift) is not int):
        raise ModelError(
            "input_bits or shift is not an integer", where=where, legal="int (shift may be None)"
        )
    constants = item["bias_constants"]
    if not isinstance(constants, list) or any(type(value) is not int for value in constants):
        raise ModelError("bias_constants is not a list of integers", where=where, legal="a list of 1 and 8")
    if any(not 1 <= value <= 8 for value in constants):
        raise ModelError(f"bias_constants are {constants[:8]}", where=where, legal="a list of 1 and 8")
    activation = "none" if shift is None else "relu4"
    if item["activation"] != activation:
        raise ModelError(
            f"activation is {item['activation']!r} with shift {shift}", where=where, legal=repr(activation)
        )
    return make_layer(
        tensor_array(item["weight_codes"], "int8", f"{where}: weight_codes"),
        tensor_array(item["bias"], "int64", f"{where}: bias"),
        np.array(constants, dtype=np.int64),
        input_bits,
        shift,
    )


def tensor_array(value: Any, dtype: str, where: str) -> npt.NDArray[Any]:
    """Returns a tensor as a numpy array of the named type ("int8", "int64" or "float").

    Raises ModelError for other types, sparse or strided views, absurd sizes, NaN and infinity.
    """
    import torch

    if not isinstance(value, torch.Tensor):
        raise ModelError(f"is a {type(value).__name__}", where=where, legal=f"a {dtype} tensor")
    found = str(value.dtype).removeprefix("torch.")
    if found != dtype and not (dtype == "float" and value.is_floating_point()):
        _refuse_fraction(value, where)
        raise ModelError(f"is a {found} tensor", where=where, legal=f"a {dtype} tensor")
    if value.layout != torch.strided or value.device.type != "cpu" or not value.is_contiguous():
        raise ModelError("is not a plain contiguous tensor", where=where, legal="a contiguous CPU tensor")
    if value.numel() > MAX_WEIGHTS:
        raise ModelError(f"has {value.numel()} elements", where=where, legal=f"at most {MAX_WEIGHTS}")
    _refuse_fraction(value, where)
    plain = value.detach()
    made: npt.NDArray[Any] = (plain.to(torch.float64) if dtype == "float" else plain).numpy()
    return made


def _refuse_fraction(value: Any, where: str) -> None:
    """Raises ModelError if a floating tensor holds NaN or infinity, naming the first position."""
    import torch

    if not value.is_floating_point() or value.numel() > MAX_WEIGHTS or not value.is_contiguous():
        return
    bad = torch.nonzero(~torch.isfinite(value))
    if bad.numel():
        at = bad[0].tolist()
        raise ModelError(f"is {float(value[tuple(at)])} at {at}", where=where, legal="finite numbers")


def check_keys(plain: Mapping[Any, Any], known: tuple[str, ...], where: str) -> None:
    """Raises ModelError naming unknown and missing keys."""
    unknown = sorted(str(key) for key in plain if key not in known)
    missing = [key for key in known if key not in plain]
    if unknown:
        raise ModelError(f"unknown keys {unknown}", where=where, legal=", ".join(known))
    if missing:
        raise ModelError(f"missing keys {missing}", where=where, legal=", ".join(known))


def check_meta(meta: Any, where: str) -> None:
    """Raises ModelError unless meta is a dictionary of plain finite values with string keys."""
    if not isinstance(meta, Mapping):
        raise ModelError(f"meta is a {type(meta).__name__}", where=where, legal="a dictionary")
    pending: list[tuple[str, Any]] = [("meta", dict(meta))]
    while pending:
        name, value = pending.pop()
        if isinstance(value, dict):
            if any(not isinstance(key, str) for key in value):
                raise ModelError(f"{name} has a key that is not a string", where=where, legal="string keys")
            pending.extend((f"{name}.{key}", inner) for key, inner in value.items())
        elif isinstance(value, list):
            pending.extend((f"{name}[{index}]", inner) for index, inner in enumerate(value))
        elif type(value) not in (str, int, float, bool, type(None)):
            raise ModelError(
                f"{name} is a {type(value).__name__}", where=where, legal="str, int, float, bool, None"
            )
        elif isinstance(value, float) and not math.isfinite(value):
            raise ModelError(f"{name} is {value}", where=where, legal="finite numbers")
