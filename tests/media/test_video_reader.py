"""Which picture is read for which time."""

import numpy as np
import pytest
from media_files import cut, picture, read_number, render

from avts_mm.media import MediaError, open_video


def numbers(path, times):
    with open_video(path) as reader:
        return [read_number(frame) for frame in reader.frames(times)]


def test_shape_and_colour(tmp_path):
    path = render(tmp_path / 'a.mp4').path
    with open_video(path) as reader:
        frames = reader.frames([0.5, 0.7])
        _, begins = reader.pictures([0.5, 0.7])
        assert reader.info.fps == 25
    assert frames.shape == (2, 48, 64, 3) and frames.dtype == np.uint8
    assert frames.flags['C_CONTIGUOUS']
    np.testing.assert_allclose(begins, [0.48, 0.68], atol=1e-6)
    expected = picture(12, True).astype(int)
    assert np.abs(frames[0] - expected).mean() < 12


def test_times_in_any_order_and_repeated(tmp_path):
    path = render(tmp_path / 'a.mp4', b_frames=2).path
    wanted = [5, 70, 5, 0, 33, 33, 6]
    times = [(n + 0.5) * 0.04 for n in wanted]
    with open_video(path) as reader:
        for _ in range(2):  # the reader can be used again
            frames, begins = reader.read(times)
            assert frames.shape[0] == len(wanted)
            assert [read_number(frame) for frame in frames] == wanted
            np.testing.assert_array_equal(reader.frame_times(times), begins)
            np.testing.assert_allclose(begins, np.array(wanted) * 0.04)
        assert reader.pictures([])[0] == []


def test_pictures_do_not_share_memory(tmp_path):
    path = render(tmp_path / 'a.mp4').path
    times = [0.5, 0.51, 0.7, 0.5]
    with open_video(path) as reader:
        frames = reader.frames(times)
        images, begins = reader.pictures(times)
        images[0][:] = 0
        np.testing.assert_array_equal(images[1:], frames[1:])
        # Nor with the decoder, which goes on from them.
        for image in images:
            image[:] = 0
        np.testing.assert_array_equal(reader.frames(times), frames)
    np.testing.assert_allclose(begins, [0.48, 0.48, 0.68, 0.48], atol=1e-6)


def test_more_times_than_pictures(tmp_path):
    path = render(tmp_path / 'a.mp4', fps=10, events=(3,)).path
    times = 0.5 + (np.arange(25) + 0.5) / 25
    expected = np.floor(times * 10 + 1e-6).astype(int).tolist()
    assert numbers(path, times) == expected


def test_a_picture_begins_at_its_time(tmp_path):
    # 1/30 s is rounded to whole milliseconds in Matroska.
    path = render(tmp_path / 'a.mkv', audio=None, fps=30).path
    found = numbers(path, np.arange(90) / 30)
    assert found == list(range(90))


def test_far_apart(tmp_path):
    path = render(tmp_path / 'a.mp4', audio=None, seconds=10, b_frames=2).path
    wanted = [0, 1, 120, 130, 249]
    times = [(n + 0.5) * 0.04 for n in wanted]
    assert numbers(path, times) == wanted


def test_ends_of_the_track(tmp_path):
    path = render(tmp_path / 'a.mp4').path  # 75 pictures
    assert numbers(path, [-0.03, 0.0, 2.97, 3.03]) == [0, 0, 74, 74]
    for asked in (-0.1, 3.1, 100.0):
        with pytest.raises(MediaError, match=r'cover 0 to 3\.000') as caught:
            numbers(path, [1.0, asked])
        assert caught.value.reason == 'too_short'


def test_a_frozen_picture_stays(tmp_path):
    times = [*np.arange(20) * 0.04, *(2.0 + np.arange(20) * 0.04)]
    path = render(
        tmp_path / 'a.mp4', times=times, events=(5,), b_frames=2
    ).path
    wanted = [0.77, 1.3, 1.9, 2.01]
    assert numbers(path, wanted) == [19, 19, 19, 20]


def test_stream(tmp_path):
    path = render(tmp_path / 'a.mp4', b_frames=2, fps=30).path
    with open_video(path) as reader:
        for _ in range(2):  # the reader can be used again
            found = [read_number(i) for i in reader.stream(0, 1 / 30)]
            assert found == list(range(90))
        image = next(reader.stream(0.5, 0.5))
        assert image.shape == (48, 64, 3) and image.dtype == np.uint8
        found = [read_number(i) for i in reader.stream(2.905, 0.02)]
        assert found == [87, 87, 88, 88, 89]
        assert read_number(next(reader.stream(-0.02, 0.5))) == 0
        assert read_number(reader.frames([1.01])[0]) == 30


