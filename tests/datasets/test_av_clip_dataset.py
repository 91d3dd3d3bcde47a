"""Clips at fixed moments, whatever reads them."""

import numpy as np
import pytest
from mmaction.registry import DATASETS

from avts_mm.datasets import AVClipDataset
from avts_mm.datasets.pairs import AVPair
from avts_mm.media.annotation import write_records


@pytest.fixture
def build(tmp_path):
    rows = [('a.mp4', 'a.wav', 0.5, 6.0, 2), ('b.mp4', '', 0, 9, 1)]
    rows += [('c.mp4', 'c.wav', 0.0, 1.0, -1)]
    keys = ('video', 'audio', 'start', 'duration', 'label')
    write_records(tmp_path / 'val.csv', [dict(zip(keys, row)) for row in rows])

    def build(**kwargs):
        return DATASETS.build(
            dict(
                type='AVClipDataset',
                ann_file='val.csv',
                data_root=str(tmp_path),
                pipeline=[lambda results: results],
                **kwargs,
            )
        )

    return build


def test_moments_are_evenly_spaced(build, tmp_path):
    data = build(clips_per_video=4)
    assert isinstance(data, AVClipDataset)
    assert len(data) == 2 * 4  # one of the three has no sound
    clips = [data[i] for i in range(8)]
    starts = np.array([clip['video_start'] for clip in clips]).reshape(2, 4)
    np.testing.assert_allclose(starts[0], 0.5 + 5 * np.array([1, 3, 5, 7]) / 8)
    np.testing.assert_allclose(starts[1], 0)
    assert all(c['video_start'] == c['audio_start'] for c in clips)
    assert [c['class_label'] for c in clips] == [2] * 4 + [-1] * 4
    assert clips[7]['video_path'] == str(tmp_path / 'c.mp4')
    assert clips[7]['audio_path'] == str(tmp_path / 'c.wav')
    assert clips[0]['label'] == 1 and clips[0]['kind'] == 0
    assert build()[0]['video_start'] == 3.0
    assert data[-1] == data[7]
    with pytest.raises(IndexError):
        data[8]


def test_chance_is_fixed_by_the_index(build):
    def draw(results):
        return np.random.rand()

    data = build(clips_per_video=3)
    data.pipeline.transforms = [draw]
    state = np.random.get_state()[1].copy()
    first = [data[i] for i in range(6)]
    assert [data[i] for i in (5, 0)] == [first[5], first[0]]
    assert len(set(first)) == 6
    assert np.array_equal(np.random.get_state()[1], state)


def test_subset(build):
    data = build(clips_per_video=2).get_subset([1])
    assert len(data) == 2
    assert data[1]['video_path'].endswith('c.mp4')


def test_misuse(build):
    with pytest.raises(ValueError, match='at least 1'):
        build(clips_per_video=0)
    with pytest.raises(TypeError, match='DefaultSampler'):
        build()[AVPair(0, 0, 0, 0)]
