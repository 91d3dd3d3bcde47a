"""The loaders that are compared: a config's own, mmaction2's, bare decoding.

All are built with the same settings of the data loader, from the config.
"""

import copy
from pathlib import Path

from mmengine.config import Config
from mmengine.runner import Runner
from torch.utils.data import DataLoader

from avts_mm.media.annotation import read_records

from .decoding import BareDecoding

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
        reading = [t for t in _pipeline(cfg) if t['type'] in READERS]
        packing = [t for t in _pipeline(cfg) if t['type'] == 'PackAVInputs']
        loader['dataset']['pipeline'] = [
            *reading,
            *host_transforms(cfg),
            *packing,
        ]
    if clips_per_open > 1:
        loader['sampler']['clips_per_open'] = clips_per_open
    return Runner.build_dataloader(loader, seed=0)


def host_loader(
    cfg: Config, corpus: Path, sound: bool = False, reader: str = 'decord'
) -> DataLoader:
    """mmaction2's pipeline on the same files, with the config's transforms.

    Args:
        cfg (Config): Of which frames, clip length, transforms and settings.
        corpus (Path): Folder with ``annotation.csv``.
        sound (bool): Also decode the sound of the clip from the video file.
        reader (str): ``'decord'``, mmaction2's own; or ``'pyav'``, as loaders
            of this field read (:class:`~.decoding.DecodeClip`).
    """
    frames = _frames(cfg)
    ann_file = corpus / 'annotation.txt'
    videos = [record['video'] for record in read_records(_annotation(corpus))]
    ann_file.write_text(''.join(f'{video} 0\n' for video in videos))
    sounds = [dict(type='DecodeSound')] if sound else []
    if reader == 'decord':
        sample = dict(type='SampleFrames', frame_interval=1, num_clips=1)
        reading = [
            dict(type='DecordInit'),
            dict(sample, clip_len=frames),
            *sounds,
            dict(type='DecordDecode'),
        ]
    else:
        reading = [dict(type='DecodeClip', num_frames=frames), *sounds]
    pipeline = [
        *reading,
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


def bare_loader(cfg: Config, corpus: Path) -> DataLoader:
    """Nothing but decoding of the same number of pictures.

    Args:
        cfg (Config): Of which number of pictures and settings.
        corpus (Path): Folder with ``annotation.csv``.
    """
    records = read_records(_annotation(corpus))
    paths = [str(corpus / record['video']) for record in records]
    seconds = min(record['duration'] for record in records)
    dataset = BareDecoding(paths, seconds, _frames(cfg))
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
