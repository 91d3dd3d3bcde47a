"""Clips for recognition, from files whose pictures carry their number."""

import os
from dataclasses import replace

import numpy as np
import pytest
from media_files import read_number, render

from avts_mm.datasets.transforms import LoadVideoClips, video_clips
from avts_mm.media import MediaError


@pytest.fixture(scope='module')
def film(tmp_path_factory):
    """4 s at 25 pictures/s."""
    path = tmp_path_factory.mktemp('films') / 'film.mp4'
    return render(path, audio=None, seconds=4.0, events=())


def numbers(results):
    return np.array([read_number(image) for image in results['imgs']])


def test_ten_clips_from_begin_to_end(film):
    load = LoadVideoClips(num_clips=10, test_mode=True)
    results = load(dict(filename=film.path))
    assert (results['num_clips'], results['clip_len']) == (10, 25)
    assert results['img_shape'] == (48, 64)
    clips = numbers(results).reshape(10, 25)
    np.testing.assert_allclose(results['clip_starts'], np.linspace(0, 3, 10))
    assert clips[0].tolist() == list(range(25))
    assert clips[-1].tolist() == list(range(75, 100))
    assert (np.diff(clips, axis=1) == 1).all()
    steps = np.diff(clips[:, 0])
    assert set(steps) <= {8, 9}  # 75 / 9


def test_one_clip_from_the_middle(film):
    results = LoadVideoClips(test_mode=True)(dict(filename=film.path))
    assert results['clip_starts'].tolist() == [1.5]
    assert numbers(results)[0] in (37, 38)


def test_clips_are_seconds_whatever_the_rate(tmp_path):
    """25 pictures of a second at 50 pictures/s: every other one."""
    film = render(
        tmp_path / 'a.avi', 'mpeg4', None, fps=50, seconds=3, events=()
    )
    load = LoadVideoClips(num_clips=3, test_mode=True)
    clips = numbers(load(dict(filename=film.path))).reshape(3, 25)
    assert (np.diff(clips, axis=1) == 2).all()
    assert clips[1][0] - clips[0][0] == 50


def test_training_draws_the_whole_video(film):
    np.random.seed(0)
    load = LoadVideoClips(num_frames=2)
    starts = [
        load(dict(filename=film.path))['clip_starts'][0] for _ in range(40)
    ]
    assert 0 <= min(starts) < 0.5 and 2.5 < max(starts) <= 3
    np.random.seed(0)
    again = load(dict(filename=film.path))['clip_starts'][0]
    assert again == starts[0]


@pytest.mark.parametrize('backend', ['pyav', 'decord'])
@pytest.mark.parametrize('test_mode', [False, True])
def test_short_video_is_repeated(tmp_path, backend, test_mode):
    film = render(tmp_path / 'a.mp4', seconds=0.4, events=())
    load = LoadVideoClips(num_clips=10, test_mode=test_mode, backend=backend)
    size = os.path.getsize(film.path)
    found = load(dict(filename=film.path, prepared_bytes=size))
    clips = numbers(found).reshape(10, 25)
    expected = [n % 10 for n in range(25)]
    assert all(clip.tolist() == expected for clip in clips)


def test_part_of_a_video(film):
    load = LoadVideoClips(num_clips=2, test_mode=True)
    results = load(dict(filename=film.path, span=(1.0, 2.0)))
    clips = numbers(results).reshape(2, 25)
    assert clips[0].tolist() == list(range(25, 50))
    assert clips[1].tolist() == list(range(50, 75))
    assert results['clip_starts'].tolist() == [1, 2]


def test_avi_with_b_frames_is_right(tmp_path):
    film = render(
        tmp_path / 'a.avi', 'mpeg4', None, seconds=3, events=(), b_frames=2
    )
    load = LoadVideoClips(num_clips=3, test_mode=True)
    clips = numbers(load(dict(filename=film.path))).reshape(3, 25)
    assert (np.diff(clips, axis=1) == 1).all()


@pytest.mark.parametrize('promised', [9.0, 0.0])
def test_header_with_a_wrong_length(film, monkeypatch, promised):
    """Some headers tell a wrong one, raw streams none."""
    real = video_clips.open_video

    def wrong(path, *args):
        reader = real(path, *args)
        reader.info = replace(
            reader.info, video_duration=promised, container='avi'
        )
        return reader

    monkeypatch.setattr(video_clips, 'open_video', wrong)
    load = LoadVideoClips(num_clips=2, test_mode=True)
    results = load(dict(filename=film.path))
    assert results['clip_starts'].tolist() == [0, 3]


def test_bad_files_and_arguments(tmp_path):
    with pytest.raises(MediaError, match=r'gone\.avi'):
        LoadVideoClips()(dict(filename=str(tmp_path / 'gone.avi')))
    (tmp_path / 'text.avi').write_text('no film')
    with pytest.raises(MediaError, match=r'text\.avi'):
        LoadVideoClips()(dict(filename=str(tmp_path / 'text.avi')))
    for wrong in (
        dict(num_clips=0),
        dict(num_frames=0),
        dict(clip_seconds=0),
        dict(backend='opencv'),
    ):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            LoadVideoClips(**wrong)
    assert 'num_clips=3' in repr(LoadVideoClips(num_clips=3))
