"""Fixtures that every room's tests share, and `pytest --changed`, which runs the tests that a change touches."""

import gc
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

# One thread each: the tests run beside each other, and threads that wait for one another there wait long.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest

from tests.changed import Imports, changed_files

# OpenVINO would report its use over the network, and its processes wait for that when the tests end.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]

# Compiled modules are kept, whatever the environment says: each of the processes that tests start would take 1 s to compile
# the package anew, and each run 3 s to compile the tests.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

ROOT = Path(__file__).parent.parent
MEMORY_FOLDER, ENOUGH_BYTES = Path("/dev/shm"), 8 << 30
"""Tests write here where it has room: a disk takes 7 ms to sync a file, and each of a thousand small renders syncs fourteen."""
FEW_FILES = 2
"""Up to so many named test files are run in this process: workers would take longer to start than they save."""


def _memory_serves() -> bool:
    """Return whether the folder in memory is there, has room, and lets the programs run that a few tests write into it."""
    if not MEMORY_FOLDER.is_dir() or shutil.disk_usage(MEMORY_FOLDER).free < ENOUGH_BYTES:
        return False
    return not os.statvfs(MEMORY_FOLDER).f_flag & os.ST_NOEXEC


if _memory_serves():
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY_FOLDER))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--changed`."""
    text = "run only the test files that a change since COMMIT (default: the last one) touches, by what they import"
    parser.addoption("--changed", nargs="?", const="HEAD", metavar="COMMIT", help=text)


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> pytest.ExitCode | None:
    """Put the files that `--changed` chooses in the place of those that were named."""
    if not config.option.changed:
        return None
    try:
        files = Imports(ROOT).touched(changed_files(ROOT, config.option.changed))
    except subprocess.CalledProcessError as error:
        raise pytest.UsageError(f"git cannot say what changed since {config.option.changed}: {error.stderr}") from error
    print(f"{len(files)} test files are touched by what changed since {config.option.changed}.")
    config.args[:], config.option.changed = sorted(map(str, files)), None
    return None if files else pytest.ExitCode.NO_TESTS_COLLECTED


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """Start no workers for a few files."""
    named = {Path(argument.split("::")[0]) for argument in config.args}
    return 0 if len(named) <= FEW_FILES and all(path.is_file() for path in named) else None


def _folder(variable: str, what: str) -> Path:
    value = os.environ.get(variable)
    if not value or not Path(value).is_dir():
        pytest.skip(f"{variable} does not name the folder of {what}")
    return Path(value)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real footage and photos, or a skip."""
    return _folder("VIDSTYLE_TEST_DATA", "real footage")


@pytest.fixture(scope="session")
def real_weights() -> Path:
    """The folder of pretrained weights, or a skip."""
    return _folder("VIDSTYLE_WEIGHTS", "pretrained weights")


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny Stable Diffusion 1.x with random weights, or a skip where the extra `inst` is missing."""
    from tests.diffusion import make_base, needs_inst

    needs_inst()
    return make_base(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="session")
def random_vgg16(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of random weights in VGG16's layout, whose features keep the scale of what is shown."""
    import torch
    from safetensors.torch import save_file

    from vidstyle.networks.vgg import VGG16Features

    torch.manual_seed(0)
    network = VGG16Features()
    for layer in network.features:
        if isinstance(layer, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(layer.weight)
    path = tmp_path_factory.mktemp("weights") / "vgg16.safetensors"
    save_file(network.state_dict(), path)
    return path


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Look for no garbage among what is imported and collected, neither now nor later: all of it stays."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip CUDA tests where there is no CUDA device."""
    marked = [item for item in items if item.get_closest_marker("needs_cuda")]
    if marked:
        import torch

        if not torch.cuda.is_available():
            for item in marked:
                item.add_marker(pytest.mark.skip(reason="no CUDA device"))
