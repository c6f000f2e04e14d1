"""Which requests the page answers: those with its password, from the page itself, for what lies on this machine."""

import base64
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

Handler = Callable[[Any, Any, Any], Awaitable[None]]
FROM_ELSEWHERE = ("/gradio_api/proxy=", "/gradio_api/file=http:", "/gradio_api/file=https:")
"""Routes of Gradio through which the program would fetch something from the network."""


class Gate:
    """An ASGI application that passes on to another one what may be asked for.

    Where the page is for this machine alone, answers are not compressed: that takes longer than it saves.
    """

    def __init__(self, app: Handler, password: str, *, is_local: bool) -> None:
        self.app, self.password, self.is_local = app, password, is_local

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer a request that is refused, pass on every other one."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if self.is_local:
            kept = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
            scope = {**scope, "headers": kept}
        await (refusal or self.app)(scope, receive, send)

    def _refusal(self, scope: Any) -> Any:
        """Return the response that refuses a request, None for one that may pass."""
        from starlette.datastructures import Headers
        from starlette.responses import PlainTextResponse

        headers = Headers(scope=scope)
        if self.password and not secrets.compare_digest(_given_password(headers), self.password.encode()):
            challenge = {"WWW-Authenticate": 'Basic realm="vidstyle studio"'}
            return PlainTextResponse("Give the password of vidstyle studio.", 401, challenge)
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != headers.get("host"):
            return PlainTextResponse("Another site may not use this page.", 403)
        if scope["path"].lower().startswith(FROM_ELSEWHERE):
            return PlainTextResponse("The page fetches nothing from the network.", 403)
        return None


def _given_password(headers: Mapping[str, str]) -> bytes:
    """Return the password that a request gives, whatever the user's name; empty where it gives none."""
    kind, _, encoded = headers.get("authorization", "").partition(" ")
    try:
        return base64.b64decode(encoded).partition(b":")[2] if kind.lower() == "basic" else b""
    except ValueError:
        return b""
