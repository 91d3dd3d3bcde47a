"""Two towers that classify together, or alone."""

import multiprocessing

import numpy as np
import pytest
import torch
import torch.distributed as dist
from mmaction.evaluation import AccMetric, ConfusionMatrix
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.dataset import pseudo_collate
from mmengine.model import MMDistributedDataParallel
from mmengine.registry import init_default_scope

from avts_mm.datasets import stack_inputs
from avts_mm.models import AVTS, AVRecognizer
from avts_mm.weights import CheckpointError, towers

TOWERS = dict(
    video_backbone=dict(type='MC3', base_channels=2),
    audio_backbone=dict(type='AudioVGG', channels=(2, 4, 8, 8, 8)),
)
HEAD = dict(
    type='AVHead',
    num_classes=3,
    in_channels=(16, 8),
    hidden_channels=6,
    dropout_ratio=0.0,
    average_clips='prob',
)


def build(head=(), **kwargs):
    torch.manual_seed(0)
    cfg = dict(
        type='AVRecognizer', **TOWERS, cls_head=dict(HEAD, **dict(head))
    )
    cfg.update(kwargs)
    model = MODELS.build(cfg)
    assert isinstance(model, AVRecognizer)
    return model


def sample(number, sound=True, clips=None):
    """Of the pipeline; of several clips if ``clips`` is given."""
    generator = torch.Generator().manual_seed(number)
    lead = () if clips is None else (clips,)
    video = torch.randint(0, 256, (*lead, 3, 4, 32, 32), generator=generator)
    inputs = dict(video=video.byte())
    data_sample = ActionDataSample().set_gt_label(number % 3)
    if sound:
        inputs['audio'] = torch.randn(*lead, 16000, generator=generator)
    else:
        data_sample.set_metainfo(dict(with_sound=False))
    return dict(inputs=inputs, data_samples=data_sample)


def judged(model, samples, collate=stack_inputs):
    with torch.no_grad():
        found = model.eval().test_step(collate(samples))
    return [x.pred_score for x in found]


@pytest.mark.parametrize('fusion', ['concat', 'sum', 'gated'])
def test_gradients_reach_both_towers_by_the_joint_loss_alone(fusion):
    model = build(dict(fusion=fusion, tower_loss_weight=0.0))
    batch = stack_inputs([sample(i) for i in range(4)])
    losses = model(**model.data_preprocessor(batch), mode='loss')
    assert {n for n in losses if 'loss' in n} == {
        f'{way}_loss_cls' for way in ('both', 'picture', 'sound')
    }
    model.parse_losses(losses)[0].backward()
    for tower in (model.video_backbone, model.audio_backbone):
        reached = [p.grad.abs().sum() > 0 for p in tower.parameters()]
        assert sum(reached) > 0.9 * len(reached)


@pytest.mark.parametrize('clips', [None, 2])
def test_clips_without_sound_in_a_batch(clips):
    """The same answers as each has alone; picture's where there is no sound,
    and the audio tower sees nothing of them."""
    model = build(test_cfg=dict(modality='each'))
    samples = [sample(i, sound=i not in (0, 3), clips=clips) for i in range(5)]
    seen = []
    model.audio_backbone.register_forward_pre_hook(
        lambda module, inputs: seen.append(len(inputs[0]))
    )
    scores = judged(model, samples)
    assert seen == [3 * (clips or 1)]
    for number, score in enumerate(scores):
        (alone,) = judged(model, [samples[number]])
        for way, value in score.items():
            torch.testing.assert_close(value, alone[way])
        silent = number in (0, 3)
        same = torch.equal(score['both'], score['picture'])
        assert same == silent
        assert torch.equal(score['sound'], score['picture']) == silent
        assert float(score['both'].sum()) == pytest.approx(1)
    assert len(seen) == 1 + 3  # never for one without


