"""Clips for recognition, from files whose pictures carry their number."""

import numpy as np
import pytest
from media_files import read_number, render

from avts_mm.datasets.transforms import LoadAVAudio, LoadVideoClips
from avts_mm.media import MediaError, open_audio


@pytest.fixture(scope='module')
def film(tmp_path_factory):
    """4 s at 25 pictures/s."""
    path = tmp_path_factory.mktemp('films') / 'film.mp4'
    return render(path, audio=None, seconds=4.0, events=())


def read(film, span=(0.0, 4.0), **options):
    """What the transform adds, and the numbers of the pictures by clip."""
    load = LoadVideoClips(**options)
    results = load(dict(filename=film.path, span=span, prepared_bytes=0))
    numbers = [read_number(image) for image in results['imgs']]
    return results, np.reshape(numbers, (load.num_clips, load.num_frames))


def test_ten_clips_from_begin_to_end(film):
    results, clips = read(film, num_clips=10, test_mode=True)
    assert (results['num_clips'], results['clip_len']) == (10, 25)
    assert results['img_shape'] == (48, 64)
    np.testing.assert_allclose(results['video_start'], np.linspace(0, 3, 10))
    assert clips[0].tolist() == list(range(25))
    assert clips[-1].tolist() == list(range(75, 100))
    assert (np.diff(clips, axis=1) == 1).all()
    assert set(np.diff(clips[:, 0])) <= {8, 9}  # 75 / 9


def test_one_clip_from_the_middle(film):
    results, clips = read(film, test_mode=True)
    assert results['video_start'].tolist() == [1.5]
    assert clips[0, 0] in (37, 38)


def test_clips_are_seconds_whatever_the_rate(tmp_path):
    """25 pictures of a second at 50 pictures/s: every other one."""
    film = render(
        tmp_path / 'a.avi', 'mpeg4', None, fps=50, seconds=3, events=()
    )
    _, clips = read(film, (0, 3), num_clips=3, test_mode=True)
    assert (np.diff(clips, axis=1) == 2).all()
    assert clips[1][0] - clips[0][0] == 50


def test_training_draws_the_whole_span(film):
    def start():
        return read(film, (1, 3), num_frames=2)[0]['video_start'][0]

    np.random.seed(0)
    starts = [start() for _ in range(40)]
    assert 1 <= min(starts) < 1.4 and 2.6 < max(starts) <= 3
    np.random.seed(0)
    assert start() == starts[0]


@pytest.mark.parametrize('test_mode', [False, True])
def test_short_span_is_repeated(film, test_mode):
    _, clips = read(film, (1.0, 0.4), num_clips=3, test_mode=test_mode)
    expected = [25 + n % 10 for n in range(25)]
    assert all(clip.tolist() == expected for clip in clips)


def test_part_of_a_video(film):
    results, clips = read(film, (1.0, 2.0), num_clips=2, test_mode=True)
    assert clips[0].tolist() == list(range(25, 50))
    assert clips[1].tolist() == list(range(50, 75))
    assert results['video_start'].tolist() == [1, 2]


@pytest.fixture(scope='module')
def sounding(tmp_path_factory):
    """3 s of pictures, whose sound begins at 0.5 s."""
    path = tmp_path_factory.mktemp('films') / 'sounding.mkv'
    return render(path, audio='flac', seconds=3.0, audio_start=0.5)


def test_a_file_that_nothing_is_known_of(film, sounding):
    load = LoadVideoClips(2, num_clips=2, test_mode=True, sound=True)
    results = load(dict(filename=sounding.path))
    assert results['audio_path'] == sounding.path
    np.testing.assert_allclose(results['video_start'], [0.5, 2], atol=0.05)
    results = load(dict(filename=film.path))  # pictures alone
    np.testing.assert_allclose(results['video_start'], [0, 3], atol=0.01)
    load = LoadVideoClips(2, num_clips=2, test_mode=True)  # for pictures
    results = load(dict(filename=sounding.path, span=(1.0, np.nan)))
    np.testing.assert_allclose(results['video_start'], [1, 2], atol=0.05)


@pytest.mark.parametrize('seconds', [2.0, 0.4])
def test_sound_of_the_same_moments(sounding, seconds):
    load = LoadVideoClips(num_frames=2, num_clips=2, test_mode=True)
    span = dict(span=(0.6, seconds), prepared_bytes=0)
    results = LoadAVAudio()(load(dict(filename=sounding.path, **span)))
    assert results['audio'].shape == (2, 16000)
    length = min(seconds, 1.0)
    with open_audio(sounding.path) as reader:
        for start, found in zip(results['audio_start'], results['audio']):
            expected = reader.read(start, length, 16000)
            expected = np.tile(expected, 3)[:16000]  # a short one is repeated
            np.testing.assert_array_equal(found, expected)


def test_bad_files_and_arguments(tmp_path):
    gone = dict(filename='gone.avi', span=(0, 2), prepared_bytes=0)
    with pytest.raises(MediaError, match=r'gone\.avi'):
        LoadVideoClips()(gone)
    for wrong in ('num_clips', 'num_frames', 'clip_seconds'):
        with pytest.raises(ValueError, match=wrong):
            LoadVideoClips(**{wrong: 0})
