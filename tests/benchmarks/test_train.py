"""The step that trains equals the plain one that it is compared with."""

import pytest
import torch

from benchmarks.plain_step import PlainStep
from benchmarks.train import compare
from tests.train.conftest import small
from vidstyle.train.data.sampling import step_generator
from vidstyle.train.methods.cut import ContrastiveTraining


def test_our_step_learns_what_the_plain_one_does() -> None:
    settings, device = small(method="cut", batch=2), torch.device("cpu")
    plain, ours = PlainStep(settings, device), ContrastiveTraining(settings, device, torch.float32)
    random = torch.Generator().manual_seed(0)
    for step in range(3):
        photos, paintings = (torch.rand(2, 3, 32, 32, generator=random) * 2 - 1 for _ in range(2))
        expected = plain.step(photos, paintings, step_generator(0, step))
        sides = (images.contiguous(memory_format=torch.channels_last) for images in (photos, paintings))
        found = ours.step(*sides, step_generator(0, step))
        assert found.keys() == expected.keys()
        for name in expected:
            assert float(found[name]) == pytest.approx(float(expected[name]), rel=2e-3, abs=1e-4), (step, name)


def test_the_table_of_speeds_has_both_steps() -> None:
    lines = compare(small(method="cut", precision="auto"), steps=1)
    assert lines[2].startswith("| plain, fp32 | ")
    assert lines[3].startswith("| ours, ")
    gflop = [float(line.split("|")[5]) for line in lines[2:4]]
    assert gflop[0] >= gflop[1]
