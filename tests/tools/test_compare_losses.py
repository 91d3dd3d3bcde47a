"""Whether a change moves the training loss more than a seed does."""

import json

import numpy as np
import pytest
from tool_modules import load_tool

tool = load_tool('analysis_tools/compare_losses')


def make_run(folder, losses):
    """A work directory that logged every step."""
    log = folder / '20260101_000000' / 'vis_data' / 'scalars.json'
    log.parent.mkdir(parents=True)
    steps = enumerate(losses, 1)
    lines = [json.dumps(dict(loss=x, epoch=1, iter=i)) for i, x in steps]
    log.write_text('\n'.join(lines))
    return str(folder)


def test_distances_by_seed_and_by_the_change(tmp_path, capsys):
    falling, groups = np.linspace(2, 1, 30), []
    for name, shifts in (('plain', (0, 0.4)), ('new', (0.1, 0.52))):
        runs = [make_run(tmp_path / f'{name}{s}', falling + s) for s in shifts]
        groups.append(f'{name}={",".join(runs)}')
    picture = tmp_path / 'x.png'
    tool.main([*groups, '--window', '5', '--picture', str(picture)])
    said = capsys.readouterr().out
    assert 'between seeds of plain: 0.4000' in said
    assert 'new from plain, same seed: 0.1100 (0.28 of it)' in said
    assert 'difference +0.1100 (+11.0 standard errors)' in said
    assert f'plain {falling[-5:].mean() + 0.2:.4f}' in said
    assert picture.stat().st_size > 5000


def test_bad_groups_are_named(tmp_path):
    short = make_run(tmp_path / 'short', [1, 2])
    long = make_run(tmp_path / 'long', [1, 2, 3])
    for group, words in [
        ('x', 'NAME=DIR'),
        (f'a={short}', '2 or more'),
        ('a=nowhere,nowhere', 'nowhere'),
        (f'a={short},{long}', 'different numbers'),
        (f'a={short},{short}', '--window=20'),
    ]:
        with pytest.raises(SystemExit, match=words):
            tool.main([group, group.replace('a', 'b', 1)])
    groups = [f'a={short},{short}', f'b={long},{long}']
    with pytest.raises(SystemExit, match='same seeds'):
        tool.main([*groups, '--window', '2'])
