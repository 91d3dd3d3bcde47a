"""Clips with several sounds: from plan to loss, against plain pairs."""

from itertools import product

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope
from torch.utils.data import DataLoader

from avts_mm.datasets import AVPairDataset, AVPairSampler, PairKind
from avts_mm.media import MediaError
from avts_mm.models import AVTS

SIZE = 4
HEADS = dict(
    contrastive=dict(
        type='AVContrastiveHead', loss=dict(type='ContrastiveLoss', margin=2.0)
    ),
    steps=dict(
        type='StepContrastiveHead',
        loss=dict(type='ContrastiveLoss', margin=2.0),
        max_shift=2,
        min_shift=1,
        trim=1,
    ),
    fusion=dict(type='FusionHead', in_channels=SIZE, hidden_channels=8),
)


class LinearTowers(AVTS):
    """Inputs are embeddings already, but for a linear layer on either."""

    def __init__(self, head):
        super(AVTS, self).__init__()
        torch.manual_seed(0)
        self.picture = torch.nn.Linear(SIZE, SIZE)
        self.sound = torch.nn.Linear(SIZE, SIZE)
        self.head = MODELS.build(head)

    @staticmethod
    def _over_channels(layer, x):
        return layer(x.movedim(1, -1)).movedim(-1, 1)

    def embed_video(self, video):
        return self._over_channels(self.picture, video)

    def embed_audio(self, audio):
        return self._over_channels(self.sound, audio)

    def loss_and_gradients(self, video, audio, targets):
        samples = [
            ActionDataSample().set_gt_label(np.atleast_1d(t)) for t in targets
        ]
        inputs = dict(video=video, audio=audio)
        losses = self(inputs, samples, mode='loss')
        total, logs = self.parse_losses(losses)
        gradients = torch.autograd.grad(total, list(self.parameters()))
        return total, gradients, logs


@pytest.mark.parametrize('name', HEADS)
@pytest.mark.parametrize('shares', [dict(easy=1), dict(easy=3, hard=1)])
def test_loss_is_that_of_pairs_in_expectation(name, shares):
    """Exactly: over all clips of all videos, and over all pairs of them."""
    model = LinearTowers(HEADS[name])
    videos, moments = 3, 2
    g = torch.Generator().manual_seed(1)
    shape = (SIZE, 9) if name == 'steps' else (SIZE,)
    picture = torch.randn(videos, *shape, generator=g)
    own = picture + torch.randn(videos, *shape, generator=g)
    other = torch.randn(videos, moments, *shape, generator=g)

    def easy(v):
        return [own[u] for u in range(videos) if u != v]

    # Of each video: each combination of what its negatives may be.
    draws = [(v, *[easy(v)] * shares['easy']) for v in range(videos)]
    if 'hard' in shares:
        draws = [(*draw, list(other[draw[0]])) for draw in draws]
    clips = [
        (v, [own[v], *sounds])
        for v, *choices in draws
        for sounds in product(*choices)
    ]
    sounds = len(clips[0][1])
    together = model.loss_and_gradients(
        picture[[v for v, _ in clips]],
        torch.stack([sound for _, all_ in clips for sound in all_]),
        [[1] + [0] * (sounds - 1)] * len(clips),
    )
    # Plain pairs in the same proportions, one for each sound of a draw; each
    # negative beside one positive.
    pairs = [
        (v, sound, label)
        for v, all_ in clips
        for negative in all_[1:]
        for sound, label in ((all_[0], 1), (negative, 0))
    ]
    apart = model.loss_and_gradients(
        picture[[v for v, _, _ in pairs]],
        torch.stack([sound for _, sound, _ in pairs]),
        [label for _, _, label in pairs],
    )
    torch.testing.assert_close(together[0], apart[0])
    for a, b in zip(together[1], apart[1]):
        torch.testing.assert_close(a, b)
    # What is watched means the same, too, but the range of a batch, which is
    # set against the mean over its pairs.
    for key in set(together[2]) - {'distance_spread'}:
        torch.testing.assert_close(together[2][key], apart[2][key])


