"""Files that are there as a whole or not at all, whenever the power fails.

mmengine writes checkpoints, and the note which is the latest, in place: a
kill or a full disk leaves half of one under the name of a good one.
"""

import os
import zipfile
from pathlib import Path

from mmengine.fileio import LocalBackend, register_backend
from mmengine.logging import print_log

PARTIAL = '.partial'  # ends the name of a file that is being written


def write_whole(path: str | Path, data: bytes) -> None:
    """Write a file under another name, and rename it when it is on the disk.

    Raises:
        OSError: It cannot be written; what was there before still is.
    """
    partial = f'{path}{PARTIAL}'
    try:
        with open(partial, 'wb') as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except OSError:
        Path(partial).unlink(missing_ok=True)
        raise
    folder = os.open(os.path.dirname(os.path.abspath(path)), os.O_RDONLY)
    try:
        os.fsync(folder)  # of the new name
    finally:
        os.close(folder)


@register_backend('whole_files', force=True)
class WholeFileBackend(LocalBackend):
    """mmengine's backend of local files, by :func:`write_whole`."""

    def put(self, obj: bytes, filepath: str | Path) -> None:
        """Write a file."""
        os.makedirs(os.path.dirname(os.path.abspath(filepath)), exist_ok=True)
        write_whole(filepath, obj)


def newest_checkpoint(work_dir: str | Path) -> str | None:
    """The checkpoint to go on from: the newest that is complete.

    It is the one that the file ``last_checkpoint`` names. If that is missing
    or not complete (it was copied in part, or written by something else), it
    is the latest other one; the log tells what was passed over.
    """
    work_dir = Path(work_dir)
    patterns = ('epoch_*.pth', 'iter_*.pth', 'resume.pth')
    candidates = [path for p in patterns for path in work_dir.glob(p)]
    candidates.sort(key=lambda path: path.stat().st_mtime_ns, reverse=True)
    note = work_dir / 'last_checkpoint'
    if note.is_file() and (text := note.read_text().strip()):
        named = Path(text)
        # The folder may have been moved.
        moved = work_dir / named.name
        candidates.insert(0, named if named.is_file() else moved)
    for path in candidates:
        if zipfile.is_zipfile(path):
            return str(path)
        what = 'not complete' if path.is_file() else 'no such checkpoint'
        print_log(f'{path}: {what}, passed over', 'current')
    return None
