"""Safe loading of what mmengine stores (mmengine #1655)."""

import os
import pickle

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer, MessageHub
from mmengine.runner import load_checkpoint

from avts_mm.weights import CheckpointError


def _history():
    buffer = HistoryBuffer()
    for value in (3.0, 1.0, 2.0):
        buffer.update(value)
    return buffer


def _message_hub():
    hub = MessageHub('test_checkpoints')
    hub.update_scalar('train/loss', 0.5)
    hub.update_scalar('train/loss', np.float64(0.25).item(), 2)
    hub.update_info('best', np.float32(0.75))
    hub.update_info('epoch', np.int64(4))
    hub.update_info('flag', np.bool_(True))
    return hub


def test_message_hub_comes_back(tmp_path):
    path = tmp_path / 'hub.pth'
    torch.save(dict(message_hub=_message_hub().state_dict()), path)
    state = torch.load(path, weights_only=True)['message_hub']
    hub = MessageHub('test_checkpoints_resumed')
    hub.load_state_dict(state)
    loss = hub.get_scalar('train/loss')
    assert loss.data[0].tolist() == [0.5, 0.25]
    assert loss.data[1].tolist() == [1.0, 2.0]
    assert loss.current() == 0.25
    assert hub.get_info('best') == np.float32(0.75)
    assert hub.get_info('epoch') == 4


@pytest.mark.parametrize('names', ['numpy.core', 'numpy._core'])
def test_files_of_numpy_1_and_2(tmp_path, names):
    path = tmp_path / 'history.pth'
    content = dict(history=_history(), value=np.float64(1.5))
    torch.save(content, path, _use_new_zipfile_serialization=False)
    data = path.read_bytes()
    for current in (b'cnumpy.core.', b'cnumpy._core.'):
        data = data.replace(current, f'c{names}.'.encode())
    path.write_bytes(data)
    assert f'c{names}.multiarray\n'.encode() in data
    loaded = torch.load(path, weights_only=True)
    assert loaded['history'].max() == 3.0
    assert loaded['history'].statistics('mean') == 2.0
    assert loaded['value'] == 1.5


class _Call:
    """Pickles as a call of any function."""

    def __init__(self, function, *args):
        self.call = (function, args)

    def __reduce__(self):
        return self.call


def _refused(tmp_path, content):
    path = tmp_path / 'hostile.pth'
    torch.save(content, path)
    with pytest.raises(pickle.UnpicklingError):
        torch.load(path, weights_only=True)
    return path


def test_hostile_pickle_is_refused(tmp_path):
    trace = tmp_path / 'trace'
    path = _refused(tmp_path, dict(meta=_Call(os.system, f'touch {trace}')))
    model = torch.nn.Linear(1, 1)
    with pytest.raises(CheckpointError, match=r'hostile\.pth: refused'):
        load_checkpoint(model, str(path))
    _refused(tmp_path, _Call(eval, f"open({str(trace)!r}, 'w')"))
    _refused(tmp_path, _Call(exec, 'import os'))
    assert not trace.exists()


@pytest.mark.parametrize(
    'owner, name',
    [
        (HistoryBuffer, '__init__'),
        (HistoryBuffer, 'register_statistics'),
        (HistoryBuffer, '__subclasses__'),
        (HistoryBuffer, '__dict__'),
        (np.ndarray, 'tofile'),
        (torch.Tensor, 'mean'),
        ('text', 'mean'),
    ],
)
def test_getattr_answers_statistics_only(tmp_path, owner, name):
    _refused(tmp_path, _Call(getattr, owner, name))


def test_statistics_method_cannot_be_called(tmp_path):
    mean = _Call(getattr, HistoryBuffer, 'mean')

    class Outer:
        def __reduce__(self):
            return HistoryBuffer.mean, (None,)

    loaded = tmp_path / 'mean.pth'
    torch.save(mean, loaded)
    method = torch.load(loaded, weights_only=True)
    assert method is HistoryBuffer.mean
    _refused(tmp_path, Outer())


@pytest.mark.parametrize('dtype', ['O', 'V8', 'U4', [('a', 'O')]])
def test_objects_and_records_are_refused(tmp_path, dtype):
    _refused(tmp_path, np.empty(2, dtype=dtype))
    _refused(tmp_path, _Call(np.dtype, dtype))


def test_a_dtype_keeps_its_own_state(tmp_path):
    class Dtype:
        def __reduce__(self):
            state = (3, '>', None, None, None, -1, -1, 63)
            return np.dtype, ('f8', False, True), state

    path = tmp_path / 'dtype.pth'
    torch.save(Dtype(), path)
    dtype = torch.load(path, weights_only=True)
    assert dtype is np.dtype('f8')
    assert dtype.isnative
    assert dtype.flags == 0
