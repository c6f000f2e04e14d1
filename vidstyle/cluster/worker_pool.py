"""The workers of a render as Ray has them: they are started, given tasks, heard, and started again when they are lost."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import sleep
from typing import Any

from vidstyle.cluster.job_spec import MissingFiles, store_file
from vidstyle.cluster.schedule import Task
from vidstyle.cluster.session import load_ray
from vidstyle.cluster.settings import ClusterSettings
from vidstyle.errors import ClusterError, VidstyleError
from vidstyle.render.resume import versions

WAIT_SECONDS = 0.2
"""How long the driver waits for a message before it does other things."""
LEAVE_SECONDS = 1.0
"""How long workers have to remove what they have on their machines."""


@dataclass(frozen=True)
class Share:
    """What each worker gets of the cluster, and how many of them there are."""

    workers: int
    gpus: float
    cpus: float


def share_of_cluster(settings: ClusterSettings, *, gpus_wanted: bool, most: int | None) -> Share:
    """Return how the cluster is shared among its workers, `most` of them at most.

    Raises ClusterError where there is no room for one worker.
    """
    resources = load_ray().cluster_resources()
    free = {name: resources.get(name, 0.0) for name in ("GPU", "CPU")}
    gpus = settings.ray_gpus
    if gpus == "auto":
        gpus = 1.0 if gpus_wanted and free["GPU"] else 0.0
    needs = {"GPU": float(gpus), "CPU": settings.ray_cpus}
    rooms = [int(free[name] / amount + 1e-9) for name, amount in needs.items() if amount]
    room = min(rooms) if rooms else int(free["CPU"])
    count = room if settings.ray_workers == "auto" else int(settings.ray_workers)
    if count < 1:
        raise ClusterError(
            f"The cluster has {free['GPU']:g} GPUs and {free['CPU']:g} CPU cores, too little for one worker with "
            f"{needs['GPU']:g} and {needs['CPU']:g}. Lower --ray-gpus and --ray-cpus."
        )
    return Share(count if most is None else max(1, min(count, most)), needs["GPU"], needs["CPU"])


@dataclass(frozen=True)
class Message:
    """What a worker reports of a task: `frames`, `bytes`, `segment` or `decided` with a value, `waits`, `ended` or `failed`.

    The value of `failed` is the reason: a VidstyleError, or text.
    """

    worker: int
    task: Task
    kind: str
    value: Any = None


@dataclass(eq=False)
class WorkerHandle:
    """A worker: its actor, its task, and what is awaited of it, which is None while it is idle.

    `awaited` is the generator of its task, or, without a task, the reference to its introduction.
    """

    number: int
    actor: Any
    awaited: Any = None
    task: Task | None = None


@dataclass
class WorkerPool:
    """Actors of `worker_class`, which share the cluster; `lost` counts how often one had to be started again.

    `stored` has references to the bytes of files that some machine does not see; `nodes` are the names of the machines.
    """

    worker_class: type
    share: Share
    workers: list[WorkerHandle] = field(default_factory=list)
    lost: int = 0
    stored: dict[str, list[Any]] = field(default_factory=dict)
    nodes: set[str] = field(default_factory=set)

    def start(self) -> None:
        """Ask Ray for the actors, which come when there is room for them."""
        options = {"num_gpus": self.share.gpus, "num_cpus": self.share.cpus, "max_restarts": -1}
        options["max_concurrency"] = 2  # one call to paint, one to leave
        actor = load_ray().remote(**options)(self.worker_class)
        self.workers = [WorkerHandle(number, actor.remote()) for number in range(self.share.workers)]
        for worker in self.workers:
            self._await_introduction(worker)

    def stop(self) -> None:
        """Give the actors' share back at once, whatever they are doing."""
        ray = load_ray()
        if leaving := [worker.actor.leave.remote() for worker in self.workers]:
            ray.wait(leaving, num_returns=len(leaving), timeout=LEAVE_SECONDS)
        for worker in self.workers:
            ray.kill(worker.actor)

    def drop_files(self, paths: Iterable[Path]) -> None:
        """Let the stored bytes of files go that no task needs any more."""
        for path in paths:
            self.stored.pop(str(path), None)

    @property
    def tasks(self) -> list[Task]:
        """The tasks that workers are doing."""
        return [worker.task for worker in self.workers if worker.task is not None]

    def assign(self, choose: Callable[[], Task | None]) -> None:
        """Give every idle worker the task that `choose` returns, until it returns None."""
        for worker in self.workers:
            if worker.awaited is None:
                task = choose()
                if task is None:
                    return
                self._start_task(worker, task)

    def messages(self) -> Iterator[Message]:
        """Yield what workers have sent; waits a moment where there is nothing. Raises ClusterError when no worker can start."""
        awaited = {worker.awaited: worker for worker in self.workers if worker.awaited is not None}
        if not awaited:
            sleep(WAIT_SECONDS)
            return
        ray = load_ray()
        ready, _ = ray.wait(list(awaited), num_returns=1, timeout=WAIT_SECONDS)
        if ready:
            ready, _ = ray.wait(list(awaited), num_returns=len(awaited), timeout=0)
        for worker in [awaited[reference] for reference in ready]:
            if worker.task is None:
                self._accept_worker(worker)
            else:
                yield self._next_message(worker, worker.task)

    def _await_introduction(self, worker: WorkerHandle) -> None:
        """Wait for a worker to be there: Ray starts it as often as it must."""
        worker.task = None
        worker.awaited = worker.actor.introduce.options(max_task_retries=-1).remote()

    def _accept_worker(self, worker: WorkerHandle) -> None:
        """Let a worker take tasks once it has introduced itself; dismiss it where it has other versions or cannot start."""
        ray = load_ray()
        try:
            introduction = ray.get(worker.awaited)
        except ray.exceptions.RayError as error:
            reason = f"A worker cannot start: {_last_line(error)}. Is vidstyle installed on every machine?"
            self._dismiss(worker, reason)
            return
        node = introduction["node"]
        if introduction["versions"] != versions():
            reason = f"{node} has {introduction['versions']}, this machine {versions()}: make them alike."
            self._dismiss(worker, reason)
            return
        self.nodes.add(node)
        worker.awaited = None

    def _dismiss(self, worker: WorkerHandle, reason: str) -> None:
        self.workers.remove(worker)
        if not self.workers:
            raise ClusterError(reason)

    def _start_task(self, worker: WorkerHandle, task: Task) -> None:
        video, actor = task.video, worker.actor
        paths = [str(file.path) for file in video.spec.files]
        stored = {path: self.stored[path] for path in paths if path in self.stored}
        if task.numbers is None:
            call = actor.decide.options(num_returns="streaming").remote(video.packed_spec, stored)
        else:
            assert video.decided is not None, "decided before it is painted"
            first, until = task.numbers[0], task.numbers[-1] + 1
            paint = actor.paint.options(num_returns="streaming")
            call = paint.remote(video.packed_spec, stored, video.decided.to_json(), video.start(first), until)
        worker.task, worker.awaited = task, call

    def _next_message(self, worker: WorkerHandle, task: Task) -> Message:
        ray = load_ray()
        try:
            kind, value = ray.get(next(worker.awaited))
            return Message(worker.number, task, kind, value)
        except StopIteration:
            message = Message(worker.number, task, "ended")
        except ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, MissingFiles):
                self.stored |= {path: store_file(Path(path)) for path in error.cause.paths}
                self._start_task(worker, task)
                return Message(worker.number, task, "waits")
            reason = error.cause if isinstance(error.cause, VidstyleError) else _last_line(error)
            message = Message(worker.number, task, "failed", reason)
        except ray.exceptions.RayError:
            self.lost += 1
            self._await_introduction(worker)
            return Message(worker.number, task, "failed", "its worker was lost")
        worker.task = worker.awaited = None
        return message


def _last_line(error: Exception) -> str:
    return str(error).strip().splitlines()[-1]
