"""Many runs of the command line that share one start: a process that has loaded the libraries forks for each of them."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

_SERVER = """
import importlib, json, os, sys
import av, numpy, torch
from vidstyle.cli.main import main
for name in sys.argv[1:]:
    importlib.import_module(name)
def start(arguments, log, environment):
    if child := os.fork():
        return child
    os.environ.update(environment)
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(handle, 1), os.dup2(handle, 2)
    try:
        main(arguments)
    except SystemExit as left:
        sys.stdout.flush()
        os._exit(left.code or 0)
for line in sys.stdin:
    arguments, log, environments = json.loads(line)
    children = [start(arguments, log, environment) for environment in environments]
    print(*children, flush=True)
    print(*[os.waitpid(child, 0)[1] for child in children], flush=True)
"""


class Commands:
    """Runs commands one after the other, each in a process of its own; a context manager.

    What they say is appended to `log`; the modules `loaded` are imported once for all of them.
    """

    def __init__(self, log: Path, loaded: Sequence[str] = ("vidstyle.render.stage",)) -> None:
        self.log, self.loaded = log, loaded

    def __enter__(self) -> Self:
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent), "OMP_NUM_THREADS": "1"}
        self._server: Any = subprocess.Popen(
            [sys.executable, "-c", _SERVER, *self.loaded],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stdin.close()
        self._server.wait(timeout=60)

    def run(self, *arguments: str | Path, meanwhile: Callable[[int], None] = lambda process: None) -> int:
        """Run one command to its end and return its exit code, negative for a signal; `meanwhile` gets its process id."""
        (code,) = self._run(arguments, [{}], meanwhile)
        return code

    def run_together(self, *arguments: str | Path, processes: int = 2) -> list[int]:
        """Run one command in several processes that find each other as torchrun's do, and return their exit codes."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = str(free.getsockname()[1])
        shared = {"WORLD_SIZE": str(processes), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
        ranks = [shared | {"RANK": str(rank), "LOCAL_RANK": str(rank)} for rank in range(processes)]
        return self._run(arguments, ranks, lambda process: None)

    def _run(
        self, arguments: Sequence[str | Path], environments: list[dict[str, str]], meanwhile: Callable[[int], None]
    ) -> list[int]:
        words = [str(argument) for argument in arguments]
        self._server.stdin.write(json.dumps([words, str(self.log), environments]) + "\n")
        self._server.stdin.flush()
        meanwhile(int(self._server.stdout.readline().split()[0]))
        return [os.waitstatus_to_exitcode(int(status)) for status in self._server.stdout.readline().split()]


def kill(process: int) -> None:
    """End a process as a crash would."""
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)
