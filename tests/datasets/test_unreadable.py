"""Unreadable files are replaced in training and reported, never in tests."""

import pytest
import torch
from mmaction.structures import ActionDataSample

from avts_mm.datasets import LabelledVideoDataset, VideoListDataset
from avts_mm.datasets.unreadable import UnreadableFiles
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


@pytest.fixture(params=['records', 'list'])
def make(request, tmp_path):
    """Makes a data set of v0.mp4 (label 0) to v7.mp4 (label 3)."""
    names = [f'v{i}.mp4' for i in range(8)]
    labels = [i // 2 for i in range(8)]
    if request.param == 'records':
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
    for name in names:
        (tmp_path / name).touch()
    lines = [f'{tmp_path / n} {label}\n' for n, label in zip(names, labels)]
    (tmp_path / 'a.txt').write_text(''.join(lines))
    return lambda **kwargs: VideoListDataset(
        str(tmp_path / 'a.txt'), [pack], **kwargs
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
