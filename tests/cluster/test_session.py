"""How a render finds its cluster, or says that there is none."""

import os
import socket
import time
from collections.abc import Iterator

import pytest

from tests.extras import needs_extra
from vidstyle.cluster.session import ATTEMPTS_VARIABLE, load_ray, session
from vidstyle.cluster.settings import LOCAL
from vidstyle.errors import ClusterError

needs_extra("ray", "ray")


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port of this machine that nobody listens at and nobody else gets."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.mark.parametrize("given", ["address", "environment"])
def test_an_address_at_which_nothing_answers_is_named_within_seconds(
    closed_port: int, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], given: str
) -> None:
    address = f"127.0.0.1:{closed_port}"
    if given == "environment":
        monkeypatch.setenv("RAY_ADDRESS", address)
    asked, began = "auto" if given == "environment" else address, time.monotonic()
    with pytest.raises(ClusterError) as caught, session(asked):
        pass
    assert str(caught.value) == (
        f"No Ray cluster answers at {address}: Connection refused. Start one with `ray start --head`, or check the address."
    )
    assert time.monotonic() - began < 8
    assert capfd.readouterr() == ("", "")


def test_a_port_at_which_another_program_answers_is_tried_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ray takes 40 s for it, so that here only its number of attempts is looked at."""
    attempts = []

    def init(address: str, **others: object) -> None:
        attempts.append(os.environ[ATTEMPTS_VARIABLE])
        raise ConnectionError("Failed to connect to Ray cluster.")

    monkeypatch.setattr(load_ray(), "init", init)
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(ClusterError) as caught, session(address):
            pass
    assert str(caught.value) == (
        f"No Ray cluster answers at {address}: Failed to connect to Ray cluster. "
        "Start one with `ray start --head`, or check the address."
    )
    assert attempts == ["1"] and ATTEMPTS_VARIABLE not in os.environ


def test_a_host_that_does_not_exist_is_named_within_seconds() -> None:
    began = time.monotonic()
    with pytest.raises(ClusterError) as caught, session("nonsense.invalid:6379"):
        pass
    assert str(caught.value).startswith("No Ray cluster answers at nonsense.invalid:6379: ")
    assert str(caught.value).endswith(". Start one with `ray start --head`, or check the address.")
    assert time.monotonic() - began < 30


def test_a_ray_that_does_not_start_here_is_one_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def init(address: str, **others: object) -> None:
        raise Exception("The current node timed out during startup. The GCS may be overloaded.\nLook at its log.")

    monkeypatch.setattr(load_ray(), "init", init)
    with pytest.raises(ClusterError) as caught, session(LOCAL):
        pass
    assert str(caught.value) == (
        "Ray cannot be started here: The current node timed out during startup. The GCS may be overloaded. "
        "Free memory and disk, or give the address of a cluster."
    )


@pytest.mark.parametrize("address", ["ray://head:10001", "head", "a.mp4"])
def test_what_is_no_address_of_a_cluster_is_refused(address: str) -> None:
    with pytest.raises(ClusterError) as caught, session(address):
        pass
    assert str(caught.value) == f"--ray {address}: give auto or HOST:PORT on a machine that belongs to the cluster."


@pytest.mark.skipif(not hasattr(os, "fork"), reason="starting Ray takes long here")
def test_without_an_address_ray_is_started_here_and_ended_afterwards() -> None:
    ray = load_ray()
    with session(LOCAL):
        assert ray.is_initialized()
        assert ray.cluster_resources()["CPU"] >= 1
    assert not ray.is_initialized()
