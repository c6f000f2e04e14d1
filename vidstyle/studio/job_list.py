"""The list of jobs on the page: their progress, the newest painted frame, the result, and the buttons to stop and go on."""

from html import escape
from pathlib import Path
from typing import Any

from vidstyle.errors import VidstyleError
from vidstyle.media.file_kinds.picture_formats import PICTURE_SUFFIXES
from vidstyle.report.sheets import clock
from vidstyle.studio.gradio_import import HIDDEN, gradio
from vidstyle.studio.job_queue import JobView
from vidstyle.studio.knobs import states_of
from vidstyle.studio.studio import Studio, preview_address, shows_errors

SECONDS_BETWEEN_LOOKS = 1.0
NO_JOBS = "<p class='quiet'>No jobs yet.</p>"


def build_job_list(studio: Studio) -> None:
    """Put the list of jobs on the page."""
    gr = gradio()
    gr.Markdown("## Jobs")
    with gr.Row(elem_classes="stack"):
        with gr.Column(scale=3):
            listed = gr.HTML(NO_JOBS, elem_id="jobs")
        with gr.Column(scale=2):
            chosen = gr.Dropdown([], label="Job", elem_id="job", filterable=False)
            with gr.Row():
                buttons = [gr.Button(text, size="sm") for text in ("Stop", "Go on", "Remove from the list")]
            shown = gr.HTML("", elem_id="job-picture")
    states, looked_at = states_of(listed, shown, chosen), gr.State(None)

    def look(
        name: str | None, before: str | None, picture_before: str, held: tuple[list[tuple[str, str]], str | None]
    ) -> tuple[Any, ...]:
        jobs = studio.queue.jobs()
        ids = [job.id for job in jobs]
        name = name if name in ids and len(ids) == len(held[0]) else (ids[-1] if ids else None)
        picture = next((_picture(studio, job) for job in jobs if job.id == name), "")
        if picture is None:
            picture = picture_before if name == before else ""
        choices = [(job.title, job.id) for job in reversed(jobs)]
        listing = held if [tuple(choice) for choice in held[0]] == choices else (choices, name)
        return "".join(map(_row, reversed(jobs))) or NO_JOBS, picture, listing, name

    def act(action: Any) -> Any:
        return shows_errors(lambda name: action(name) if name else None, has_outputs=False)

    queue = studio.queue
    for button, action in zip(buttons, (queue.stop, queue.go_on, queue.remove), strict=True):
        button.click(act(action), chosen, None, **HIDDEN)
    timer = gr.Timer(SECONDS_BETWEEN_LOOKS)
    timer.tick(
        look,
        [chosen, looked_at, *states[1:]],
        [*states, looked_at],
        show_progress="hidden",
        **HIDDEN,
        queue=True,
    )


def _row(job: JobView) -> str:
    """Return a job as HTML: its title, state, progress, and what it says."""
    progress, detail = job.progress, ""
    share = progress["done"] / progress["total"] if progress.get("total") else 0.0
    if job.state == "running" and progress:
        figures = "".join(f" · {value:.3g} {escape(name)}" for name, value in progress.get("figures", {}).items())
        left = f" · {clock(job.seconds_left)} left" if job.seconds_left is not None else ""
        detail = f"{escape(job.amount)}{figures}{left}"
    notes = [*progress.get("notes", []), job.message] if job.state != "waiting" else []
    texts = "".join(f"<p>{escape(text)}</p>" for text in notes if text)
    share = 1.0 if job.state == "done" else share
    bar = f"<progress max='1' value='{share:.3f}' aria-label='{escape(job.title)}'></progress>"
    head = f"<strong>{escape(job.title)}</strong> <span class='state {job.state}'>{job.state}</span>"
    return f"<article class='job'>{head}{bar}<p class='figures'>{detail}</p>{texts}</article>"


def _picture(studio: Studio, job: JobView) -> str | None:
    """Return the newest painted frame of a render that works, or its result, or why neither can be shown, as HTML.

    Empty for jobs that are no renders. None means that there is no newer one: the process of the preview is busy, or no
    segment is whole yet.
    """
    if job.stage != "render":
        return ""
    try:
        target = studio.folders.existing(job.output) if job.state == "done" else studio.folders.writable(job.output)
        if job.state == "done":
            return _result(studio, target)
        found = studio.preview.ask_if_free("newest", target=str(target), folder=str(studio.previews))
    except VidstyleError as error:
        return f"<p class='quiet'>{escape(str(error))}</p>"
    if found is None:
        return None
    return f"<img src='{preview_address(Path(found))}' alt='The newest painted frame'>"


def _result(studio: Studio, target: Path) -> str:
    address = escape(studio.address(target))
    shown = f"<video controls src='{address}'></video>"
    if target.suffix.lower() in PICTURE_SUFFIXES:
        shown = f"<img src='{address}' alt='The painted picture'>"
    return f"{shown}<p><a href='{address}' download='{escape(target.name)}'>Fetch {escape(target.name)}</a></p>"
