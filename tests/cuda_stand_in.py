"""A stand-in for CUDA's streams, events, graphs and pinned memory, which notes every access that nothing puts in order.

Tensors "on the device" lie in the host's memory and all work is done at once, so results are exact. Order is judged as if
the work were done later: each stream and the host has a clock of what it knows to be over (vector clocks, Fidge and
Mattern, 1988). A read must know of the last write, a write of all reads before it. A buffer that is freed goes to the next
allocation of its stream, so that must know of all uses, or have been told of them by `record_stream`.
"""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.multiprocessing.reductions import StorageWeakRef
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves, tree_map

DEVICE = torch.device("cuda", 0)
SHORT = "CUDA out of memory. Tried to allocate 2.00 GiB"
HOST_READS = ("numpy", "item", "tolist", "__bool__", "__float__", "__int__", "equal", "allclose")
Clock = dict[str, int]
UNREAD = ("empty", "empty_like", "new_empty", "new_zeros", "zeros_like")
"""Functions that look at no memory of what they are given."""
BETWEEN_PLACES = ("to", "cpu", "copy_", "__setitem__", "__getitem__", *UNREAD)
"""Functions that take tensors of the host and of the device together."""
CHANGING = ("__setitem__", "__iadd__", "__isub__", "__imul__", "__itruediv__")
ACTIVATIONS = ("relu", "leaky_relu")
"""Functions that change what they are given where a flag says so."""
Stamp = tuple[str, int]


