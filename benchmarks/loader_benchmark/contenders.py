"""The loaders that are compared: a config's own, mmaction2's, bare decoding.

All are built with the same settings of the data loader, from the config.
"""

import copy
from pathlib import Path

from avts_mm.media.annotation import read_records

import av
import numpy as np
from av.video.reformatter import VideoReformatter
from mmengine.config import Config
from mmengine.runner import Runner
from torch.utils.data import DataLoader, Dataset

READERS = ('LoadAVFrames', 'LoadAVAudio')
PACKERS = ('FormatShape', 'PackAVInputs')


def own_loader(
    cfg: Config, corpus: Path | str, lazy: bool = True
) -> DataLoader:
    """The training loader of a config, on another corpus.

    Args:
        cfg (Config): The config.
        corpus (Path | str): Folder, or address, with ``annotation.csv``.
        lazy (bool): Leave to the device what the config leaves to it;
            otherwise the workers do all.
    """
    loader = copy.deepcopy(cfg.train_dataloader.to_dict())
    loader['dataset'].update(
        data_root=str(corpus), ann_file='annotation.csv', indices=None
    )
    if not lazy:
        pipeline = loader['dataset']['pipeline']
        loader['dataset']['pipeline'] = [
            *(t for t in pipeline if t['type'] in READERS),
            *host_transforms(cfg),
            *(t for t in pipeline if t['type'] == 'PackAVInputs'),
        ]
    return Runner.build_dataloader(loader, seed=0)


def host_loader(cfg: Config, corpus: Path) -> DataLoader:
    """mmaction2's pipeline on the same files, with the config's transforms."""
    ann_file = corpus / 'annotation.txt'
    videos = [record['video'] for record in _records(corpus)]
    ann_file.write_text(''.join(f'{video} 0\n' for video in videos))
    frames = clip_length(cfg)
    pipeline = [
        dict(type='DecordInit'),
        dict(
            type='SampleFrames', clip_len=frames, frame_interval=1, num_clips=1
        ),
        dict(type='DecordDecode'),
        *host_transforms(cfg),
        dict(type='PackActionInputs'),
    ]
    dataset = dict(
        type='VideoDataset',
        ann_file=str(ann_file),
        data_prefix=dict(video=str(corpus)),
        pipeline=pipeline,
    )
    return _built(cfg, dataset)


def bare_loader(cfg: Config, corpus: Path) -> DataLoader:
    """Nothing but decoding of the same number of pictures."""
    return _built(cfg, BareDecoding(corpus, clip_length(cfg)))


class BareDecoding(Dataset):
    """Decodes clips and throws them away: the limit of any loader."""

    def __init__(self, corpus: Path, number: int) -> None:
        records = _records(corpus)
        self.paths = [str(corpus / record['video']) for record in records]
        self.seconds = min(record['duration'] for record in records)
        self.number = number

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> int:
        start = np.random.uniform(0, self.seconds - 1)
        return len(decode_bare(self.paths[index], start, self.number))


def decode_bare(path: str, start: float, number: int) -> np.ndarray:
    """Successive pictures of a video, with as little as it takes.

    Args:
        path (str): The video, of a constant rate.
        start (float): The first picture is the one on screen then (s).
        number (int): Pictures.

    Returns:
        np.ndarray: ``(T, H, W, 3)`` uint8, RGB.
    """
    convert, pictures, done = VideoReformatter().reformat, None, 0
    with av.open(path) as container:
        stream = container.streams.video[0]
        stream.thread_type = 'NONE'
        container.seek(int(start / stream.time_base), stream=stream)
        first = start - float(1 / stream.average_rate)
        for frame in container.decode(stream):
            if frame.time <= first:
                continue
            image = convert(frame, format='rgb24', threads=1)
            if pictures is None:
                shape = number, image.height, image.width, 3
                pictures = np.empty(shape, np.uint8)
            pictures[done] = image.to_ndarray()
            done += 1
            if done == number:
                return pictures
    raise ValueError(f'{path}: ends before {number} pictures are read')


def host_transforms(cfg: Config) -> list[dict]:
    """The config's transforms of pictures; nothing of them is put off."""
    kept = [
        {key: value for key, value in transform.items() if key != 'lazy'}
        for transform in cfg.train_dataloader.dataset.pipeline
        if transform['type'] not in (*READERS, *PACKERS)
    ]
    return [*kept, dict(type='FormatShape', input_format='NCTHW')]


def clip_length(cfg: Config) -> int:
    """Pictures per clip."""
    pipeline = cfg.train_dataloader.dataset.pipeline
    (load,) = (t for t in pipeline if t['type'] == 'LoadAVFrames')
    return load.get('num_frames', 25)


def _built(cfg: Config, dataset) -> DataLoader:
    """With the config's settings, and the host's way of making batches."""
    loader = copy.deepcopy(cfg.train_dataloader.to_dict())
    loader.update(
        dataset=dataset,
        sampler=dict(type='DefaultSampler', shuffle=True),
        collate_fn=dict(type='pseudo_collate'),
    )
    return Runner.build_dataloader(loader, seed=0)


def _records(corpus: Path) -> list[dict]:
    return read_records(str(corpus / 'annotation.csv'))
