"""A file that has the size with which it was prepared is opened without a
look at its pictures; any other is looked at."""

import importlib
import os
from functools import partial

import numpy as np
import pytest
from media_files import Truth, cut, render
from mmaction.registry import DATASETS

from avts_mm.datasets import AVPair, PairKind
from avts_mm.datasets.transforms import LoadAVFrames, LoadVideoClips
from avts_mm.media import PrepareOptions, open_video
from avts_mm.media.annotation import read_records, write_records
from avts_mm.preparation import Source, prepare_corpus

probing = importlib.import_module('avts_mm.media.probe')
TIMES = np.arange(0, 1.8, 0.02)


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """Two prepared videos, with the annotation and one without sizes."""
    root = tmp_path_factory.mktemp('prepared')
    sources = []
    for name, b_frames in (('a', 0), ('b', 2)):
        path = str(root / f'{name}.mkv')
        render(path, seconds=4, b_frames=b_frames, audio='flac')
        sources.append(Source(path, name, extra={'label': '1'}))
    options = PrepareOptions(48, preset='ultrafast')
    assert not prepare_corpus(sources, str(root), options).left_out
    records = read_records(root / 'annotation.csv')
    for record in records:
        del record['prepared_bytes']
    write_records(root / 'unknown.csv', records)
    return root


@pytest.fixture
def looked(monkeypatch):
    """The files that were looked at."""
    paths = []

    def inspect(container, path, audio_track):
        paths.append(os.path.basename(path))
        return real(container, path, audio_track)

    real = probing._inspect
    monkeypatch.setattr(probing, '_inspect', inspect)
    monkeypatch.setattr(probing, '_cache', type(probing._cache)())
    return paths


@pytest.mark.parametrize(
    'kind, load, index',
    [
        ('AVPairDataset', LoadAVFrames, AVPair(0, 1, PairKind.EASY, 7)),
        ('AVClipDataset', LoadAVFrames, 0),
        ('LabelledVideoDataset', partial(LoadVideoClips, test_mode=True), 0),
    ],
)
def test_samples_are_the_same(kind, load, index, folder, looked):
    samples = {}
    for name in ('annotation', 'unknown'):
        data = DATASETS.build(
            dict(
                type=kind,
                ann_file=f'{name}.csv',
                data_root=str(folder),
                pipeline=[load()],
            )
        )
        samples[name] = data[index]
        assert looked == ([] if name == 'annotation' else ['a.mp4'])
    known, unknown = samples.values()
    assert len(known['imgs']) == 25
    np.testing.assert_array_equal(known['imgs'], unknown['imgs'])


@pytest.mark.parametrize(
    'change',
    [
        lambda old, path: cut(old, path, 1.01),
        lambda old, path: render(path, rotation=180),
        lambda old, path: render(path, video_start=0.52, b_frames=2),
    ],
    ids=['cut', 'turned', 'late'],
)
def test_a_changed_file_is_looked_at(change, folder, looked, tmp_path):
    (old, _) = read_records(folder / 'annotation.csv')
    path = str(tmp_path / 'changed.mp4')
    times = np.arange(100) / 25
    change(Truth(str(folder / old['video']), times, times), path)
    with open_video(path, prepared_bytes=old['prepared_bytes']) as reader:
        assert looked == ['changed.mp4']
        found = reader.pictures(TIMES)
        info = reader.info
    assert info.has_edits or info.rotation or info.video_start
    with open_video(path) as reader:
        expected = reader.pictures(TIMES)
    np.testing.assert_array_equal(found[0], expected[0])
    np.testing.assert_array_equal(found[1], expected[1])
