"""demo/kept_files.py: what goes when."""

import os

import pytest
from kept_files import KeptFiles


@pytest.fixture
def put(tmp_path):
    """Write a file into a folder of its own, as gradio does."""

    def put(name):
        path = tmp_path / 'all' / name / f'{name}.mp4'
        path.parent.mkdir(parents=True)
        path.write_bytes(b'x')
        return str(path)

    return put


def test_sessions(put, tmp_path):
    a, b, c = map(put, 'abc')
    kept = KeptFiles(tmp_path / 'all')
    kept.replace('first', [a, b])
    kept.replace('second', [b, c])
    kept.release('first')
    assert [os.path.exists(path) for path in (a, b, c)] == [False, True, True]
    assert not os.path.exists(os.path.dirname(a))
    kept.replace('second', [c])
    assert [os.path.exists(path) for path in (b, c)] == [False, True]
    kept.release('second')
    kept.release('nobody')
    assert list((tmp_path / 'all').iterdir()) == []


def test_sweep(put, tmp_path):
    folder = tmp_path / 'all'
    put('a')
    (folder / 'tmp123').write_bytes(b'part of an upload')
    KeptFiles(folder, 3600).sweep()
    assert len(list(folder.iterdir())) == 2
    kept = KeptFiles(folder, -1)
    with kept.work() as work:
        busy = os.path.join(work, 'film.mp4')
        open(busy, 'w').close()
        kept.sweep()
        assert os.path.exists(busy)
    assert list(folder.iterdir()) == []
