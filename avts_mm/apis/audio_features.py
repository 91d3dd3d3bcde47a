"""Features of recordings for linear classification, kept on disk.

A file of features is used again only if everything it depends on is the same:
the weights themselves, not the name of their file; the recordings' contents;
the settings; and the code that computes them.
"""

import hashlib
import json
import logging
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import contextmanager
from inspect import getfile
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn
from mmengine import Config
from mmengine.dataset import pseudo_collate
from mmengine.logging import MMLogger, print_log
from mmengine.model import BaseModel
from torch.utils.data import DataLoader

from avts_mm.media import audio_reader, pyav_audio, wave_audio

from ..datasets import AudioClipDataset, audio_clip_dataset, recordings
from ..models import LogMel
from ..weights import load_tower
from .feature_extractor import Extractor, FeatureExtractor
from .features import Features
from .loading import load_model

# What computes features besides the networks themselves.
CODE = (
    __name__,
    Extractor.__module__,
    Features.__module__,
    LogMel.__module__,
    audio_clip_dataset.__name__,
    recordings.__name__,
    audio_reader.__name__,
    pyav_audio.__name__,
    wave_audio.__name__,
)
STATISTICS = ('mean', 'std', 'max', 'mean change')


def load_audio_model(
    config: Config,
    checkpoint: str | None,
    layer: str,
    device: str | torch.device = 'cpu',
    seed: int = 0,
) -> BaseModel:
    """Build the model of a config and load what ``layer`` needs.

    Args:
        config (Config): Of AVTS, or of another model with an
            ``audio_backbone``.
        checkpoint (str, optional): Of such a model, or of a bare audio
            tower. None for random weights.
        layer (str): Dotted name, in ``audio_backbone`` or ``audio_neck``.
        device (str | torch.device): Defaults to ``'cpu'``.
        seed (int): Of random weights. Defaults to 0.

    Raises:
        FileNotFoundError: There is no such checkpoint.
        ValueError: The model or the checkpoint has no such part.
    """
    with _quiet():
        model = load_model(config, None, device, seed)
    owner = layer.split('.')[0]
    if owner not in ('audio_backbone', 'audio_neck') or not hasattr(
        model, 'audio_backbone'
    ):
        raise ValueError(
            'features of sound come from a layer of audio_backbone or '
            f'audio_neck, not from {layer!r} of {type(model).__name__}'
        )
    if checkpoint is not None:
        load_tower(model.audio_backbone, checkpoint)
        if owner == 'audio_neck':
            load_tower(model.audio_neck, checkpoint, 'audio_neck.')
    return model


@contextmanager
def _quiet():
    """Keep mmengine from listing how each tensor was initialised."""
    logger = MMLogger.get_current_instance()
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)


def log_mel_statistics(images: np.ndarray) -> np.ndarray:
    """Plain features of log-mel images, a baseline without a network.

    Args:
        images (np.ndarray): ``(N, 1, bands, frames)``.

    Returns:
        np.ndarray: float32 ``(N, 4 * bands)``: of each band the mean, the
        standard deviation and the greatest value over time, and the mean
        absolute change from frame to frame.
    """
    bands = np.asarray(images, np.float32)[:, 0]
    change = np.abs(np.diff(bands, axis=2)).mean(2)
    columns = [bands.mean(2), bands.std(2), bands.max(2), change]
    return np.concatenate(columns, axis=1)


class LogMelStatistics(Extractor):
    """Give :func:`log_mel_statistics`.

    Args:
        model (BaseModel): Whose data preprocessor makes the images.
    """

    layer, pool, normalize = 'log_mel', list(STATISTICS), False

    def __init__(self, model: BaseModel) -> None:
        self.model = model.eval()

    @torch.no_grad()
    def __call__(self, inputs: Mapping) -> np.ndarray:
        """Features of a batch: float32 ``(N, 4 * bands)``."""
        data = dict(inputs=dict(audio=inputs['audio']), data_samples=None)
        images = self.model.data_preprocessor(data, False)['inputs']['audio']
        return log_mel_statistics(images.cpu().numpy())


