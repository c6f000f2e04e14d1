"""What is put aside comes back as it was."""

import resource
from pathlib import Path

import numpy as np
import pytest

from vidstyle.errors import InputError, OutputError
from vidstyle.media.lossless import LOSSLESS_SUFFIX, read_lossless, write_lossless


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (33, 17), (120, 160), (388, 640)])
def test_every_pixel_comes_back(tmp_path: Path, size: tuple[int, int]) -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    write_lossless(tmp_path / f"a{LOSSLESS_SUFFIX}", rgb)
    assert np.array_equal(read_lossless(tmp_path / f"a{LOSSLESS_SUFFIX}"), rgb)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_and_a_lost_file_are_named(tmp_path: Path) -> None:
    full, lost = tmp_path / f"full{LOSSLESS_SUFFIX}", tmp_path / f"lost{LOSSLESS_SUFFIX}"
    full.symlink_to("/dev/full")
    with pytest.raises(OutputError) as disk:
        write_lossless(full, np.zeros((120, 160, 3), np.uint8))
    assert str(disk.value) == f"Cannot write {full}: No space left on device. Check the free space."
    with pytest.raises(InputError) as gone:
        read_lossless(lost)
    assert str(gone.value) == f"Cannot read {lost} back: No such file or directory. Give the same command again."


def test_a_limit_on_the_size_of_files_is_named(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        with pytest.raises(OutputError, match=r"File too large\. Raise the limit on the size of files \(`ulimit -f`\)"):
            write_lossless(tmp_path / f"a{LOSSLESS_SUFFIX}", np.zeros((120, 160, 3), np.uint8))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
