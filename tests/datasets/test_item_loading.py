"""Seeds, the limit to the time of reading, and what replaces unreadable
files."""

import os
import random
import subprocess
import sys

import numpy as np
import pytest
import torch
from mmaction.structures import ActionDataSample

from avts_mm.datasets import LabelledVideoDataset
from avts_mm.datasets.item_loading import UnreadableFiles, seeded
from avts_mm.media import MediaError
from avts_mm.media.annotation import write_records

BAD = ('v2.mp4', 'v3.mp4', 'v7.mp4')


def pack(results):
    """Pack a video without reading it, unless it is a bad one."""
    name = results['filename'].rpartition('/')[2]
    if name in BAD:
        raise MediaError(f'{name}: is empty', name, 'empty')
    sample = ActionDataSample(metainfo=dict(name=name))
    sample.set_gt_label(results['label'])
    return dict(inputs=torch.zeros(1), data_samples=sample)


@pytest.fixture
def make(tmp_path):
    """Makes a data set of v0.mp4 (label 0) to v7.mp4 (label 3)."""
    names = [f'v{i}.mp4' for i in range(8)]
    labels = [i // 2 for i in range(8)]
    write_records(
        tmp_path / 'a.csv',
        [
            dict(video=name, audio='', start=0, duration=1, label=label)
            for name, label in zip(names, labels)
        ],
    )
    return lambda **kwargs: LabelledVideoDataset(
        str(tmp_path / 'a.csv'), [pack], **kwargs
    )


def test_the_next_one_with_its_own_label(make):
    data = make()
    found = [data[i]['data_samples'] for i in range(8)]
    names = ['v0', 'v1', 'v4', 'v4', 'v4', 'v5', 'v6', 'v0']
    assert [f.name for f in found] == [f'{n}.mp4' for n in names]
    assert [int(f.gt_label) for f in found] == [0, 0, 2, 2, 2, 2, 3, 0]
    assert found[2].skipped == [
        ('v2.mp4', 'empty', 'v2.mp4: is empty'),
        ('v3.mp4', 'empty', 'v3.mp4: is empty'),
    ]
    assert found[0].skipped == []


def test_too_many_in_a_row(make):
    data = make(max_failures_in_a_row=2)
    with pytest.raises(RuntimeError, match=r'2 items in a row .*\(2 empty\)'):
        data[2]
    assert data[3]['data_samples'].name == 'v4.mp4'


def test_never_in_testing(make):
    data = make(test_mode=True)
    assert data[1]['data_samples'].name == 'v1.mp4'
    with pytest.raises(MediaError, match=r'v2\.mp4'):
        data[2]


def test_wrong_limit():
    with pytest.raises(ValueError, match='max_failures_in_a_row'):
        UnreadableFiles(0)


HANGING = """
import sys, time
from torch.utils.data import DataLoader
from avts_mm.datasets import AVPairDataset, AVPairSampler

def load(results):
    time.sleep(600 * ('bad' in results['audio_path']))
    return results

if __name__ == '__main__':
    data = AVPairDataset(sys.argv[1], [load], time_limit=0.5)
    sampler = AVPairSampler(data, seed=0)
    workers = int(sys.argv[2])
    list(DataLoader(data, None, sampler=sampler, num_workers=workers))
"""


@pytest.mark.parametrize('workers', [0, 2])
def test_a_file_that_hangs_ends_the_training_and_is_named(tmp_path, workers):
    names = [f'{i}.mp4' for i in range(15)] + ['bad.mp4']
    records = [dict(video=n, audio=n, start=0, duration=6) for n in names]
    write_records(tmp_path / 'a.csv', records)
    done = subprocess.run(
        [sys.executable, '-c', HANGING, tmp_path / 'a.csv', str(workers)],
        capture_output=True,
        text=True,
        timeout=400,
        env={**os.environ, 'PYTHONPATH': os.pathsep.join(sys.path)},
    )
    assert done.returncode != 0
    output = done.stdout + done.stderr
    (line,) = (x for x in output.splitlines() if 'has not ended' in x)
    assert 'after 0.5 s' in line and 'bad.mp4' in line
    assert 'tools/data/prepare_av.py' in line and 'time_limit' in line
    if workers:
        assert 'DataLoader worker' in output


def test_chance_is_seeded_and_then_as_it_was():
    def draw():
        return np.random.rand(), random.random(), torch.rand(1).item()

    def seeded_draw(seed):
        with seeded(seed):
            return draw()

    np.random.seed(1), random.seed(1), torch.manual_seed(1)
    expected = draw()
    np.random.seed(1), random.seed(1), torch.manual_seed(1)
    first = seeded_draw(5)
    assert draw() == expected
    assert seeded_draw(5) == first
    assert all(a != b for a, b in zip(seeded_draw(6), first))
