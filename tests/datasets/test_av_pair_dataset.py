"""From annotation and plan to samples, with and without workers."""

import pickle
import random
from functools import partial

import numpy as np
import pytest
import torch
from mmaction.datasets.transforms import FormatShape
from mmaction.registry import DATASETS
from mmaction.structures import ActionDataSample
from mmengine.dataset import pseudo_collate
from range_server import RangeServer
from torch.utils.data import DataLoader

from avts_mm.datasets import AVPairDataset, AVPairSampler
from avts_mm.datasets.pairs import AVPair, PairKind
from avts_mm.datasets.transforms import (
    LoadAVAudio,
    LoadAVFrames,
    PackAVInputs,
)
from avts_mm.media import MediaError
from avts_mm.media.annotation import write_records

N = 24


def record(i, **kwargs):
    values = dict(
        video=f'v{i}.mp4', audio=f'a{i}.wav', start=0.5, duration=6.0, label=i
    )
    return {**values, **kwargs}


@pytest.fixture
def ann_file(tmp_path):
    write_records(tmp_path / 'train.csv', [record(i) for i in range(N)])
    return tmp_path / 'train.csv'


def draw(results, bad=()):
    """A pipeline that keeps what it got and draws as augmentations do."""
    for path in (results['video_path'], results['audio_path']):
        if path in bad:
            raise MediaError(f'{path} is broken.', path, 'undecodable')
    torch_drew = torch.rand(()).item()
    results['drawn'] = (np.random.rand(), random.random(), torch_drew)
    return results


def seed_all(seed):
    np.random.seed(seed)
    random.seed(seed)
    torch.manual_seed(seed)


def pack(results, bad=()):
    sample = ActionDataSample()
    sample.set_metainfo(dict(pair=tuple(results['pair'])))
    return dict(inputs=draw(results, bad)['drawn'], data_samples=sample)


def test_a_sample(ann_file, tmp_path):
    data = DATASETS.build(
        dict(
            type='AVPairDataset',
            ann_file='train.csv',
            data_root=str(tmp_path),
            clip_seconds=0.8,
            hard_gap=0.4,
            pipeline=[draw],
        )
    )
    assert len(data) == N
    pair = AVPair(3, 5, PairKind.EASY, 11)
    sample = data[pair]
    assert sample['video_path'] == str(tmp_path / 'v3.mp4')
    assert sample['audio_path'] == str(tmp_path / 'a5.wav')
    assert (sample['kind'], sample['label'], sample['pair']) == (1, 0, pair)
    assert sample['clip_seconds'] == 0.8
    assert sample['video_span'] == sample['audio_span'] == (0.5, 6.0)
    assert (sample['modality'], sample['start_index']) == ('RGB', 0)
    for start in (sample['video_start'], sample['audio_start']):
        assert 0.5 <= start <= 0.5 + 6.0 - 0.8
    hard = data[AVPair(3, 3, PairKind.HARD, 11)]
    assert abs(hard['video_start'] - hard['audio_start']) >= 1.2
    assert hard['video_start'] == sample['video_start']
    positive = data[AVPair(3, 3, PairKind.POSITIVE, 11)]
    assert positive['label'] == 1
    assert positive['video_start'] == positive['audio_start']


def test_a_record(ann_file):
    data = AVPairDataset(ann_file, metainfo=dict(name='mine'))
    assert data.get_data_info(-1) == dict(
        video_path=f'v{N - 1}.mp4',
        audio_path=f'a{N - 1}.wav',
        span=(0.5, 6.0),
        class_label=N - 1,
        prepared_bytes=0,
        sample_idx=N - 1,
    )
    assert data.metainfo == dict(
        kinds=('positive', 'easy', 'hard', 'super_hard'), name='mine'
    )
    with pytest.raises(IndexError):
        data.get_data_info(N)


def test_chance_comes_from_the_plan_alone(ann_file):
    data = AVPairDataset(ann_file, [draw])
    pair = AVPair(0, 1, PairKind.EASY, 2**62 + 5)
    seed_all(1)
    first = data[pair]
    after = draw({'video_path': '', 'audio_path': ''})
    seed_all(1)
    # Left as it was.
    assert draw({'video_path': '', 'audio_path': ''}) == after
    assert data[pair] == first
    other = data[pair._replace(seed=6)]
    assert other['drawn'] != first['drawn']
    assert other['video_start'] != first['video_start']


def test_chance_is_restored_after_an_error(ann_file):
    data = AVPairDataset(
        ann_file, [partial(draw, bad=('v0.mp4',))], test_mode=True
    )
    np.random.seed(1)
    expected = np.random.rand()
    np.random.seed(1)
    with pytest.raises(MediaError, match=r'v0\.mp4 is broken'):
        data[AVPair(0, 0, 0, 3)]
    assert np.random.rand() == expected


