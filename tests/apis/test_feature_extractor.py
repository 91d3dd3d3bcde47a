"""Features of any layer of a frozen model."""

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample

import avts_mm  # noqa: F401
from avts_mm.apis import FeatureExtractor
from avts_mm.apis.feature_extractor import LOG_MEL


@pytest.fixture(scope='module')
def avts():
    torch.manual_seed(0)
    neck = dict(type='ProjectionNeck', hidden_channels=8, out_channels=6)
    return MODELS.build(
        dict(
            type='AVTS',
            video_backbone=dict(type='MC3', base_channels=4),
            audio_backbone=dict(type='AudioVGG', channels=(2, 4, 8, 8, 8)),
            video_neck=dict(neck, in_channels=32),
            audio_neck=dict(neck, in_channels=8, time_dim=3),
            head=dict(type='AVContrastiveHead'),
        )
    )


@pytest.fixture(scope='module')
def recognizer():
    torch.manual_seed(0)
    return MODELS.build(
        dict(
            type='Recognizer3D',
            backbone=dict(type='MC3', base_channels=4),
            cls_head=dict(type='I3DHead', num_classes=5, in_channels=32),
            data_preprocessor=MODELS.build(
                dict(
                    type='ActionDataPreprocessor',
                    mean=[100.0] * 3,
                    std=[50.0] * 3,
                    format_shape='NCTHW',
                )
            ),
        )
    )


def inputs(n=3):
    g = torch.Generator().manual_seed(1)
    video = torch.randint(0, 256, (n, 3, 5, 32, 32), generator=g).byte()
    return dict(video=video, audio=torch.randn(n, 16000, generator=g))


@torch.no_grad()
def test_layers_of_both_towers(avts):
    avts.eval()
    ready = avts.data_preprocessor(dict(inputs=inputs()))['inputs']
    video = avts.video_backbone(ready['video'])
    audio = avts.audio_backbone(ready['audio'])
    for layer, expected in {
        'video_backbone': video.mean((2, 3, 4)),
        'video_backbone.layer4': video.mean((2, 3, 4)),
        'video_neck': avts.video_neck(video),
        'audio_backbone.conv_5': audio.mean((2, 3)),
        'audio_neck': avts.audio_neck(audio),
        # An in-place layer comes after this one.
        'audio_neck.fc.0': avts.audio_neck.fc[0](audio.mean((2, 3))),
    }.items():
        found = FeatureExtractor(avts, layer)(inputs())
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected.numpy(), atol=1e-5)


@torch.no_grad()
def test_pooling(avts):
    ready = avts.data_preprocessor(dict(inputs=inputs()))['inputs']
    audio = avts.eval().audio_backbone(ready['audio']).numpy()
    assert audio.shape == (3, 8, 3, 7)

    def features(pool, **kwargs):
        return FeatureExtractor(avts, 'audio_backbone', pool, **kwargs)(
            inputs()
        )

    np.testing.assert_allclose(features('max'), audio.max((2, 3)))
    np.testing.assert_allclose(features(None), audio.reshape(3, -1))
    np.testing.assert_allclose(features((3, 7)), audio.reshape(3, -1))
    np.testing.assert_allclose(features(1), audio.max((2, 3)))
    rows = audio.max(3).reshape(3, -1)
    np.testing.assert_allclose(features((3, 1)), rows)
    unit = features('max', normalize=True)
    np.testing.assert_allclose(np.linalg.norm(unit, axis=1), 1, rtol=1e-5)
    with pytest.raises(ValueError, match='does not fit the 2 axes'):
        features((1, 2, 3))
    for pool in ('median', 0, (2, -1)):
        with pytest.raises(ValueError, match=r'pool|grid'):
            features(pool)


def test_only_the_tower_of_the_layer_runs(avts, monkeypatch):
    def fail(*args):
        raise AssertionError('should not run')

    both = inputs()
    audio, video = {'audio': both['audio']}, {'video': list(both['video'])}
    with monkeypatch.context() as patch:
        patch.setattr(avts.video_backbone, 'forward', fail)
        patch.setattr(avts.audio_neck, 'forward', fail)
        extract = FeatureExtractor(avts, 'audio_backbone.conv_4')
        assert extract.modality == 'audio'
        np.testing.assert_array_equal(extract(audio), extract(both))
    with monkeypatch.context() as patch:
        patch.setattr(avts.audio_backbone, 'forward', fail)
        extract = FeatureExtractor(avts, 'video_neck')
        assert extract.modality == 'video'
        np.testing.assert_allclose(extract(video), extract(both), rtol=1e-5)
    with pytest.raises(ValueError, match=r"video_neck needs inputs\['video'"):
        extract(audio)


