"""The contrastive loss at every step and every shift."""

import numpy as np
import pytest
import torch

from avts_mm.models import StepContrastiveHead


@pytest.fixture
def embeddings():
    rng = np.random.default_rng(0)
    return rng.normal(size=(3, 4, 12)), rng.normal(size=(3, 4, 13))


def tensors(embeddings):
    return tuple(torch.tensor(e, requires_grad=True) for e in embeddings)


def reference_shift(video, audio, shift, trim):
    """Mean distance of picture at t and sound at t + shift, in NumPy."""
    steps = min(video.shape[1], audio.shape[1])
    times = [
        t
        for t in range(trim, steps - trim)
        if trim <= t + shift < steps - trim
    ]
    return np.mean(
        [np.linalg.norm(video[:, t] - audio[:, t + shift]) for t in times]
    )


def test_distances_against_numpy(embeddings):
    head = StepContrastiveHead(max_shift=3, trim=1)
    video, audio = tensors(embeddings)
    shifts = head.shift_distances(video, audio).detach().numpy()
    expected = [
        [reference_shift(v, a, s, 1) for s in range(-3, 4)]
        for v, a in zip(*embeddings)
    ]
    np.testing.assert_allclose(shifts, expected, rtol=1e-5)
    plain = head.predict(video, audio).detach().numpy()
    np.testing.assert_allclose(plain, shifts[:, 3], rtol=1e-6)


def test_loss_against_numpy(embeddings):
    head = StepContrastiveHead(
        loss=dict(type='ContrastiveLoss', margin=2.5),
        max_shift=3,
        min_shift=2,
        trim=0,
    )
    video, audio = tensors(embeddings)
    losses = head.loss(video, audio, torch.tensor([1, 0, 1]))
    d = np.array(
        [
            [reference_shift(v, a, s, 0) for s in range(-3, 4)]
            for v, a in zip(*embeddings)
        ]
    )
    pairs = (d[0, 3] ** 2 + max(2.5 - d[1, 3], 0) ** 2 + d[2, 3] ** 2) / 3
    assert losses['loss'].item() == pytest.approx(pairs, rel=1e-5)
    apart = np.maximum(2.5 - d[[0, 2]][:, [0, 1, 5, 6]], 0) ** 2
    assert losses['loss_shift'].item() == pytest.approx(apart.mean(), rel=1e-5)


def test_a_shifted_sound_is_nearest_at_its_shift():
    torch.manual_seed(0)
    x = torch.randn(2, 8, 30)
    head = StepContrastiveHead(max_shift=5, trim=0)
    # The sound at step t + 3 belongs to the picture at step t: it is late.
    late = torch.cat([torch.randn(2, 8, 3), x[:, :, :-3]], dim=2)
    assert head.shift_distances(x, late).argmin(1).tolist() == [8, 8]


def test_without_pairs_in_sync_or_without_shifts(embeddings):
    video, audio = tensors(embeddings)
    head = StepContrastiveHead(max_shift=3)
    assert 'loss_shift' not in head.loss(video, audio, torch.zeros(3))
    head = StepContrastiveHead(max_shift=0)
    losses = head.loss(video, audio, torch.ones(3))
    assert 'loss_shift' not in losses
    losses['loss'].backward()
    assert video.grad.abs().sum() > 0
    # The ends are trimmed.
    assert not video.grad[:, :, :2].any() and not video.grad[:, :, -2:].any()


def test_gradient_of_the_shifts(embeddings):
    head = StepContrastiveHead(max_shift=3, trim=1).double()
    video, audio = tensors(embeddings)

    def total(v, a):
        return sum(
            value
            for name, value in head.loss(v, a, torch.tensor([1, 0, 1])).items()
            if name.startswith('loss')
        )

    total(video, audio).backward()
    assert torch.isfinite(video.grad).all()
    assert audio.grad.abs().sum() > 0


def test_errors(embeddings):
    video, audio = tensors(embeddings)
    head = StepContrastiveHead(max_shift=3)
    with pytest.raises(ValueError, match='10 and 13 steps'):
        head(video[:, :, :10], audio)
    with pytest.raises(ValueError, match='too short'):
        head(video[:, :, :7], audio[:, :, :7])
    with pytest.raises(ValueError, match='min_shift'):
        StepContrastiveHead(max_shift=2, min_shift=3)
