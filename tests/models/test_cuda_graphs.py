"""Networks that are recorded as CUDA graphs, on a stand-in for a GPU."""

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn

from tests.cuda_stand_in import DEVICE, StandIn, cuda_stand_in
from vidstyle.models.cuda_graphs import WARM_UP_CALLS, CUDAGraphNetwork


class Doubled(nn.Module):
    """Doubles its input, and counts its calls."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[int] = []

    def forward(self, images: Tensor) -> Tensor:
        self.calls.append(len(images))
        return images * 2


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    with cuda_stand_in(monkeypatch) as found:
        yield found


def test_batches_up_to_a_power_of_two_share_a_recording(stand_in: StandIn) -> None:
    network = Doubled()
    recorded = CUDAGraphNetwork(network)
    for count in (3, 4, 1, 3):
        images = torch.rand(count, 3, 2, 2)
        assert torch.allclose(recorded(images.to(DEVICE)).cpu(), images * 2)
    assert network.calls == [4] * (WARM_UP_CALLS + 1) + [1] * (WARM_UP_CALLS + 1)
    assert stand_in.faults == []


def test_a_result_is_valid_until_the_next_call_and_no_longer(stand_in: StandIn) -> None:
    recorded = CUDAGraphNetwork(Doubled())
    first = recorded(torch.zeros(1, 3, 2, 2, device=DEVICE))
    assert first.sum().item() == 0
    recorded(torch.ones(1, 3, 2, 2, device=DEVICE))
    assert first.sum().item() == 24


def test_memory_that_is_short_while_recording_drops_all_recordings_and_leaves_nothing_unordered(
    stand_in: StandIn,
) -> None:
    network = Doubled()
    recorded = CUDAGraphNetwork(network)
    small, large = (torch.rand(count, 3, 2, 2).to(DEVICE) for count in (1, 2))
    recorded(small)
    for number in range(1, WARM_UP_CALLS + 3):
        stand_in.fails_at = stand_in.allocations + number
        with pytest.raises(torch.OutOfMemoryError):
            recorded(large)
    network.calls.clear()
    assert torch.equal(recorded(small).cpu(), small.cpu() * 2)
    assert network.calls == [1] * (WARM_UP_CALLS + 1)
    stand_in.sweep()
    assert stand_in.faults == []
