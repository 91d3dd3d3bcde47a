"""Features of recordings are computed once, and anew when they must be."""

import wave

import numpy as np
import pytest
import torch
from mmengine import Config

from avts_mm.apis import FeatureExtractor, Features
from avts_mm.apis.audio_features import (
    FeatureStore,
    LogMelStatistics,
    load_audio_model,
    log_mel_statistics,
)
from avts_mm.datasets import AudioClipDataset

RATE = 4000
LAYER = 'audio_backbone.conv_5'


def config(channels=2, mean=0.0):
    backbone = dict(type='AudioVGG', channels=(channels,) * 4 + (3,))
    neck = dict(type='ProjectionNeck', out_channels=4, hidden_channels=None)
    log_mel = dict(sample_rate=RATE, n_mels=16, n_fft=128, mean=mean)
    return Config(
        dict(
            model=dict(
                type='AVTS',
                data_preprocessor=dict(
                    type='AVDataPreprocessor', log_mel=log_mel
                ),
                video_backbone=dict(type='MC3', base_channels=2),
                audio_backbone=backbone,
                video_neck=dict(neck, in_channels=16),
                audio_neck=dict(neck, in_channels=3, time_dim=3),
                head=dict(type='AVContrastiveHead'),
            )
        )
    )


def write(path, seed, seconds=1.0):
    sound = np.random.default_rng(seed).uniform(-0.5, 0.5, RATE)
    sound = sound[: round(seconds * RATE)]
    with wave.open(str(path), 'wb') as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((sound * 32767).astype('<i2').tobytes())


@pytest.fixture
def root(tmp_path):
    lines = ['audio,label,fold\n']
    for number in range(4):
        write(tmp_path / f'{number}.wav', number, 0.6 + 0.1 * number)
        lines.append(f'{number}.wav,{number % 2},{number // 2 + 1}\n')
    (tmp_path / 'list.csv').write_text(''.join(lines))
    return tmp_path


class Run:
    """A store whose computations are counted."""

    def __init__(self, root, **kwargs):
        settings = dict(clip_seconds=0.3, sample_rate=RATE, lazy_init=True)
        dataset = AudioClipDataset(
            'list.csv', data_root=str(root), **{**settings, **kwargs}
        )
        self.computed = 0
        self.store = FeatureStore(
            dataset, root / 'kept', batch_size=5, progress=self.count
        )

    def count(self, loader):
        self.computed += 1
        return loader

    def get(self, cfg=None, pool='mean', layer=LAYER, **kwargs):
        cfg = cfg or config()
        model = load_audio_model(cfg, None, layer, **kwargs)
        return self.store.get(FeatureExtractor(model, layer, pool), cfg)


def test_features_are_computed_once(root):
    run = Run(root)
    found, kept = run.get()
    assert not kept and found.features.shape[1] == 3
    rows = run.store.rows(found)
    assert np.array_equal(rows, run.store.dataset.clips[:, 0])
    assert found.starts[:2].tolist() == [0, 0.15]
    again = Run(root)
    same, kept = again.get()
    assert kept and not again.computed
    assert np.array_equal(same.features, found.features)
    assert same.names == found.names
    # Batches do not matter.
    model = load_audio_model(config(), None, LAYER)
    sounds = [again.store.dataset[i]['inputs']['audio'] for i in range(7)]
    alone = FeatureExtractor(model, LAYER)(dict(audio=sounds))
    assert np.allclose(alone, found.features[:7], atol=1e-5)


@pytest.mark.parametrize(
    'change',
    [
        dict(get=dict(seed=1)),
        dict(get=dict(pool='max')),
        dict(get=dict(pool=(1, 2))),
        dict(get=dict(layer='audio_backbone.conv_4')),
        dict(get=dict(layer='audio_neck')),
        dict(get=dict(cfg=config(mean=-5.0))),
        dict(get=dict(cfg=config(channels=3))),
        dict(data=dict(hop_seconds=0.1)),
        dict(data=dict(clip_seconds=0.4)),
        dict(data=dict(silence_db=None)),
        dict(data=dict(folds=[2])),
    ],
)
def test_what_was_made_otherwise_is_not_used(root, change):
    Run(root).get()
    assert not Run(root, **change.get('data', {})).get(
        **change.get('get', {})
    )[1]


