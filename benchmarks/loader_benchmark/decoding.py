"""Decoding without us: bare, and as users of mmaction2 or PyAV do it."""

import itertools
from collections.abc import Iterator
from fractions import Fraction

import av
import numpy as np
from av.video.reformatter import VideoReformatter
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform
from torch.utils.data import Dataset


def decode_bare(path: str, start: float, number: int) -> np.ndarray:
    """Successive pictures of a video, with as little as it takes.

    Args:
        path (str): The video, of a constant rate.
        start (float): The first picture is the one on screen then (s).
        number (int): Pictures.

    Returns:
        np.ndarray: ``(T, H, W, 3)`` uint8, RGB.
    """
    convert, pictures = VideoReformatter().reformat, None
    for done, frame in enumerate(decoded(path, start, number)):
        image = convert(frame, format='rgb24', threads=1)
        if pictures is None:
            shape = number, image.height, image.width, 3
            pictures = np.empty(shape, np.uint8)
        pictures[done] = image.to_ndarray()
    return pictures


def decoded(path: str, start: float, number: int) -> Iterator[av.VideoFrame]:
    """The pictures of :func:`decode_bare`, where the decoder has put them.

    Raises:
        ValueError: The video ends before.
    """
    with av.open(path) as container:
        stream = container.streams.video[0]
        stream.thread_type = 'NONE'
        container.seek(int(start / stream.time_base), stream=stream)
        first, done = start - float(1 / stream.average_rate), 0
        for frame in container.decode(stream):
            if frame.time <= first:
                continue
            yield frame
            done += 1
            if done == number:
                return
    raise ValueError(f'{path}: ends before {number} pictures are read')


class BareDecoding(Dataset):
    """Decodes clips and throws them away: the limit of any loader."""

    def __init__(self, paths: list[str], seconds: float, number: int) -> None:
        self.paths = paths
        self.seconds = seconds
        self.number = number

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> int:
        start = np.random.uniform(0, self.seconds - 1)
        return len(decode_bare(self.paths[index], start, self.number))


@TRANSFORMS.register_module()
class DecodeClip(BaseTransform):
    """A clip at a random moment, read as loaders on PyAV do (AVID-CMA among
    them): seek, decode with the default settings, convert each picture.

    Required key: filename. Added keys: those of mmaction2's SampleFrames and
    DecordDecode.

    Args:
        num_frames (int): Pictures.
    """

    def __init__(self, num_frames: int) -> None:
        self.num_frames = num_frames

    def transform(self, results: dict) -> dict:
        """Decode."""
        with av.open(results['filename']) as container:
            stream = container.streams.video[0]
            rate = float(stream.average_rate)
            last = stream.frames - self.num_frames
            first = np.random.randint(last + 1)
            begin = max(0.0, (first - 0.5) / rate)
            container.seek(int(begin / stream.time_base), stream=stream)
            shown = (f for f in container.decode(stream) if f.time >= begin)
            images = [
                frame.to_ndarray(format='rgb24')
                for frame in itertools.islice(shown, self.num_frames)
            ]
        results.update(
            imgs=images,
            img_shape=images[0].shape[:2],
            original_shape=images[0].shape[:2],
            num_clips=1,
            clip_len=self.num_frames,
            frame_inds=first + np.arange(self.num_frames),
            avg_fps=rate,
        )
        return results


@TRANSFORMS.register_module()
class DecodeSound(BaseTransform):
    """The second of sound of a clip, decoded from the video file as users of
    mmaction2 without a wav would: PyAV, from shortly before, to 16 kHz mono.

    Required keys: filename, frame_inds, avg_fps. Added key: audio.
    """

    def transform(self, results: dict) -> dict:
        """Decode."""
        start = float(results['frame_inds'].min() / results['avg_fps'])
        results['audio'] = decode_sound(results['filename'], start)
        return results


def decode_sound(
    path: str, start: float, seconds: float = 1.0, sample_rate: int = 16000
) -> np.ndarray:
    """A span of the sound in a video file, mono."""
    resample = av.AudioResampler('flt', 'mono', sample_rate).resample
    blocks, count, lead = [], 0, 0
    with av.open(path) as container:
        stream = container.streams.audio[0]
        container.seek(
            max(0, int((start - 0.1) / stream.time_base)), stream=stream
        )
        for frame in container.decode(stream):
            if not blocks:
                lead = max(0, round((start - frame.time) * sample_rate))
            for part in resample(frame):
                blocks.append(part.to_ndarray()[0])
                count += len(blocks[-1])
            if count >= lead + seconds * sample_rate:
                break
    sound = np.concatenate(blocks)[lead:]
    return sound[: round(Fraction(seconds) * sample_rate)]
