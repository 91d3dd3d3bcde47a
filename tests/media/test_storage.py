"""Files of an HTTP server with ranges and of an S3 server, on this machine."""

import os
import pickle
import re
import tarfile
from pathlib import Path

import numpy as np
import pytest
from media_files import render, write_wave
from range_server import RangeServer

from avts_mm.media import (
    MediaError,
    locate,
    open_audio,
    open_video,
    probe,
    remote,
)
from avts_mm.media.annotation import read_records, write_records
from avts_mm.media.look import look_at
from avts_mm.media.remote import Address
from avts_mm.media.storage import file_status, open_file


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Nothing is known from before, and nobody waits long."""
    monkeypatch.setattr(remote, '_WAITS', (0.01, 0.01))
    monkeypatch.setattr(remote, '_TIMEOUT', 0.3)
    for name in ('fetch', 'size'):
        getattr(remote, name).cache_clear()
    remote.retried.clear()
    remote._room.clear()


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """Films of several containers, and their sound."""
    folder = tmp_path_factory.mktemp('films')
    for ending in ('mp4', 'mkv', 'ts', 'avi'):
        render(folder / f'a.{ending}', fps=15, events=(7, 16))
    with open_audio(str(folder / 'a.mp4')) as reader:
        sound = reader.read(0.0, 2.0, 16000)
    write_wave(folder / 'a.wav', sound)
    (folder / 'empty.mp4').write_bytes(b'')
    return folder


@pytest.fixture
def server(folder):
    pytest.importorskip('aiohttp')
    with RangeServer(folder) as server:
        yield server


def contents(path, prepared_bytes=0, backend='pyav'):
    """Pictures and sound at some moments."""
    with open_video(path, backend, prepared_bytes) as reader:
        pictures = reader.frames([2.4, 0.1, 0.5, 1.9])
    with open_audio(path) as reader:
        return pictures, reader.read(0.3, 1.1, 16000)


def same(found, expected):
    return all(map(np.array_equal, found, expected))


@pytest.mark.parametrize('block', [2**21, 1000])
@pytest.mark.parametrize('ending', ['mp4', 'mkv', 'ts', 'avi'])
def test_the_same_as_from_the_disk(server, folder, monkeypatch, ending, block):
    monkeypatch.setattr(remote, 'BLOCK', block)
    path = f'{folder}/a.{ending}'
    address = locate(server.url, f'a.{ending}')
    assert same(contents(address), contents(path))
    assert probe(address).video_duration == probe(path).video_duration
    sounds = []
    for path in (f'{folder}/a.wav', locate(server.url, 'a.wav')):
        with open_audio(path) as reader:
            sounds.append(reader.read(0.5, 1.2, 8000))
    assert same(sounds[:1], sounds[1:])


def test_a_prepared_clip_takes_one_request(server, folder):
    path, size = f'{folder}/a.mp4', os.path.getsize(folder / 'a.mp4')
    address = locate(server.url, 'a.mp4')
    for backend in ('pyav', 'decord'):
        found = contents(address, size, backend)
        assert same(found, contents(path, size, backend))
    look_at(address, address, 2.0)
    assert server.requests == ['GET']
    assert server.sent == size


def test_of_a_large_film_only_parts_are_fetched(
    server, folder, monkeypatch, tmp_path
):
    monkeypatch.setattr(remote, 'BLOCK', 2000)
    film = folder / 'long.mkv'
    render(film, fps=15, seconds=40.0)
    address = locate(server.url, 'long.mkv')
    with open_video(address) as found, open_video(str(film)) as expected:
        assert same(found.frames([30.0]), expected.frames([30.0]))
    assert server.requests.count('HEAD') == 1
    assert server.sent < film.stat().st_size / 2


@pytest.mark.parametrize(
    'fault, reason, remedy',
    [
        (404, 'missing', 'check data_root'),
        (403, 'forbidden', 'credentials'),
        (401, 'forbidden', 'credentials'),
        (503, 'unreachable', 'HTTP status 503'),
        ('breaks', 'unreachable', 'network'),
        ('hangs', 'timeout', 'network'),
    ],
)
def test_faults(server, folder, caplog, fault, reason, remedy):
    times, faulty = 0, 9

    def disturb(handler):
        nonlocal times
        times += 1
        if times > faulty:
            return False
        if isinstance(fault, int):
            handler.send_error(fault)
        elif fault == 'breaks':
            handler.send_response(206)
            handler.send_header('Content-Length', '1000')
            handler.end_headers()
            handler.wfile.write(b'half')
            handler.close_connection = True
        else:
            remote.time.sleep(0.5)
            handler.close_connection = True
        return True

    if fault == 'hangs':
        faulty = 3
    server.disturb = disturb
    secret = f'http://me:secret@{server.url[7:]}'
    address = locate(secret, 'a.mp4?token=secret')
    with pytest.raises(MediaError, match=remedy) as caught:
        open_video(address)
    error = caught.value
    assert error.reason == reason
    assert error.path == f'{server.url}/a.mp4'
    assert str(error).startswith(f'{server.url}/a.mp4: ')
    assert 'secret' not in f'{error}{error.path}{caplog.text}{address!r}'
    final = reason in ('missing', 'forbidden')
    assert times == (1 if final else 3)
    assert remote.retried == ({} if final else {reason: 2})
    # It passes: the same file is read after all.
    if not final:
        times = faulty - 2
        assert same(contents(address), contents(f'{folder}/a.mp4'))
        assert remote.retried == {reason: 4}


def test_nobody_there(server):
    server.__exit__()
    with pytest.raises(MediaError, match='check the address') as caught:
        open_audio(locate(server.url, 'a.wav'))
    assert caught.value.reason == 'unreachable'


def test_empty_files_and_what_is_no_media(server, folder):
    with pytest.raises(MediaError) as caught:
        open_video(locate(server.url, 'empty.mp4'))
    assert caught.value.reason == 'empty'
    (folder / 'text.mp4').write_text('no film' * 100)
    with pytest.raises(MediaError) as caught:
        open_video(locate(server.url, 'text.mp4'))
    assert caught.value.reason == 'undecodable'


def test_a_server_without_ranges(server, folder, monkeypatch):
    def whole(handler):
        del handler.headers['Range']
        return False

    monkeypatch.setattr(remote, 'BLOCK', 1000)
    server.disturb = whole
    path = f'{folder}/a.mp4'
    assert same(contents(locate(server.url, 'a.mp4')), contents(path))


@pytest.mark.parametrize('block', [2**21, 1000])
def test_cache(server, folder, monkeypatch, tmp_path, block):
    monkeypatch.setattr(remote, 'BLOCK', block)
    cached = dict(cache_dir=str(tmp_path / 'cache'), cache_gb=1.0)
    address = locate(server.url, 'a.mp4', cached)
    expected = contents(f'{folder}/a.mp4')
    assert same(contents(address), expected)
    asked = server.requests.count('GET')
    remote.fetch.cache_clear()
    assert same(contents(address), expected)
    assert server.requests.count('GET') == asked


def test_a_full_cache_takes_no_more(server, folder, tmp_path):
    size = os.path.getsize(folder / 'a.mp4')
    cached = dict(cache_dir=str(tmp_path), cache_gb=1.5 * size / 1e9)
    for name in ('a.mp4', 'a.ts', 'a.mkv', 'a.mp4'):
        address = locate(server.url, name, cached)
        assert same(contents(address), contents(f'{folder}/{name}'))
    (kept,) = tmp_path.iterdir()
    assert kept.read_bytes() == (folder / 'a.mp4').read_bytes()
    # Another process finds that there is no room.
    remote._room.clear()
    remote.fetch.cache_clear()
    contents(locate(server.url, 'a.avi', cached))
    assert len(list(tmp_path.iterdir())) == 1


def test_lists(server, folder):
    records = [dict(video='ä.mp4', audio='a.wav', start=0.0, duration=2.0)]
    write_records(folder / 'list.csv', records)
    address = locate(server.url, 'list.csv')
    assert read_records(address) == read_records(folder / 'list.csv')
    with pytest.raises(MediaError, match='no such file in the storage'):
        read_records(locate(server.url, 'other.csv'))


def test_addresses():
    assert locate('/data', 'a.mp4') == '/data/a.mp4'
    assert type(locate('/data', 'a.mp4')) is str
    assert locate('s3://b/c', 'd/a.mp4') == 's3://b/c/d/a.mp4'
    assert locate('/data', 'gs://b/a.mp4', dict(x=1)).backend_args == dict(x=1)
    assert locate('s3://b', '/disk/a.mp4') == '/disk/a.mp4'
    address = Address('ftp://me:secret@host/a.wav', dict(key='secret'))
    again = pickle.loads(pickle.dumps(address))
    assert again == address and again.backend_args == address.backend_args
    assert f'{again}' == 'ftp://host/a.wav'


def test_any_file_system_of_fsspec(folder):
    """Also one that knows no time-outs."""
    address = locate(f'file://{folder}', 'a.mp4')
    assert same(contents(address), contents(f'{folder}/a.mp4'))
    fsspec = pytest.importorskip('fsspec')
    fsspec.filesystem('memory').pipe('/x/a.ts', (folder / 'a.ts').read_bytes())
    assert same(
        contents(locate('memory://x', 'a.ts')), contents(f'{folder}/a.ts')
    )
    with pytest.raises(ValueError, match='Protocol not known'):
        open_file(locate('odd://x', 'a.ts'))


@pytest.fixture(scope='module')
def s3():
    """Arguments that reach an S3 server."""
    pytest.importorskip('s3fs')
    server = pytest.importorskip('moto.server')
    server = server.ThreadedMotoServer('127.0.0.1', 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield dict(
        key='abc', secret='hidden', endpoint_url=f'http://{host}:{port}'
    )
    server.stop()


def test_s3(s3, folder):
    import s3fs

    system = s3fs.S3FileSystem(**s3)
    system.mkdir('films')
    for name in ('a.mp4', 'a.wav', 'empty.mp4'):
        system.put(str(folder / name), f'films/{name}')
    address = locate('s3://films', 'a.mp4', s3)
    assert same(contents(address), contents(f'{folder}/a.mp4'))
    with open_audio(locate('s3://films', 'a.wav', s3)) as reader:
        assert reader.read(0.0, 1.0, 16000).any()
    for name, reason in [
        ('s3://films/b.mp4', 'missing'),
        ('s3://others/b.mp4', 'missing'),
        ('s3://films/empty.mp4', 'empty'),
    ]:
        with pytest.raises(MediaError) as caught:
            open_video(locate('', name, s3))
        assert caught.value.reason == reason
        assert 'hidden' not in str(caught.value)


@pytest.fixture(scope='module')
def tar(folder):
    """The films in one tar: its members by name, as paths below it."""
    path = folder / 'all.tar'
    with tarfile.open(path, 'w') as file:
        for film in sorted(folder.glob('a.*')):
            file.add(film, f'deep/{film.name}')
    with tarfile.open(path) as file:
        return {
            Path(m.name).name: f'all.tar/{m.offset_data}+{m.size}/{m.name}'
            for m in file
        }


@pytest.mark.parametrize('ending', ['mp4', 'mkv', 'ts', 'avi'])
def test_members_of_a_tar(folder, tar, server, monkeypatch, ending):
    path = f'{folder}/a.{ending}'
    place = os.path.join(folder, tar[f'a.{ending}'])
    size = os.path.getsize(path)
    assert file_status(place).size == size
    assert same(contents(place), contents(path))
    if ending == 'mp4':
        assert same(contents(place, size), contents(path, size))
    with open_audio(os.path.join(folder, tar['a.wav'])) as reader:
        sound = reader.read(0.5, 1.2, 8000)
    with open_audio(f'{folder}/a.wav') as reader:
        assert same([sound], [reader.read(0.5, 1.2, 8000)])
    address = locate(server.url, tar[f'a.{ending}'])
    assert same(contents(address), contents(path))
    monkeypatch.setattr(remote, 'BLOCK', 1000)
    remote.fetch.cache_clear()
    assert same(contents(address), contents(path))


def test_bytes_of_members(folder, tar):
    data = (folder / 'a.wav').read_bytes()
    with open_file(os.path.join(folder, tar['a.wav'])) as file:
        assert file.read() == data and file.read(3) == b''
        assert file.seek(-5, 2) == len(data) - 5 and file.read() == data[-5:]
        file.seek(10)
        assert file.read(6) == data[10:16] and file.tell() == 16
        file.seek(4, 1)
        assert file.read(1) == data[20:21]


def test_members_that_are_not_there(folder, tar, tmp_path, server):
    data = (folder / 'all.tar').read_bytes()
    path = os.path.join(tmp_path, tar['a.wav'])
    with pytest.raises(MediaError, match='no such file') as caught:
        open_audio(path)
    assert caught.value.reason == 'missing'
    begin = int(tar['a.wav'].split('/')[1].split('+')[0])
    (tmp_path / 'all.tar').write_bytes(data[: begin + 3000])
    assert file_status(path).size == 3000
    with open_audio(path) as reader, pytest.raises(MediaError, match='cut'):
        reader.read(1.0, 0.5, 16000)
    (tmp_path / 'all.tar').write_bytes(data[:begin])
    with pytest.raises(MediaError, match='empty'):
        open_audio(path)
    beyond = re.sub(r'/\d+\+', f'/{len(data) - 100}+', tar['a.mp4'])
    with pytest.raises(MediaError, match='know ranges') as caught:
        open_video(locate(server.url, beyond))
    assert caught.value.reason == 'undecodable'