def test_changed_recordings_are_read_again(root):
    before, _ = Run(root).get()
    write(root / '2.wav', 77, 0.8)
    after, kept = Run(root).get()
    assert not kept
    changed = np.any(before.features != after.features, axis=1)
    assert set(Run(root).store.rows(after)[changed]) == {2}


def test_changed_code_computes_again(root, monkeypatch):
    from avts_mm.apis import audio_features

    Run(root).get()
    code = (*audio_features.CODE, 'avts_mm.version')
    monkeypatch.setattr(audio_features, 'CODE', code)
    assert not Run(root).get()[1]


def test_damaged_and_foreign_files_are_replaced(root):
    found, _ = Run(root).get()
    (path,) = (root / 'kept').iterdir()
    path.write_bytes(b'nothing')
    assert not Run(root).get()[1]
    foreign = Features.load(path)
    foreign.metadata['key']['pool'] = 'max'
    foreign.features[:] = 0
    foreign.save(path)
    again, kept = Run(root).get()
    assert not kept
    assert np.array_equal(again.features, found.features)
    assert Run(root).get()[1]
    assert list((root / 'kept').iterdir()) == [path]


def test_labels_and_folds_are_those_of_the_list(root):
    run = Run(root)
    run.get()
    text = (root / 'list.csv').read_text().replace('3.wav,1,2', '3.wav,0,2')
    (root / 'list.csv').write_text(text)
    run = Run(root)
    assert run.get()[1]
    assert [r.label for r in run.store.recordings] == [0, 1, 0, 0]


def test_copies_in_several_folds_are_refused(root):
    (root / '3.wav').write_bytes((root / '0.wav').read_bytes())
    with pytest.raises(ValueError, match='are the same recording in the'):
        Run(root)


def test_log_mel_statistics(root):
    images = np.zeros((2, 1, 3, 4), np.float32)
    images[1, 0, 2] = [1, 3, 1, 3]
    columns = log_mel_statistics(images)
    assert columns.shape == (2, 12)
    assert not columns[0].any()
    assert columns[1].reshape(4, 3)[:, 2].tolist() == [2, 1, 3, 2]
    assert not columns[1].reshape(4, 3)[:, :2].any()
    run = Run(root)
    model = load_audio_model(config(), None, LAYER)
    found, _ = run.store.get(LogMelStatistics(model), config())
    assert found.features.shape == (len(run.store.dataset), 64)
    # Of weights they do not depend.
    model = load_audio_model(config(), None, LAYER, seed=5)
    assert run.store.get(LogMelStatistics(model), config())[1]


def test_weights_of_a_model_or_of_a_bare_tower(tmp_path):
    trained = load_audio_model(config(), None, LAYER, seed=9)
    whole, bare = tmp_path / 'whole.pth', tmp_path / 'bare.pth'
    torch.save(dict(state_dict=trained.state_dict()), whole)
    torch.save(trained.audio_backbone.state_dict(), bare)
    for path in (whole, bare):
        model = load_audio_model(config(), str(path), LAYER)
        for key, tensor in trained.audio_backbone.state_dict().items():
            assert torch.equal(model.audio_backbone.state_dict()[key], tensor)
    model = load_audio_model(config(), str(whole), 'audio_neck')
    weight = trained.audio_neck.state_dict()['fc.0.weight']
    assert torch.equal(model.audio_neck.state_dict()['fc.0.weight'], weight)


def test_weights_that_do_not_fit(tmp_path):
    path = tmp_path / 'a.pth'
    model = load_audio_model(config(), None, LAYER)
    torch.save(model.video_backbone.state_dict(), path)
    with pytest.raises(ValueError, match=r'a\.pth: nothing in it'):
        load_audio_model(config(), str(path), LAYER)
    torch.save(model.audio_backbone.state_dict(), path)
    with pytest.raises(ValueError, match=r'a\.pth: nothing in it'):
        load_audio_model(config(), str(path), 'audio_neck')
    with pytest.raises(ValueError, match=r'a\.pth: .* another shape'):
        load_audio_model(config(channels=3), str(path), LAYER)
    with pytest.raises(ValueError, match=r'not from .video_backbone'):
        load_audio_model(config(), None, 'video_backbone')
