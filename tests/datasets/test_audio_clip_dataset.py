"""Sub-clips of recordings: where they begin and what they hold."""

import wave

import numpy as np
import pytest
import torch
from media_files import render, write_wave
from mmaction.registry import DATASETS
from range_server import RangeServer

from avts_mm.datasets import AudioClipDataset
from avts_mm.datasets.audio_clip_dataset import _load as load
from avts_mm.datasets.audio_clip_dataset import clip_starts
from avts_mm.datasets.recordings import check_copies
from avts_mm.media import MediaError

RATE = 8000


@pytest.fixture
def root(tmp_path):
    rng = np.random.default_rng(0)
    sounds = dict(
        long=0.5 * rng.uniform(-1, 1, 3 * RATE),
        padded=0.5 * rng.uniform(-1, 1, 3 * RATE),
        short=np.linspace(0, 0.5, round(0.3 * RATE)),
        silent=np.zeros(2 * RATE),
    )
    sounds['padded'][RATE:] = 0
    (tmp_path / 'wav').mkdir()
    for name, sound in sounds.items():
        write_wave(tmp_path / 'wav' / f'{name}.wav', sound, RATE)
    (tmp_path / 'list.csv').write_text(
        'audio,label,fold,source,category\n'
        'wav/long.wav,0,1,,rain\n'
        'wav/padded.wav,2,1,,dog\n'
        'wav/short.wav,0,2,,rain\n'
        'wav/silent.wav,2,2,,dog\n'
    )
    return tmp_path


def build(root, **kwargs):
    settings = dict(data_root=str(root), ann_file='list.csv')
    settings.update(clip_seconds=0.5, hop_seconds=0.25, sample_rate=RATE)
    return AudioClipDataset(**{**settings, **kwargs})


def starts(dataset):
    found = [[], [], [], []]
    for recording, start in dataset.clips:
        found[recording].append(start / RATE)
    return found


def test_clips(root):
    dataset = build(root)
    long, padded, short, silent = starts(dataset)
    assert long == [i * 0.25 for i in range(11)]
    assert padded == [0, 0.25, 0.5, 0.75]  # the rest is digital silence
    assert short == [0]
    assert len(silent) == 1
    assert len(dataset) == 17
    assert dataset.metainfo['classes'] == ('rain', '1', 'dog')
    assert dataset.counts == dict(silent_clips=13, repeated_recordings=1)
    assert starts(build(root, silence_db=None))[1] == long
    hops = build(root, hop_seconds=None, clip_seconds=1.0)
    assert starts(hops)[0] == [0, 0.5, 1.0, 1.5, 2.0]


def test_samples(root):
    dataset = build(root)
    item = dataset[2]
    audio = item['inputs']['audio']
    assert list(item['inputs']) == ['audio']
    assert audio.dtype == torch.float32 and audio.shape == (RATE // 2,)
    with wave.open(str(root / 'wav' / 'long.wav')) as file:
        whole = np.frombuffer(file.readframes(3 * RATE), '<i2') / 32768
    assert np.allclose(audio, whole[RATE // 2 : RATE], atol=1e-4)
    sample = item['data_samples']
    assert sample.gt_label.tolist() == [0]
    assert sample.audio_path == str(root / 'wav' / 'long.wav')
    assert sample.audio_start == 0.5


def test_a_short_recording_is_repeated_not_padded(root):
    audio = build(root)[15]['inputs']['audio'].numpy()
    period = round(0.3 * RATE)
    assert np.array_equal(audio[period:], audio[: RATE // 2 - period])
    assert np.abs(audio[period - 50 : period]).min() > 0.4


def test_pipeline_and_registry(root):
    dataset = DATASETS.build(
        dict(
            type='AudioClipDataset',
            ann_file=str(root / 'list.csv'),
            data_root=str(root),
            sample_rate=RATE,
            pipeline=[],
            lazy_init=True,
        )
    )
    results = dataset[0]
    assert results['audio'].shape == (RATE,)
    assert results['clip_seconds'] == 1.0
    assert results['sample_rate'] == RATE
    results = dataset[-1]
    assert (results['label'], results['fold']) == (2, 2)
    assert results['recording'] == 3


def test_missing_recordings_are_counted(root):
    (root / 'wav' / 'padded.wav').unlink()
    (root / 'wav' / 'short.wav').unlink()
    with pytest.raises(FileNotFoundError, match=r'2 of 4 .*padded\.wav'):
        build(root)


@pytest.mark.parametrize(
    'settings', [dict(clip_seconds=0), dict(hop_seconds=-1)]
)
def test_impossible_settings(root, settings):
    with pytest.raises(ValueError, match='must be'):
        build(root, **settings)


@pytest.mark.parametrize(
    'name, encoder',
    [('a.flac', 'flac'), ('a.wav', 'pcm_s16le'), ('a.mkv', 'flac')],
)
def test_all_of_a_recording_is_loaded(tmp_path, name, encoder):
    truth = render(
        tmp_path / name,
        video='libx264' if name.endswith('mkv') else None,
        audio=encoder,
        seconds=2,
        events=(12, 27),
        rate=44100,
    )
    sound = load(truth.path, 16000)
    assert sound.dtype == np.float32
    assert len(sound) == pytest.approx(32000, abs=20)
    assert not sound.flags.writeable
    loud = np.flatnonzero(np.abs(sound) > 0.1 * np.abs(sound).max())
    assert loud[0] / 16000 == pytest.approx(12 / 25, abs=0.002)
    assert load(truth.path, 16000) is sound


@pytest.mark.parametrize(
    'length, clip, hop, starts',
    [
        (100, 100, 50, [0]),
        (30, 100, 50, [0]),  # shorter than a clip
        (200, 100, 50, [0, 50, 100]),
        (208, 100, 50, [0, 50, 100]),  # a twelfth is left over
        (230, 100, 50, [0, 50, 100, 130]),
        (500, 100, 200, [0, 200, 400]),
    ],
)
def test_starts_of_clips(length, clip, hop, starts):
    assert clip_starts(length, clip, hop).tolist() == starts


def test_recordings_of_a_storage(root):
    pytest.importorskip('aiohttp')
    expected = build(root)
    with RangeServer(root) as server:
        found = build(server.url)
        assert found.clips.tolist() == expected.clips.tolist()
        for one, other in zip(found, expected):
            assert torch.equal(
                one['inputs']['audio'], other['inputs']['audio']
            )
        check_copies(found.recordings, found.ann_file)
        (root / 'list.csv').write_text('audio,label,fold\nwav/gone.wav,0,1\n')
        with pytest.raises(MediaError, match='no such file in the storage'):
            build(server.url, ann_file='list.csv?new')