def loaded(data, sampler, workers):
    loader = DataLoader(
        data,
        batch_size=8,
        sampler=sampler,
        num_workers=workers,
        collate_fn=pseudo_collate,
        persistent_workers=workers > 0,
    )
    batches = []
    for epoch, mix in enumerate([dict(easy=1), dict(easy=3, hard=1)]):
        sampler.set_epoch(epoch)
        sampler.set_mix(mix)
        for batch in loader:
            samples = batch['data_samples']
            batches.append(
                (batch['inputs'], [sample.metainfo for sample in samples])
            )
    return batches


def test_same_samples_for_any_number_of_workers(ann_file):
    broken = partial(pack, bad=('v1.mp4', 'a7.wav'))
    results = []
    for workers in (0, 2):
        data = AVPairDataset(ann_file, [broken])
        results.append(loaded(data, AVPairSampler(data, seed=4), workers))
    assert results[0] == results[1]
    assert any(meta['skipped'] for _, metas in results[0] for meta in metas)


def test_unreadable_files_are_replaced_in_kind(ann_file, printed):
    bad = ('v1.mp4', 'a1.wav', 'a7.wav')
    data = AVPairDataset(ann_file, [partial(pack, bad=bad)])
    sampler = AVPairSampler(data, seed=2, mix=dict(easy=1, hard=1))
    skipped = []
    for epoch in range(6):
        sampler.set_epoch(epoch)
        for pair in sampler:
            meta = data[pair]['data_samples'].metainfo
            loaded_pair = AVPair(*meta['pair'])
            assert loaded_pair.kind == pair.kind
            same = loaded_pair.video == loaded_pair.audio
            assert same == (pair.kind != PairKind.EASY)
            if meta['skipped']:
                assert loaded_pair.video != 1
                skipped += meta['skipped']
            else:
                assert loaded_pair == pair
    # Each pair with a broken half was replaced and counted, ...
    assert set(skipped) == {
        (path, 'undecodable', f'{path} is broken.') for path in bad
    }
    assert len(skipped) > 12
    # ... and each file was warned of once.
    assert sorted(line.split()[0] for line in printed[1:]) == sorted(bad)
    # The replacement is a function of the plan.
    pair = AVPair(1, 1, PairKind.HARD, 99)
    assert len({data[pair]['data_samples'].pair for _ in range(3)}) == 1


def test_a_replacement_is_long_enough(tmp_path):
    records = [record(i, duration=6.0 if i < 3 else 2.0) for i in range(N)]
    write_records(tmp_path / 'a.csv', records)
    data = AVPairDataset(tmp_path / 'a.csv', [partial(pack, bad=('v0.mp4',))])
    for seed in range(20):
        sample = data[AVPair(0, 0, PairKind.HARD, seed)]['data_samples']
        assert sample.pair[0] in (1, 2)


def test_other_errors_are_not_hidden(ann_file):
    def broken(results):
        raise KeyError('imgs')

    with pytest.raises(KeyError):
        AVPairDataset(ann_file, [broken])[AVPair(0, 0, 0, 0)]


def test_wrong_sampler(ann_file):
    with pytest.raises(TypeError, match='AVPairSampler'):
        AVPairDataset(ann_file)[0]


def test_what_cannot_be_used_is_counted(tmp_path, printed):
    records = [
        record(0),
        record(1, audio=''),
        record(2, duration=0.9),
        record(3, audio='', duration=0.5),
        record(4, duration=1.0),
    ]
    write_records(tmp_path / 'a.csv', records)
    data = AVPairDataset(tmp_path / 'a.csv')
    assert [data.get_data_info(i)['class_label'] for i in range(2)] == [0, 4]
    assert len(data) == len(data.durations) == 2
    assert len(printed) == 1
    assert printed[0].endswith(
        '2 of 5 videos used, left out: 2 without sound, 1 shorter than 1 s'
    )


@pytest.mark.parametrize('records', [[], [record(0, audio='')]])
def test_nothing_is_left(tmp_path, records):
    write_records(tmp_path / 'a.csv', records)
    with pytest.raises(ValueError, match=r'no record that can be used'):
        AVPairDataset(tmp_path / 'a.csv')


def test_subsets(ann_file):
    data = AVPairDataset(ann_file)

    def labels(part):
        return [part.get_data_info(i)['class_label'] for i in range(len(part))]

    assert labels(data.get_subset(3)) == [0, 1, 2]
    assert labels(data.get_subset(-2)) == [N - 2, N - 1]
    assert labels(data.get_subset([5, 1])) == [5, 1]
    assert len(data) == N
    assert labels(AVPairDataset(ann_file, indices=2)) == [0, 1]


def test_workers_may_be_spawned(ann_file):
    data = AVPairDataset(ann_file, [draw])
    pair = AVPair(1, 1, 2, 3)
    assert pickle.loads(pickle.dumps(data))[pair] == data[pair]


