"""Each fusion against NumPy, and what becomes of clips without sound."""

import numpy as np
import pytest
import torch
from mmaction.structures import ActionDataSample

from avts_mm.models import AVHead

WITH_SOUND = torch.tensor([True, False, True, True])


def build(fusion='concat', **kwargs):
    torch.manual_seed(1)
    options = dict(hidden_channels=6, dropout_ratio=0.0, average_clips='prob')
    return AVHead(3, (5, 4), fusion, **{**options, **kwargs})


def features(silent=True):
    generator = torch.Generator().manual_seed(0)
    picture = torch.randn(4, 5, generator=generator)
    sound = torch.randn(4, 4, generator=generator)
    return dict(picture=picture, sound=sound[WITH_SOUND] if silent else sound)


def samples(number=4, mask=None):
    made = [ActionDataSample().set_gt_label(i % 3) for i in range(number)]
    if mask is not None:
        for sample, heard in zip(made, mask.tolist()):
            sample.set_metainfo(dict(filename='a.mp4', with_sound=heard))
    return made


def linear(layer, x):
    return x @ layer.weight.detach().numpy().T + layer.bias.detach().numpy()


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def by_hand(head, p, s):
    """Joint scores of clips that have both."""
    if head.fusion == 'sum':
        return linear(head.fc['picture'], p) + linear(head.fc['sound'], s)
    both = np.concatenate([p, s], axis=1)
    if head.fusion == 'concat':
        return linear(
            head.fc['both'], np.maximum(linear(head.hidden, both), 0)
        )
    gate = sigmoid(linear(head.gate, both))
    u = np.tanh(linear(head.project['picture'], p))
    v = np.tanh(linear(head.project['sound'], s))
    return linear(head.fc['both'], gate * u + (1 - gate) * v)


