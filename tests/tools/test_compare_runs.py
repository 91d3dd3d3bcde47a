"""The table and the picture that set trainings against each other."""

import json

import pytest
from tool_modules import load_tool

compare_runs = load_tool('analysis_tools/compare_runs')


def make_run(folder, aucs):
    """A work directory that logged a validation after each epoch."""
    log = folder / '20260101_000000' / 'vis_data' / 'scalars.json'
    log.parent.mkdir(parents=True)
    lines = []
    for epoch, auc in enumerate(aucs, 1):
        lines.append(dict(loss=1 / epoch, epoch=epoch, iter=epoch))
        found = {'easy/auc': auc, 'hard/auc': auc + 0.1, 'within_video': auc}
        lines.append(
            {**{f'sync/{k}': v for k, v in found.items()}, 'step': epoch}
        )
    log.write_text('\n'.join(map(json.dumps, lines)))
    return str(folder)


def test_last_validations_are_averaged_over_runs(tmp_path, capsys):
    a = make_run(tmp_path / 'a', [0.5, 0.6])
    b = make_run(tmp_path / 'b', [0.5, 0.8])
    c = make_run(tmp_path / 'c', [0.55])
    picture = tmp_path / 'out' / 'x.png'
    groups = [f'both={a},{b}', f'one={c}']
    compare_runs.main([*groups, '--picture', str(picture)])
    out = capsys.readouterr().out
    assert '| both | 2 | - | 0.700 ± 0.141 | - | 0.800 ± 0.141 |' in out
    assert '| one | 1 | - | 0.550 | - | 0.650 | 0.550 |' in out
    assert picture.stat().st_size > 5000


@pytest.mark.parametrize(
    'group, words', [('work_dirs/x', 'NAME=DIR'), ('a=nowhere', 'nowhere')]
)
def test_bad_groups_are_named(group, words):
    with pytest.raises(SystemExit, match=words):
        compare_runs.main([group])
