"""Controls made from a stage's settings, what they were set to, and the command line that says the same."""

import shlex
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from vidstyle.errors import VidstyleError, text_of
from vidstyle.settings import Setting, Settings, describe
from vidstyle.studio.gradio_import import HIDDEN, gradio


def knobs(cls: type[Settings], names: Sequence[str], prefix: str = "knob") -> list[Any]:
    """Return a control for each of these settings, with the setting's own help; its element is PREFIX-NAME."""
    known = {setting.name: setting for setting in describe(cls)}
    return [_knob(known[name], prefix) for name in names]


def _knob(setting: Setting, prefix: str) -> Any:
    gr = gradio()
    words: dict[str, Any] = {
        "label": setting.name.replace("_", " ").capitalize(),
        "info": setting.help[0].upper() + setting.help[1:],
        "elem_id": f"{prefix}-{setting.flag}",
    }
    if bool in setting.kinds:
        return gr.Checkbox(value=bool(setting.default), **words)
    if setting.choices:
        return gr.Dropdown(list(setting.choices), value=setting.default, **words)
    if setting.default is not None and setting.minimum is not None and setting.maximum is not None:
        step = 1 if int in setting.kinds else 0.05
        return gr.Slider(setting.minimum, setting.maximum, value=setting.default, step=step, **words)
    default = "" if setting.default in (None, ()) else str(setting.default)
    return gr.Textbox(value=default, placeholder=setting.values, max_lines=1, **words)


def command_box(name: str, label: str = "The same as a command") -> Any:
    """Return what shows commands to copy; its element is `name`."""
    return gradio().Textbox(
        label=label,
        interactive=False,
        lines=2,
        max_lines=12,
        buttons=["copy"],
        elem_id=name,
        elem_classes="command",
    )


def follows(page: Any, handler: Callable[..., str], controls: list[Any], box: Any) -> None:
    """Let a box of commands show what `handler` makes of the controls, from the start and whenever one changes."""
    gradio().on(
        [page.load, *(control.change for control in controls)],
        handler,
        controls,
        box,
        trigger_mode="always_last",
        show_progress="hidden",
        **HIDDEN,
    )


def states_of(*outputs: Any) -> list[Any]:
    """Return a `State` for each output, which shows what its state holds whenever that changes.

    A list shows choices and the chosen one, (choices, value). What looks at files each second fills states, not outputs: for
    each update of an output, also a skipped one, Gradio makes a new component on the server, and keeps lists for good.
    """
    gr, states = gradio(), []
    for output in outputs:
        is_list = isinstance(output, gr.Dropdown)
        state = gr.State(([], None) if is_list else "")
        show = (lambda held: gr.Dropdown(held[0], value=held[1])) if is_list else (lambda held: held)
        state.change(show, state, output, show_progress="hidden", **HIDDEN)
        states.append(state)
    return states


def given(cls: type[Settings], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings whose controls were changed; raises SettingsError for a text that is no value of its setting."""
    known, found = {setting.name: setting for setting in describe(cls)}, {}
    for name, value in values.items():
        setting = known[name]
        if value in (None, "", ()):
            continue
        parsed = (
            setting.parse(value.strip()) if isinstance(value, str) and not setting.many else _number(setting, value)
        )
        if parsed != setting.default:
            found[name] = parsed
    return found


def _number(setting: Setting, value: Any) -> Any:
    """Return what a control gives, in the setting's own type: a slider gives whole numbers for fractions too."""
    whole = isinstance(value, float) and value.is_integer() and float not in setting.kinds
    return setting.checked(int(value) if whole else value)


def command_or_fault(make: Callable[[], str]) -> str:
    """Return a command, or as a comment what is wrong with the controls, which may be half typed."""
    try:
        return make()
    except VidstyleError as error:
        return f"# {text_of(error)}"


def command(name: str, arguments: Sequence[str], settings: Mapping[str, Any]) -> str:
    """Return the command that does the same, as it is given to a shell in the first folder."""
    words = ["vidstyle", name, *arguments]
    for key, value in settings.items():
        flag = key.replace("_", "-")
        if isinstance(value, bool):
            words.append(f"--{flag}" if value else f"--no-{flag}")
            continue
        for part in value if isinstance(value, list | tuple) else [value]:
            words += [f"--{flag}", str(part)]
    return shlex.join(words)
