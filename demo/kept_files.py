"""Files that an open page can fetch, and that go when it is closed."""

import os
import threading
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path


class KeptFiles:
    """Which session may still fetch which file.

    Equal files of two sessions are one; it goes with the last of them.
    """

    def __init__(self) -> None:
        self._of: dict[str, set[str]] = {}
        self._lock = threading.Lock()

    def replace(self, session: str, paths: Iterable[str]) -> None:
        """Keep these files of a session, and none from before."""
        with self._lock:
            old = self._of.pop(session, set())
            if new := set(paths):
                self._of[session] = new
            for path in old.difference(*self._of.values()):
                remove(path)

    def release(self, session: str) -> None:
        """Remove the files of a session that has ended."""
        self.replace(session, ())


def remove(path: str) -> None:
    """Remove a file that may be gone, and its folder if that is empty."""
    Path(path).unlink(missing_ok=True)
    with suppress(OSError):  # it holds other files, or is gone
        os.rmdir(os.path.dirname(path))
