"""Files on a disk, and in any storage that fsspec knows.

A file is named by a path. What lies elsewhere is named by an
:class:`~avts_mm.media.remote.Address`, which passes for a path in all that
reads media. A member of a tar is named as if the tar were a folder, with where
its bytes begin and how many they are: ``shards/000000.tar/512+34567/a.mp4``.
"""

import io
import os
import re
import stat
from collections.abc import Mapping
from typing import BinaryIO, NamedTuple

from fsspec.spec import AbstractBufferedFile

from . import remote
from .errors import MediaError
from .remote import Address

_MEMBER = re.compile(r'(.+\.tar)/(\d+)\+(\d+)/.+', re.DOTALL)


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


def member(path: str) -> tuple[str, int, int] | None:
    """The tar in which a member lies, where it begins there, and its size;
    None for a file of its own."""
    match = _MEMBER.fullmatch(path)
    if match is None:
        return None
    tar, begin, size = match.groups()
    return tar, int(begin), int(size)


class FileStatus(NamedTuple):
    """Bytes of a file, and its time of change in ns if that is known."""

    size: int
    changed: int | None


def file_status(path: str) -> FileStatus | None:
    """What is known about a file; None if there is none on the disk.

    MediaError for what is not a file: a named pipe would be waited for; and
    for an address that cannot be read.
    """
    part = member(path)
    if isinstance(path, Address):
        return FileStatus(part[2] if part else remote.size(path), None)
    if part:
        tar, begin, size = part
        whole = file_status(tar)
        # Less where the tar was cut off.
        return whole and whole._replace(
            size=min(size, max(0, whole.size - begin))
        )
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
    part = member(path)
    if not isinstance(path, Address):
        return io.BufferedReader(_Part(*part)) if part else open(path, 'rb')
    if part:
        tar, begin, size = part
        return _open_part(path, Address(tar, path.backend_args), begin, size)
    head = remote.fetch(path, 0, remote.BLOCK)
    # Longer: from a server that knows no ranges.
    if len(head) != remote.BLOCK:
        return io.BytesIO(head)
    return _RemoteFile(path, 0, remote.size(path))


def _open_part(path: str, tar: Address, begin: int, size: int) -> BinaryIO:
    if size > remote.BLOCK:
        return _RemoteFile(tar, begin, size)
    data = remote.fetch(tar, begin, begin + size)
    if len(data) != size:
        raise MediaError(
            f'{path}: the storage gives {len(data)} bytes for these {size}; '
            'its server must know ranges, and the tar be the one of the '
            'annotation file',
            path,
            'undecodable',
        )
    return io.BytesIO(data)


class _Part(io.RawIOBase):
    """Some bytes of a file on the disk."""

    def __init__(self, path: str, begin: int, size: int) -> None:
        self._file = open(path, 'rb', buffering=0)  # noqa: SIM115
        left = max(0, os.fstat(self._file.fileno()).st_size - begin)
        self._begin, self._size, self._at = begin, min(size, left), 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = offset + (0, self._at, self._size)[whence]
        return self._at

    def readinto(self, buffer) -> int:
        left = max(0, self._size - self._at)
        self._file.seek(self._begin + self._at)
        count = self._file.readinto(memoryview(buffer)[:left])
        self._at += count
        return count

    def close(self) -> None:
        self._file.close()
        super().close()


class _RemoteFile(AbstractBufferedFile):
    """A large file, or part of one, read in blocks."""

    def __init__(self, address: Address, begin: int, size: int) -> None:
        self._address = address
        self._begin = begin
        super().__init__(
            None,
            str(address),
            block_size=remote.BLOCK,
            cache_type='blockcache',
            cache_options=dict(maxblocks=remote.BLOCKS),
            size=size,
        )

    def _fetch_range(self, start: int, end: int) -> bytes:
        begin = self._begin
        return remote.fetch(self._address, begin + start, begin + end)
