"""The program that serves the page: its routes, and how it begins and ends."""

import threading
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vidstyle.errors import OutputError, VidstyleError
from vidstyle.studio.compare_tab import COMPARE_CSS, build_compare_tab
from vidstyle.studio.folders import Folders
from vidstyle.studio.gate import Gate
from vidstyle.studio.gradio_import import gradio, keep_uploads_in
from vidstyle.studio.job_list import build_job_list
from vidstyle.studio.paint_tab import build_paint_tab
from vidstyle.studio.settings import StudioSettings
from vidstyle.studio.studio import Studio
from vidstyle.studio.theme import CSS, theme
from vidstyle.studio.train_tab import TRAIN_CSS, build_train_tab

LOCAL_NAMES = ["127.0.0.1", "localhost", "[::1]", "::1"]
"""Names under which a page that is for this machine alone is asked for; another one is a trick of another page."""
SANDBOX = {"Content-Security-Policy": "sandbox allow-scripts allow-downloads", "X-Content-Type-Options": "nosniff"}
"""Headers with which a file of the folders cannot act as the page itself."""


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
    app.add_middleware(Gate, password=settings.password, is_local=settings.is_local)
    page = build_page(studio)
    page.queue(default_concurrency_limit=4)
    page.has_launched = True  # before that, Gradio takes any path of this machine for that of an upload
    return gr.mount_gradio_app(
        app,
        page,
        path="/",
        allowed_paths=[str(studio.previews)],
        show_error=False,
        run_history=False,
        ssr_mode=False,
        theme=theme(),
        css=CSS + TRAIN_CSS + COMPARE_CSS,
        footer_links=[],
    )


def serve(settings: StudioSettings, tell: Callable[[str], None]) -> None:
    """Serve the page until Ctrl-C; `tell` gets its address. Raises InputError, OutputError or DependencyError."""
    studio = Studio(Folders([Path(folder) for folder in settings.folder or (".",)]))
    keep_uploads_in(studio.uploads)
    studio.preview.begin()
    gradio()
    import uvicorn

    app = build_app(studio, settings)
    server = uvicorn.Server(uvicorn.Config(app, settings.host, settings.port, log_level="error"))
    server.config.load()
    address = f"http://{f'[{settings.host}]' if ':' in settings.host else settings.host}:{settings.port}"
    with studio.queue.served():
        studio.preview.ask("styles")
        threading.Thread(target=studio.preview.ask, args=("warm",), daemon=True).start()
        threading.Thread(target=_open_when_ready, args=(server, address, settings.browser, tell), daemon=True).start()
        try:
            server.run()
        except SystemExit as end:  # how uvicorn says that the port is taken
            raise OutputError(f"Port {settings.port} cannot be used. Give another one with --port.") from end
        finally:
            studio.close()


def _open_when_ready(server: Any, address: str, browser: bool, tell: Callable[[str], None]) -> None:
    while not server.started and not server.should_exit:
        threading.Event().wait(0.05)
    if server.started:
        tell(f"The studio is at {address}. Ctrl-C ends it; a job under way goes on.")
        if browser:
            webbrowser.open(address)