class Actor:
    """The host or a stream: what it has begun, and what it knows to be over."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.clock: Clock = {}

    def begin(self) -> Stamp:
        """Begin some work after all before it."""
        self.clock[self.name] = self.clock.get(self.name, 0) + 1
        return self.name, self.clock[self.name]

    def learn(self, clock: Clock) -> None:
        """Know from now on what `clock` says."""
        for name, number in clock.items():
            self.clock[name] = max(self.clock.get(name, 0), number)

    def knows(self, stamp: Stamp) -> bool:
        """Return whether a piece of work is over, as far as is known here."""
        return self.clock.get(stamp[0], 0) >= stamp[1]


@dataclass
class Buffer:
    """Memory of the device, or pinned memory of the host, and who used it since it was written last."""

    place: str
    owner: Actor
    memory: StorageWeakRef
    size: int
    written: Stamp
    uses: list[Stamp] = field(default_factory=list)
    recorded: set[str] = field(default_factory=set)


class StandIn(TorchFunctionMode):
    """What torch is asked for while this is on; `faults` tells of accesses without order, `journal` of copies and events.

    The device allocation with the number `fails_at` finds no memory, and so do those after it while `stays_short`.
    """

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[str] = []
        self.journal: list[str] = []
        self.allocations, self.fails_at, self.stays_short = 0, 0, False
        self.peak = 0
        self.host, self.default = Actor("host"), _Stream(name="default")
        self.streams: list[Actor] = [self.default]
        self._buffers: dict[int, Buffer] = {}
        self._lock, self._local = threading.RLock(), threading.local()

    @property
    def current(self) -> "_Stream":
        """The stream of this thread."""
        found: _Stream = getattr(self._local, "stream", self.default)
        return found

    @property
    def allocated(self) -> int:
        """The bytes that tensors on the device hold."""
        self.sweep()
        return sum(buffer.size for buffer in self._buffers.values() if buffer.place == "device")

    def new_stream(self) -> "_Stream":
        """Return one more stream."""
        stream = _Stream(name=f"stream {len(self.streams)}")
        self.streams.append(stream)
        return stream

    @contextmanager
    def on(self, stream: "_Stream | None") -> Iterator[None]:
        """Let a stream be the current one."""
        before = self.current
        self._local.stream = stream or before
        try:
            yield
        finally:
            self._local.stream = before

    def record_use(self, tensor: Tensor, stream: "_Stream") -> None:
        """Keep the memory of a tensor, when it is freed, until a stream is done with it."""
        self._buffers[_key(tensor)].recorded.add(stream.name)

    def give_memory(self, owner: Actor, other: Actor) -> None:
        """Let the memory of a graph, which only graphs get again, belong to the stream that replays them."""
        for buffer in self._buffers.values():
            buffer.owner = other if buffer.owner is owner else buffer.owner

    def settle(self) -> None:
        """Let the host wait for all streams."""
        for stream in self.streams:
            self.host.learn(stream.clock)

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Do what is asked for, and judge it."""
        with self._lock:
            self.sweep()
            return self._answer(func, args, dict(kwargs or {}))

    def _answer(self, func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        name = getattr(func, "__name__", str(func))
        tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
        on_device = any(self._place(tensor) == "device" for tensor in tensors)
        if func == torch.Tensor.is_cuda.__get__:
            return on_device
        if func == torch.Tensor.device.__get__:
            return DEVICE if on_device else torch.device("cpu")
        if name == "_parse_to":
            return func(*args, **kwargs)
        if name in HOST_READS:
            return self._read_on_host(func, args, kwargs, tensors)
        return self._work(func, name, args, kwargs, tensors, on_device)

    def _work(
        self, func: Any, name: str, args: Any, kwargs: dict[str, Any], tensors: list[Tensor], on_device: bool
    ) -> Any:
        asked = [str(leaf) for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, torch.device | str)]
        to_device = any(word.startswith("cuda") for word in asked)
        to_host = name == "cpu" or "cpu" in asked
        pinned = bool(kwargs.pop("pin_memory", False)) or name == "pin_memory"
        waits = not kwargs.get("non_blocking", False)
        place = "pinned" if pinned else "device" if to_device or (on_device and not to_host) else "host"
        actor = self.current if to_device or (on_device and not (name in UNREAD and to_host)) else self.host
        result = self._compute(func, name, args, kwargs, copies=to_device or to_host or pinned)
        before = {_key(tensor) for tensor in tensors}
        made = [leaf for leaf in tree_leaves(result) if isinstance(leaf, Tensor) and _key(leaf) not in before]
        in_place = bool(kwargs.get("inplace")) or (name in ACTIVATIONS and any(word is True for word in args))
        changes = in_place or name in CHANGING or (name.endswith("_") and not name.startswith("__"))
        if made or changes:
            self._refuse_mixing(name, tensors, on_device)
            actor.learn(self.host.clock)
            stamp = actor.begin()
            self._use(tensors[1:] if changes else () if name in UNREAD else tensors, actor, stamp)
            if changes:
                self._change(tensors[0], actor, stamp, name)
            for tensor in made if place != "host" else ():
                self._allocate(tensor, place, actor, stamp)
            crosses = {self._place(tensor) for tensor in (*tensors, *made)} & {"host", "pinned"}
            if actor is not self.host and crosses and (name in ("to", "cpu", "copy_")):
                self.journal.append(f"copy {'and wait' if waits else ''} on {actor.name}".replace("  ", " "))
                if waits:
                    self.host.learn(actor.clock)
            if recording := getattr(self._local, "recording", None):
                recording.note(func, args, kwargs, made)
        return result

    def _refuse_mixing(self, name: str, tensors: list[Tensor], on_device: bool) -> None:
        mixes = on_device and any(tensor.dim() and self._place(tensor) == "host" for tensor in tensors)
        if mixes and name not in BETWEEN_PLACES:
            self.faults.append(f"{name} takes tensors of the host and of the device together")

    def _compute(self, func: Any, name: str, args: Any, kwargs: dict[str, Any], *, copies: bool) -> Any:
        """Return what the CPU makes of it; what moves gets memory of its own."""
        if name == "pin_memory":
            return args[0].clone()
        here = tree_map(lambda leaf: torch.device("cpu") if isinstance(leaf, torch.device) else leaf, (args, kwargs))
        result = func(*here[0], **here[1])
        if copies and isinstance(result, Tensor) and any(result is leaf for leaf in tree_leaves(args)):
            return result.clone()
        return result

    def _read_on_host(self, func: Any, args: Any, kwargs: dict[str, Any], tensors: list[Tensor]) -> Any:
        stamp = self.host.begin()
        for tensor in tensors:
            if self._place(tensor) == "device":
                assert func.__name__ != "numpy", "an array cannot show the memory of a device"
                self.host.learn(self.current.clock)
        self._use(tensors, self.host, stamp)
        return func(*args, **kwargs)

    def _use(self, tensors: Iterable[Tensor], actor: Actor, stamp: Stamp) -> None:
        for buffer in filter(None, (self._buffers.get(_key(tensor)) for tensor in tensors)):
            if not actor.knows(buffer.written):
                self.faults.append(f"{actor.name} reads what {buffer.written[0]} may still write")
            buffer.uses.append(stamp)

    def _change(self, tensor: Tensor, actor: Actor, stamp: Stamp, name: str) -> None:
        if buffer := self._buffers.get(_key(tensor)):
            for use in (buffer.written, *buffer.uses):
                if not actor.knows(use):
                    self.faults.append(f"{actor.name} writes ({name}) what {use[0]} may still use")
            buffer.written, buffer.uses = stamp, []

    def _allocate(self, tensor: Tensor, place: str, actor: Actor, stamp: Stamp) -> None:
        storage = tensor.untyped_storage()
        if place == "device":
            self.allocations += 1
            if self.allocations == self.fails_at or (self.stays_short and 0 < self.fails_at < self.allocations):
                raise torch.OutOfMemoryError(SHORT)
        owner = actor if place == "device" else self.host
        self._buffers[storage._cdata] = Buffer(place, owner, StorageWeakRef(storage), storage.nbytes(), stamp)
        self.peak = max(self.peak, self.allocated if place == "device" else 0)

    def _place(self, tensor: Tensor) -> str:
        buffer = self._buffers.get(_key(tensor))
        return buffer.place if buffer else "host"

    def sweep(self) -> None:
        """Judge the memory that was freed: the next who gets it must not disturb who still uses it."""
        for key, buffer in list(self._buffers.items()):
            if not buffer.memory.expired():
                continue
            del self._buffers[key]
            next_user = Actor("next")
            next_user.learn(buffer.owner.clock)
            next_user.learn(self.host.clock)
            for use in (buffer.written, *buffer.uses) if buffer.place == "device" else ():
                if not next_user.knows(use) and use[0] not in buffer.recorded:
                    self.faults.append(f"memory of {buffer.owner.name} is free while {use[0]} may still use it")


