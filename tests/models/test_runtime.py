"""A network computes the same whatever runs it, and what runs it is chosen by what pays."""

from collections.abc import Callable
from functools import partial

import pytest
import torch
from torch import nn

from vidstyle.errors import DependencyError, SettingsError
from vidstyle.models import runtime as runtime_module
from vidstyle.models.runtime import COMPILE_FROM_PIXELS, OPENVINO_FROM_PIXELS, Runtime, prepare, resolve_runtime
from vidstyle.networks.generator_kinds import GENERATORS
from vidstyle.networks.resnet_generator import ResNetGenerator
from vidstyle.networks.srvgg import SRVGGNetCompact
from vidstyle.ordered_map import map_in_order

CPU, CUDA = torch.device("cpu"), torch.device("cuda")
MANY = COMPILE_FROM_PIXELS


def generator() -> nn.Module:
    torch.manual_seed(1)
    network = ResNetGenerator(4, 1)
    with torch.no_grad():
        for weight in network.parameters():
            weight.mul_(8)
    return network.eval().requires_grad_(False)


def upscaler() -> nn.Module:
    torch.manual_seed(1)
    return SRVGGNetCompact(convolutions=2, features=8).eval().requires_grad_(False)


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that lets only the named extras and a compiler, if so, be there."""

    def only(*libraries: str, compiler: bool = True) -> None:
        for place in ("vidstyle.models.runtime", "vidstyle.models.openvino"):
            monkeypatch.setattr(f"{place}.find_spec", lambda name: name if name in libraries else None)
        monkeypatch.setattr(runtime_module.shutil, "which", lambda name: name if compiler else None)

    return only


@pytest.mark.parametrize("build", [generator, upscaler])
@pytest.mark.parametrize("backend", ["eager", "openvino"])
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_every_backend_computes_what_the_plain_network_does(
    build: Callable[[], nn.Module], backend: str, precision: str
) -> None:
    if backend == "openvino":
        pytest.importorskip("openvino")
    runtime = Runtime(CPU, precision, backend)
    computed = prepare(build(), runtime, channels_last=build is upscaler)
    for shape in ((1, 3, 36, 52), (2, 3, 24, 16), (1, 3, 36, 52)):
        images = torch.rand(shape) * 2 - 1
        wanted, given = build()(images), computed(images.to(runtime.dtype)).float()
        assert given.shape == wanted.shape
        assert (given - wanted).abs().max() < (1e-4 if precision == "fp32" else 0.1)


@pytest.mark.parametrize("kind", GENERATORS)
def test_openvino_computes_every_kind_of_generator(kind: str) -> None:
    pytest.importorskip("openvino")
    torch.manual_seed(1)
    network = GENERATORS[kind](4, 2).eval().requires_grad_(False)
    computed = prepare(network, Runtime(CPU, "fp32", "openvino"))
    for shape, layout in (((1, 3, 32, 48), torch.contiguous_format), ((2, 3, 16, 32), torch.channels_last)):
        images = (torch.rand(shape) * 2 - 1).contiguous(memory_format=layout)
        painted = computed(images)
        assert torch.allclose(painted, network(images), atol=1e-4)
        assert painted.is_contiguous(memory_format=layout)


def test_threads_that_call_openvino_at_once_get_results_of_their_own() -> None:
    pytest.importorskip("openvino")
    computed = prepare(generator(), Runtime(CPU, "fp32", "openvino", parallel=2))
    pictures = [torch.rand(1, 3, 32, 48) * 2 - 1 for _ in range(12)]
    results = map_in_order(lambda images: computed(images).clone(), pictures, 2)
    for images, painted in zip(pictures, results, strict=True):
        assert torch.allclose(painted, generator()(images), atol=1e-4)


def test_a_compiled_network_computes_what_the_plain_one_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="aot_eager"))
    computed = prepare(upscaler(), Runtime(CPU, "fp32", "compile"), channels_last=True)
    images = torch.rand(1, 3, 24, 20)
    assert torch.allclose(computed(images), upscaler()(images), atol=1e-5)


@pytest.mark.needs_cuda
def test_recorded_kernels_compute_what_the_plain_network_does_in_batches_of_any_size() -> None:
    computed = prepare(generator(), Runtime(CUDA, "fp32"))
    for count in (3, 4, 1, 3):
        images = torch.rand(count, 3, 36, 52) * 2 - 1
        assert torch.allclose(computed(images.to(CUDA)).cpu(), generator()(images), atol=1e-3)


def test_openvino_is_taken_where_it_is_installed_and_the_video_is_not_tiny(installed: Callable[..., None]) -> None:
    installed("openvino")
    chosen = [resolve_runtime(CPU, "auto", "bf16", pixels).backend for pixels in (1000, OPENVINO_FROM_PIXELS, None)]
    assert chosen == ["eager", "openvino", "openvino"]
    assert resolve_runtime(CPU, "auto", "fp16", None).backend == "compile"


def test_without_openvino_only_a_long_video_waits_for_the_compiler(installed: Callable[..., None]) -> None:
    installed()
    assert resolve_runtime(CPU, "auto", "auto", COMPILE_FROM_PIXELS - 1).backend == "eager"
    assert resolve_runtime(CPU, "auto", "auto", COMPILE_FROM_PIXELS).backend == "compile"
    installed(compiler=False)
    assert resolve_runtime(CPU, "auto", "auto", None).backend == "eager"


def test_auto_precision_is_bf16_where_the_hardware_computes_in_it() -> None:
    best = resolve_runtime(CPU, "eager", "auto", 1)
    assert (best.precision, best.dtype) in (("bf16", torch.bfloat16), ("fp32", torch.float32))
    assert resolve_runtime(CPU, "eager", "fp32", 1) == Runtime(CPU, "fp32", "eager")


@pytest.mark.parametrize(
    ("device", "precision", "backend", "said"),
    [
        (
            CUDA,
            "bf16",
            "openvino",
            "OpenVINO computes on the CPU, not on cuda. Use --device cpu, or another --backend.",
        ),
        (
            CPU,
            "int8",
            "eager",
            "int8 is computed by OpenVINO alone. Use --device cpu with --backend openvino or auto.",
        ),
        (CPU, "fp16", "openvino", "OpenVINO computes no fp16 on a CPU. Use --precision bf16, fp32 or int8."),
    ],
)
def test_wishes_that_do_not_go_together_are_refused(
    device: torch.device, precision: str, backend: str, said: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        resolve_runtime(device, backend, precision, MANY)
    assert str(caught.value) == said


def test_what_is_missing_is_named_with_the_way_to_get_it(installed: Callable[..., None]) -> None:
    installed(compiler=False)
    for precision, backend in (("bf16", "openvino"), ("int8", "auto")):
        with pytest.raises(DependencyError) as caught:
            resolve_runtime(CPU, backend, precision, MANY)
        assert str(caught.value) == "To compute with OpenVINO, install its extra: pip install 'vidstyle[openvino]'."
    with pytest.raises(DependencyError) as caught:
        resolve_runtime(CPU, "compile", "bf16", MANY)
    assert str(caught.value) == (
        "--backend compile needs a C++ compiler. Install g++ or clang++, or use --backend eager."
    )