@pytest.mark.parametrize('fusion', ['concat', 'sum', 'gated'])
def test_fusion(fusion):
    head, feats = build(fusion).eval(), features(silent=False)
    scores = head(feats)
    p, s = feats['picture'].numpy(), feats['sound'].numpy()
    expected = dict(
        picture=linear(head.fc['picture'], p),
        sound=linear(head.fc['sound'], s),
        both=by_hand(head, p, s),
    )
    assert scores.keys() == expected.keys()
    for way, value in expected.items():
        found = scores[way].detach().numpy()
        np.testing.assert_allclose(found, value, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize('fusion', ['concat', 'sum', 'gated'])
def test_a_clip_without_sound_is_judged_by_its_picture(fusion):
    head, feats = build(fusion).eval(), features()
    p, s = feats['picture'].numpy(), feats['sound'].numpy()
    heard = WITH_SOUND.numpy()
    joint = by_hand(head, p[heard], s)
    picture = linear(head.fc['picture'], p)
    expected = dict(both=picture.copy(), picture=picture, sound=picture.copy())
    expected['both'][heard] = joint
    expected['sound'][heard] = linear(head.fc['sound'], s)
    for way in ('both', 'picture', 'sound'):
        found = head.predict(
            feats, samples(mask=WITH_SOUND), WITH_SOUND, modality=way
        )
        scores = np.stack([x.pred_score.detach().numpy() for x in found])
        probabilities = softmax(expected[way])
        np.testing.assert_allclose(scores, probabilities, rtol=1e-5, atol=1e-6)
        labels = [int(x.pred_label) for x in found]
        assert labels == probabilities.argmax(1).tolist()
    each = head.predict(
        feats, samples(mask=WITH_SOUND), WITH_SOUND, modality='each'
    )
    assert list(each[0].pred_score) == ['both', 'picture', 'sound']
    for way, values in expected.items():
        scores = np.stack([x.pred_score[way].detach().numpy() for x in each])
        np.testing.assert_allclose(
            scores, softmax(values), rtol=1e-5, atol=1e-6
        )


def test_clips_of_a_sample_are_averaged():
    head, feats = build().eval(), features(silent=False)
    alone = head.predict(feats, samples())
    pairs = head.predict(feats, samples(2))
    for number, sample in enumerate(pairs):
        mean = sum(x.pred_score for x in alone[2 * number :][:2]) / 2
        torch.testing.assert_close(sample.pred_score, mean)


def entropy(scores, labels):
    return -np.log(softmax(scores)[range(len(labels)), labels]).mean()


@pytest.mark.parametrize('fusion', ['concat', 'sum', 'gated'])
def test_losses(fusion):
    head, feats = build(fusion, tower_loss_weight=0.5), features()
    losses = head.loss(feats, samples(mask=WITH_SOUND), WITH_SOUND)
    p, s = feats['picture'].numpy(), feats['sound'].numpy()
    labels = np.array([0, 1, 2, 0])
    expected = dict(
        picture=0.5 * entropy(linear(head.fc['picture'], p), labels),
        sound=0.5 * entropy(linear(head.fc['sound'], s), labels[[0, 2, 3]]),
    )
    for way, value in expected.items():
        found = losses[f'{way}_loss_cls'].item()
        assert found == pytest.approx(value, rel=1e-5)
        assert 0 <= losses[f'{way}_top1_acc'] <= 1
    # In the joint one the second clip counts as one whose sound was dropped.
    joint = head(feats, WITH_SOUND)['both'].detach().numpy()
    np.testing.assert_allclose(
        joint[WITH_SOUND.numpy()],
        by_hand(head, p[WITH_SOUND.numpy()], s),
        rtol=1e-5,
        atol=1e-6,
    )
    assert losses['both_loss_cls'].item() == pytest.approx(
        entropy(joint, labels), rel=1e-5
    )


@pytest.mark.parametrize('fusion', ['concat', 'sum', 'gated'])
def test_what_was_dropped_does_not_matter(fusion):
    """Where the joint score of a clip moves with the picture, and with the
    sound: all of them in the test, one of both where one was dropped."""
    head = build(fusion, modality_dropout=1.0)
    feats = {k: v.requires_grad_() for k, v in features(False).items()}

    def reached():
        torch.manual_seed(0)
        feats['picture'].grad = feats['sound'].grad = None
        head(feats)['both'].square().sum().backward()
        return [(x.grad.abs().sum(1) > 0).tolist() for x in feats.values()]

    pictures, sounds = reached()
    assert [a != b for a, b in zip(pictures, sounds)] == [True] * 4
    assert any(pictures) and any(sounds)
    head.eval()
    assert reached() == [[True] * 4] * 2


def test_share_of_dropped_clips():
    head = build('sum', modality_dropout=0.3)
    torch.manual_seed(0)
    mask = torch.ones(20000, dtype=torch.bool)
    mask[:10000] = False
    seen, heard = (x.squeeze(1) for x in head._present(mask))
    assert seen[:10000].all() and not heard[:10000].any()
    assert (~seen[10000:]).float().mean() == pytest.approx(0.15, abs=0.015)
    assert (~heard[10000:]).float().mean() == pytest.approx(0.15, abs=0.015)
    assert (seen | heard).all()


@pytest.mark.parametrize('way', ['picture', 'sound'])
def test_one_tower(way):
    head = build(modality=way)
    feats = {way: features(False)[way]}
    names = {name.split('.')[1] for name, _ in head.named_parameters()}
    assert names == {way}
    losses = head.loss(feats, samples())
    assert set(losses) == {f'{way}_{x}' for x in ('loss_cls', *TOP)}
    head.eval()
    expected = softmax(linear(head.fc[way], feats[way].numpy()))
    for modality in ('both', way):
        found = head.predict(feats, samples(), modality=modality)
        scores = np.stack([x.pred_score.detach().numpy() for x in found])
        np.testing.assert_allclose(scores, expected, rtol=1e-5, atol=1e-6)
    (score, *_) = (
        x.pred_score for x in head.predict(feats, samples(), modality='each')
    )
    assert list(score) == [way]


TOP = ('top1_acc', 'top5_acc')


def test_sound_alone_cannot_judge_a_silent_film():
    head = build(modality='sound').eval()
    feats = dict(sound=features()['sound'])
    with pytest.raises(ValueError, match=r'a\.mp4: has no sound'):
        head.predict(feats, samples(mask=WITH_SOUND), WITH_SOUND)


def test_wrong_words():
    for name in ('fusion', 'modality'):
        with pytest.raises(ValueError, match=f'{name} must be'):
            AVHead(3, (5, 4), **{name: 'product'})
