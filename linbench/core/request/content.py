"""The SHA-256 of what a value holds: two values have one digest only if no code could tell them apart.

Keys need it: the `repr` of a tensor shows four digits and a few entries, that of an object its address. Objects are
taken apart as pickle does (`__reduce_ex__`), functions into code, defaults, closure and the globals that they read.
"""

from __future__ import annotations

import functools
import hashlib
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

from linbench.core.request.distributions import is_versioned, package_source

_PLAIN = (type(None), bool, int, float, complex, str, bytes, bytearray, type(...))

_DECIDES_NOTHING = frozenset(
    {
        "__abstractmethods__",
        "__annotate__",
        "__annotate_func__",
        "__annotations__",
        "__dict__",
        "__doc__",
        "__firstlineno__",
        "__module__",
        "__orig_bases__",
        "__parameters__",
        "__static_attributes__",
        "__weakref__",
        "_abc_impl",
    }
)
"""Members of a class by which nothing that it computes is decided."""


_SHORT = 60
"""Characters of a `repr` that are still a name."""


class Unkeyable(Exception):  # noqa: N818  no fault: what holds such a value is trained anew every time
    """A value whose content cannot be told; the text says what it is."""


def content_digest(value: object) -> str:
    """Return the SHA-256 of a value's content, in hexadecimal.

    Tensors and arrays count by their bytes, functions by code, defaults, closure and the globals that they read,
    modules and classes by the version of their distribution or by their source, any other object by its state.
    Raises Unkeyable for what pickle cannot take apart either (an open file, a generator, a lock).
    """
    return _Walk().digest(value).hex()


def describe(value: object) -> str:
    """Return one line that tells an object from others of its type, the same in every process.

    Functions and classes that can be imported by name are `module:name`; what has a short `repr` that shows all of it
    is that; anything else is `<Type #1a2b3c4d>`, with the beginning of its digest.
    """
    name = f"{getattr(value, '__module__', None)}:{getattr(value, '__qualname__', None)}"
    if callable(value) and _is_importable(value):
        return name
    text = repr(value) if type(value).__repr__ is not object.__repr__ and _array_bytes(value) is None else ""
    if text and not callable(value) and len(text) <= _SHORT and "\n" not in text and " at 0x" not in text:
        return text
    kind = getattr(value, "__qualname__", type(value).__qualname__).rpartition(".")[2].strip("<>")
    try:
        return f"<{kind} #{content_digest(value)[:8]}>"
    except Unkeyable:
        return f"<{kind}>"


