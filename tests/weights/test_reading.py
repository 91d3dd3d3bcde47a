"""Checkpoint files of every origin, and those that must be refused."""

import zipfile

import numpy as np
import pytest
import torch

from avts_mm.weights import (
    CheckpointError,
    load_checkpoint,
    load_state_dict,
)

STATE = {'a.weight': torch.ones(2), 'a.bias': torch.zeros(3)}


def keys(tmp_path, content):
    path = tmp_path / 'x.pth'
    torch.save(content, path)
    return list(load_state_dict(path))


@pytest.mark.parametrize(
    'content',
    [
        STATE,
        dict(state_dict=STATE, meta=dict(epoch=1), optimizer=dict(x=1)),
        dict(state_dict=STATE, ema_state_dict={'b': torch.ones(1)}),
        dict(model=STATE, epoch=torch.tensor(3)),
        dict(model=dict(state_dict=STATE)),
        dict(network=STATE, optimizer={'state': {'m': torch.ones(1)}}),
        {f'module.{k}': v for k, v in STATE.items()},
        {f'_orig_mod.module.{k}': v for k, v in STATE.items()},
        {k.replace('.', '._orig_mod.'): v for k, v in STATE.items()},
        {f'module.{k}'.replace('a.', 'a.module.'): STATE[k] for k in STATE},
        dict(model={f'_fsdp_wrapped_module.{k}': v for k, v in STATE.items()}),
    ],
)
def test_weights_are_found(tmp_path, content):
    assert keys(tmp_path, content) == list(STATE)


def test_networks_side_by_side_get_prefixes(tmp_path):
    content = dict(video=STATE, audio=STATE, optimizer={'m': torch.ones(1)})
    assert keys(tmp_path, content) == [
        'video.a.weight',
        'video.a.bias',
        'audio.a.weight',
        'audio.a.bias',
    ]


def test_module_is_kept_where_it_is_a_name(tmp_path):
    ones = torch.ones(1)
    content = {'module.a': ones, 'a': ones, 'b.module': ones}
    assert keys(tmp_path, content) == list(content)


def test_arrays_are_weights_too(tmp_path):
    path = tmp_path / 'x.pth'
    torch.save(dict(blobs=dict(conv1_w=np.ones((2, 3), np.float32))), path)
    found = load_state_dict(path)
    assert found['conv1_w'].shape == (2, 3)


def test_a_half_precision_file_keeps_its_values(tmp_path):
    path = tmp_path / 'x.pth'
    torch.save({'a': torch.ones(2, dtype=torch.float16)}, path)
    assert load_state_dict(path)['a'].dtype == torch.float16


def test_safetensors(tmp_path):
    st = pytest.importorskip('safetensors.torch')
    path = tmp_path / 'x.safetensors'
    st.save_file(STATE, path)
    assert set(load_state_dict(path)) == set(STATE)
    path.write_bytes(b'nonsense')
    with pytest.raises(ValueError, match=r'x\.safetensors: not a readable'):
        load_state_dict(path)


def test_a_pickled_network_is_refused_with_the_remedy(tmp_path):
    torch.save(torch.nn.Linear(1, 1), tmp_path / 'net.pt')
    with pytest.raises(ValueError, match=r'net\.pt: refused.*state_dict\(\)'):
        load_state_dict(tmp_path / 'net.pt')


def test_torchscript_is_named(tmp_path):
    path = tmp_path / 'script.pt'
    torch.jit.script(torch.nn.Linear(1, 1)).save(str(path))
    with pytest.raises(ValueError, match=r'script\.pt: a TorchScript'):
        load_state_dict(path)


def test_a_compressed_archive_is_not_unpacked(tmp_path):
    plain, path = tmp_path / 'plain.pth', tmp_path / 'bomb.pth'
    torch.save({'a': torch.zeros(1_000_000)}, plain)
    with (
        zipfile.ZipFile(plain) as source,
        zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as bomb,
    ):
        for name in source.namelist():
            bomb.writestr(name, source.read(name))
    assert path.stat().st_size < 10_000
    with pytest.raises(CheckpointError, match=r'bomb\.pth.*of 4 MB'):
        load_state_dict(path)


@pytest.mark.filterwarnings('ignore:Detected pickle protocol')
def test_damage_of_any_kind_is_one_sentence(tmp_path):
    plain, path = tmp_path / 'plain.pth', tmp_path / 'hurt.pth'
    rng = np.random.default_rng(0)
    for zipped in (True, False):
        torch.save(
            dict(state_dict=STATE, meta=dict(epoch=3)),
            plain,
            _use_new_zipfile_serialization=zipped,
        )
        data = plain.read_bytes()
        for _ in range(150):
            hurt = bytearray(data)
            for place in rng.integers(0, len(data), 8):
                hurt[place] = rng.integers(256)
            path.write_bytes(hurt[: rng.integers(1, len(data) + 1)])
            try:
                load_checkpoint(path)
            except CheckpointError as error:
                assert str(path) in str(error)


def test_everything_in_a_checkpoint(tmp_path):
    path = tmp_path / 'x.pth'
    torch.save(dict(state_dict=STATE, meta=dict(epoch=3)), path)
    found = load_checkpoint(path)
    assert found['meta'] == dict(epoch=3)
    assert found['state_dict'].keys() == STATE.keys()


def test_missing_cut_and_other_files(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'nowhere\.pth: no such'):
        load_state_dict(tmp_path / 'nowhere.pth')
    path = tmp_path / 'cut.pth'
    torch.save(STATE, path)
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(ValueError, match=r'cut\.pth'):
        load_state_dict(path)
    for content in (b'', b'hello world, no checkpoint', b'<!DOCTYPE html>'):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r'cut\.pth'):
            load_state_dict(path)


@pytest.mark.parametrize('content', [{}, dict(epoch=1), [1, 2], 'text'])
def test_files_without_weights(tmp_path, content):
    with pytest.raises(ValueError, match=r'x\.pth: no weights in it'):
        keys(tmp_path, content)
