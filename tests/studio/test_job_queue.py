"""Jobs work in processes of their own, one after the other, and are found again by another program."""

import os
import signal
import time
from pathlib import Path

import pytest

from tests.clips import make_clip
from vidstyle.errors import InputError, OutputError
from vidstyle.media.probe import probe
from vidstyle.studio.job_folder import JobFolder
from vidstyle.studio.job_queue import MOST_STARTS, JobQueue, JobView

LONGEST_WAIT_SECONDS = 60


def add_render(queue: JobQueue, source: str, output: str) -> str:
    settings = {"sources": source, "output": output, "size": 16, "segment": 4, "backend": "eager", "flicker": "off"}
    return queue.add("render", source, settings, f"vidstyle render {source}", output)


def wait_until(queue: JobQueue, name: str, *states: str) -> JobView:
    until = time.monotonic() + LONGEST_WAIT_SECONDS
    while time.monotonic() < until:
        queue.start_next()
        if (job := queue.job(name)).state in states:
            return job
        time.sleep(0.1)
    raise AssertionError(f"still {job.state}: {JobFolder(queue.path / name).output.read_text()}")


def test_a_killed_job_is_taken_up_by_another_program_and_keeps_every_frame(tmp_path: Path) -> None:
    make_clip(tmp_path / "clip.mp4", frames=24)
    first = JobQueue(tmp_path / ".jobs", tmp_path)
    name, later = add_render(first, "clip.mp4", "out.mp4"), add_render(first, "text.mp4", "other.mp4")
    (tmp_path / "text.mp4").write_text("no video")
    wait_until(first, name, "running")
    second = JobQueue(tmp_path / ".jobs", tmp_path)  # as a program that was started anew
    process = JobFolder(second.path / name).process
    while not process.exists():
        time.sleep(0.02)
    assert second.job(name).state == "running" and second.job(later).state == "waiting"
    os.kill(int(process.read_text()), signal.SIGKILL)
    first._children[name].wait()
    assert wait_until(second, name, "done").progress["done"] == 24
    assert probe(tmp_path / "out.mp4").frames == 24
    assert "text.mp4" in wait_until(second, later, "failed").message
    second.remove(name)
    assert [job.id for job in second.jobs()] == [later]


def test_a_job_that_is_stopped_waits_again_when_it_goes_on(tmp_path: Path) -> None:
    queue = JobQueue(tmp_path, tmp_path)
    name = add_render(queue, "clip.mp4", "out.mp4")
    queue.stop(name)
    assert queue.job(name).state == "stopped"
    queue.start_next()
    assert queue.job(name).state == "stopped"
    queue.go_on(name)
    assert queue.job(name).state == "waiting"


def test_no_two_jobs_that_wait_make_the_same(tmp_path: Path) -> None:
    queue = JobQueue(tmp_path, tmp_path)
    first = add_render(queue, "clip.mp4", "out.mp4")
    with pytest.raises(InputError, match=r"out\.mp4 already"):
        add_render(queue, "other.mp4", "out.mp4")
    queue.stop(first)
    add_render(queue, "other.mp4", "out.mp4")
    with pytest.raises(InputError, match="already"):
        queue.go_on(first)
    assert [job.state for job in queue.jobs()] == ["stopped", "waiting"]
    for sources in ("a.mp4", "b.mp4"):  # both fill one folder, one after the other
        queue.add("extract", "Frames", {"sources": [sources]}, "", "dataset/trainB")
    with pytest.raises(InputError, match="already"):
        queue.add("extract", "Frames", {"sources": ["b.mp4"]}, "", "dataset/trainB")


def test_a_job_whose_process_keeps_dying_is_given_up(tmp_path: Path) -> None:
    queue = JobQueue(tmp_path, tmp_path)
    folder = JobFolder(tmp_path / add_render(queue, "clip.mp4", "out.mp4"))
    folder.job.write_text(folder.job.read_text().replace('"starts": 0', f'"starts": {MOST_STARTS}'))
    queue.start_next()
    assert queue.job(folder.path.name).state == "failed"


def test_two_programs_do_not_serve_one_list_of_jobs(tmp_path: Path) -> None:
    with (
        JobQueue(tmp_path, tmp_path).served(),
        pytest.raises(OutputError, match="Another"),
        JobQueue(tmp_path, tmp_path).served(),
    ):
        pass
