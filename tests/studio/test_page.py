"""The page in a browser, as a user walks through it, and over HTTP, as one who is after other files does."""

import base64
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.clips import make_clip
from vidstyle.media.probe import probe

pytest.importorskip("gradio")
CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
FLAGS += ["--disable-background-networking", "--disable-component-update"]
FRAMES = 240
LONGEST_WAIT_MS = 60_000


class Program:
    """`vidstyle studio` in a folder, on a port of its own."""

    def __init__(self, place: Path, *options: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.log = place.parent / f"{self.port}.log"
        command = [sys.executable, "-m", "vidstyle", "studio", "--no-browser", "--port", str(self.port), *options]
        package = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        with self.log.open("w") as log:
            self.process = subprocess.Popen(command, cwd=place, env=package, stderr=log)
        until = time.monotonic() + 90
        while "The studio is at" not in self.log.read_text():
            assert self.process.poll() is None and time.monotonic() < until, self.log.read_text()
            time.sleep(0.1)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str, **headers: str) -> tuple[int, bytes]:
        """Return status and content of a path, which is sent as it is spelled."""
        try:
            with urllib.request.urlopen(urllib.request.Request(self.address + path, headers=headers)) as reply:
                return reply.status, reply.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="module")
def program(place: Path) -> Iterator[Program]:
    program = Program(place)
    yield program
    program.process.send_signal(signal.SIGINT)
    program.process.wait(20)


def names_outside(place: Path) -> list[str]:
    outside = (place / "folder_out").resolve() / "secret.txt"
    own = ["clip.mp4", ".hidden.mp4", "leads_out.mp4", "folder_out/secret.txt", ".vidstyle-studio/jobs/lock"]
    return [
        "/etc/passwd",
        "../../etc/passwd",
        "..%2f..%2fetc/passwd",
        str(outside),
        *(str(place / name) for name in own),
    ]


def test_no_file_outside_the_folders_is_served_by_any_route(place: Path, program: Program) -> None:
    relative = ["../../etc/passwd", ".hidden.mp4", "leads_out.mp4", "folder_out/secret.txt"]
    for name in [*names_outside(place), *relative]:
        for path in (f"/studio/file?name={quote(name)}", f"/studio/file?name={name}", f"/studio/preview/{quote(name)}"):
            assert program.get(path)[0] in (403, 404, 422), path
        for spelled in (name, quote(name, safe=""), f"../{name}"):
            status, _ = program.get(f"/gradio_api/file={spelled}")
            assert status in (403, 404), (spelled, status)
    status, content = program.get("/studio/file?name=clip.mp4")
    assert status == 200 and content == (place / "clip.mp4").read_bytes()


def test_another_site_cannot_ask_under_its_own_name(program: Program) -> None:
    assert program.get("/", Host="evil.example")[0] == 400


def test_a_page_for_others_asks_for_its_password(tmp_path: Path) -> None:
    from fastapi.testclient import TestClient

    from vidstyle.studio.folders import Folders
    from vidstyle.studio.server import build_app
    from vidstyle.studio.settings import StudioSettings
    from vidstyle.studio.studio import Studio

    app = build_app(Studio(Folders([tmp_path])), StudioSettings(host="0.0.0.0", password="wörd"))
    client = TestClient(app)

    def status(password: str) -> int:
        encoded = base64.b64encode(f"me:{password}".encode()).decode()
        return client.get("/config", headers={"Authorization": f"Basic {encoded}"}).status_code

    assert client.get("/").status_code == client.get("/studio/file?name=x").status_code == 401
    assert (status("other"), status("wörd")) == (401, 200)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api")
    if not CHROMIUM.exists():
        pytest.skip("chromium is not installed")
    with playwright.sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield chromium
        chromium.close()


def choose(page: Any, name: str) -> None:
    page.click("#source input")
    page.click(f"[role=option]:has-text('{name}')")


def test_a_user_sees_a_frame_renders_and_loses_nothing_when_the_program_is_killed(browser: Any, tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.mkdir()
    make_clip(place / "clip.mp4", frames=FRAMES, audio=1)
    (tmp_path / "text.mp4").write_text("no video")
    program = Program(place)
    asked: list[str] = []
    page = browser.new_page()
    page.set_default_timeout(LONGEST_WAIT_MS)
    page.on("request", lambda request: asked.append(request.url))
    try:
        page.goto(program.address)
        page.set_input_files("#drop input[type=file]", str(tmp_path / "text.mp4"))
        page.wait_for_selector("text=is not a video that can be read")
        assert "text.mp4" in page.inner_text("[data-testid=toast-body]")
        choose(page, "clip.mp4")
        page.wait_for_selector("#pair img")
        page.fill("#knob-size input, #knob-size textarea", "32")
        page.keyboard.press("Tab")
        page.wait_for_selector("#command :text('32')")
        assert "vidstyle render clip.mp4 -o clip_default.mp4 --size 32" in page.inner_text("#command")
        page.click("#start")
        page.wait_for_selector("#jobs .running")
        program.kill()
        program = Program(place)
        page.goto(program.address)
        page.wait_for_selector("#jobs .done")
        page.wait_for_selector("#job-picture video")
    finally:
        program.kill()
        page.close()
    jobs = sorted((place / ".vidstyle-studio" / "jobs").glob("*/job.json"))
    assert [json.loads(job.read_text())["stage"] for job in jobs] == ["render"]
    clip = probe(place / "clip_default.mp4")
    assert clip.frames == FRAMES and clip.of_kind("audio")
    elsewhere = [url for url in asked if not url.startswith(("http://127.0.0.1:", "data:", "blob:"))]
    assert elsewhere == []