def test_one_word_chooses_what_is_answered():
    samples = [sample(i, sound=i != 1) for i in range(3)]
    each = judged(build(test_cfg=dict(modality='each')), samples)
    for way in ('both', 'picture', 'sound'):
        scores = judged(build(test_cfg=dict(modality=way)), samples)
        for score, all_ways in zip(scores, each):
            torch.testing.assert_close(score, all_ways[way])
    for score, all_ways in zip(judged(build(), samples), each):
        torch.testing.assert_close(score, all_ways['both'])
    with pytest.raises(ValueError, match='modality must be one of'):
        build(test_cfg=dict(modality='audio'))
    with pytest.raises(ValueError, match='modality must be one of'):
        build(modality='sound', test_cfg=dict(modality='picture'))


def test_metrics_of_mmaction2():
    samples = [sample(i, sound=i % 2) for i in range(6)]
    for modality, names in (
        ('each', {'both_top1', 'picture_top1', 'sound_top1'}),
        ('both', {'top1'}),
    ):
        model = build(test_cfg=dict(modality=modality)).eval()
        with torch.no_grad():
            found = model.test_step(stack_inputs(samples))
        found = [x.to_dict() for x in found]
        metric = AccMetric('top_k_accuracy')
        metric.process(None, found)
        accuracies = metric.compute_metrics(metric.results)
        assert names < set(accuracies)
        if modality == 'both':
            labels = [int(x['pred_score'].argmax()) for x in found]
            right = np.mean([a == i % 3 for i, a in enumerate(labels)])
            assert accuracies['top1'] == pytest.approx(right)
            matrix = ConfusionMatrix()
            matrix.process(None, found)
            counts = matrix.compute_metrics(matrix.results)['result']
            assert counts.trace() == round(6 * right) and counts.sum() == 6


@pytest.mark.parametrize('way', ['picture', 'sound'])
def test_a_model_of_one_tower(way):
    model = build(modality=way)
    other = dict(picture='audio', sound='video')[way]
    assert not hasattr(model, f'{other}_backbone')
    batch = stack_inputs([sample(i) for i in range(2)])
    losses = model(**model.data_preprocessor(batch), mode='loss')
    model.parse_losses(losses)[0].backward()
    assert all(p.grad is not None for p in model.parameters())
    scores = judged(model, [sample(0), sample(1)])
    assert [x.shape for x in scores] == [(3,)] * 2


def test_sound_that_was_lost_on_the_way():
    model, samples = build(), [sample(0), sample(1)]
    del samples[0]['inputs']['audio']
    for collate in (stack_inputs, lambda x: pseudo_collate(x)):
        with pytest.raises(
            ValueError, match=r'sound of \d clips.*stack_inputs'
        ):
            judged(model, samples, collate)


def test_tensor_mode():
    model = build().eval()
    batch = model.data_preprocessor(stack_inputs([sample(0), sample(1)]))
    scores = model(batch['inputs'])
    assert {way: x.shape for way, x in scores.items()} == dict.fromkeys(
        ('both', 'picture', 'sound'), (2, 3)
    )
    with pytest.raises(ValueError, match='mode'):
        model(**batch, mode='train')


@pytest.mark.parametrize(
    ('video', 'audio', 'sizes'),
    [
        (
            dict(type='ResNetTSM', depth=18, num_segments=4),
            dict(type='ResNetAudio', depth=50, base_channels=4),
            (512, 128),
        ),
        # Slow and fast, joined.
        (
            dict(
                type='ResNet3dSlowFast',
                resample_rate=2,
                speed_ratio=2,
                channel_ratio=2,
                slow_pathway=dict(
                    type='resnet3d',
                    depth=50,
                    pretrained=None,
                    base_channels=4,
                    lateral=True,
                    fusion_kernel=1,
                ),
                fast_pathway=dict(
                    type='resnet3d',
                    depth=50,
                    pretrained=None,
                    base_channels=2,
                    lateral=False,
                ),
            ),
            dict(type='ResNetAudio', depth=50, base_channels=4),
            (192, 128),
        ),
    ],
    ids=['tsm', 'slowfast'],
)
def test_backbones_of_mmaction2(video, audio, sizes):
    init_default_scope('mmaction')
    own = dict(video_backbone=video, audio_backbone=audio)
    for tower in own.values():
        tower.update(pretrained=None)
    per_picture = video['type'] == 'ResNetTSM'
    model = build(dict(in_channels=sizes), per_picture=per_picture, **own)
    scores = judged(model, [sample(0), sample(1, sound=False)])
    assert all(score.isfinite().all() for score in scores)