def test_evaluation_mode_and_no_hooks_left(avts):
    avts.train()
    before = avts.audio_backbone.conv_1[1].bn.running_mean.clone()
    extract = FeatureExtractor(avts, 'audio_backbone')
    avts.train()
    first = extract(inputs())
    np.testing.assert_array_equal(first[:1], extract(inputs())[:1])
    after = avts.audio_backbone.conv_1[1].bn.running_mean
    assert torch.equal(before, after)
    ready = avts.data_preprocessor(dict(inputs=inputs()))['inputs']
    assert avts.audio_backbone(ready['audio']).shape[1] == 8


@pytest.mark.parametrize(
    'layer', ['conv_5', 'head', 'data_preprocessor', '', 'video_', 'audio']
)
def test_unknown_layers_list_the_known(avts, layer):
    with pytest.raises(ValueError, match=r'audio_backbone\.conv_5, '):
        FeatureExtractor(avts, layer)


def test_layers_that_give_no_features(avts):
    model = MODELS.build(
        dict(
            type='AVTS',
            video_backbone=dict(
                type='MC3', base_channels=4, out_indices=(0, 1)
            ),
            audio_backbone=dict(type='AudioVGG'),
            video_neck=dict(type='ProjectionNeck', in_channels=8),
            audio_neck=dict(type='ProjectionNeck', in_channels=8),
            head=dict(type='AVContrastiveHead'),
        )
    )
    with pytest.raises(ValueError, match='not one tensor'):
        FeatureExtractor(model, 'video_backbone')(inputs())
    model.video_neck.forward = lambda x: x
    with pytest.raises(ValueError, match='takes no part'):
        FeatureExtractor(model, 'video_backbone.layer4')(inputs())


@torch.no_grad()
def test_recognizer(recognizer):
    recognizer.eval()
    clips = inputs()['video']
    maps = recognizer.backbone((clips.float() - 100) / 50)
    expected = maps.mean((2, 3, 4)).numpy()
    for layer in ('backbone', 'backbone.layer4', 'cls_head.avg_pool'):
        extract = FeatureExtractor(recognizer, layer)
        for batch in (inputs(), list(clips[:, None])):
            np.testing.assert_allclose(extract(batch), expected, rtol=1e-4)
    with pytest.raises(ValueError, match=r'cls_head\.fc_cls'):
        FeatureExtractor(recognizer, 'video_backbone')


def test_crops_of_a_sample_are_averaged(recognizer):
    clips = inputs(4)['video']
    extract = FeatureExtractor(recognizer, 'backbone')
    single = extract(dict(video=clips))
    pairs = extract(list(clips.unflatten(0, (2, 2))))
    expected = single.reshape(2, 2, -1).mean(1)
    np.testing.assert_allclose(pairs, expected, rtol=1e-4)


def batches(**metainfo):
    for i in range(2):
        samples = []
        for j in range(3):
            sample = ActionDataSample().set_gt_label(1)
            sample.set_metainfo(
                {key: value[3 * i + j] for key, value in metainfo.items()}
            )
            samples.append(sample)
        yield dict(inputs=inputs(), data_samples=samples)


def test_extract_gives_names_times_and_labels(avts):
    extract = FeatureExtractor(avts, 'audio_neck')
    paths = [f'{name}.mp4' for name in 'aabbcc']
    starts = np.arange(6) / 2
    found = extract.extract(
        batches(
            video_path=paths,
            audio_path=[f'{name}.wav' for name in 'aabbcc'],
            video_start=starts,
            class_label=range(6),
        )
    )
    expected = np.tile(extract(inputs()), (2, 1))
    np.testing.assert_array_equal(found.features, expected)
    assert found.names == paths
    np.testing.assert_array_equal(found.starts, starts)
    assert found.labels.tolist() == [0, 1, 2, 3, 4, 5]
    assert found.metadata['layer'] == 'audio_neck'

    bare = extract.extract(batches())
    assert bare.names == list('012345')
    assert np.isnan(bare.starts).all()
    assert bare.labels.tolist() == [1] * 6
    with pytest.raises(ValueError, match='no clips'):
        extract.extract([])


def test_statistics_of_the_log_mel(avts):
    extract = FeatureExtractor(avts, LOG_MEL, 'statistics')
    found = extract(dict(audio=inputs()['audio']))
    images = avts.data_preprocessor(dict(inputs=inputs()))['inputs']['audio']
    bands = images[:, 0].numpy()
    steps = np.abs(bands[..., 1:] - bands[..., :-1])
    columns = [bands.mean(2), bands.std(2), bands.max(2), steps.mean(2)]
    np.testing.assert_allclose(found, np.hstack(columns), rtol=1e-4)
