"""tools/visualizations/browse_av_dataset.py, on the embedded corpus."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread
from mmengine.config import Config
from tool_modules import load_tool

tool = load_tool('visualizations/browse_av_dataset')


@pytest.fixture(scope='module')
def config(corpus, tmp_path_factory):
    pipeline = [
        dict(type='LoadAVFrames', num_frames=10, backend='pyav'),
        dict(type='LoadAVAudio', sample_rate=16000),
        dict(type='FormatShape', input_format='NCTHW'),
        dict(type='PackAVInputs'),
    ]

    def loader(split, sampler):
        dataset = dict(
            type='AVPairDataset',
            data_root=str(corpus.root),
            ann_file=f'{split}.csv',
            pipeline=pipeline,
        )
        return dict(batch_size=4, sampler=sampler, dataset=dataset)

    log_mel = dict(n_mels=20, n_fft=512)
    preprocessor = dict(type='AVDataPreprocessor', log_mel=log_mel)
    train = dict(type='AVPairSampler', mix=dict(easy=1))
    kinds = ('positive', 'easy', 'hard')
    val = dict(type='AVPairTestSampler', kinds=kinds, seed=0)
    mixes = ((0, dict(easy=1)), (2, dict(hard=1)))
    stages = [dict(begin=begin, mix=mix) for begin, mix in mixes]
    curriculum = dict(type='CurriculumHook', stages=stages)
    cfg = Config(
        dict(
            model=dict(data_preprocessor=preprocessor),
            train_dataloader=loader('train', train),
            val_dataloader=loader('val', val),
            default_hooks=dict(curriculum=curriculum),
        )
    )
    path = tmp_path_factory.mktemp('browse') / 'small.py'
    cfg.dump(str(path))
    return str(path)


def names(folder):
    return sorted(path.name for path in Path(folder).iterdir())


def test_draws_pairs_where_all_are_compared(config, tmp_path):
    cfg = Config.fromfile(config)
    cfg.train_dataloader.sampler.clips_per_video = 2
    cfg.dump(str(tmp_path / 'all_pairs.py'))
    options = ['--output-dir', str(tmp_path / 'out'), '--number', '4']
    tool.main([str(tmp_path / 'all_pairs.py'), *options])
    assert len(names(tmp_path / 'out')) == 4


def test_draws_the_pairs_of_validation(config, tmp_path, capsys):
    folder = tmp_path / 'new' / 'sheets'
    options = ['--output-dir', str(folder), '--split', 'val', '--number', '3']
    tool.main([config, *options])
    assert names(folder) == [
        'val_000_positive_val_0000.png',
        'val_001_easy_val_0000.png',
        'val_002_hard_val_0000.png',
    ]
    assert f'3 pairs in {folder}' in capsys.readouterr().out.replace('\n', '')
    sheet = imread(folder / 'val_000_positive_val_0000.png')[..., :3]
    assert sheet.shape[1] == 1320
    assert (sheet != 1).any(axis=(0, 2)).mean() > 0.8


@pytest.mark.parametrize('epoch, kind', [('2', 'easy'), ('3', 'hard')])
def test_epoch_decides_the_negatives(config, tmp_path, epoch, kind):
    options = ['--output-dir', str(tmp_path), '--number', '4']
    tool.main([config, *options, '--epoch', epoch])
    kinds = [name.split('_')[2] for name in names(tmp_path)]
    assert sorted(kinds) == sorted(['positive', kind] * 2)


def test_cfg_options_and_default_folder(config, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    option = 'val_dataloader.sampler.kinds=[super_hard]'
    tool.main(
        [config, '--split', 'val', '--number', '1', '--cfg-options', option]
    )
    assert names('work_dirs/browse_small') == [
        'val_000_super_hard_val_0000.png'
    ]


def test_bands_are_at_the_filters_peaks():
    options = dict(type='AVDataPreprocessor', log_mel=dict(n_fft=4096))
    model = dict(data_preprocessor=options)
    preprocessor = tool.build_preprocessor(dict(model=model))
    centres = tool.band_centres(preprocessor.log_mel)
    filters = preprocessor.log_mel.mel.mel_scale.fb.numpy()
    peaks = filters.argmax(axis=0) * 16000 / 4096
    assert np.abs(centres - peaks).max() < 4


def test_missing_config_is_one_sentence():
    with pytest.raises(SystemExit, match=r'^gone\.py: no such config'):
        tool.main(['gone.py'])


@pytest.mark.parametrize('option', ['--number', '--epoch'])
def test_refuses_less_than_one(config, option, capsys):
    with pytest.raises(SystemExit):
        tool.main([config, option, '0'])
    assert f'{option} must be at least 1' in capsys.readouterr().err
