"""From a config and a checkpoint to features, and from features to figures."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine import Config
from tool_modules import load_tool

from avts_mm.apis import Features, load_model

ROOT = Path(__file__).parents[2]


tools = SimpleNamespace(
    extract=load_tool('extract_features'), eval=load_tool('eval_features')
)


@pytest.fixture(scope='module')
def model(tmp_path_factory, corpus):
    """A config of tiny towers, and a checkpoint."""
    folder = tmp_path_factory.mktemp('model')
    cfg = Config.fromfile(ROOT / 'configs' / 'avts_demo.py')
    for name in ('train', 'val', 'test'):
        cfg[f'{name}_dataloader'].dataset.data_root = str(corpus.root)
    cfg.model.video_backbone.base_channels = 2
    cfg.model.audio_backbone.channels = (2, 4, 8, 8, 8)
    cfg.model.video_neck.in_channels = 16
    cfg.model.audio_neck.in_channels = 8
    cfg.dump(folder / 'tiny.py')
    path = folder / 'a.pth'
    state = load_model(cfg, None, seed=3).state_dict()
    torch.save(dict(state_dict=state), path)
    return SimpleNamespace(
        config=str(folder / 'tiny.py'), checkpoint=str(path)
    )


@pytest.fixture(scope='module')
def extract(model, tmp_path_factory):
    def extract(out, *options, checkpoint=model.checkpoint):
        words = map(str, options)
        end = ['--out', str(out), '--num-workers', '0']
        tools.extract.main([model.config, checkpoint, *words, *end])
        return Features.load(out)

    return extract


def test_rows_of_both_towers_are_the_same_clips(extract, model, tmp_path):
    options = ('--layer', 'neck', '--clips', 2, '--batch-size', 5)
    video = extract(tmp_path / 'v.npz', '--tower', 'video', *options)
    audio = extract(tmp_path / 'a.npz', '--tower', 'audio', *options)
    assert video.features.shape == audio.features.shape == (16, 64)
    assert video.names == audio.names
    assert len(set(video.names)) == 8
    np.testing.assert_array_equal(video.starts, audio.starts)
    assert len(np.unique(video.starts)) >= 2
    assert (video.labels >= 0).all()
    assert video.metadata['layer'] == 'video_neck'
    assert video.metadata['checkpoint'] == model.checkpoint
    assert video.metadata['clips_per_video'] == 2
    assert '--tower video' in video.metadata['command']
    assert not np.allclose(video.features, audio.features)


def test_features_are_those_of_the_loaded_weights(extract, tmp_path):
    def audio(*options, **kwargs):
        return extract(
            tmp_path / 'a.npz', '--tower', 'audio', *options, **kwargs
        )

    # The checkpoint is of random weights of seed 3.
    first, same = audio(), audio('--seed', 3, checkpoint='random')
    other = audio(checkpoint='random')
    np.testing.assert_allclose(first.features, same.features, atol=1e-6)
    assert np.abs(first.features - other.features).max() > 1e-3
    assert other.metadata['checkpoint'] is None
    assert first.features.shape == (8, 8)


def test_splits_layers_and_pools(extract, tmp_path):
    options = ('--tower', 'audio', '--pool', '2x3', '--normalize')
    layer, split = ('--layer', 'backbone.conv_4'), ('--split', 'train')
    found = extract(tmp_path / 'a.npz', *options, *layer, *split)
    assert found.features.shape == (12, 8 * 2 * 3)
    norms = np.linalg.norm(found.features, axis=1)
    np.testing.assert_allclose(norms, 1, rtol=1e-5)
    assert found.metadata['layer'] == 'audio_backbone.conv_4'
    # Training clips go through the pipeline of the tests: nothing random.
    again = extract(
        *(tmp_path / 'b.npz', *options, '--ann-file', 'train.csv'),
        *('--layer', 'audio_backbone.conv_4'),
    )
    np.testing.assert_array_equal(found.features, again.features)


def test_recognizer_of_mmaction2(corpus, tmp_path):
    videos = sorted(Path(corpus.root).glob('videos/val_*.mp4'))[:3]
    lines = [f'{path} {i}\n' for i, path in enumerate(videos)]
    (tmp_path / 'list.txt').write_text(''.join(lines))
    frames = dict(clip_len=4, frame_interval=2, num_clips=2, test_mode=True)
    pipeline = [
        dict(type='DecordInit'),
        dict(type='SampleFrames', **frames),
        dict(type='DecordDecode'),
        dict(type='FormatShape', input_format='NCTHW'),
        dict(type='PackActionInputs'),
    ]
    dataset = dict(
        type='VideoDataset',
        ann_file=str(tmp_path / 'list.txt'),
        pipeline=pipeline,
    )
    model = dict(
        type='Recognizer3D',
        backbone=dict(type='MC3', base_channels=2),
        cls_head=dict(type='I3DHead', num_classes=3, in_channels=16),
        data_preprocessor=dict(
            type='ActionDataPreprocessor', format_shape='NCTHW'
        ),
    )
    cfg = Config(dict(model=model, val_dataloader=dict(dataset=dataset)))
    cfg.dump(tmp_path / 'c.py')
    out = tmp_path / 'f.npz'
    options = [str(tmp_path / 'c.py'), 'random', '--tower', 'video']
    options += ['--out', str(out), '--num-workers', '0']
    tools.extract.main(options)
    found = Features.load(out)
    assert found.features.shape == (3, 16)
    assert found.labels.tolist() == [0, 1, 2]
    assert found.names == list(map(str, videos))
    with pytest.raises(SystemExit, match='--clips is for audio-visual'):
        tools.extract.main([*options, '--clips', '2'])


def test_what_cannot_be_extracted(extract, model, tmp_path):
    def stop(match, *options, **kwargs):
        with pytest.raises(SystemExit, match=match):
            extract(tmp_path / 'x.npz', *options, **kwargs)

    video = ('--tower', 'video')
    stop('no layer .*choose from video_backbone', *video, '--layer', 'conv_9')
    stop('not of the video tower', *video, '--layer', 'audio_neck')
    stop('gone', *video, checkpoint='gone.pth')
    stop('gone.csv', *video, '--ann-file', 'gone.csv')
    stop('at least 1', *video, '--clips', 0)
    other = tmp_path / 'other.pth'
    torch.save({'fc.weight': torch.zeros(2)}, other)
    stop('other.pth: ', *video, checkpoint=str(other))
    with pytest.raises(SystemExit, match='no such config'):
        tools.extract.main(['gone.py', 'x', *video, '--out', 'a.npz'])
    with pytest.raises(SystemExit):
        tools.extract.main([model.config, 'x', *video, '--out', 'a.csv'])
    assert not (tmp_path / 'x.npz').exists()


def labelled(path, videos, clips=2, seed=0, spread=0.3, **metadata):
    """Features that tell two classes apart."""
    rng = np.random.default_rng(seed)
    names = np.repeat([f'{path.stem}_{i}.mp4' for i in range(videos)], clips)
    labels = np.repeat(np.arange(videos) % 2, clips)
    features = rng.normal(size=(len(names), 6)) * spread
    features[:, 0] += 2 * labels - 1
    about = dict(config='c.py', checkpoint='a.pth', layer='backbone')
    about |= dict(dataset='toy', backbone='MC3')
    found = Features(
        features,
        names.tolist(),
        np.tile(np.arange(clips, dtype=float), videos),
        labels,
        dict(about, **metadata),
    )
    found.save(path)
    return found


@pytest.mark.parametrize('task', ['knn', 'probe'])
def test_classes(tmp_path, capsys, task):
    train, test = tmp_path / 'train.npz', tmp_path / 'test.npz'
    labelled(train, 20)
    labelled(test, 9, seed=1)
    work_dir, copy = tmp_path / 'work', tmp_path / 'copy.json'
    options = ['--work-dir', str(work_dir), '--json', str(copy)]
    tools.eval.main([task, str(train), str(test), *options])
    result = json.loads((work_dir / 'result.json').read_text())
    assert json.loads(copy.read_text()) == result
    assert result['task'] == dict(knn='knn', probe='linear_probe')[task]
    assert result['dataset'] == 'toy' and result['model'] == 'MC3'
    assert result['pretraining'] == 'avts'
    assert result['metrics']['accuracy'] == 1
    # Both classes are as frequent in training; the first is said.
    assert result['chance']['accuracy'] == pytest.approx(5 / 9)
    low, high = result['intervals']['accuracy']
    assert low < 0.8 and high == 1
    assert result['settings']['train_videos'] == 20
    assert f'python tools/eval_features.py {task}' in result['command']
    shown = capsys.readouterr().out
    assert '100.0 (70.1–100.0)' in shown and '55.6' in shown


def pair(tmp_path, order=None, **metadata):
    """Video and audio features whose rows fit; sound i is nearest to i."""
    video = labelled(tmp_path / 'v.npz', 10, spread=1.0, tower='video')
    order = np.arange(20) if order is None else np.asarray(order)
    Features(
        (video.features + 1e-3)[order],
        [video.names[i] for i in order],
        video.starts[order],
        video.labels[order],
        dict(video.metadata, tower='audio', layer='neck', **metadata),
    ).save(tmp_path / 'a.npz')
    return ['retrieval', str(tmp_path / 'v.npz'), str(tmp_path / 'a.npz')]


def test_retrieval_matches_rows_by_name(tmp_path, capsys):
    command = pair(tmp_path, order=np.random.default_rng(0).permutation(20))
    tools.eval.main([*command, '--work-dir', str(tmp_path)])
    result = json.loads((tmp_path / 'result.json').read_text())
    assert result['task'] == 'retrieval' and result['model'] == 'AVTS'
    near = pytest.approx
    for direction in ('video_to_audio', 'audio_to_video'):
        assert result['metrics'][f'{direction}/clip/R@1'] == 1
        assert result['chance'][f'{direction}/clip/R@1'] == near(1 / 20)
        assert result['chance'][f'{direction}/video/R@1'] == near(2 / 20)
        assert result['metrics'][f'{direction}/clip/median_rank'] == 1
    settings = result['settings']
    assert (settings['gallery'], settings['clips']) == (20, 20)
    assert (settings['layer'], settings['videos']) == ('backbone', 10)
    assert 'sound by picture, same clip: R@1' in capsys.readouterr().out


def test_files_that_do_not_fit(tmp_path):
    def stop(match, command, *files):
        with pytest.raises(SystemExit, match=match):
            tools.eval.main([command, *map(str, files)])

    train, test = tmp_path / 'train.npz', tmp_path / 'test.npz'
    labelled(train, 6)
    stop(r'test\.npz: no such file', 'knn', train, test)
    stop('6 videos are in', 'probe', train, train)
    labelled(test, 4, layer='other')
    stop('differ in their layer, backbone and other', 'knn', train, test)
    features = labelled(test, 4)
    features.labels[3:5] = -1
    features.save(test)
    stop(r'test\.npz: 2 of 8 clips have no label.*test_1', 'knn', train, test)

    stop(
        '6 are in one of them alone, such as v_0',
        *pair(tmp_path, range(6, 20)),
    )
    command = pair(tmp_path)
    stop('give VIDEO first', command[0], command[2], command[1])
    stop('embeddings of two networks', *pair(tmp_path, seed=4))
    other = Features.load(tmp_path / 'v.npz')
    other.features = other.features[:, :3]
    other.metadata['seed'] = 4
    other.save(tmp_path / 'v.npz')
    stop('only embeddings', *command)
