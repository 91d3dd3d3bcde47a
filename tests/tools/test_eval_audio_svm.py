"""The whole evaluation of recordings, on tiny sounds."""

import json
import wave
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine import Config
from tool_modules import load_tool

from avts_mm.apis.loading import load_audio_model
from avts_mm.datasets.recordings import Recording, write_recordings

ROOT = Path(__file__).resolve().parents[2]
RATE = 4000
LAYER = 'audio_backbone.conv_5'
CLASSES = ('low', 'middle', 'high')


tool = load_tool('eval_audio_svm')


def render(root, pitches, labels, folds):
    """Recordings of tones, and their list."""
    rng = np.random.default_rng(0)
    times, recordings = np.arange(RATE // 2) / RATE, []
    for number, (pitch, label, fold) in enumerate(zip(pitches, labels, folds)):
        tone = np.sin(2 * np.pi * pitch * times + rng.uniform(0, 6))
        sound = 0.4 * tone + 0.01 * rng.normal(size=len(times))
        name = f'{number}.wav'
        with wave.open(str(root / name), 'wb') as file:
            file.setparams((1, 2, RATE, 0, 'NONE', ''))
            file.writeframes((sound * 32767).astype('<i2').tobytes())
        recordings.append(
            Recording(name, int(label), int(fold), name, CLASSES[label])
        )
    write_recordings(str(root / 'annotation.csv'), recordings)


def config_of(root):
    """A tiny model, its checkpoint, and the recordings."""
    neck = dict(type='ProjectionNeck', out_channels=4, hidden_channels=None)
    log_mel = dict(sample_rate=RATE, n_mels=16, n_fft=128, mean=-5.0)
    cfg = Config(
        dict(
            model=dict(
                type='AVTS',
                data_preprocessor=dict(
                    type='AVDataPreprocessor', log_mel=log_mel
                ),
                video_backbone=dict(type='MC3', base_channels=2),
                audio_backbone=dict(type='AudioVGG', channels=(4, 4, 4, 8, 8)),
                video_neck=dict(neck, in_channels=16),
                audio_neck=dict(neck, in_channels=8, time_dim=3),
                head=dict(type='AVContrastiveHead'),
            ),
            train_dataloader=dict(dataset=dict(clip_seconds=0.2)),
            audio_svm=dict(
                name='tones',
                dataset=dict(data_root=str(root), ann_file='annotation.csv'),
                costs=[0.1, 10.0],
            ),
        )
    )
    model = load_audio_model(cfg, None, LAYER, seed=7)
    torch.save(dict(state_dict=model.state_dict()), root / 'epoch_3.pth')
    bare = model.audio_backbone.state_dict()
    torch.save(bare, root / 'tower.pth')
    cfg.dump(root / 'tiny.py')
    return root


@pytest.fixture(scope='module')
def tones(tmp_path_factory):
    root = tmp_path_factory.mktemp('tones')
    labels = np.arange(27) % 3
    folds = np.arange(27) // 3 % 3 + 1
    pitches = 250 * 2.0**labels * (1 + 0.005 * np.arange(27))
    render(root, pitches, labels, folds)
    return config_of(root)


def run(root, *options, checkpoint='epoch_3.pth', work='work'):
    tool.main(
        [
            *(str(root / 'tiny.py'), str(root / checkpoint)),
            *('--work-dir', str(root / work), '--random-seeds', '0', '1'),
            *options,
        ]
    )
    return json.loads((root / work / 'result.json').read_text())


def test_tones_are_recognised(tones, capsys):
    copy = tones / 'copy' / 'result.json'
    result = run(tones, '--json', str(copy))
    assert json.loads(copy.read_text()) == result
    about = [result[key] for key in ('task', 'dataset', 'model', 'epochs')]
    assert about == ['audio_classification', 'tones', 'AudioVGG', 3]
    assert result['checkpoint'].endswith('epoch_3.pth')
    assert result['pretraining'] == 'avts'
    assert result['command'].startswith('python tools/eval_audio_svm.py ')
    accuracy = result['metrics']['accuracy']
    assert accuracy > 0.6
    parts = result['parts']
    assert list(parts) == ['fold1', 'fold2', 'fold3']
    assert accuracy == pytest.approx(np.mean(list(parts.values())))
    low, high = result['intervals']['accuracy']
    assert 0 <= low < accuracy <= high <= 1
    assert result['chance']['accuracy'] == pytest.approx(1 / 3)
    baselines = result['baselines']
    random, log_mel = baselines['random'], baselines['log_mel']
    assert list(random['seeds']) == ['0', '1']
    shares = [found['accuracy'] for found in random['seeds'].values()]
    assert random['accuracy'] == pytest.approx(np.mean(shares))
    assert log_mel['accuracy'] > 0.9
    for found in baselines.values():
        gain = found['difference']['accuracy']
        assert gain == pytest.approx(accuracy - found['accuracy'])
    assert all(fold['cost'] in (0.1, 10.0) for fold in result['folds'])
    assert (tones / 'work' / 'confusion.png').stat().st_size > 5000
    printed = capsys.readouterr().out
    assert printed.count(' sub-clips, ') == 4
    assert 'random weights 1' in printed and 'avts - log-mel' in printed
    bare = run(tones, checkpoint='tower.pth', work='bare')
    assert bare['metrics'] == result['metrics'] and bare['epochs'] is None


def test_options(tones, capsys):
    options = ('--layer', 'audio_backbone.conv_3', '--pool', '2x2')
    result = run(
        tones,
        *(*options, '--hop', '0.05', '--clip', '0.25', '--costs', '1'),
        '--random-seeds',
        work='options',
    )
    assert '54 sub-clips' not in capsys.readouterr().out
    assert list(result['baselines']) == ['log_mel']
    assert result['metrics']['inner_accuracy'] is None
    assert result['folds'][0]['recordings'] == 9
    settings = result['settings']
    assert settings['pool'] == [2, 2]
    assert settings['layer'].endswith('conv_3')
    assert settings['dataset']['hop_seconds'] == 0.05


@pytest.mark.parametrize(
    'options, message',
    [
        (('--layer', 'audio_backbone.conv_9'), 'has no layer'),
        (('--layer', 'video_backbone'), "not from 'video_backbone'"),
        (('--ann-file', 'gone.csv'), r'gone\.csv: no such annotation'),
        (('--cfg-options', 'audio_svm.layr=conv_5'), "no setting .'layr'"),
    ],
)
def test_bad_input(tones, options, message):
    with pytest.raises(SystemExit, match=message):
        run(tones, *options, '--random-seeds', work='bad')
    assert not (tones / 'bad').exists()


def test_missing_files(tones, capsys):
    with pytest.raises(SystemExit):
        run(tones, '--pool', '3xa')
    assert 'a grid such as 3x4, not 3xa' in capsys.readouterr().err
    with pytest.raises(SystemExit, match=r'gone\.pth: no such checkpoint'):
        run(tones, checkpoint='gone.pth')
    with pytest.raises(SystemExit, match=r'gone\.py'):
        tool.main([str(tones / 'gone.py'), str(tones / 'tower.pth')])
    plain = ROOT / 'configs' / 'avts_demo.py'
    with pytest.raises(SystemExit, match='names no recordings: inherit'):
        tool.main([str(plain), str(tones / 'tower.pth')])


@pytest.mark.parametrize('name', ['esc50', 'esc10', 'dcase2014'])
def test_configs_of_data_sets(name):
    path = ROOT / 'configs' / 'audio' / f'{name}_svm.py'
    cfg = Config.fromfile(path)
    args = tool.parse_args([str(path), 'x.pth'])
    settings = tool.settings_of(cfg, args)
    assert settings['name'] == name
    assert settings['layer'] == LAYER and settings['pool'] == 'mean'
    dataset = settings['dataset']
    assert dataset['data_root'] == f'data/{name}'
    assert dataset['clip_seconds'] == 1.0
    assert dataset['sample_rate'] == 16000
