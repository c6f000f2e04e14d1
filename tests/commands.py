"""Many runs of the command line that share one start: a process that has loaded the libraries forks for each of them."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

_SERVER = """
import json, os, sys
import av, numpy, torch
import vidstyle.render.stage
from vidstyle.cli.main import main
for line in sys.stdin:
    arguments, log = json.loads(line)
    child = os.fork()
    if child == 0:
        handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(handle, 1), os.dup2(handle, 2)
        try:
            main(arguments)
        except SystemExit as left:
            sys.stdout.flush()
            os._exit(left.code or 0)
    print(child, flush=True)
    print(os.waitpid(child, 0)[1], flush=True)
"""


class Commands:
    """Runs commands one after the other, each in a process of its own; a context manager."""

    def __init__(self, log: Path) -> None:
        self.log = log

    def __enter__(self) -> Self:
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent), "OMP_NUM_THREADS": "1"}
        self._server: Any = subprocess.Popen(
            [sys.executable, "-c", _SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stdin.close()
        self._server.wait(timeout=60)

    def run(self, *arguments: str | Path, meanwhile: Callable[[int], None] = lambda process: None) -> int:
        """Run one command to its end and return its exit code, negative for a signal; `meanwhile` gets its process id."""
        self._server.stdin.write(json.dumps([[str(one) for one in arguments], str(self.log)]) + "\n")
        self._server.stdin.flush()
        meanwhile(int(self._server.stdout.readline()))
        return os.waitstatus_to_exitcode(int(self._server.stdout.readline()))


def kill(process: int) -> None:
    """End a process as a crash would."""
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)
