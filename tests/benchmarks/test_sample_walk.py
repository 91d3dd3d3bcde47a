"""The way of a sample: what it passes, in order, and how long the way is."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
TOOL = ROOT / 'benchmarks' / 'sample_walk.py'
# The package promises to stay readable in one sitting.
MOST_FILES = 25


def test_from_the_index_to_the_loss(corpus, tmp_path):
    path = tmp_path / 'new' / 'walk.json'
    done = subprocess.run(
        [sys.executable, '-W', 'ignore', TOOL, 'configs/avts_demo.py']
        + ['--json', path, '--cfg-options']
        + [f'train_dataloader.dataset.data_root={corpus.root}'],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    walk = json.loads(path.read_text())
    files, calls = walk['files'], walk['calls']
    assert len(files) == len(set(files)) <= MOST_FILES
    assert all((ROOT / name).is_file() for name in files)
    assert files == list(dict.fromkeys(call['file'] for call in calls))
    first, last = calls[0], calls[-1]
    assert first['function'] == 'AVPairDataset.__getitem__'
    assert last['event'] == 'return'
    assert last['function'] == 'AVTS.forward'
    entered = [call['function'] for call in calls if call['event'] == 'call']
    wanted = [
        'LoadAVFrames.transform',
        'LoadAVAudio.transform',
        'PackAVInputs.transform',
        'stack_inputs',
        'AVDataPreprocessor.forward',
        'AVTS.forward',
        'ContrastiveLoss.forward',
    ]
    assert [name for name in entered if name in wanted] == wanted
    assert f'\n{len(files)} files, {len(entered)} calls, ' in done.stdout
    assert f'<- {last["file"]}: AVTS.forward' in done.stdout
