"""The command that measures flicker prints a row for each mode and writes what it saw."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from benchmarks.flicker import ghost, main
from tests.clips import make_clip


def test_a_ghost_is_the_share_of_the_last_frame_that_is_left() -> None:
    plain, before = np.zeros((8, 8, 3), np.uint8), np.zeros((8, 8, 3), np.uint8)
    before[:4] = 200
    assert [ghost(np.rint(before * share), plain, before) for share in (0, 0.25, 0.5)] == pytest.approx([0, 0.25, 0.5])


def test_the_table_has_each_mode_for_paintings_and_final_pictures(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "moving.mp4", size=(96, 64), frames=4)
    shown = CliRunner().invoke(
        main, ["--clip", str(source), "0", "1", "--mode", "flow", "--pictures", str(tmp_path / "p")]
    )
    assert shown.exit_code == 0, shown.output
    rows = [line.split(" | ")[:2] for line in shown.output.splitlines() if line.startswith("| moving")]
    assert rows == [[f"| moving 0-1 s, {what}", mode] for what in ("painted", "final") for mode in ("off", "flow")]
    assert sorted(path.name for path in (tmp_path / "p").iterdir()) == ["moving_0_flow.png", "moving_0_off.png"]
