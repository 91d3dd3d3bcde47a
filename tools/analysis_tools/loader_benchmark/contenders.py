"""The loaders that are compared: a config's own, mmaction2's, bare decoding.

All are built with the same settings of the data loader, from the config.
"""

import copy
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import VideoReformatter
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform
from mmengine.config import Config
from mmengine.runner import Runner
from torch.utils.data import DataLoader, Dataset

from avts_mm.datasets.records import read_records

READERS = ('LoadAVFrames', 'LoadAVAudio')
PACKERS = ('FormatShape', 'PackAVInputs')


def own_loader(
    cfg: Config, corpus: Path, clips_per_open: int = 1, lazy: bool = True
):
    """The training loader of a config, on another corpus.

    Args:
        cfg (Config): The config.
        corpus (Path): Folder with ``annotation.csv``.
        clips_per_open (int): Of the sampler.
        lazy (bool): Leave to the device what the config leaves to it;
            otherwise the workers do all.
    """
    loader = _settings(cfg)
    loader['dataset'] = copy.deepcopy(cfg.train_dataloader.dataset)
    loader['dataset'].update(
        data_root=str(corpus), ann_file='annotation.csv', indices=None
    )
    loader['sampler'] = copy.deepcopy(cfg.train_dataloader.sampler)
    if not lazy:
        reading = [
            {key: value for key, value in t.items() if key != 'pixel_format'}
            for t in _pipeline(cfg)
            if t['type'] in READERS
        ]
        packing = [t for t in _pipeline(cfg) if t['type'] == 'PackAVInputs']
        loader['dataset']['pipeline'] = [
            *reading,
            *host_transforms(cfg),
            *packing,
        ]
    if clips_per_open > 1:
        loader['sampler']['clips_per_open'] = clips_per_open
    return Runner.build_dataloader(loader, seed=0)


def host_loader(cfg: Config, corpus: Path, sound: bool = False) -> DataLoader:
    """mmaction2's pipeline on the same files, with the config's transforms.

    Args:
        cfg (Config): Of which frames, clip length, transforms and settings.
        corpus (Path): Folder with ``annotation.csv``.
        sound (bool): Also decode the sound of the clip from the video file.
    """
    frames = _frames(cfg)
    ann_file = corpus / 'annotation.txt'
    videos = [record['video'] for record in read_records(_annotation(corpus))]
    ann_file.write_text(''.join(f'{video} 0\n' for video in videos))
    pipeline = [
        dict(type='DecordInit'),
        dict(
            type='SampleFrames', clip_len=frames, frame_interval=1, num_clips=1
        ),
        *([dict(type='DecodeSound')] if sound else []),
        dict(type='DecordDecode'),
        *host_transforms(cfg),
        dict(
            type='PackActionInputs',
            collect_keys=('imgs', 'audio') if sound else None,
        ),
    ]
    dataset = dict(
        type='VideoDataset',
        ann_file=str(ann_file),
        data_prefix=dict(video=str(corpus)),
        pipeline=pipeline,
    )
    sampler = dict(type='DefaultSampler', shuffle=True)
    return _built(cfg, dataset, sampler)


def bare_loader(cfg: Config, corpus: Path, rgb: bool = True) -> DataLoader:
    """Nothing but decoding of the same number of pictures.

    Args:
        cfg (Config): Of which number of pictures and settings.
        corpus (Path): Folder with ``annotation.csv``.
        rgb (bool): Convert and copy them; otherwise they are only decoded.
    """
    dataset = BareDecoding(corpus, _frames(cfg), rgb)
    return _built(cfg, dataset, dict(type='DefaultSampler', shuffle=True))


def _built(cfg: Config, dataset, sampler: dict) -> DataLoader:
    """With the config's settings, and the host's way of making batches."""
    loader = {**_settings(cfg), 'collate_fn': dict(type='pseudo_collate')}
    loader.update(dataset=dataset, sampler=sampler)
    return Runner.build_dataloader(loader, seed=0)


def _settings(cfg: Config) -> dict:
    """How the config loads, without what it loads."""
    loader = copy.deepcopy(cfg.train_dataloader.to_dict())
    del loader['dataset'], loader['sampler']
    return loader


def _pipeline(cfg: Config) -> list[dict]:
    return copy.deepcopy(cfg.train_dataloader.dataset.pipeline)


def host_transforms(cfg: Config) -> list[dict]:
    """The config's transforms of pictures; nothing of them is put off."""
    kept = [
        {key: value for key, value in transform.items() if key != 'lazy'}
        for transform in _pipeline(cfg)
        if transform['type'] not in (*READERS, *PACKERS)
    ]
    return [*kept, dict(type='FormatShape', input_format='NCTHW')]


def _frames(cfg: Config) -> int:
    """Pictures per clip."""
    (load,) = (t for t in _pipeline(cfg) if t['type'] == 'LoadAVFrames')
    return load.get('num_frames', 25)


def _annotation(corpus: Path) -> str:
    return str(corpus / 'annotation.csv')


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
    for done, frame in enumerate(_decoded(path, start, number)):
        image = convert(frame, format='rgb24', threads=1)
        if pictures is None:
            shape = number, image.height, image.width, 3
            pictures = np.empty(shape, np.uint8)
        pictures[done] = image.to_ndarray()
    return pictures


def _decoded(path: str, start: float, number: int) -> Iterator[av.VideoFrame]:
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

    def __init__(self, corpus: Path, number: int, rgb: bool) -> None:
        records = read_records(_annotation(corpus))
        self.paths = [str(corpus / record['video']) for record in records]
        self.seconds = min(record['duration'] for record in records)
        self.number = number
        self.read = decode_bare if rgb else _decoded

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> int:
        start = np.random.uniform(0, self.seconds - 1)
        read = self.read(self.paths[index], start, self.number)
        return sum(1 for _ in read)


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
