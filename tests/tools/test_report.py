"""tools/analysis_tools/report.py on work directories."""

import json
import subprocess
import sys
from pathlib import Path

TOOL = Path(__file__).parents[2] / 'tools/analysis_tools/report.py'


def run(*args):
    return subprocess.run(
        [sys.executable, '-W', 'ignore', str(TOOL), *map(str, args)],
        capture_output=True,
        text=True,
    )


def make_runs(root):
    for seed in (0, 1):
        folder = root / 'ucf' / str(seed)
        folder.mkdir(parents=True)
        result = dict(
            task='action_recognition',
            dataset='ucf101',
            model='MC3',
            pretraining=None,
            metrics=dict(accuracy=0.6 + 0.1 * seed),
            parts={},
            seed=seed,
            epochs=60,
            command=f'python tools/finetune_splits.py c.py --seed {seed}',
        )
        (folder / 'result.json').write_text(json.dumps(result))
    (root / 'bad').mkdir()
    (root / 'bad' / 'result.json').write_text('{')


def test_markdown_and_picture(tmp_path):
    make_runs(tmp_path)
    out, picture = tmp_path / 'new' / 'r.md', tmp_path / 'new' / 'r.png'
    done = run(tmp_path, '--out', out, '--picture', picture)
    assert done.returncode == 0, done.stderr
    assert '2 finished runs, 1 left out' in done.stdout
    assert str(tmp_path / 'bad') in done.stdout
    text = out.read_text()
    (line,) = [x for x in text.splitlines() if 'UCF101: from scratch' in x]
    assert '| 69.1 (reported) | 65.0 ± 7.1 (2 seeds) |' in line
    assert '`python tools/finetune_splits.py c.py --seed 0`' in line
    assert picture.stat().st_size > 10000


def test_printed_without_out(tmp_path):
    make_runs(tmp_path)
    done = run(tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith('# Report\n')


def test_a_missing_folder_is_named(tmp_path):
    done = run(tmp_path / 'nowhere')
    assert done.returncode != 0
    assert 'nowhere: no such folder' in done.stderr
    assert 'Traceback' not in done.stderr
