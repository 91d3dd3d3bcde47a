"""Damaged configs: read, or refused with file and line."""

from pathlib import Path

import pytest

from avts_mm.compat import read_config

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'
# Of configs/avts_demo.py: what is there, what is put in, and its cause.
CHANGES = [
    ('margin=2.0', 'margin=2.0(', "SyntaxError: '(' was never closed"),
    ('margin=2.0', 'margin=two', "NameError: name 'two' is not defined"),
    ('(32, 32)', '(32).width', 'AttributeError'),
    ('(32, 32)', "3 + 'a'", 'TypeError'),
    ('(8, 16, 32, 64, 64)', '(8, 16', 'SyntaxError'),
]


@pytest.fixture
def copy(tmp_path):
    """The demo's config with its bases, and a function that changes it."""
    for path in [*CONFIGS.glob('_base_/**/*.py'), *CONFIGS.glob('avts_*.py')]:
        target = tmp_path / path.relative_to(CONFIGS)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(path.read_text())
    return tmp_path / 'avts_demo.py'


@pytest.mark.parametrize('old, new, cause', CHANGES)
@pytest.mark.parametrize('base', [False, True])
def test_damage(copy, old, new, cause, base):
    text = copy.read_text()
    first = text[: text.index(old)].count('\n') + 1
    damaged = text.replace(old, new, 1)
    copy.write_text(damaged)
    path = copy
    if base:
        path = copy.with_name('derived.py')
        path.write_text("_base_ = 'avts_demo.py'\n\n\n")
    with pytest.raises(ValueError) as caught:
        read_config(str(path))
    message = str(caught.value)
    assert 'avts_demo.py, line ' in message and cause in message
    line = int(message.partition(', line ')[2].partition(':')[0])
    # Where a bracket is left open Python names its line, or a later one.
    assert first - 10 <= line <= first + 3


def test_each_line_left_out_or_cut(copy):
    """Whatever is missing: a config, or file and line."""
    lines = copy.read_text().splitlines(keepends=True)
    refused = 0
    for number, line in enumerate(lines):
        for part in ('', line[: len(line) // 2] + '\n'):
            copy.write_text(
                ''.join([*lines[:number], part, *lines[number:][1:]])
            )
            try:
                read_config(str(copy))
            except FileNotFoundError as error:
                assert '.py' in str(error)
            except ValueError as error:
                refused += 1
                assert 'avts_demo.py, line ' in str(error), error
    assert refused > len(lines) / 3


def test_whole_and_missing_ones(copy):
    assert read_config(str(copy)).max_epochs == 5
    with pytest.raises(FileNotFoundError, match=r'none\.py'):
        read_config(str(copy.with_name('none.py')))
    copy.write_text(copy.read_text().replace('av_pairs.py', 'none.py'))
    with pytest.raises(FileNotFoundError, match=r'none\.py'):
        read_config(str(copy))
