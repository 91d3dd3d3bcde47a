"""Files that an open page can fetch, and that go when it is closed."""

import os
import tempfile
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

_WORK = 'work_'


class KeptFiles:
    """The files below one folder, and which session may still fetch which.

    Equal files of two sessions are one; it goes with the last of them.

    Args:
        folder (str): The folder.
        seconds (float): For which a file is kept at most.
    """

    def __init__(self, folder: str, seconds: float = 1800) -> None:
        self.folder, self.seconds = Path(folder), seconds
        self._of: dict[str, set[str]] = {}
        self._lock = threading.Lock()

    def work(self) -> tempfile.TemporaryDirectory:
        """A folder for one film, as long as it takes."""
        return tempfile.TemporaryDirectory(dir=self.folder, prefix=_WORK)

    def replace(self, session: str, paths: Iterable[str]) -> None:
        """Keep these files of a session, and none from before."""
        with self._lock:
            old = self._of.pop(session, set())
            if new := set(paths):
                self._of[session] = new
            for path in old.difference(*self._of.values()):
                self.remove(path)

    def release(self, session: str) -> None:
        """Remove the files of a session that has ended."""
        self.replace(session, ())

    def remove(self, path: str | os.PathLike) -> None:
        """Remove a file that may be gone, and its folder if that is empty."""
        path = Path(path)
        path.unlink(missing_ok=True)
        if path.parent != self.folder:
            with suppress(OSError):  # it holds other files, or is gone
                path.parent.rmdir()

    def sweep(self) -> None:
        """Remove what is too old, also uploads that nobody asked about."""
        for path in list(self.folder.rglob('*')):
            top = path.relative_to(self.folder).parts[0]
            if top.startswith(_WORK):
                continue
            with suppress(FileNotFoundError):
                old = time.time() - path.stat().st_ctime > self.seconds
                if old and path.is_file():
                    self.remove(path)

    def keep_sweeping(self, every: float = 60) -> None:
        """Sweep again and again while the program runs."""

        def loop() -> None:
            while True:
                time.sleep(every)
                self.sweep()

        threading.Thread(target=loop, daemon=True).start()
