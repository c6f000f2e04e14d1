"""The program that serves the page: its routes, its password, and how it begins and ends."""

import base64
import secrets
import threading
import webbrowser
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from vidstyle.errors import OutputError, VidstyleError
from vidstyle.studio.compare_tab import COMPARE_CSS, build_compare_tab
from vidstyle.studio.folders import Folders
from vidstyle.studio.gradio_import import gradio, keep_uploads_in
from vidstyle.studio.job_list import build_job_list
from vidstyle.studio.paint_tab import build_paint_tab
from vidstyle.studio.settings import StudioSettings
from vidstyle.studio.studio import Studio
from vidstyle.studio.train_tab import TRAIN_CSS, build_train_tab

LOCAL_NAMES = ["127.0.0.1", "localhost", "[::1]", "::1"]
"""Names under which a page that is for this machine alone is asked for; another one is a trick of another page."""
SANDBOX = {"Content-Security-Policy": "sandbox allow-scripts allow-downloads", "X-Content-Type-Options": "nosniff"}
"""Headers with which a file of the folders cannot act as the page itself."""
CSS = """
.gradio-container { width: 100%; max-width: 1400px !important; margin: auto; } .gradio-container main { min-width: 0; }
.quiet, .figures { color: var(--body-text-color-subdued); margin: 0; }
#job-picture img, #job-picture video, #moving video { max-width: 100%; border-radius: 6px; }
.job { padding: .6rem 0; border-bottom: 1px solid var(--border-color-primary); }
.job progress { width: 100%; height: .5rem; display: block; margin: .3rem 0; } .job p { margin: 0; font-size: .9rem; }
.job progress { accent-color: var(--primary-600); }
.gradio-container { --block-info-text-color: var(--neutral-600); --block-title-text-color: var(--neutral-700); }
.dark .gradio-container, .dark.gradio-container { --block-info-text-color: #cbd5e1; --block-title-text-color: #e2e8f0; }
@media (max-width: 700px) {
  .stack { flex-flow: column nowrap !important; align-items: stretch !important; }
  .stack > * { min-width: 0 !important; }
}
.state { font-size: .85rem; padding: 0 .5rem; border-radius: 1rem; border: 1px solid currentcolor; margin-left: .4rem; }
"""


def build_page(studio: Studio) -> Any:
    """Return the page."""
    gr = gradio()
    with gr.Blocks(title="vidstyle studio", analytics_enabled=False, delete_cache=(3600, 86400)) as page:
        gr.Markdown("# vidstyle studio")
        with gr.Tabs():
            with gr.Tab("Paint"):
                build_paint_tab(studio, page)
            with gr.Tab("Train") as train:
                build_train_tab(studio, page, train)
            with gr.Tab("Compare") as compare:
                build_compare_tab(studio, page, compare)
        build_job_list(studio)
    return page


def _theme() -> Any:
    """Return a theme whose fonts are those of the system."""
    fonts, mono = ["system-ui", "sans-serif"], ["ui-monospace", "monospace"]
    return gradio().themes.Base(primary_hue="indigo", neutral_hue="slate", font=fonts, font_mono=mono)


def build_app(studio: Studio, settings: StudioSettings) -> Any:
    """Return the web application: the page, and the files that it shows."""
    from fastapi import FastAPI
    from fastapi.responses import FileResponse, PlainTextResponse
    from starlette.middleware.trustedhost import TrustedHostMiddleware

    gr = gradio()
    app = FastAPI(openapi_url=None)

    def served(find: Callable[[str], Path], name: str) -> Any:
        try:
            path = find(name)
            found = path.is_file()
        except VidstyleError as error:
            return PlainTextResponse(str(error), status_code=403)
        return FileResponse(path, headers=SANDBOX) if found else PlainTextResponse("No file.", status_code=404)

    @app.get("/studio/file")
    def of_folders(name: str) -> Any:
        return served(studio.folders.existing, name)

    @app.get("/studio/preview/{name}")
    def of_previews(name: str) -> Any:
        return served(studio.preview_file, name)

    if settings.is_local:
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=LOCAL_NAMES)
    if settings.password:
        app.middleware("http")(_password(settings.password))
    page = build_page(studio)
    page.queue(default_concurrency_limit=4)
    return gr.mount_gradio_app(
        app,
        page,
        path="/",
        allowed_paths=[str(studio.previews)],
        show_error=False,
        ssr_mode=False,
        theme=_theme(),
        css=CSS + TRAIN_CSS + COMPARE_CSS,
        footer_links=[],
    )


def _password(password: str) -> Callable[[Any, Callable[[Any], Awaitable[Any]]], Awaitable[Any]]:
    """Return what lets only requests with the password through, whatever the user's name."""
    from fastapi.responses import PlainTextResponse

    async def check(request: Any, call_next: Callable[[Any], Awaitable[Any]]) -> Any:
        kind, _, encoded = request.headers.get("authorization", "").partition(" ")
        try:
            given = base64.b64decode(encoded).partition(b":")[2] if kind.lower() == "basic" else b""
        except ValueError:
            given = b""
        if secrets.compare_digest(given, password.encode()):
            return await call_next(request)
        headers = {"WWW-Authenticate": 'Basic realm="vidstyle studio"'}
        return PlainTextResponse("Give the password of vidstyle studio.", status_code=401, headers=headers)

    return check


def serve(settings: StudioSettings, tell: Callable[[str], None]) -> None:
    """Serve the page until Ctrl-C; `tell` gets its address. Raises InputError, OutputError or DependencyError."""
    studio = Studio(Folders([Path(folder) for folder in settings.folder or (".",)]))
    keep_uploads_in(studio.uploads)
    gradio()
    import uvicorn

    app = build_app(studio, settings)
    server = uvicorn.Server(uvicorn.Config(app, settings.host, settings.port, log_level="error"))
    server.config.load()
    address = f"http://{f'[{settings.host}]' if ':' in settings.host else settings.host}:{settings.port}"
    with studio.queue.served():
        studio.preview.ask("styles")
        threading.Thread(target=_open_when_ready, args=(server, address, settings.browser, tell), daemon=True).start()
        try:
            server.run()
        except SystemExit as end:  # how uvicorn says that the port is taken
            raise OutputError(f"Port {settings.port} cannot be used. Give another one with --port.") from end
        finally:
            studio.preview.close()


def _open_when_ready(server: Any, address: str, browser: bool, tell: Callable[[str], None]) -> None:
    while not server.started and not server.should_exit:
        threading.Event().wait(0.05)
    if server.started:
        tell(f"The studio is at {address}. Ctrl-C ends it; a job under way goes on.")
        if browser:
            webbrowser.open(address)
