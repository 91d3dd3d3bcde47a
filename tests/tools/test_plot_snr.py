"""Accuracy over noise, from what the tests have written."""

import json
import math

import pytest
from scipy import stats
from tool_modules import load_tool

tool = load_tool('analysis_tools/plot_snr')

WAYS = ('both', 'picture', 'sound')


@pytest.fixture
def folders(tmp_path):
    """Two seeds: both, picture and sound at two levels; late fusion apart."""
    values = {
        'snr_None': [(0.9, 0.6, 0.9), (0.8, 0.5, 0.9)],
        'snr_-5': [(0.7, 0.6, 0.3), (0.6, 0.5, 0.4)],
    }
    made = []
    for seed in range(2):
        folder = tmp_path / f'seed{seed}'
        folder.mkdir()
        for name, seeds in values.items():
            metrics = {
                f'acc/{way}_top1': x for way, x in zip(WAYS, seeds[seed])
            }
            metrics['acc/both_top5'] = 1.0
            (folder / f'{name}.json').write_text(json.dumps(metrics))
        made.append(str(folder))
    late = tmp_path / 'late'
    late.mkdir()
    (late / 'snr_None.json').write_text('{"acc/late_top1": 0.75}')
    (late / 'other.json').write_text('{"acc/top1": 0.5}')
    return [f'avts={",".join(made)}', f'apart={late}']


def test_table_and_picture(folders, tmp_path, capsys):
    path = tmp_path / 'new' / 'snr.png'
    assert tool.main([*folders, '--picture', str(path)]) == 0
    assert path.read_bytes()[1:4] == b'PNG'
    head, _, *rows = capsys.readouterr().out.splitlines()[:-1]
    assert head == '| | clean | -5 dB |'
    half = 100 * stats.t.ppf(0.975, 1) * 0.05
    assert rows == [
        f'| avts both | 85.0 ± {half:.1f} | 65.0 ± {half:.1f} |',
        f'| avts picture | 55.0 ± {half:.1f} | 55.0 ± {half:.1f} |',
        f'| avts sound | 90.0 ± 0.0 | 35.0 ± {half:.1f} |',
        '| apart late | 75.0 | - |',
        f'| avts both - sound | -5.0 ± {half:.1f} | 30.0 ± {2 * half:.1f} |',
        f'| avts both - better one | -5.0 ± {half:.1f} | 10.0 ± 0.0 |',
    ]


def test_interval():
    assert math.isnan(tool.interval([0.5]))
    values = [0.5, 0.6, 0.9]
    low, _ = stats.t.interval(0.95, 2, sum(values) / 3, stats.sem(values))
    assert sum(values) / 3 - tool.interval(values) == pytest.approx(low)


def test_errors(folders, tmp_path, capsys):
    (tmp_path / 'empty').mkdir()
    for group, text in (
        ('a', 'NAME=DIR'),
        (f'a={tmp_path / "empty"}', 'has no accuracies'),
    ):
        assert tool.main([group]) == 1
        assert text in capsys.readouterr().err