def test_one_negative_each_weighs_as_pairs_do():
    model = LinearTowers(HEADS['contrastive'])
    video, audio = torch.randn(5, SIZE), torch.randn(10, SIZE)
    together = model.loss_and_gradients(video, audio, [[1, 0]] * 5)
    apart = model.loss_and_gradients(
        video.repeat_interleave(2, 0), audio, [1, 0] * 5
    )
    assert torch.equal(together[0], apart[0])


def test_plans_agree_in_expectation(tmp_path):
    """The same with the sampler's plan and the moments it leads to.

    Pictures and sounds are smooth functions of video and moment.
    """
    ann_file = tmp_path / 'a.csv'
    rows = [f'v{i}.mp4,a{i}.wav,0,{3 + i % 4},-1' for i in range(16)]
    ann_file.write_text('video,audio,start,duration,label\n' + '\n'.join(rows))
    data = AVPairDataset(ann_file)
    model = LinearTowers(HEADS['contrastive'])
    phase = np.random.default_rng(0).uniform(0, 6, (16, SIZE))
    speed = np.linspace(0.5, 1.5, SIZE)

    def embed(video, moment):
        wave = np.sin(phase[video] + np.asarray(moment)[:, None] * speed)
        return torch.tensor(wave, dtype=torch.float32)

    losses = []
    for sounds in (1, 4):
        sampler = AVPairSampler(
            data,
            seed=0,
            mix=dict(easy=1, hard=1, super_hard=1),
            pairs_per_video=800 // sounds,
            sounds_per_clip=sounds,
        )
        infos = [data.plan_info(index) for index in sampler]
        flat = {
            key: np.concatenate([np.atleast_1d(i[key]) for i in infos])
            for key in ('video_start', 'audio_start', 'label')
        }
        pairs = np.concatenate([np.atleast_2d(i['pair']) for i in infos])
        losses.append(
            model.loss_and_gradients(
                embed(pairs[::sounds, 0], flat['video_start']),
                embed(pairs[:, 1], flat['audio_start']),
                [i['label'] for i in infos],
            )
        )
    # Each loss has a standard error of about 0.012.
    torch.testing.assert_close(losses[0][0], losses[1][0], rtol=0, atol=0.04)
    for a, b in zip(losses[0][1], losses[1][1]):
        torch.testing.assert_close(a, b, rtol=0, atol=0.1)


def test_several_sounds_are_not_predicted():
    model = LinearTowers(HEADS['contrastive'])
    inputs = dict(video=torch.zeros(2, SIZE), audio=torch.zeros(6, SIZE))
    with pytest.raises(ValueError, match='AVPairTestSampler'):
        model(inputs, [], mode='predict')


PIPELINE = [
    dict(type='LoadAVFrames', num_frames=5, backend='pyav'),
    dict(type='LoadAVAudio', sample_rate=16000),
    dict(type='Resize', scale=(32, 32), keep_ratio=False),
    dict(type='Flip', flip_ratio=0.5),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackAVInputs'),
]


@pytest.fixture
def data(corpus):
    init_default_scope('mmaction')
    return AVPairDataset(
        str(corpus.train),
        PIPELINE,
        data_root=str(corpus.root),
        clip_seconds=0.8,
        hard_gap=0.3,
    )


def test_a_clip_is_loaded_with_its_sounds(data):
    sampler = AVPairSampler(
        data, seed=0, mix=dict(easy=1, hard=2), sounds_per_clip=4
    )
    clip = next(iter(sampler))
    sample = data[clip]
    video, audio = sample['inputs']['video'], sample['inputs']['audio']
    assert video.shape == (3, 5, 32, 32) and audio.shape == (4, 12800)
    truth = sample['data_samples']
    assert truth.gt_label.tolist() == [1, 0, 0, 0]
    assert sorted(truth.kind) == [0, 1, 2, 2]
    assert tuple(map(tuple, truth.pair)) == clip
    assert truth.audio_start[0] == truth.video_start
    # The picture is that of the first pair, which also augments it, and the
    # two hard negatives are different moments.
    alone = data[clip[0]]['inputs']
    assert torch.equal(video, alone['video'])
    assert torch.equal(audio[0], alone['audio'])
    hard = [
        start
        for start, kind in zip(truth.audio_start, truth.kind)
        if kind == PairKind.HARD
    ]
    assert hard[0] != hard[1]
    assert min(abs(start - truth.video_start) for start in hard) >= 1.1


