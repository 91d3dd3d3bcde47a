"""A disk that is full when a checkpoint is to be saved."""

import subprocess

import pytest
import toy_training

from avts_mm.engine import newest_checkpoint


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 3 MB, where one may be made."""
    folder = tmp_path / 'disk'
    folder.mkdir()
    mount = ['mount', '-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', str(folder)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f'no disk may be made here: {error}')
    yield folder
    subprocess.run(['umount', str(folder)], check=True)


def test_the_older_checkpoint_stays(small_disk, tmp_path):
    """There is room for the first checkpoint, not for two."""
    changes = {
        'model.ballast': 500_000,
        'default_hooks.checkpoint.out_dir': str(small_disk),
    }
    cfg = toy_training.config(tmp_path / 'run', **changes)
    assert toy_training.wait(toy_training.fork(cfg)) == [1]
    kept = [path.name for path in (small_disk / 'run').iterdir()]
    assert kept == ['epoch_1.pth']
    newest = newest_checkpoint(tmp_path / 'run')
    assert toy_training.load(small_disk / 'run', newest)['meta']['iter'] == 12
    (log,) = (tmp_path / 'run').glob('*/*.log')
    told = log.read_text()
    for epoch in (2, 3, 4):  # training went on and tried again
        assert (
            f'epoch_{epoch}.pth could not be written: No space left on device'
        ) in told
