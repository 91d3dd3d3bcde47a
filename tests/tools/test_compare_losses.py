"""Whether a change moves the training loss more than a seed does."""

import json

import numpy as np
import pytest
from tool_modules import load_tool

compare_losses = load_tool('analysis_tools/compare_losses')


def make_run(folder, losses):
    """A work directory that logged every step."""
    log = folder / '20260101_000000' / 'vis_data' / 'scalars.json'
    log.parent.mkdir(parents=True)
    lines = [
        json.dumps(dict(loss=float(loss), epoch=1, iter=i))
        for i, loss in enumerate(losses, 1)
    ]
    log.write_text('\n'.join(lines))
    return str(folder)


def test_distances_by_seed_and_by_the_change(tmp_path, capsys):
    falling = np.linspace(2, 1, 30)
    a = [make_run(tmp_path / f'a{i}', falling + 0.4 * i) for i in (0, 1)]
    b = [
        make_run(tmp_path / f'b{i}', falling + 0.4 * i + 0.1 + 0.02 * i)
        for i in (0, 1)
    ]
    picture, figures = tmp_path / 'x.png', tmp_path / 'x.json'
    compare_losses.main(
        [f'plain={",".join(a)}', f'new={",".join(b)}', '--window', '5']
        + ['--picture', str(picture), '--json', str(figures)]
    )
    assert 'new from plain, same seed: 0.1100 (0.28 of it)' in (
        capsys.readouterr().out
    )
    assert picture.stat().st_size > 5000
    found = json.loads(figures.read_text())
    assert found['distance_between_seeds'] == pytest.approx(0.4)
    assert found['last_difference'] == pytest.approx(0.11)
    assert found['last_difference_in_errors'] == pytest.approx(11)
    end = falling[-5:].mean()
    assert found['last_reference'] == pytest.approx(end + 0.2)


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
            compare_losses.main([group, group.replace('a', 'b', 1)])
    with pytest.raises(SystemExit, match='same seeds'):
        compare_losses.main(
            [f'a={short},{short}', f'b={long},{long}', '--window', '2']
        )
