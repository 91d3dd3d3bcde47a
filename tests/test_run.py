"""The command that runs tools."""

import sys
from pathlib import Path

import mmaction
import pytest

from avts_mm import run

ROOT = Path(__file__).parents[1]
THEIRS = Path(mmaction.__file__).parent / '.mim' / 'tools'


@pytest.fixture
def call(monkeypatch, capfd):
    """Run the command; what it has printed."""

    def called(*words):
        monkeypatch.setattr(sys, 'argv', ['avts', *map(str, words)])
        monkeypatch.setattr(sys, 'path', [*sys.path])
        run.main()
        return capfd.readouterr().out

    return called


@pytest.mark.parametrize(
    'name, script',
    [
        ('train', 'tools/train.py'),
        ('test.py', 'tools/test.py'),
        ('sync', 'tools/sync_check.py'),
        ('prepare', 'tools/data/prepare_av.py'),
        ('report', 'tools/analysis_tools/report.py'),
        ('kinetics400/build_list', 'tools/data/kinetics400/build_list.py'),
        ('dist_train', 'tools/dist_train.sh'),
        ('app', 'demo/app.py'),
        (str(ROOT / 'setup.py'), 'setup.py'),
        ('confusion_matrix', THEIRS / 'analysis_tools/confusion_matrix.py'),
        ('print_config', THEIRS / 'analysis_tools/print_config.py'),
    ],
)
def test_names(name, script):
    assert run.find_tool(name) == ROOT / script


@pytest.mark.parametrize(
    'name, message',
    [
        ('comp', 'which of analysis_tools/compare_losses, analysis_tools/co'),
        ('report_runs', 'no such tool'),  # a part of another
        ('none.py', 'no such tool; avts --help'),
    ],
)
def test_no_single_tool(name, message, call):
    with pytest.raises(SystemExit, match=message):
        call(name)


@pytest.mark.parametrize('words', [[], ['-h'], ['--help']])
def test_overview(words, call):
    lines = call(*words).splitlines()
    assert lines[0].startswith('Runs a tool')
    texts = dict(x.split(maxsplit=1) for x in lines if x.startswith('  '))
    assert texts['train'] == 'Train a model from a config.'
    assert texts['data/prepare_av'].startswith('Turn videos into a corpus')
    assert texts['dist_train'].startswith('Train in several processes')


def test_as_the_interpreter_runs_a_script(tmp_path, call):
    (tmp_path / 'neighbour.py').write_text('WORD = "beside"\n')
    script = tmp_path / 'script.py'
    script.write_text(
        'import pickle, sys\n'
        'import neighbour\n'
        'class Pickled: pass\n'
        'if __name__ == "__main__":\n'
        '    pickle.dumps(Pickled())\n'
        '    print(sys.argv[1:], neighbour.WORD)\n'
        '    sys.exit(3)\n'
    )
    with pytest.raises(SystemExit) as end:
        call(script, '--help', 'b c')
    assert end.value.code == 3


def test_shell_scripts(monkeypatch, call):
    monkeypatch.delenv('PYTHON', raising=False)
    monkeypatch.setattr(run.os, 'environ', {})
    started = []
    monkeypatch.setattr(run.os, 'execvp', lambda *words: started.append(words))
    monkeypatch.setattr(run.runpy, 'run_path', lambda *a, **kw: None)
    call('dist_train', 'avts_demo', '2')
    script = str(ROOT / 'tools' / 'dist_train.sh')
    assert started == [('bash', ['bash', script, 'avts_demo', '2'])]
    assert run.os.environ['PYTHON'] == sys.executable


def test_tool_of_mmaction_on_a_config_of_ours(tmp_path, call):
    config = tmp_path / 'config.py'
    config.write_text(
        "_base_ = 'avts_mm::finetune/ucf101_scratch.py'\n"
        'model = dict(backbone=dict(base_channels=2), cls_head=dict('
        'in_channels=16))\n'
    )
    out = call('get_flops', config, '--shape', 1, 3, 4, 32, 32)
    assert 'Input shape: (1, 3, 4, 32, 32)' in out and 'Flops:' in out
