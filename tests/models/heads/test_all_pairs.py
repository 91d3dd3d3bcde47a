"""The table of all pairs: its kinds, weights, loss and gradients."""

import multiprocessing
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import distributed

from avts_mm.datasets import PairTiming
from avts_mm.models import AVContrastiveHead, StepContrastiveHead
from avts_mm.models.heads.contrastive_head import kinds_of_pairs, weigh

TIMING = PairTiming(1.0, 0.5, (0.25, 0.75))
MIX = dict(easy=3, hard=1)
CPU = torch.device('cpu')


def moments(video_id, *starts):
    return SimpleNamespace(
        video_id=video_id, video_start=np.array(starts), timing=TIMING
    )


# Two videos with two far moments each, and one whose moments overlap.
SAMPLES = [moments(0, 0.0, 2.0), moments(5, 4.0, 1.0), moments(9, 0.0, 0.5)]


def embeddings(count=6, *shape, seed=0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, *(shape or (4,)), generator=generator).to(dtype)


def distances(video, audio):
    return np.linalg.norm(video[:, None] - audio[None], axis=-1)


def reference_weights(mix, samples=SAMPLES):
    """Weights pair by pair, from the definition of the kinds."""
    places = [(s.video_id, x) for s in samples for x in s.video_start]
    kinds = np.full((len(places), len(places)), 'none', object)
    for i, (video, start) in enumerate(places):
        for j, (other, moment) in enumerate(places):
            apart = abs(start - moment)
            if i == j:
                kinds[i, j] = 'positive'
            elif video != other:
                kinds[i, j] = 'easy'
            elif apart >= 1.5:
                kinds[i, j] = 'hard'
            elif 0.25 <= apart <= 0.75:
                kinds[i, j] = 'super_hard'
    total = sum(mix.values())
    weights = np.where(kinds == 'positive', 0.5 / len(places), 0.0)
    for kind, share in mix.items():
        chosen = kinds == kind
        weights[chosen] = 0.5 * share / total / chosen.sum()
    return kinds, weights * kinds.size


def test_kinds_follow_from_video_and_moment():
    kinds = kinds_of_pairs(SAMPLES, CPU)
    expected, _ = reference_weights(MIX)
    for name, chosen in kinds.items():
        np.testing.assert_array_equal(chosen, expected == name)
    same = kinds_of_pairs([moments(1, 1.0, 1.0, 1.9)], CPU)
    assert not any(chosen[0, 1] for chosen in same.values())
    assert not any(chosen[0, 2] for chosen in same.values())


@pytest.mark.parametrize(
    'mix', [MIX, dict(easy=1), dict(hard=1, super_hard=2), dict(easy=0.5)]
)
def test_the_mix_weighs_the_kinds_exactly(mix):
    weights = weigh(kinds_of_pairs(SAMPLES, CPU), mix)
    np.testing.assert_allclose(weights, reference_weights(mix)[1], rtol=1e-5)
    assert weights.mean() == pytest.approx(1)


def test_a_kind_that_is_not_there_leaves_its_share():
    kinds = kinds_of_pairs([moments(0, 0.0, 2.0)], CPU)
    weights = weigh(kinds, MIX)
    np.testing.assert_allclose(weights, np.ones((2, 2)))
    alone = weigh(kinds_of_pairs([moments(0, 1.0)], CPU), MIX)
    assert alone.tolist() == [[1.0]]


@pytest.mark.parametrize('loss', ['ContrastiveLoss', 'InfoNCELoss'])
def test_loss_against_numpy(loss):
    head = AVContrastiveHead(dict(type=loss), all_pairs=True)
    head.set_mix(MIX)
    video, audio = embeddings(seed=1) / 4, embeddings(seed=2) / 4
    losses = head.loss(video, audio, torch.ones(6), SAMPLES)
    kinds, weights = reference_weights(MIX)
    distance = distances(video.numpy(), audio.numpy())
    if loss == 'ContrastiveLoss':
        own = np.eye(6) * distance**2
        others = np.maximum(0.99 - distance, 0) ** 2 * (1 - np.eye(6))
        expected = (weights * (own + others)).mean()
    else:
        scores = np.exp(-(distance**2) / 2 / 0.1)
        weights *= 1 - np.eye(6)
        parts = []
        for axis in (0, 1):
            count = (weights > 0).sum(axis, keepdims=True)
            scaled = weights * count / weights.sum(axis, keepdims=True)
            others = (scaled * scores).sum(axis)
            own = scores.diagonal()
            parts.append(-np.log(own / (own + others)).mean())
        expected = np.mean(parts)
    assert losses['loss'].item() == pytest.approx(expected, rel=1e-5)
    for kind in ('positive', 'easy', 'hard'):
        mean = distance[kinds == kind].mean()
        assert losses[f'distance_{kind}'].item() == pytest.approx(mean, 1e-5)
    assert 'distance_super_hard' not in losses


@pytest.mark.parametrize('loss', ['ContrastiveLoss', 'InfoNCELoss'])
@pytest.mark.parametrize('normalize', [False, True])
def test_gradients(loss, normalize, monkeypatch):
    head = AVContrastiveHead(
        dict(type=loss), normalize=normalize, all_pairs=True
    ).double()
    head.set_mix(MIX)
    # Doubles for the differences; a head computes in single precision.
    monkeypatch.setattr(torch.Tensor, 'float', torch.Tensor.double)
    video, audio = (
        (embeddings(seed=seed) / 4).requires_grad_() for seed in (1, 2)
    )

    def of(video, audio):
        return head.loss(video, audio, torch.ones(6), SAMPLES)['loss']

    assert torch.autograd.gradcheck(of, (video, audio))


