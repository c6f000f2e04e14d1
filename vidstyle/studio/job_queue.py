"""The jobs of the page: they wait in folders, work one after the other in processes of their own, and outlive the page."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from vidstyle.errors import InputError
from vidstyle.files import DAMAGE, claimed, locked, write_json
from vidstyle.studio.job_folder import JobFolder, read_or
from vidstyle.studio.preview_process import own_environment

MOST_STARTS = 3
"""How often a job is started that ends without a result, as one does that the system kills."""
SECONDS_BETWEEN_LOOKS = 0.5
FILLS_A_FOLDER = "extract"
"""The stage whose jobs may follow one another into one folder, each with other sources."""


@dataclass(frozen=True)
class JobView:
    """A job as the page shows it.

    `state` is waiting, running, stopped, done or failed. `progress` and `result` are empty where there is none yet.
    """

    id: str
    stage: str
    title: str
    command: str
    output: str
    arguments: dict[str, Any]
    state: str
    message: str
    progress: dict[str, Any]
    result: dict[str, Any]

    @property
    def is_active(self) -> bool:
        """Whether it waits or works."""
        return self.state in ("waiting", "running")

    @property
    def amount(self) -> str:
        """How much of the phase under way is done, in words; only where there is a progress."""
        total = f" of {self.progress['total']:,}" if self.progress.get("total") else ""
        return f"{self.progress['done']:,}{total} {self.progress['unit']}"

    @property
    def seconds_left(self) -> float | None:
        """How long the phase under way still takes, None where that is unknown."""
        total, rate = self.progress.get("total"), self.progress.get("figures", {}).get("fps")
        return (total - self.progress["done"]) / rate if total and rate else None


class JobQueue:
    """The jobs in the folder `path`; their processes work in the folder `place`. One program alone serves them."""

    def __init__(self, path: Path, place: Path) -> None:
        self.path, self.place = path, place
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._guard = threading.RLock()
        self._ended = threading.Event()

    @contextmanager
    def served(self) -> Iterator[None]:
        """Start waiting jobs, one after the other, during the block; the one under way goes on after it.

        Raises OutputError where another program does so already.
        """
        busy = f"Another vidstyle studio works in {self.place}. Use its page, or stop it first."
        with claimed(self.path / "lock", busy):
            thread = threading.Thread(target=self._serve, daemon=True)
            thread.start()
            try:
                yield
            finally:
                self._ended.set()
                thread.join()

    def _serve(self) -> None:
        while not self._ended.wait(SECONDS_BETWEEN_LOOKS):
            self.start_next()

    def add(self, stage: str, title: str, arguments: dict[str, Any], command: str, output: str) -> str:
        """Let a job wait for its turn and return its id.

        Raises InputError where another one that waits or works makes the same, and OutputError.
        """
        name = f"{time.time_ns():020d}-{uuid4().hex[:6]}"
        content = {"stage": stage, "title": title, "arguments": arguments, "command": command, "output": output}
        with self._guard:
            self._refuse_second(content)
            write_json(JobFolder(self.path / name).job, {**content, "starts": 0})
        return name

    def _refuse_second(self, content: Mapping[str, Any]) -> None:
        output = content["output"]
        for job in self.jobs():
            is_another = content["stage"] == job.stage == FILLS_A_FOLDER and job.arguments != content["arguments"]
            if job.is_active and job.output == output and not is_another:
                raise InputError(
                    f"A job of the list makes {output} already. Wait for it, stop it, or give another name."
                )

    def jobs(self) -> list[JobView]:
        """Return all jobs, the oldest first."""
        folders = sorted(self.path.iterdir()) if self.path.is_dir() else []
        views = (self._view(JobFolder(folder)) for folder in folders if (folder / "job.json").is_file())
        return [view for view in views if view is not None]

    def job(self, name: str) -> JobView:
        """Return a job; raises InputError where there is none of that id."""
        view = next((job for job in self.jobs() if job.id == name), None)
        if view is None:
            raise InputError("There is no such job. Choose another one.")
        return view

    def stop(self, name: str) -> None:
        """Stop a job; what it did is kept, and it can go on."""
        job, folder = self.job(name), JobFolder(self.path / name)
        with self._guard:
            if job.state == "waiting":
                write_json(folder.result, {"state": "stopped", "message": "Stopped before it began."})
            elif job.state == "running":
                folder.stop.touch()
                if (number := self._process(folder)) is not None:
                    os.kill(number, signal.SIGTERM)

    def go_on(self, name: str) -> None:
        """Let a job that was stopped or failed wait for its turn again; raises InputError as `add` does."""
        job, folder = self.job(name), JobFolder(self.path / name)
        if job.state in ("stopped", "failed"):
            with self._guard:
                content = folder.read()
                self._refuse_second(content)
                write_json(folder.job, {**content, "starts": 0})
                folder.stop.unlink(missing_ok=True)
                folder.result.unlink(missing_ok=True)

    def remove(self, name: str) -> None:
        """Take a job that does not run off the list; its files stay."""
        if self.job(name).state != "running":
            shutil.rmtree(self.path / name)

    def start_next(self) -> None:
        """Start the oldest job that waits, where none runs."""
        with self._guard:
            jobs = self.jobs()
            if any(job.state == "running" for job in jobs):
                return
            waiting = next((job for job in jobs if job.state == "waiting"), None)
            if waiting is not None:
                self._start(JobFolder(self.path / waiting.id))

    def _start(self, folder: JobFolder) -> None:
        job = folder.read()
        if job["starts"] >= MOST_STARTS:
            message = f"The process ended {MOST_STARTS} times without a result. {folder.output} may tell why."
            write_json(folder.result, {"state": "failed", "message": message})
            return
        write_json(folder.job, {**job, "starts": job["starts"] + 1})
        arguments = [sys.executable, "-m", "vidstyle.studio.job_process", os.fspath(folder.path)]
        with folder.output.open("ab") as output:
            self._children[folder.path.name] = subprocess.Popen(
                arguments,
                cwd=self.place,
                env=own_environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def _view(self, folder: JobFolder) -> JobView | None:
        """Return a job as its files show it, None where it is damaged or was removed meanwhile."""
        try:
            job, running = folder.read(), self._is_running(folder)
            result, progress = read_or(folder.result, {}), read_or(folder.progress, {})
            state = "running" if running else result.get("state") or ("stopped" if folder.stop.exists() else "waiting")
            return JobView(
                id=folder.path.name,
                **{name: job[name] for name in ("stage", "title", "command", "output", "arguments")},
                state=state,
                message=result.get("message", ""),
                progress=progress,
                result=result.get("result", {}),
            )
        except (OSError, *DAMAGE):
            return None

    def _is_running(self, folder: JobFolder) -> bool:
        """Whether a process works on the job, started by this program or by one before it."""
        with self._guard:
            child = self._children.get(folder.path.name)
            if child is not None and child.poll() is None:
                return True
            if not folder.process.exists():  # never begun: who holds the lock only looks whether it is free
                return False
            with locked(folder.lock) as free:
                return not free

    def _process(self, folder: JobFolder) -> int | None:
        """Return the number of the process that works on the job, None where it has just ended."""
        child = self._children.get(folder.path.name)
        if child is not None and child.poll() is None:
            return child.pid
        number = read_or(folder.process, None)
        return number if self._is_running(folder) and isinstance(number, int) else None
