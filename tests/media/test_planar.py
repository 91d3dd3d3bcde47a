"""Pictures that are handed on as the decoder has them."""

import av
import numpy as np
import pytest
from media_files import render

from avts_mm.media import MediaError, PlanarPicture, open_video
from avts_mm.media.planar import cut_out, is_planar

TIMES = (np.arange(8) + 0.5) / 25


def colourful(path, size=(48, 64), pix_fmt='yuv420p', **context):
    """A second of coloured waves that move."""
    y, x = np.indices(size)[..., None]
    with av.open(str(path), 'w') as out:
        stream = out.add_stream('libx264', rate=25, options={'crf': '10'})
        stream.height, stream.width = size
        stream.pix_fmt = pix_fmt
        for name, value in context.items():
            setattr(stream.codec_context, name, value)
        for number in range(25):
            phase = np.array([0.0, 2.0, 4.0]) + number / 3
            image = 127 + 90 * np.sin(x / 7 + y / 5 + phase)
            frame = av.VideoFrame.from_ndarray(image.astype(np.uint8), 'rgb24')
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return str(path)


def decoded(path, times):
    """Packed 4:2:0 pictures of a file with 25 pictures/s, by PyAV's own."""
    with av.open(path) as container:
        frames = [f.to_ndarray() for f in container.decode(video=0)]
    return [frames[int(time * 25)] for time in times]


def test_planes_are_those_of_the_decoder(tmp_path):
    path = colourful(tmp_path / 'a.mp4', (46, 58))
    times = np.array([0.5, 0.1, 0.5, 0.98])
    with open_video(path, 'pyav') as reader:
        pictures, begins = reader.planar_pictures(times)
        _, expected = reader.pictures(times)
    np.testing.assert_array_equal(begins, expected)
    assert [type(p) for p in pictures] == [PlanarPicture] * 4
    assert pictures[0].shape == (46, 58, 3)
    # The file may be closed.
    whole = cut_out(pictures, 0, 0, 46, 58)
    packed = np.stack(decoded(path, times)).reshape(4, -1)
    np.testing.assert_array_equal(whole, packed)
    part = cut_out(pictures, 6, 10, 34, 20)
    luma = packed[:, : 46 * 58].reshape(4, 46, 58)
    chroma = packed[:, 46 * 58 :].reshape(4, 2, 23, 29)
    np.testing.assert_array_equal(
        part[:, : 34 * 20].reshape(4, 34, 20), luma[:, 6:40, 10:30]
    )
    np.testing.assert_array_equal(
        part[:, 34 * 20 :].reshape(4, 2, 17, 10), chroma[:, :, 3:20, 5:15]
    )


@pytest.mark.parametrize(
    'kind',
    [
        dict(size=(48, 63), pix_fmt='yuv444p'),
        dict(pix_fmt='yuv422p'),
        dict(pix_fmt='yuv420p10le'),
        dict(pix_fmt='yuvj420p'),
        dict(color_range=2),
        dict(colorspace=1),  # BT.709
    ],
    ids=str,
)
def test_other_formats_come_in_rgb(tmp_path, kind):
    path = colourful(tmp_path / 'a.mp4', **kind)
    with open_video(path, 'pyav') as reader:
        pictures, _ = reader.planar_pictures(TIMES)
        expected, _ = reader.pictures(TIMES)
    np.testing.assert_array_equal(np.stack(pictures), np.stack(expected))


def test_full_range_that_the_format_does_not_tell():
    """As decoders of VP9 and AV1 may give it."""
    frame = av.VideoFrame(64, 48, 'yuv420p')
    assert is_planar(frame)
    frame.color_range = 2
    assert not is_planar(frame)


@pytest.mark.parametrize('matrix', [5, 6])
def test_named_bt601_is_planar(tmp_path, matrix):
    path = colourful(tmp_path / 'a.mp4', colorspace=matrix, color_range=1)
    with open_video(path, 'pyav') as reader:
        pictures, _ = reader.planar_pictures(TIMES)
    assert all(isinstance(p, PlanarPicture) for p in pictures)


def test_turned_pictures_come_in_rgb(tmp_path):
    path = render(tmp_path / 'a.mp4', rotation=90).path
    with open_video(path, 'pyav') as reader:
        pictures, _ = reader.planar_pictures(TIMES)
        expected, _ = reader.pictures(TIMES)
    np.testing.assert_array_equal(np.stack(pictures), np.stack(expected))


def test_the_same_errors_as_for_rgb(tmp_path):
    path = render(tmp_path / 'a.mp4').path
    with open_video(path, 'pyav') as reader:
        assert reader.planar_pictures([])[0] == []
        with pytest.raises(ValueError, match='finite'):
            reader.planar_pictures([np.nan])
        with pytest.raises(MediaError, match='asked for the picture at'):
            reader.planar_pictures([100.0])


def test_they_are_no_arrays(tmp_path):
    path = colourful(tmp_path / 'a.mp4')
    with open_video(path, 'pyav') as reader:
        pictures, _ = reader.planar_pictures(TIMES)
    for use in (np.stack, np.array, lambda p: p[0][3:5], lambda p: len(p[0])):
        with pytest.raises(TypeError, match='lazy=True'):
            use(pictures)