def test_both_towers_come_from_one_checkpoint(tmp_path, monkeypatch):
    lines = []
    monkeypatch.setattr(towers, 'print_log', lambda m, **kw: lines.append(m))
    torch.manual_seed(5)
    neck = dict(type='ProjectionNeck', out_channels=6)
    avts = AVTS(
        **TOWERS,
        video_neck=dict(neck, in_channels=16),
        audio_neck=dict(neck, in_channels=8, time_dim=3),
        head=dict(type='AVContrastiveHead'),
    )
    path = str(tmp_path / 'avts.pth')
    torch.save(dict(state_dict=avts.state_dict()), path)
    init = dict(type='PretrainedTower', checkpoint=path)
    model, random = build(init_cfg=init), build()
    model.init_weights()
    for name in TOWERS:
        own, theirs = getattr(model, name), getattr(avts, name)
        for key, value in theirs.state_dict().items():
            assert torch.equal(own.state_dict()[key], value)
    # The head is what it would be without them.
    random.init_weights()
    for own, other in zip(
        model.cls_head.parameters(), random.cls_head.parameters()
    ):
        assert torch.equal(own, other)
    counted = [
        key for key in avts.state_dict() if not key.endswith('batches_tracked')
    ]
    counted = [k for k in counted if 'neck' not in k]
    heads = len(model.cls_head.state_dict())
    text = f'{len(counted)} of {len(counted) + heads} tensors of AVRecognizer'
    assert lines == [f'{text} from {path} (no prefix)']
    torch.save(dict(state_dict=avts.video_backbone.state_dict()), path)
    with pytest.raises(CheckpointError, match=r'avts\.pth'):
        build(init_cfg=init).init_weights()


FIXED = dict(
    video_backbone=dict(TOWERS['video_backbone'], norm_eval=True),
    audio_backbone=dict(TOWERS['audio_backbone'], norm_eval=True),
)
PARTS = [
    [sample(0, sound=False), sample(1, sound=False)],
    [sample(2), sample(3, sound=False)],
]


def gradients(model, samples):
    """Of a step on some samples, of all parameters in one."""
    inner = getattr(model, 'module', model)
    data = inner.data_preprocessor(stack_inputs(samples), True)
    losses = model(**data, mode='loss')
    inner.parse_losses(losses)[0].backward()
    return torch.cat([p.grad.flatten() for p in inner.parameters()])


def _rank(rank, store, queue):
    dist.init_process_group(
        'gloo', init_method=f'file://{store}', rank=rank, world_size=2
    )
    try:
        model = build(**FIXED).train()
        model = MMDistributedDataParallel(model, device_ids=None)
        queue.put((rank, gradients(model, PARTS[rank]).numpy()))
    finally:
        dist.destroy_process_group()


def test_two_processes_of_which_one_hears_nothing(tmp_path):
    alone = [gradients(build(**FIXED).train(), part) for part in PARTS]
    context = multiprocessing.get_context('fork')
    queue = context.Queue()
    processes = [
        context.Process(target=_rank, args=(rank, tmp_path / 'store', queue))
        for rank in range(2)
    ]
    for process in processes:
        process.start()
    found = dict(queue.get(timeout=60) for _ in processes)
    for process in processes:
        process.join(60)
    np.testing.assert_array_equal(found[0], found[1])
    mean = (alone[0] + alone[1]).numpy() / 2
    np.testing.assert_allclose(found[0], mean, rtol=1e-4, atol=1e-5)
