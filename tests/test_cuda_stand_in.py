"""The stand-in for CUDA finds what would go wrong on a GPU, and computes what the CPU does."""

import pytest
import torch

from tests.cuda_stand_in import DEVICE, StandIn, cuda_stand_in


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch):
    with cuda_stand_in(monkeypatch) as found:
        yield found


def test_tensors_say_where_they_are_and_compute_what_the_cpu_does(stand_in: StandIn) -> None:
    host = torch.arange(6.0)
    there = host.to(DEVICE)
    assert (there.is_cuda, there.device, host.is_cuda) == (True, DEVICE, False)
    assert (there * 2 + 1).cpu().tolist() == [1, 3, 5, 7, 9, 11]
    assert stand_in.faults == []


def test_reading_on_another_stream_needs_an_event(stand_in: StandIn) -> None:
    side = torch.cuda.Stream(DEVICE)
    with torch.cuda.stream(side):
        there = torch.arange(6.0).pin_memory().to(DEVICE, non_blocking=True)
        event = side.record_event()
    wrong = there + 1
    assert stand_in.faults == ["default reads what stream 1 may still write"]
    torch.cuda.current_stream().wait_event(event)
    right = there + 1
    assert len(stand_in.faults) == 1
    assert torch.equal(wrong, right)


def test_the_host_waits_for_what_it_copies_without_blocking(stand_in: StandIn) -> None:
    there = torch.arange(6.0).to(DEVICE)
    host = torch.empty_like(there, device="cpu", pin_memory=True)
    host.copy_(there, non_blocking=True)
    event = torch.cuda.current_stream().record_event()
    host.numpy()
    assert stand_in.faults == ["host reads what default may still write"]
    event.synchronize()
    assert host.numpy().tolist() == [0, 1, 2, 3, 4, 5]
    assert len(stand_in.faults) == 1


def test_a_pinned_buffer_is_not_written_while_it_is_copied(stand_in: StandIn) -> None:
    pinned = torch.arange(6.0).pin_memory()
    there = pinned.to(DEVICE, non_blocking=True)
    pinned.zero_()
    assert stand_in.faults == ["host writes (zero_) what default may still use"]
    torch.cuda.synchronize()
    pinned.zero_()
    assert len(stand_in.faults) == 1
    assert there.is_cuda


def test_memory_that_is_freed_must_be_told_of_other_streams(stand_in: StandIn) -> None:
    for records in (True, False):
        side = torch.cuda.Stream(DEVICE)
        there = torch.arange(6.0).to(DEVICE)
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            there.add(1)
            if records:
                there.record_stream(side)
        del there
        stand_in.sweep()
    assert stand_in.faults == ["memory of default is free while stream 2 may still use it"]


def test_host_and_device_do_not_mix(stand_in: StandIn) -> None:
    torch.arange(6.0).to(DEVICE) + torch.arange(6.0)
    assert stand_in.faults == ["add takes tensors of the host and of the device together"]


def test_a_graph_computes_when_it_is_replayed_and_not_before(stand_in: StandIn) -> None:
    given = torch.zeros(3, device=DEVICE)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph, pool=None):
        made = given * 2 + 1
    assert made.isnan().all().item()
    given.copy_(torch.arange(3.0))
    graph.replay()
    assert made.tolist() == [1, 3, 5]


def test_an_allocation_finds_no_memory_when_that_is_asked_for(stand_in: StandIn) -> None:
    stand_in.fails_at = 2
    there = torch.zeros(3, device=DEVICE)
    with pytest.raises(torch.OutOfMemoryError):
        there + 1
    assert (there + 1).tolist() == [1, 1, 1]
    assert stand_in.allocated == there.nbytes