def test_same_clips_for_any_number_of_workers(data):
    batches = []
    for workers in (0, 2):
        sampler = AVPairSampler(
            data, seed=3, mix=dict(easy=1, hard=1), sounds_per_clip=3
        )
        loader = DataLoader(
            data,
            4,
            sampler=sampler,
            num_workers=workers,
            collate_fn=pseudo_collate,
        )
        batches.append(next(iter(loader)))
    for one, other in zip(*(b['inputs']['audio'] for b in batches)):
        assert torch.equal(one, other)
    for one, other in zip(*(b['data_samples'] for b in batches)):
        assert one.metainfo == other.metainfo


@pytest.mark.parametrize('head', ['contrastive', 'steps', 'fusion'])
def test_a_training_step_embeds_each_clip_once(data, head):
    steps = head == 'steps'
    neck = dict(
        type='StepProjectionNeck' if steps else 'ProjectionNeck',
        out_channels=SIZE,
        hidden_channels=None,
    )
    torch.manual_seed(0)
    model = MODELS.build(
        dict(
            type='AVTS',
            video_backbone=dict(type='MC3', base_channels=2),
            audio_backbone=dict(
                type='AudioVGG',
                channels=(2, 2, 4, 4, 4),
                pools=((2, 4), (2, 2), (2, 2), (2, 1)),
            ),
            video_neck=dict(in_channels=16, **neck),
            audio_neck=dict(in_channels=4, time_dim=3, **neck),
            head=HEADS[head],
        )
    )
    sampler = AVPairSampler(data, seed=0, sounds_per_clip=3)
    batch = pseudo_collate([data[clip] for clip in list(sampler)[:4]])
    seen = []
    model.video_backbone.register_forward_hook(
        lambda module, args, output: seen.append(len(output))
    )
    batch = model.data_preprocessor(batch, training=True)
    assert batch['inputs']['audio'].shape[0] == 12
    losses = model(**batch, mode='loss')
    model.parse_losses(losses)[0].backward()
    assert seen == [4]
    for tower in (model.video_backbone, model.audio_backbone):
        assert sum(p.grad.abs().sum() for p in tower.parameters()) > 0


def test_a_sound_that_cannot_be_read_replaces_the_clip(tmp_path):
    ann_file = tmp_path / 'a.csv'
    rows = [f'v{i}.mp4,a{i}.wav,0,{2 if i > 9 else 6},-1' for i in range(12)]
    ann_file.write_text('video,audio,start,duration,label\n' + '\n'.join(rows))

    def load(results):
        for path in results['audio_path']:
            if path == 'a1.wav':
                raise MediaError('a1.wav is broken.', path, 'undecodable')
        sample = ActionDataSample(metainfo=dict(pair=results['pair']))
        return dict(data_samples=sample)

    data = AVPairDataset(ann_file, [load])
    sampler = AVPairSampler(
        data, seed=0, mix=dict(easy=1, hard=1), sounds_per_clip=3
    )
    replaced = 0
    for epoch in range(4):
        sampler.set_epoch(epoch)
        for clip in sampler:
            sample = data[clip]['data_samples']
            assert data[clip]['data_samples'].pair == sample.pair
            assert [p.kind for p in sample.pair] == [p.kind for p in clip]
            assert len({p.video for p in sample.pair}) == 1
            for pair in sample.pair:
                assert 1 not in (pair.video, pair.audio)
                assert max(pair.video, pair.audio) < 10  # long enough
                same = pair.video == pair.audio
                assert same == (pair.kind != PairKind.EASY)
            broken = any(pair.audio == 1 for pair in clip)
            assert bool(sample.skipped) == broken
            replaced += broken
    assert replaced > 3
