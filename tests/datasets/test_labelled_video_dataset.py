"""Annotation files as data sets for recognition."""

from collections import Counter

import numpy as np
import pytest

from avts_mm.datasets import LabelledVideoDataset
from avts_mm.media.annotation import write_records


@pytest.fixture
def ann_file(tmp_path):
    records = [
        dict(
            video=f'v{i}.mp4',
            audio=f'v{i}.wav' if i % 2 else '',
            start=0.5,
            duration=2.0 + i,
            label=i % 4 if i < 38 else 3,
        )
        for i in range(40)
    ]
    write_records(str(tmp_path / 'a.csv'), records)
    return tmp_path / 'a.csv'


def names(dataset):
    infos = [dataset.get_data_info(i) for i in range(len(dataset))]
    return [info['filename'] for info in infos]


def test_record(ann_file):
    data = LabelledVideoDataset('a.csv', data_root=str(ann_file.parent))
    assert len(data) == 40
    assert data.get_data_info(5) == dict(
        filename=str(ann_file.parent / 'v5.mp4'),
        audio_path=str(ann_file.parent / 'v5.wav'),
        span=(0.5, 7.0),
        label=1,
        prepared_bytes=0,
        sample_idx=5,
        modality='RGB',
        start_index=0,
    )
    assert data.get_data_info(4)['audio_path'] == ''


def test_share_of_each_class(ann_file):
    quarter = LabelledVideoDataset(str(ann_file), label_share=0.25)
    labels = [quarter.get_data_info(i)['label'] for i in range(len(quarter))]
    # 10, 10, 9 and 11 videos.
    assert Counter(labels) == {0: 2, 1: 2, 2: 2, 3: 3}
    half = LabelledVideoDataset(str(ann_file), label_share=0.5)
    assert set(names(quarter)) < set(names(half))
    again = LabelledVideoDataset(str(ann_file), label_share=0.25)
    assert names(again) == names(quarter)
    other = LabelledVideoDataset(str(ann_file), label_share=0.25, share_seed=1)
    assert names(other) != names(quarter)
    least = LabelledVideoDataset(str(ann_file), label_share=0.001)
    assert len(least) == 4


@pytest.mark.parametrize('share', [0, -0.1, 1.5, np.nan])
def test_wrong_share(ann_file, share):
    with pytest.raises(ValueError, match='label_share'):
        LabelledVideoDataset(str(ann_file), label_share=share)


def test_without_label(tmp_path):
    records = [
        dict(video=f'{i}.mp4', audio='', start=0, duration=1, label=label)
        for i, label in enumerate((0, -1, -1))
    ]
    write_records(str(tmp_path / 'a.csv'), records)
    with pytest.raises(ValueError, match=r'2 of 3 records.*1\.mp4'):
        LabelledVideoDataset(str(tmp_path / 'a.csv'))
    write_records(str(tmp_path / 'b.csv'), [])
    with pytest.raises(ValueError, match='only a header'):
        LabelledVideoDataset(str(tmp_path / 'b.csv'))