def _key(tensor: Tensor) -> int:
    return tensor.untyped_storage()._cdata


class _Stream(Actor):
    """A stream as torch.cuda has it."""

    def record_event(self) -> "_Event":
        """Return an event after all work so far."""
        event = _Event()
        event.record(self)
        return event

    def wait_event(self, event: "_Event") -> None:
        """Let work from now on wait for an event."""
        self.learn(event.clock)

    def wait_stream(self, other: Actor) -> None:
        """Let work from now on wait for that of another stream."""
        self.learn(other.clock)


class _Event:
    """An event as torch.cuda has it."""

    def __init__(self) -> None:
        self.clock: Clock = {}

    def record(self, stream: Actor) -> None:
        """Stand for all work of a stream so far."""
        self.clock = dict(stream.clock)


class _Graph:
    """A CUDA graph: what was done while it was recorded, done again by `replay` in the same memory."""

    def __init__(self) -> None:
        self.works: list[tuple[Any, Any, dict[str, Any], list[Tensor]]] = []

    def note(self, func: Any, args: Any, kwargs: dict[str, Any], made: list[Tensor]) -> None:
        """Record one piece of work and what it made."""
        self.works.append((func, args, kwargs, made))

    def replay(self) -> None:
        """Do it all again, in the memory of the recording."""
        for func, args, kwargs, made in self.works:
            again = [leaf for leaf in tree_leaves(func(*args, **kwargs)) if isinstance(leaf, Tensor)]
            for old, new in zip(made, again, strict=False):
                old.copy_(new)


@contextmanager
def _recorded(stand_in: StandIn, graph: _Graph) -> Iterator[None]:
    """Record what this thread does; as with CUDA nothing of it is there until the graph is replayed."""
    stand_in.settle()
    outside, stream = stand_in.current, stand_in.new_stream()
    stream.learn(stand_in.host.clock)
    try:
        with stand_in.on(stream):
            stand_in._local.recording = graph
            yield
    finally:
        stand_in._local.recording = None
        stand_in.settle()
        stand_in.give_memory(stream, outside)
    with torch._C.DisableTorchFunction():
        for tensor in (tensor for *_, made in graph.works for tensor in made if tensor.is_floating_point()):
            tensor.fill_(float("nan"))


@contextmanager
def cuda_stand_in(monkeypatch: pytest.MonkeyPatch, memory: int = 8 << 30) -> Iterator[StandIn]:
    """Let there be a CUDA device of `memory` bytes; threads that are started meanwhile have it too."""
    stand_in = StandIn()
    with monkeypatch.context() as patch:
        _install(patch, stand_in, memory)
        with stand_in:
            yield stand_in
        stand_in.settle()


def _install(patch: pytest.MonkeyPatch, stand_in: StandIn, memory: int) -> None:
    """Put the stand-in in the place of what vidstyle uses of torch.cuda."""
    replaced = {
        "Stream": lambda *_: stand_in.new_stream(),
        "current_stream": lambda *_: stand_in.current,
        "stream": stand_in.on,
        "device": lambda *_: nullcontext(),
        "CUDAGraph": _Graph,
        "graph": lambda graph, **_: _recorded(stand_in, graph),
        "graph_pool_handle": lambda: (0, 0),
        "empty_cache": lambda: None,
        "synchronize": lambda *_: stand_in.settle(),
        "is_available": lambda: True,
        "device_count": lambda: 1,
        "get_device_capability": lambda *_: (9, 0),
        "mem_get_info": lambda *_: (memory - stand_in.allocated, memory),
        "memory_allocated": lambda *_: stand_in.allocated,
        "max_memory_allocated": lambda *_: stand_in.peak,
        "reset_peak_memory_stats": lambda *_: setattr(stand_in, "peak", stand_in.allocated),
    }
    for name, function in replaced.items():
        patch.setattr(torch.cuda, name, function)
    patch.setattr(torch.Tensor, "record_stream", lambda tensor, stream: stand_in.record_use(tensor, stream))
    run = threading.Thread.run

    def run_in_it(thread: threading.Thread) -> None:
        with stand_in:
            run(thread)

    patch.setattr(threading.Thread, "run", run_in_it)
    patch.setattr(_Event, "synchronize", lambda event: stand_in.host.learn(event.clock), raising=False)
