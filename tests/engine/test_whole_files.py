"""Files as a whole or not at all, and which checkpoint is the newest."""

import errno
import os

import pytest
import torch
from mmengine.fileio import get_file_backend

from avts_mm.engine import newest_checkpoint
from avts_mm.engine.whole_files import PARTIAL, write_whole


def save(path, at):
    torch.save(dict(value=torch.zeros(1000)), path)
    os.utime(path, (at, at))
    return str(path)


def test_written_and_replaced(tmp_path):
    backend = get_file_backend(backend_args=dict(backend='whole_files'))
    path = tmp_path / 'new' / 'file.pth'
    for data in (b'first', b'second'):
        backend.put(data, str(path))
        assert path.read_bytes() == data
    assert os.listdir(path.parent) == ['file.pth']


def test_full_disk_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / 'file.pth'
    write_whole(path, b'old')

    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr('os.fsync', full)
    with pytest.raises(OSError, match='No space left'):
        write_whole(path, b'new')
    assert path.read_bytes() == b'old'
    assert os.listdir(tmp_path) == ['file.pth']


def test_newest_is_the_one_noted(tmp_path):
    assert newest_checkpoint(tmp_path) is None
    first = save(tmp_path / 'epoch_1.pth', 100)
    second = save(tmp_path / 'epoch_2.pth', 200)
    assert newest_checkpoint(tmp_path) == second
    (tmp_path / 'last_checkpoint').write_text(first)
    assert newest_checkpoint(tmp_path) == first
    (tmp_path / 'last_checkpoint').write_text('/moved/epoch_1.pth')
    assert newest_checkpoint(tmp_path) == first


def test_what_is_not_complete_is_passed_over(tmp_path, caplog, monkeypatch):
    told = []
    monkeypatch.setattr(
        'avts_mm.engine.whole_files.print_log',
        lambda text, logger: told.append(text),
    )
    first = save(tmp_path / 'epoch_1.pth', 100)
    second = tmp_path / 'resume.pth'
    save(second, 200)
    half = second.read_bytes()[:-100]
    second.write_bytes(half)
    (tmp_path / f'iter_9.pth{PARTIAL}').write_bytes(half)
    save(tmp_path / 'best_auc.pth', 300)  # has no optimiser in it
    (tmp_path / 'last_checkpoint').write_text('/gone/epoch_3.pth')
    assert newest_checkpoint(tmp_path) == first
    assert told == [
        f'{tmp_path}/epoch_3.pth: no such checkpoint, passed over',
        f'{second}: not complete, passed over',
    ]
    (tmp_path / 'last_checkpoint').write_text('')
    assert newest_checkpoint(tmp_path) == first