def test_several_moments_of_a_video(corpus):
    pipeline = [
        LoadAVFrames(num_frames=5),
        LoadAVAudio(),
        FormatShape(input_format='NCTHW'),
        PackAVInputs(),
    ]
    root = str(corpus.root)
    data = AVPairDataset(str(corpus.train), pipeline, data_root=root)
    sample = data[AVPair(3, 3, 0, 7, clips=2)]
    video, audio = sample['inputs']['video'], sample['inputs']['audio']
    assert video.shape == (2, 3, 5, 32, 32) and audio.shape == (2, 16000)
    meta = sample['data_samples']
    assert meta.gt_label.tolist() == [1, 1] and meta.video_id == 3
    assert abs(np.subtract(*meta.video_start)) >= 1.5
    # Each is what is there at its moment.
    for clip, sound, start in zip(video, audio, meta.video_start):
        info = data.plan_info(AVPair(3, 3, 0, 7))
        info.update(video_start=start, audio_start=start)
        alone = data.pipeline(info)['inputs']
        assert torch.equal(alone['video'], clip)
        assert torch.equal(alone['audio'], sound)


@pytest.fixture
def two(tmp_path):
    """Two corpora whose videos have the same names."""
    for name, number in (('a', 6), ('b', 4)):
        records = [record(i, label=i) for i in range(number)]
        write_records(tmp_path / name / 'list.csv', records)
    return [str(tmp_path / 'a'), str(tmp_path / 'b')]


def test_several_corpora(two, tmp_path, printed):
    data = AVPairDataset(['list.csv', 'list.csv'], [draw], data_root=two)
    assert len(data) == 10
    assert data.corpora.tolist() == [0] * 6 + [1] * 4
    assert data.video_ids.tolist() == list(range(10))
    assert data.get_data_info(7)['video_path'] == f'{two[1]}/v1.mp4'
    assert printed == [
        f'{r}/list.csv: {n} of {n} videos used' for r, n in zip(two, (6, 4))
    ]
    sample = data[AVPair(1, 7, PairKind.EASY, 3)]
    assert sample['video_path'] == f'{two[0]}/v1.mp4'
    assert sample['audio_path'] == f'{two[1]}/a1.wav'
    part = data.get_subset([8, 0])
    assert part.corpora.tolist() == [1, 0]
    assert part.get_data_info(0)['video_path'] == f'{two[1]}/v2.mp4'
    # Lists of one corpus share their videos.
    write_records(tmp_path / 'a' / 'more.csv', [record(2), record(9)])
    data = AVPairDataset(['list.csv', 'more.csv'], data_root=two[0])
    assert data.video_ids.tolist() == [0, 1, 2, 3, 4, 5, 2, 7]
    with pytest.raises(ValueError, match='data_root has 2 values for 3'):
        AVPairDataset(['list.csv'] * 3, data_root=two)


def test_a_replacement_stays_in_its_corpora(two):
    files = [f'{root}/list.csv' for root in two]
    bad = [f'{two[0]}/v{i}.mp4' for i in range(3)]
    data = AVPairDataset(files, [partial(pack, bad=bad)], data_root=two)
    for seed in range(40):
        pair = AVPair(seed % 3, 6 + seed % 4, PairKind.EASY, seed)
        found = data[pair]['data_samples'].metainfo['pair']
        assert data.corpora[list(found[:2])].tolist() == [0, 1]


@pytest.mark.parametrize('workers', [0, 2])
def test_samples_of_a_storage_are_those_of_the_disk(corpus, workers):
    """Also where the list was read before the workers were forked."""
    pytest.importorskip('aiohttp')
    pipeline = [
        LoadAVFrames(5),
        LoadAVAudio(),
        FormatShape('NCTHW'),
        PackAVInputs(),
    ]

    def samples(roots):
        data = AVPairDataset(
            [corpus.train.name, corpus.val.name], pipeline, data_root=roots
        )
        sampler = AVPairSampler(data, seed=0)
        loader = DataLoader(
            data,
            8,
            sampler=sampler,
            num_workers=workers,
            collate_fn=pseudo_collate,
        )
        return [
            (batch['inputs'][key][i], batch['data_samples'][i])
            for batch in loader
            for key in ('video', 'audio')
            for i in range(8)
        ]

    root = str(corpus.root)
    expected = samples(root)
    with RangeServer(root) as server:
        for roots in (server.url, [server.url, root]):
            found = samples(roots)
            assert len(found) == len(expected) == 32
            for (one, about), (other, known) in zip(found, expected):
                assert torch.equal(one, other)
                assert about.pair == known.pair
        # Two files of each record are asked for, and the lists.
        assert set(server.requests) == {'GET'}
