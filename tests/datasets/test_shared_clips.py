"""Several clips of a video from one opening of its file."""

import numpy as np
import pytest
import torch
from bare_videos import counts, on_rank, videos
from mmaction.registry import TRANSFORMS
from mmengine.dataset import pseudo_collate
from torch.utils.data import DataLoader

from avts_mm.datasets import AVPairDataset, AVPairSampler, AVPairTestSampler
from avts_mm.datasets.transforms import loading
from avts_mm.media import MediaError
from avts_mm.media.annotation import read_records, write_records

PIPELINE = [
    dict(type='LoadAVFrames', num_frames=10),
    dict(type='LoadAVAudio'),
    dict(type='RandomCrop', size=24),
    dict(type='Flip', flip_ratio=0.5),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackAVInputs'),
]


def dataset(corpus, ann_file=None, **kwargs):
    pipeline = [TRANSFORMS.build(dict(t)) for t in PIPELINE]
    kwargs = dict(clip_seconds=0.8, hard_gap=0.2) | kwargs
    return AVPairDataset(
        ann_file or corpus.train, pipeline, data_root=corpus.root, **kwargs
    )


@pytest.fixture
def opened(monkeypatch):
    paths = []

    def open_video(path, *args):
        paths.append(path)
        return real(path, *args)

    real = loading.open_video
    monkeypatch.setattr(loading, 'open_video', open_video)
    return paths


def assert_same(ours, theirs):
    for one, other in zip(ours, theirs, strict=True):
        for name in ('video', 'audio'):
            assert torch.equal(one['inputs'][name], other['inputs'][name])
        samples = [x['data_samples'] for x in (one, other)]
        assert torch.equal(samples[0].gt_label, samples[1].gt_label)
        assert samples[0].metainfo == samples[1].metainfo


@pytest.mark.parametrize('sounds', [1, 3])
def test_a_batch_is_what_its_pairs_are(corpus, opened, sounds):
    data = dataset(corpus)
    mix = dict(easy=1, hard=1)
    sampler = AVPairSampler(
        data, 0, mix, 4, clips_per_open=4, sounds_per_clip=sounds
    )
    pairs = list(sampler)[:16]
    batch = data.__getitems__(pairs)
    assert len(opened) == 4
    assert_same(batch, [data[pair] for pair in pairs])
    # Whatever the order in which they come.
    mixed = [pairs[i] for i in np.random.default_rng(0).permutation(16)]
    assert_same(data.__getitems__(mixed), [data[pair] for pair in mixed])


def test_the_data_loader_takes_batches(corpus, opened):
    data = dataset(corpus)
    sampler = AVPairSampler(data, 0, pairs_per_video=4, clips_per_open=4)
    loader = DataLoader(data, 8, sampler=sampler, collate_fn=pseudo_collate)
    number = sum(len(batch['data_samples']) for batch in loader)
    assert (number, len(opened)) == (48, 12)


def test_the_same_clip_with_several_sounds_is_decoded_once(corpus, opened):
    data = dataset(corpus, ann_file=corpus.val, test_mode=True)
    pairs = list(AVPairTestSampler(data))[:6]
    batch = data.__getitems__(pairs)
    assert len(opened) == 2
    assert_same(batch, [data[pair] for pair in pairs])
    # The pictures are not shared: a transform may change them in place.
    videos = [sample['inputs']['video'] for sample in batch[:3]]
    assert len({video.data_ptr() for video in videos}) == 3


def test_one_bad_clip_does_not_spoil_the_others(corpus, tmp_path):
    # The file is shorter than its record says.
    records = read_records(corpus.train)
    records[0]['duration'] = 4.5
    write_records(tmp_path / 'a.csv', records)
    data = dataset(corpus, ann_file=str(tmp_path / 'a.csv'))
    sampler = AVPairSampler(
        data, 0, dict(hard=1), 8, shuffle=False, clips_per_open=8
    )
    pairs = list(sampler)[:8]
    batch = data.__getitems__(pairs)
    assert_same(batch, [data[pair] for pair in pairs])
    failed = [bool(x['data_samples'].skipped) for x in batch]
    assert {True, False} == set(failed)
    data.test_mode = True
    with pytest.raises(MediaError):
        data.__getitems__(pairs)


@pytest.mark.parametrize('clips', [2, 3, 4])
@pytest.mark.parametrize('sounds', [1, 2])
def test_successive_pairs_are_of_one_video(clips, sounds):
    mix = dict(easy=3, hard=1)
    sampler = AVPairSampler(
        videos(24), 1, mix, 4, sounds_per_clip=sounds, clips_per_open=clips
    )
    plan = sampler.plan()
    assert len(plan.video) == len(sampler)
    groups = plan.video.reshape(len(sampler) // clips, -1)
    assert (groups == groups[:, :1]).all()
    assert len(set(plan.seed.ravel())) == plan.seed.size
    # As many of each video where the number of pairs allows it.
    used = np.bincount(groups[:, 0], minlength=24)
    assert used.max() - used.min() <= 1
    if sounds == 1:
        kinds = counts(sampler)
        assert kinds['positive'] == kinds['easy'] + kinds['hard']
        assert kinds['easy'] == 3 * kinds['hard']
    else:
        assert (plan.kind[:, 0] == 0).all()


def test_ranks_do_not_part_them():
    sampler = AVPairSampler(videos(32), 1, dict(easy=1), 4, clips_per_open=4)
    alone = list(sampler)
    parts = [on_rank(sampler, rank, 2) for rank in range(2)]
    for part in parts:
        owners = np.array([pair.video for pair in part]).reshape(-1, 4)
        assert (owners == owners[:, :1]).all()
    size = 8
    for step in range(len(alone) // size // 2):
        whole = alone[2 * step * size : 2 * (step + 1) * size]
        union = [p for x in parts for p in x[step * size : (step + 1) * size]]
        assert set(union) == set(whole)


def test_wrong_argument():
    with pytest.raises(ValueError, match='clips_per_open'):
        AVPairSampler(videos(), seed=0, clips_per_open=0)
