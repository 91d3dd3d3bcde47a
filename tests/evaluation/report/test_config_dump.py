"""Configs are read without being run."""

import math

import pytest
from mmengine import Config

from avts_mm.evaluation.report.config_dump import read_config


def test_what_mmengine_dumps_comes_back(tmp_path):
    content = dict(
        model=dict(type='X', layers=[1, 2], init=None, **{'a-b': -1.5}),
        hooks=[dict(type='H', mix=dict(easy=3, hard=1)), dict(type='G')],
        words='it\'s "quoted"',
        limit=math.inf,
        flag=True,
    )
    path = tmp_path / 'config.py'
    Config(content).dump(path)
    assert read_config(path) == content


def test_nothing_is_run(tmp_path):
    path = tmp_path / 'config.py'
    path.write_text(f"a = open({str(tmp_path / 'made')!r}, 'w')\n")
    with pytest.raises(ValueError, match=r'config\.py.*line 1'):
        read_config(path)
    assert not (tmp_path / 'made').exists()


@pytest.mark.parametrize(
    'text, cause',
    [
        ('model = dict(', 'never closed'),
        ('import os\n', 'line 1 assigns to no name'),
        ('a.b = 1\n', 'line 1 assigns to no name'),
        ('a = b\n', "'b'"),
        ('a = {**b}\n', 'line 1 spreads a dict'),
    ],
)
def test_other_files_are_named(tmp_path, text, cause):
    path = tmp_path / 'broken.py'
    path.write_text(text)
    with pytest.raises(ValueError, match=rf'broken\.py.*{cause}'):
        read_config(path)
