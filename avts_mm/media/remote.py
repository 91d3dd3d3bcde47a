"""Bytes of files in any storage that fsspec knows: few requests, made again
where that may help, and a folder that keeps what was fetched."""

import asyncio
import contextlib
import functools
import hashlib
import logging
import os
import random
import re
import time
import uuid
from collections import Counter
from collections.abc import Mapping
from typing import Any

from fsspec.core import url_to_fs

from .errors import MediaError

# What one request asks for: a whole prepared clip, or a second of a film.
BLOCK = 2**21
BLOCKS = 8  # of a film, kept in memory
# Seconds for one request, and before each further one. All of them together
# are less than the time_limit of a data set.
_TIMEOUT = 10.0
_WAITS = (0.5, 1.0, 2.0)
# Not of the generators that samples are drawn from.
_chance = random.SystemRandom()

# Requests that were made again, by reason, in this process.
retried: Counter[str] = Counter()
# Bytes that this process may add to a cache before it looks how full it is;
# negative once it was full.
_room: dict[str, float] = {}


class Address(str):
    """Where a file lies that is not on a disk, e.g. ``s3://bucket/a.mp4``.

    Shown without what may be credentials: a user before the host, a query.

    Attributes:
        backend_args (dict): Arguments of fsspec's file system for it, and
            ``cache_dir`` and ``cache_gb``: a folder that keeps what was
            fetched, until it holds so many GB (10 unless told).
    """

    backend_args: dict[str, Any]

    def __new__(cls, address: str, backend_args: Mapping | None = None):
        self = super().__new__(cls, address)
        self.backend_args = dict(backend_args or {})
        return self

    @property
    def plain(self) -> str:
        """All of it."""
        return str.__str__(self)

    def __str__(self) -> str:
        return re.sub(r'//[^/@]*@', '//', self.plain.split('?')[0])

    def __repr__(self) -> str:
        return repr(str(self))


@functools.lru_cache(maxsize=BLOCKS)
def size(address: Address) -> int:
    """Bytes of a file, of a small one known without asking."""
    size = len(fetch(address, 0, BLOCK))
    return _ask(address, 'size') if size == BLOCK else size


# A file is opened several times, for picture and sound and to look at it.
@functools.lru_cache(maxsize=BLOCKS)
def fetch(address: Address, start: int, end: int) -> bytes:
    """Some bytes of a file, from the cache if they are there."""
    folder = address.backend_args.get('cache_dir')
    if folder is None:
        return _ask(address, 'cat_file', start, end)
    key = f'{address.plain} {start} {end}'.encode()
    place = os.path.join(folder, hashlib.sha256(key).hexdigest())
    try:
        with open(place, 'rb') as file:
            return file.read()
    except FileNotFoundError:
        data = _ask(address, 'cat_file', start, end)
        limit = address.backend_args.get('cache_gb', 10) * 1e9
        _keep(data, folder, place, limit)
        return data


def _keep(data: bytes, folder: str, place: str, limit: float) -> None:
    """Write into a cache what has room there. Nothing is taken away: of a
    corpus that does not fit, as much is found as of any other choice."""
    room = _room.get(folder, 0.0)
    if room < 0:
        return
    part = f'{place}.{uuid.uuid4().hex[:8]}'
    try:
        os.makedirs(folder, exist_ok=True)
        if room < len(data):
            with os.scandir(folder) as files:
                free = limit - sum(file.stat().st_size for file in files)
            # Other processes write, too.
            room = min(free, max(limit / 100, len(data)))
        if room >= len(data):
            with open(part, 'wb') as file:
                file.write(data)
            os.replace(part, place)
        _room[folder] = room - len(data)
    except OSError:  # the disk is full
        with contextlib.suppress(OSError):
            os.unlink(part)
        _room[folder] = -1.0


def _ask(address: Address, method: str, *args) -> Any:
    """Call a method of the address's file system, and again if it fails for
    a reason that may pass."""
    options = {
        key: value
        for key, value in address.backend_args.items()
        if key not in ('cache_dir', 'cache_gb')
    }

    system, path = url_to_fs(address.plain, **options)
    limit = dict(timeout=_TIMEOUT) if system.async_impl else {}
    for wait in (*_WAITS, None):
        try:
            return getattr(system, method)(path, *args, **limit)
        except Exception as error:  # each storage has errors of its own
            status = _status(error)
            if status == 416 and args:  # it is shorter, or empty
                return b'' if args[0] else _ask(address, method)
            reason, cause, remedy = _judge(error, status)
            # Asked for the size, fsspec says "missing" of any fault.
            final = reason == 'forbidden' or (reason == 'missing' and args)
            if wait is None or final:
                raise MediaError(
                    f'{address}: {cause}; {remedy}', address, reason
                ) from None
        retried[reason] += 1
        number = retried[reason]
        if number in (1, 10, 100, 1000, 10_000):
            logging.getLogger(__name__).warning(
                f'{address}: {cause}; asked again ({number} times by now)'
            )
        time.sleep(wait * _chance.uniform(0.5, 1.5))


def _status(error: Exception) -> int | None:
    """The status of HTTP behind an error, if it has one."""
    response = getattr(error.__cause__ or error, 'response', None)
    if isinstance(response, dict):  # of botocore
        return response.get('ResponseMetadata', {}).get('HTTPStatusCode')
    name = 'status' if hasattr(error, 'status') else 'code'
    status = getattr(error, name, None)
    return status if isinstance(status, int) else None


def _judge(error: Exception, status: int | None) -> tuple[str, str, str]:
    """Reason, cause and remedy, without the error's own words: they may hold
    credentials."""
    if isinstance(error, FileNotFoundError) or status == 404:
        return (
            'missing',
            'there is no such file in the storage',
            'check data_root and the annotation file',
        )
    refused = isinstance(error, PermissionError) or status in (401, 403)
    if refused or 'Credentials' in type(error).__name__:
        return (
            'forbidden',
            'the storage gives no access',
            'check that it exists, and the credentials: in the environment, '
            "in the files of the storage's own tools, or in backend_args",
        )
    if isinstance(error, (TimeoutError, asyncio.TimeoutError)):
        return (
            'timeout',
            f'no answer within {_TIMEOUT:g} s',
            'check the network, or use fewer workers',
        )
    what = f'HTTP status {status}' if status else type(error).__name__
    return (
        'unreachable',
        f'the storage cannot be read ({what})',
        'check the address and the network; if it answers to others, use '
        'fewer workers',
    )
