"""Pictures on the page: two of them under a slider, and small ones to choose from; both work with the keyboard."""

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from vidstyle.studio.gradio_import import gradio
from vidstyle.studio.studio import preview_address

PAIR_SCRIPT = """
element.addEventListener('input', (event) => element.style.setProperty('--at', event.target.value + '%'));
watch('value', () => {
  const slider = element.querySelector('input');
  if (slider) slider.value = parseFloat(element.style.getPropertyValue('--at')) || 50;
});
"""
"""Moves the border between two pictures, and leaves it where it is when they change."""
CHOICES_SCRIPT = """
element.addEventListener('click', (event) => {
  const pressed = event.target.closest('button');
  if (!pressed) return;
  for (const button of element.querySelectorAll('button')) button.setAttribute('aria-pressed', button === pressed);
  trigger('select', {index: Number(pressed.value)});
});
"""
"""Marks the picture that is chosen, and tells its index."""


def pair(name: str) -> Any:
    """Return a control that shows what `pair_html` returns."""
    return gradio().HTML("", elem_id=name, js_on_load=PAIR_SCRIPT, min_height=120)


def choices(name: str) -> Any:
    """Return a control that shows what `choices_html` returns; its event `select` has the index of the picture."""
    return gradio().HTML("", elem_id=name, js_on_load=CHOICES_SCRIPT)


def pair_html(before: Path, after: Path, before_text: str) -> str:
    """Return two previews of one size with a slider between them, and a link to each in full size."""
    first, second = preview_address(before), preview_address(after)
    return (
        f"<div class='pair'><img src='{first}' alt='{escape(before_text)}'>"
        f"<img class='after' src='{second}' alt='Painting'>"
        "<input type='range' min='0' max='100' value='50' aria-label='Border between the pictures'></div>"
        f"<p class='pair-links'><a href='{first}' target='_blank'>{escape(before_text)}</a>"
        f"<a href='{second}' target='_blank'>Painting</a></p>"
    )


def choices_html(pictures: Sequence[tuple[Path, str]], chosen: int | None = None) -> str:
    """Return previews with their texts as buttons, of which one may be marked as chosen."""
    buttons = (
        f"<button type='button' value='{index}' aria-pressed='{str(index == chosen).lower()}'>"
        f"<img src='{preview_address(picture)}' alt=''><span>{escape(text)}</span></button>"
        for index, (picture, text) in enumerate(pictures)
    )
    return f"<div class='choices'>{''.join(buttons)}</div>"