@pytest.mark.parametrize('loss', ['ContrastiveLoss', 'InfoNCELoss'])
@pytest.mark.parametrize(
    'samples', [[moments(0, 1.0)], [moments(0, 1.0, 1.0)], [moments(3, 0, 2)]]
)
def test_a_batch_of_one_video_has_a_finite_loss(loss, samples):
    head = AVContrastiveHead(dict(type=loss), all_pairs=True)
    count = len(samples[0].video_start)
    video = embeddings(count).float().requires_grad_()
    losses = head.loss(video, video.detach() + 1, torch.ones(count), samples)
    losses['loss'].backward()
    assert torch.isfinite(losses['loss'])
    assert torch.isfinite(video.grad).all()


def test_equal_embeddings_have_finite_gradients():
    head = AVContrastiveHead(all_pairs=True)
    video = torch.ones(6, 4, requires_grad=True)
    head.loss(video, torch.ones(6, 4), torch.ones(6), SAMPLES)[
        'loss'
    ].backward()
    assert torch.isfinite(video.grad).all()


def test_single_precision_in_bfloat16():
    head = AVContrastiveHead(all_pairs=True, normalize=True)
    video, audio = embeddings(dtype=torch.bfloat16), embeddings(seed=3)
    with torch.autocast('cpu', torch.bfloat16):
        table = head.table(video, audio.bfloat16())
    assert table.dtype == torch.float32
    exact = head.table(video.double(), audio.bfloat16().double())
    torch.testing.assert_close(table, exact, atol=1e-5, rtol=1e-5)


def test_steps_are_compared_at_the_same_time():
    loss = dict(type='ContrastiveLoss', margin=9.0)
    head = StepContrastiveHead(loss, 2, trim=1, all_pairs=True)
    video, audio = embeddings(6, 4, 9, seed=1), embeddings(6, 4, 9, seed=2)
    table = head.table(video, audio)
    steps = [
        distances(video[..., t].numpy(), audio[..., t].numpy())
        for t in range(1, 8)
    ]
    np.testing.assert_allclose(table, np.mean(steps, 0), rtol=1e-5)
    torch.testing.assert_close(table.diagonal(), head(video, audio))
    losses = head.loss(video, audio, torch.ones(6), SAMPLES)
    assert losses['loss_shift'] > 0


@pytest.mark.parametrize('normalize', [False, True])
@pytest.mark.parametrize('scale_by_dim', [False, True])
def test_the_diagonal_is_the_distance_of_pairs(normalize, scale_by_dim):
    head = AVContrastiveHead(normalize=normalize, scale_by_dim=scale_by_dim)
    video, audio = embeddings(seed=1), embeddings(seed=2)
    table = head.table(video, audio)
    torch.testing.assert_close(table.diagonal(), head(video, audio))


def test_shifts_are_told_from_a_clips_own_sound_by_info_nce():
    loss = dict(type='InfoNCELoss', temperature=0.5)
    head = StepContrastiveHead(loss, 2, min_shift=1, trim=1, all_pairs=True)
    video, audio = embeddings(6, 4, 9, seed=1), embeddings(6, 4, 9, seed=2)
    losses = head.loss(video, audio, torch.ones(6), SAMPLES)
    scores = -(head.shift_distances(video, audio).numpy() ** 2)
    own = scores[:, 2]
    expected = np.log(np.exp(scores).sum(1)) - own
    assert losses['loss_shift'].item() == pytest.approx(expected.mean(), 1e-5)


def test_samples_without_moments_are_refused():
    head = AVContrastiveHead(all_pairs=True)
    samples = [SimpleNamespace(gt_label=1)] * 6
    with pytest.raises(ValueError, match='clips_per_video=2'):
        head.loss(embeddings(), embeddings(), torch.ones(6), samples)


def _loss_and_gradient(rank, ranks, store, results):
    if ranks > 1:
        distributed.init_process_group(
            'gloo', init_method=f'file://{store}', rank=rank, world_size=ranks
        )
    part = slice(rank * 6 // ranks, (rank + 1) * 6 // ranks)
    samples = [moments(s.video_id, x) for s in SAMPLES for x in s.video_start]
    head = AVContrastiveHead(dict(type='InfoNCELoss'), all_pairs=True)
    head.set_mix(MIX)
    weight = torch.eye(4, requires_grad=True)
    video, audio = embeddings(seed=1).float(), embeddings(seed=2).float()
    losses = head.loss(
        video[part] @ weight,
        audio[part] @ weight,
        torch.ones(6),
        samples[part],
    )
    losses['loss'].backward()
    gradient = weight.grad
    if ranks > 1:  # as DistributedDataParallel does
        distributed.all_reduce(gradient)
        gradient /= ranks
        distributed.barrier()
    results.put((losses['loss'].item(), gradient.tolist()))


def test_two_ranks_are_one_with_both_batches(tmp_path):
    context = multiprocessing.get_context('spawn')
    results = context.Queue()
    started = [
        context.Process(
            target=_loss_and_gradient,
            args=(rank, 2, tmp_path / 'store', results),
        )
        for rank in range(2)
    ]
    for process in started:
        process.start()
    _loss_and_gradient(0, 1, None, alone := multiprocessing.SimpleQueue())
    loss, gradient = alone.get()
    for _ in started:
        other_loss, other_gradient = results.get(timeout=120)
        assert other_loss == pytest.approx(loss, abs=1e-5)
        np.testing.assert_allclose(other_gradient, gradient, atol=1e-5)
    for process in started:
        process.join(60)
