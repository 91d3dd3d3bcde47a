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


def write(path, pitches, rng):
    times = np.arange(round(0.5 * RATE)) / RATE
    sound = 0.01 * rng.normal(size=len(times))
    for pitch in pitches:
        tone = np.sin(2 * np.pi * pitch * times + rng.uniform(0, 6))
        sound += 0.4 / len(pitches) * tone
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), 'wb') as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((sound * 32767).astype('<i2').tobytes())


def render(root, pitches, labels, folds):
    """Recordings of tones, and their list."""
    rng = np.random.default_rng(0)
    recordings = []
    for number, (pitch, label, fold) in enumerate(zip(pitches, labels, folds)):
        name = f'wav/{number}.wav'
        write(root / name, np.atleast_1d(pitch), rng)
        category = CLASSES[label]
        recordings.append(
            Recording(name, int(label), int(fold), f's{number}', category)
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
    assert result['task'] == 'audio_classification'
    assert result['dataset'] == 'tones' and result['model'] == 'AudioVGG'
    assert result['checkpoint'].endswith('epoch_3.pth')
    assert result['pretraining'] == 'avts' and result['epochs'] == 3
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


def test_planted_leak(tmp_path):
    """Labels that mean nothing, sounds that give each recording away: who
    parts sub-clips instead of recordings knows them all."""
    rng = np.random.default_rng(1)
    labels = rng.permutation(np.arange(18) % 3)
    folds = np.empty(18, int)
    for label in range(3):
        folds[labels == label] = np.arange(6) % 3 + 1
    # A chord of its own each.
    tones = np.linspace(100, 1800, 24)
    pitches = [rng.choice(tones, 8, replace=False) for _ in range(18)]
    render(tmp_path, pitches, labels, folds)
    root = config_of(tmp_path)
    result = run(root, '--random-seeds')
    log_mel = result['baselines']['log_mel']
    for found in (result['metrics'], log_mel):
        assert found['accuracy'] < 0.67
        assert found['inner_accuracy'] < 0.67
    # The same sounds, were the halves of a recording parted.
    names = [f'wav/{n}.wav' for n in range(18)]
    halves = []
    for number, name in enumerate(names):
        with wave.open(str(root / name)) as file:
            data = file.readframes(file.getnframes())
        for part in range(2):
            half = f'{name[:-4]}_{part}.wav'
            with wave.open(str(root / half), 'wb') as file:
                file.setparams((1, 2, RATE, 0, 'NONE', ''))
                file.writeframes(data[part * RATE // 2 :][: RATE // 2])
            label = int(labels[number])
            category = CLASSES[label]
            # Fold by part, against their source.
            source = f's{number}'
            halves.append(Recording(half, label, part + 1, source, category))
    options = ('--random-seeds', '--ann-file')
    torn = root / 'torn.csv'
    write_recordings(str(torn), halves)
    data_root = ('--data-root', str(root))
    with pytest.raises(SystemExit, match='are from one source'):
        run(root, *options, 'torn.csv', *data_root, work='torn')


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