class _Walk:
    """One walk over a value and all that it refers to."""

    def __init__(self) -> None:
        self._known: dict[int, bytes] = {}
        self._under_way: dict[int, int] = {}
        self._alive: list[object] = []  # an object that is gone would lend its id to another one

    def digest(self, value: Any) -> bytes:
        """Return the digest of one value; what refers to itself stands for itself by where it stands."""
        value = _without_hooks(value)
        if type(value) in _PLAIN:
            return _hash(f"{type(value).__name__} {value!r}".encode())
        if id(value) in self._known:
            return self._known[id(value)]
        if id(value) in self._under_way:
            return _hash(f"above, {self._under_way[id(value)]}".encode())
        self._under_way[id(value)] = len(self._under_way)
        try:
            found = _hash(*self._parts(value))
        except RecursionError as error:
            raise Unkeyable("an object that holds too much to look through") from error
        finally:
            del self._under_way[id(value)]
        self._alive.append(value)
        self._known[id(value)] = found
        return found

    def _parts(self, value: Any) -> Iterator[bytes]:
        array = _array_bytes(value)
        if array is not None:
            yield from array
        elif isinstance(getattr(value, "provenance", None), str) and not isinstance(value, type):
            yield f"provenance {value.provenance}".encode()  # an object may say itself what it stands for
        else:
            for kinds, parts in self._by_kind():
                if isinstance(value, kinds):
                    yield from parts(value)
                    return
            yield from self._object(value)

    def _by_kind(self) -> tuple[tuple[type | tuple[type, ...], Callable[[Any], Iterator[bytes]]], ...]:
        return (
            (types.ModuleType, self._module),
            (type, self._class),
            (types.FunctionType, self._function),
            (types.MethodType, lambda one: self._all("method", one.__func__, one.__self__)),
            (types.BuiltinFunctionType, self._built_in),
            (types.CodeType, self._code),
            (functools.partial, lambda one: self._all("partial", one.func, one.args, one.keywords)),
            (property, lambda one: self._all("property", one.fget, one.fset, one.fdel)),
            ((staticmethod, classmethod), lambda one: self._all(type(one).__name__, one.__func__)),
            (functools.cached_property, lambda one: self._all("cached property", one.func)),
            ((types.MemberDescriptorType, types.GetSetDescriptorType), lambda one: iter([one.__name__.encode()])),
            ((set, frozenset), lambda one: iter([type(one).__name__.encode(), *sorted(map(self.digest, one))])),
        )

    def _all(self, kind: str, *parts: object) -> Iterator[bytes]:
        yield f"{kind} {len(parts)}".encode()
        yield from map(self.digest, parts)

    def _module(self, module: types.ModuleType) -> Iterator[bytes]:
        yield f"module {module.__name__} {package_source(module.__name__.partition('.')[0])}".encode()

    def _built_in(self, function: types.BuiltinFunctionType) -> Iterator[bytes]:
        yield f"built-in {function.__qualname__}".encode()
        if not isinstance(function.__self__, types.ModuleType | type(None)):
            yield self.digest(function.__self__)

    def _function(self, function: types.FunctionType) -> Iterator[bytes]:
        package = (function.__module__ or "__main__").partition(".")[0]
        yield f"function {function.__module__}.{function.__qualname__}".encode()
        cells = [cell.cell_contents for cell in function.__closure__ or () if _is_filled(cell)]
        yield from self._all("held", function.__defaults__, function.__kwdefaults__, *cells)
        if is_versioned(package):
            yield package_source(package).encode()
            return
        yield self.digest(function.__code__)
        read = {name for code in _codes(function.__code__) for name in code.co_names}
        for name in sorted(read & function.__globals__.keys()):
            yield from self._all("global", name, function.__globals__[name])

    def _class(self, cls: type) -> Iterator[bytes]:
        package = cls.__module__.partition(".")[0]
        yield f"class {cls.__module__}.{cls.__qualname__}".encode()
        if is_versioned(package):
            yield package_source(package).encode()
            return
        yield from self._all("bases", *cls.__bases__)
        for name in sorted(vars(cls).keys() - _DECIDES_NOTHING):
            if not _is_hooked_inheritance(cls, name):
                yield from self._all("member", name, vars(cls)[name])

    def _code(self, code: types.CodeType) -> Iterator[bytes]:
        yield code.co_code
        yield from self._all("names", *code.co_names, *code.co_varnames, *code.co_freevars)
        yield from self._all("constants", *code.co_consts)

    def _object(self, value: Any) -> Iterator[bytes]:
        if type(value) in (list, tuple):
            yield from self._all(type(value).__name__, *value)
            return
        if type(value) in (dict, types.MappingProxyType):
            yield from self._all("dict", *(part for item in value.items() for part in item))
            return
        try:
            reduced: Any = value.__reduce_ex__(4)
        except Exception as error:
            raise Unkeyable(f"an object of type {type(value).__qualname__}") from error
        if isinstance(reduced, str):  # the name of a global
            yield f"global {type(value).__module__} {reduced}".encode()
            return
        whole: list[Any] = [*reduced, None, None, None]  # constructor, arguments, state, items, pairs; some left out
        yield from self._all("object", type(value), *whole[:3])
        yield from self._all("items", *(whole[3] or ()))
        yield from self._all("pairs", *(part for pair in whole[4] or () for part in pair))


def _without_hooks(value: Any) -> Any:
    """Return a step without what torch wraps around it.

    The first optimizer of a class that is made replaces the class's `step` (`Optimizer._patch_step_function`), so a
    class would have another digest after its first run.
    """
    while isinstance(value, types.FunctionType) and getattr(value, "hooked", False) and hasattr(value, "__wrapped__"):
        value = value.__wrapped__
    return value


def _is_hooked_inheritance(cls: type, name: str) -> bool:
    """Return whether a member is an inherited one that torch has wrapped: it puts the wrapper into the class itself."""
    member = vars(cls)[name]
    inherited = next((vars(base)[name] for base in cls.__mro__[1:] if name in vars(base)), None)
    return member is not _without_hooks(member) and _without_hooks(member) is _without_hooks(inherited)


def _hash(*pieces: bytes) -> bytes:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(len(piece).to_bytes(8, "big"))
        digest.update(piece)
    return digest.digest()


def _array_bytes(value: Any) -> tuple[bytes, ...] | None:
    """Return form and bytes of a tensor or an array; None for anything else. Neither library is imported for it."""
    torch, numpy = sys.modules.get("torch"), sys.modules.get("numpy")
    if torch is not None and isinstance(value, torch.Tensor):
        dense = value.detach().to_dense() if value.layout is not torch.strided else value.detach()
        content = dense.cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()
        form = f"tensor {value.dtype} {tuple(value.shape)} {value.layout} {value.requires_grad}"
        return form.encode(), content
    if numpy is not None and isinstance(value, numpy.ndarray) and not value.dtype.hasobject:
        return f"array {value.dtype.str} {value.shape}".encode(), numpy.ascontiguousarray(value).tobytes()
    return None


def _is_importable(value: Any) -> bool:
    module = sys.modules.get(getattr(value, "__module__", None) or "")
    found: Any = module
    for name in getattr(value, "__qualname__", "").split("."):
        found = getattr(found, name, None)
    return module is not None and found is value


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    """Yield a function's code and that of the functions within it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _codes(constant)


def _is_filled(cell: types.CellType) -> bool:
    try:
        return cell.cell_contents is not cell
    except ValueError:  # a variable that has no value yet
        return False
