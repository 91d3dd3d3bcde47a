"""Files on a disk, and in any storage that fsspec knows.

A file is named by a path. What lies elsewhere is named by an
:class:`~avts_mm.media.remote.Address`, which passes for a path in all that
reads media.
"""

import io
import os
import stat
from collections.abc import Mapping
from typing import BinaryIO, NamedTuple

from fsspec.spec import AbstractBufferedFile

from . import remote
from .errors import MediaError
from .remote import Address


def locate(
    root: str | os.PathLike,
    name: str | os.PathLike,
    backend_args: Mapping | None = None,
) -> str:
    """The path of a file, or its :class:`Address`, below a root.

    Args:
        root (str): A folder, or an address such as ``s3://bucket/corpus``.
        name (str): Relative to it; or a path or an address of its own.
        backend_args (Mapping, optional): See :class:`Address`.
    """
    root, name = os.fspath(root), os.fspath(name)
    path = name if '://' in name else os.path.join(root, name)
    return Address(path, backend_args) if '://' in path else path


class FileStatus(NamedTuple):
    """Bytes of a file, and its time of change in ns if that is known."""

    size: int
    changed: int | None


def file_status(path: str) -> FileStatus | None:
    """What is known about a file; None if there is none on the disk.

    MediaError for what is not a file: a named pipe would be waited for; and
    for an address that cannot be read.
    """
    if isinstance(path, Address):
        return FileStatus(remote.size(path), None)
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None  # opening it tells why
    if not stat.S_ISREG(status.st_mode):
        raise MediaError(
            f'{path}: is not a regular file; leave it out',
            path,
            'undecodable',
        )
    return FileStatus(status.st_size, status.st_mtime_ns)


def is_file(path: str) -> bool:
    """Whether there is such a file; of an address opening it tells."""
    return isinstance(path, Address) or os.path.isfile(path)


def open_file(path: str) -> BinaryIO:
    """Open a file to read bytes anywhere in it.

    Raises:
        OSError: It cannot be opened on the disk.
        MediaError: It cannot be read from its storage, now or later.
    """
    if not isinstance(path, Address):
        return open(path, 'rb')
    head = remote.fetch(path, 0, remote.BLOCK)
    # Longer: from a server that knows no ranges.
    return io.BytesIO(head) if len(head) != remote.BLOCK else _RemoteFile(path)


class _RemoteFile(AbstractBufferedFile):
    """A large file, read in blocks."""

    def __init__(self, address: Address) -> None:
        self._address = address
        super().__init__(
            None,
            str(address),
            block_size=remote.BLOCK,
            cache_type='blockcache',
            cache_options=dict(maxblocks=remote.BLOCKS),
            size=remote.size(address),
        )

    def _fetch_range(self, start: int, end: int) -> bytes:
        return remote.fetch(self._address, start, end)