class FeatureStore:
    """Features of the sub-clips of a data set, computed once.

    Args:
        dataset (AudioClipDataset): Whose sub-clips; may be lazy, and is
            read when it is needed first.
        folder (str): Where to keep the files.
        batch_size (int): Defaults to 64.
        workers (int): Processes that read sound. Defaults to 0.
        progress (Callable, optional): Wraps the data loader, e.g. to show
            how far it is.

    Attributes:
        recordings (list[Recording]): Of the data set.
    """

    def __init__(
        self,
        dataset: AudioClipDataset,
        folder: str | Path,
        batch_size: int = 64,
        workers: int = 0,
        progress: Callable[[Iterable], Iterable] | None = None,
    ) -> None:
        self.dataset = dataset
        self.folder = Path(folder)
        self.batch_size = batch_size
        self.workers = workers
        self.progress = progress or (lambda loader: loader)
        self.recordings = dataset.read_annotation()
        self._contents = file_digests(r.audio for r in self.recordings)
        self._check_copies()

    def _check_copies(self) -> None:
        """Refuse copies of one recording in several folds."""
        first: dict[str, recordings.Recording] = {}
        for recording, content in zip(self.recordings, self._contents):
            other = first.setdefault(content, recording)
            if other.fold != recording.fold:
                raise ValueError(
                    f'{other.audio} and {recording.audio} are the same '
                    f'recording in the folds {other.fold} and '
                    f'{recording.fold}; remove one of them from '
                    f'{self.dataset.ann_file}'
                )

    def get(
        self, extractor: Extractor, config: Config
    ) -> tuple[Features, bool]:
        """Features of all sub-clips, in the order of the recordings.

        Args:
            extractor (Extractor): What computes them if they are not there.
            config (Config): That its model was built from.

        Returns:
            tuple: The features, and whether they were on disk already.
        """
        key = self.key(extractor, config)
        digest = _digest(json.dumps(key, sort_keys=True).encode())
        layer = extractor.layer.replace('.', '_')
        path = self.folder / f'{layer}_{digest[:16]}.npz'
        if path.is_file():
            try:
                found = Features.load(path)
                if found.metadata.get('key') == key:
                    return found, True
                cause = 'it was made otherwise'
            except ValueError as error:
                cause = str(error)
            print_log(f'{path}: computed anew ({cause})', logger='current')
        self.dataset.full_init()
        loader: DataLoader = DataLoader(
            self.dataset,
            self.batch_size,
            num_workers=self.workers,
            collate_fn=pseudo_collate,
        )
        found = extractor.extract(self.progress(loader))
        found.metadata['key'] = key
        part = path.with_name(f'{path.stem}.{os.getpid()}.part.npz')
        found.save(part)
        os.replace(part, path)
        return found, False

    def key(self, extractor: Extractor, config: Config) -> dict:
        """All that the features depend on, as JSON has it."""
        model, dataset = extractor.model, self.dataset
        names = ['data_preprocessor']
        if isinstance(extractor, FeatureExtractor):
            names.append('audio_backbone')
            if extractor.layer.startswith('audio_neck'):
                names.append('audio_neck')
        modules = {name: getattr(model, name) for name in names}
        paths = [r.audio for r in self.recordings]
        code = [*CODE, *(type(m).__module__ for m in modules.values())]
        files = [getfile(sys.modules[name]) for name in dict.fromkeys(code)]
        key = dict(
            layer=extractor.layer,
            pool=extractor.pool,
            normalize=extractor.normalize,
            model={name: config.model.get(name) for name in names},
            weights={name: _weights(m) for name, m in modules.items()},
            clip=[dataset.clip_samples, dataset.hop_samples],
            sample_rate=dataset.sample_rate,
            silence_db=dataset.silence_db,
            short=dataset.short,
            transforms=repr(dataset.pipeline),
            recordings=_digest(json.dumps([paths, self._contents]).encode()),
            code=_digest(json.dumps(file_digests(files)).encode()),
            torch=torch.__version__,
        )
        return json.loads(json.dumps(key, default=str))

    def rows(self, found: Features) -> np.ndarray:
        """The recording of each row of features, int64 ``(N,)``."""
        numbers = {r.audio: i for i, r in enumerate(self.recordings)}
        return np.array([numbers[name] for name in found.names])


def file_digests(paths: Iterable[str]) -> list[str]:
    """Digests of what files hold."""
    return [_digest(Path(path).read_bytes()) for path in paths]


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def _weights(module: nn.Module) -> str:
    """Digest of a module's tensors and their names."""
    digest = hashlib.blake2b(digest_size=16)
    tensors: dict[str, torch.Tensor] = dict(module.named_parameters())
    tensors.update(module.named_buffers())
    for name, tensor in sorted(tensors.items()):
        value = tensor.detach().cpu().contiguous()
        digest.update(f'{name} {value.dtype} {tuple(value.shape)}'.encode())
        digest.update(value.numpy().tobytes())
    return digest.hexdigest()