def test_stream_ends_with_the_pictures(tmp_path):
    path = render(tmp_path / 'a.mp4').path
    with open_video(path) as reader:
        assert list(reader.stream(3.0, 0.1)) == []
        for asked in (-0.1, 3.1, 100.0):
            with pytest.raises(MediaError) as caught:
                list(reader.stream(asked, 0.1))
            assert caught.value.reason == 'too_short'


@pytest.mark.parametrize('movement', ['frames', 'close', 'stream'])
def test_stream_notices_that_the_reader_moved(tmp_path, movement):
    path = render(tmp_path / 'a.mp4').path
    with open_video(path) as reader:
        images = reader.stream(0.0, 0.04)
        next(images)
        if movement == 'frames':
            reader.frames([2.0])
        elif movement == 'close':
            reader.close()
        else:
            next(reader.stream(1.0, 0.04))
        with pytest.raises(RuntimeError, match='open two'):
            next(images)


def test_bad_arguments(tmp_path):
    path = render(tmp_path / 'a.mp4').path
    with open_video(path) as reader, pytest.raises(ValueError):
        reader.frames([0.1, np.nan])
    with open_video(path) as reader:
        for begin, step in ((0.0, 0.0), (0.0, -1.0), (np.nan, 0.1)):
            with pytest.raises(ValueError, match='bad steps'):
                next(reader.stream(begin, step))


@pytest.mark.parametrize('rotation', [90, 180, 270])
def test_rotation_is_applied(tmp_path, rotation):
    upright = render(tmp_path / 'a.mp4').path
    turned = render(tmp_path / 'b.mp4', rotation=rotation).path
    with open_video(upright) as reader:
        expected = np.rot90(reader.frames([1.0])[0], rotation // 90)
    with open_video(turned) as reader:
        found = reader.frames([1.0])[0]
        streamed = next(reader.stream(1.0, 1.0))
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(streamed, expected)


def test_cut_file_read_from_its_first_picture(tmp_path):
    long = render(tmp_path / 'long.mp4', seconds=4, b_frames=2)
    truth = cut(long, tmp_path / 'cut.mp4', 1.111)
    with open_video(truth.path) as reader:
        frames, begins = reader.pictures([0.0, 0.05])
    assert [read_number(frame) for frame in frames] == [28, 29]
    np.testing.assert_allclose(begins, [0.0, 0.04], atol=1e-6)


@pytest.mark.parametrize(
    'name, video',
    [('a.mpg', 'mpeg1video'), ('a.avi', 'mpeg4'), ('a.ts', 'libx264')],
)
def test_long_files_that_are_hard_to_seek(tmp_path, name, video):
    audio = 'pcm_s16le' if name == 'a.avi' else 'mp2'
    path = render(tmp_path / name, video, audio, seconds=40, b_frames=2).path
    for first in (960, 300, 20):
        wanted = np.arange(first, first + 20)
        found = numbers(path, (wanted + 0.5) / 25)
        assert found == (wanted % 256).tolist()


def test_skipped_pictures_are_not_missed(tmp_path):
    """Pictures far from those wanted are not decoded, unless one of them
    stays on screen until then."""
    # A B-frame on screen for 2 s; the times of the others are regular.
    times = [n * 0.04 for n in range(30)]
    times += [3.2 + n * 0.04 for n in range(20)]
    path = render(
        tmp_path / 'a.mp4', times=times, events=[3], gop=250, b_frames=3
    ).path
    with open_video(path) as reader:
        images, begins = reader.pictures([0.02, 0.06, 2.9, 3.22, 3.5])
        late = reader.frames([3.6])
    found = [read_number(image) for image in (*images, *late)]
    assert found == [0, 1, 29, 30, 37, 40]
    np.testing.assert_allclose(begins, [0, 0.04, 1.16, 3.2, 3.48], atol=1e-6)


def test_times_of_a_programme_stream_do_not_drift(tmp_path):
    # 3753.75 ticks from picture to picture, of which each is told rounded.
    film = render(
        tmp_path / 'a.vob',
        'mpeg2video',
        'mp2',
        fps='24000/1001',
        seconds=60,
        b_frames=2,
    )
    late = film.times[[20, 700, -20]]
    with open_video(film.path) as reader:
        _, begins = reader.pictures(late + 0.01)
    np.testing.assert_allclose(begins, late, atol=1e-3)
