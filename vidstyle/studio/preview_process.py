"""The process that paints previews: it keeps styles loaded, answers one request a line, and ends with the page."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import vidstyle
from vidstyle.errors import VidstyleError, text_of


class PreviewProcess:
    """Asks the process, which is started when it is first needed, and again after it has died; one request at a time."""

    def __init__(self, place: Path, cache: Path) -> None:
        self.place, self.cache = place, cache
        self._guard = threading.Lock()
        self._process: subprocess.Popen[str] | None = None

    def begin(self) -> None:
        """Start the process, so that it has loaded its libraries when it is asked."""
        with self._guard:
            self._running()

    def ask(self, name: str, **arguments: Any) -> Any:
        """Return the answer to a request of preview.py; raises VidstyleError with what the process says."""
        with self._guard:
            return self._ask(name, arguments)

    def ask_if_free(self, name: str, **arguments: Any) -> Any:
        """Return the answer as `ask` does, None without waiting where the process works on another request."""
        if not self._guard.acquire(blocking=False):
            return None
        try:
            return self._ask(name, arguments)
        finally:
            self._guard.release()

    def _ask(self, name: str, arguments: dict[str, Any]) -> Any:
        process = self._running()
        assert process.stdin is not None and process.stdout is not None
        try:
            process.stdin.write(json.dumps([name, arguments]) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise VidstyleError("The process of the preview ended, perhaps for lack of memory. Try a smaller size.")
        answer = json.loads(line)
        if "error" in answer:
            raise VidstyleError(answer["error"])
        return answer["value"]

    def close(self) -> None:
        """End the process."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            self._process.wait()

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None or self._process.poll() is not None:
            self.cache.mkdir(parents=True, exist_ok=True)
            self._process = subprocess.Popen(
                [sys.executable, "-m", "vidstyle.studio.preview_process"],
                cwd=self.place,
                env=own_environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
        return self._process


def own_environment() -> dict[str, str]:
    """Return the environment in which a process finds this very package, wherever it works."""
    package = str(Path(vidstyle.__file__).parent.parent)
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")]))}


def main() -> None:
    """Answer requests until the page is gone; nothing else may print on standard output."""
    out, sys.stdout = sys.stdout, sys.stderr
    from vidstyle.studio.preview import answer

    for line in sys.stdin:
        try:
            reply = {"value": answer(json.loads(line))}
        except VidstyleError as error:
            reply = {"error": text_of(error)}
        except Exception as error:
            sys.excepthook(type(error), error, error.__traceback__)
            reply = {"error": f"A fault of vidstyle: {error!r}. The terminal of vidstyle studio tells more."}
        out.write(json.dumps(reply) + "\n")
        out.flush()


if __name__ == "__main__":
    main()
