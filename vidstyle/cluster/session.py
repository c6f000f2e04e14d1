"""The connection to Ray: a Ray that is started on this machine, or a cluster that runs already."""

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

from vidstyle.cluster.settings import LOCAL, is_address
from vidstyle.errors import ClusterError, DependencyError
from vidstyle.interrupt import keep_terminate_handler

OBJECT_STORE_BYTES = 512 << 20
"""Shared memory of a local Ray. Coded pieces pass through it one by one; what does not fit goes to the disk."""
ANSWER_SECONDS = 5.0
"""How long a cluster may take to answer. Ray itself would try for many minutes."""
ATTEMPTS_VARIABLE = "RAY_gcs_server_port_wait_time_s"
"""The environment variable that says about how often Ray tries to connect."""


def load_ray() -> Any:
    """Return the module `ray`; raises DependencyError where it is not installed."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError as error:
        raise DependencyError(f"--ray needs Ray ({error}). Install it: pip install 'vidstyle[ray]'") from error
    return ray


@contextmanager
def session(address: str) -> Iterator[None]:
    """Connect to Ray at `address`, which is LOCAL, `auto` or HOST:PORT, for the block. Ray prints nothing meanwhile.

    A local Ray ends with the block. Raises ClusterError where Ray cannot be started or reached.
    """
    ray = load_ray()
    if address == "auto":
        address = os.environ.get("RAY_ADDRESS") or address
    if "://" in address or not (address == LOCAL or is_address(address)):
        raise ClusterError(f"--ray {address}: give auto or HOST:PORT on a machine that belongs to the cluster.")
    options = {"include_dashboard": False, "object_store_memory": OBJECT_STORE_BYTES} if address == LOCAL else {}
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
        try:
            _check_port(address)
            with keep_terminate_handler(), _one_attempt(address):
                ray.init(address, log_to_driver=False, logging_level=logging.CRITICAL, namespace="vidstyle", **options)
        except Exception as error:  # Ray raises the base class itself where one of its processes does not start
            raise ClusterError(_unreachable(address, error)) from error
        try:
            yield
        finally:
            ray.shutdown()


def _check_port(address: str) -> None:
    """Raise OSError where nothing listens at HOST:PORT; other addresses are for Ray to resolve."""
    host, colon, port = address.rpartition(":")
    if colon and port.isdecimal():
        socket.create_connection((host.strip("[]"), int(port)), ANSWER_SECONDS).close()


def _unreachable(address: str, error: Exception) -> str:
    words = getattr(error, "strerror", None) or str(error).strip() or type(error).__name__
    reason = words.splitlines()[0].rstrip(".") + "."
    if address == LOCAL:
        return f"Ray cannot be started here: {reason} Free memory and disk, or give the address of a cluster."
    return f"No Ray cluster answers at {address}: {reason} Start one with `ray start --head`, or check the address."


@contextmanager
def _one_attempt(address: str) -> Iterator[None]:
    """Let Ray try an address once, which takes 40 s. It would try 20 times where another program listens."""
    if address == LOCAL or ATTEMPTS_VARIABLE in os.environ:
        yield
        return
    os.environ[ATTEMPTS_VARIABLE] = "1"
    try:
        yield
    finally:
        del os.environ[ATTEMPTS_VARIABLE]
