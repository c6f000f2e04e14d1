"""The workers of a render as Ray has them: started, given tasks, listened to, begun anew when they are lost."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import sleep
from typing import Any

from vidstyle.cluster.job_spec import NotAtHand, put
from vidstyle.cluster.schedule import Task
from vidstyle.cluster.session import load_ray
from vidstyle.cluster.settings import ClusterSettings
from vidstyle.errors import ClusterError, VidstyleError
from vidstyle.render.resume import versions

WAIT_SECONDS = 0.2
"""How long the driver waits for word from workers before it looks after other things."""

LEAVE_SECONDS = 1.0
"""How long workers have to remove what they have on their machines."""


@dataclass(frozen=True)
class Message:
    """What a worker said of a task: `frames`, `bytes`, `segment` or `settled` with a value, `waits`, `ended`, or `failed`.

    Of a failure the value is its reason: a VidstyleError, or text.
    """

    worker: int
    task: Task
    kind: str
    value: Any = None


@dataclass(eq=False)
class WorkerHandle:
    """A worker: its actor, its task, and the generator by which it tells of it, or the reference to its introduction."""

    number: int
    actor: Any
    listened_to: Any = None
    task: Task | None = None


@dataclass(frozen=True)
class Share:
    """What each worker gets of the cluster, and how many of them there are."""

    workers: int
    gpus: float
    cpus: float


def share_of_cluster(settings: ClusterSettings, *, gpus_wanted: bool, most: int | None) -> Share:
    """Return how the cluster is shared out among at most so many workers; raises ClusterError where there is no room for one."""
    there = load_ray().cluster_resources()
    free = {name: there.get(name, 0.0) for name in ("GPU", "CPU")}
    gpus = settings.ray_gpus
    if gpus == "auto":
        gpus = 1.0 if gpus_wanted and free["GPU"] else 0.0
    each = {"GPU": float(gpus), "CPU": settings.ray_cpus}
    rooms = [int(free[name] / amount + 1e-9) for name, amount in each.items() if amount]
    room = min(rooms) if rooms else int(free["CPU"])
    count = room if settings.ray_workers == "auto" else int(settings.ray_workers)
    if count < 1:
        raise ClusterError(
            f"The cluster has {free['GPU']:g} GPUs and {free['CPU']:g} CPU cores, too little for one worker with "
            f"{each['GPU']:g} and {each['CPU']:g}. Lower --ray-gpus and --ray-cpus."
        )
    return Share(count if most is None else max(1, min(count, most)), each["GPU"], each["CPU"])


@dataclass
class WorkerPool:
    """Actors of the class `kind`, which share the cluster; `lost` counts how often one had to begin anew.

    `given` has references to the bytes of files that some machine does not see; `nodes` are the machines' names.
    """

    kind: type
    share: Share
    members: list[WorkerHandle] = field(default_factory=list)
    lost: int = 0
    given: dict[str, list[Any]] = field(default_factory=dict)
    nodes: set[str] = field(default_factory=set)

    def start(self) -> None:
        """Ask Ray for the actors, which come when there is room for them."""
        options = {"num_gpus": self.share.gpus, "num_cpus": self.share.cpus, "max_restarts": -1}
        options["max_concurrency"] = 2  # one to paint, one to be told to leave
        actor = load_ray().remote(**options)(self.kind)
        self.members = [WorkerHandle(number, actor.remote()) for number in range(self.share.workers)]
        for member in self.members:
            self._greet(member)

    def end(self) -> None:
        """Give the actors' share back at once, whatever they are doing."""
        ray = load_ray()
        if told := [member.actor.leave.remote() for member in self.members]:
            ray.wait(told, num_returns=len(told), timeout=LEAVE_SECONDS)
        for member in self.members:
            ray.kill(member.actor)

    def forget(self, paths: Iterable[Path]) -> None:
        """Let the bytes of files go that no task needs any more."""
        for path in paths:
            self.given.pop(str(path), None)

    @property
    def tasks(self) -> list[Task]:
        """What is being done."""
        return [member.task for member in self.members if member.task is not None]

    def assign(self, choose: Callable[[], Task | None]) -> None:
        """Give every idle worker what `choose` gives."""
        for member in self.members:
            if member.listened_to is None:
                task = choose()
                if task is None:
                    return
                self._begin(member, task)

    def said(self) -> Iterator[Message]:
        """Yield what workers have said; waits a moment where none has. Raises ClusterError when the last one cannot start."""
        by = {member.listened_to: member for member in self.members if member.listened_to is not None}
        if not by:
            sleep(WAIT_SECONDS)
            return
        ray = load_ray()
        heard, _ = ray.wait(list(by), num_returns=1, timeout=WAIT_SECONDS)
        if heard:
            heard, _ = ray.wait(list(by), num_returns=len(by), timeout=0)
        for member in [by[one] for one in heard]:
            if member.task is None:
                self._welcome(member)
            else:
                yield self._heard(member, member.task)

    def _greet(self, member: WorkerHandle) -> None:
        """Wait for a worker to be there: Ray starts it as often as it must."""
        member.task = None
        member.listened_to = member.actor.introduce.options(max_task_retries=-1).remote()

    def _welcome(self, member: WorkerHandle) -> None:
        ray = load_ray()
        try:
            known = ray.get(member.listened_to)
        except ray.exceptions.RayError as error:
            self._dismiss(
                member, f"A worker cannot start: {_last_line(error)}. Is vidstyle installed on every machine?"
            )
            return
        if known["versions"] != versions():
            self._dismiss(
                member, f"{known['node']} has {known['versions']}, this machine {versions()}: make them alike."
            )
            return
        self.nodes.add(known["node"])
        member.listened_to = None

    def _dismiss(self, member: WorkerHandle, reason: str) -> None:
        self.members.remove(member)
        if not self.members:
            raise ClusterError(reason)

    def _begin(self, member: WorkerHandle, task: Task) -> None:
        film, actor = task.film, member.actor
        given = {str(one.path): self.given[str(one.path)] for one in film.order.files if str(one.path) in self.given}
        if task.numbers is None:
            call = actor.settle.options(num_returns="streaming").remote(film.packed_order, given)
        else:
            assert film.decided is not None, "decided before it is painted"
            first, until = task.numbers[0], task.numbers[-1] + 1
            paint = actor.paint.options(num_returns="streaming")
            call = paint.remote(film.packed_order, given, film.decided.to_json(), film.start(first), until)
        member.task, member.listened_to = task, call

    def _heard(self, member: WorkerHandle, task: Task) -> Message:
        ray = load_ray()
        try:
            kind, value = ray.get(next(member.listened_to))
            return Message(member.number, task, kind, value)
        except StopIteration:
            said = Message(member.number, task, "ended")
        except ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, NotAtHand):
                self.given |= {path: put(Path(path)) for path in error.cause.paths}
                self._begin(member, task)
                return Message(member.number, task, "waits")
            reason = error.cause if isinstance(error.cause, VidstyleError) else _last_line(error)
            said = Message(member.number, task, "failed", reason)
        except ray.exceptions.RayError:
            self.lost += 1
            self._greet(member)
            return Message(member.number, task, "failed", "its worker was lost")
        member.task = member.listened_to = None
        return said


def _last_line(error: Exception) -> str:
    return str(error).strip().splitlines()[-1]
