"""A batch for a config without its data: noise through its own pipeline."""

from types import SimpleNamespace

import numpy as np
from mmengine import Config
from mmengine.dataset import Compose
from mmengine.registry import FUNCTIONS

# Transforms that read files begin with one of these.
_READING = ('Load', 'Open', 'Sample', 'Decord', 'PyAV')
_HEIGHT, _WIDTH = 256, 340  # as raw videos are usually prepared


def noise_batch(cfg: Config, seed: int = 0) -> dict:
    """A batch of the training loader, of noise instead of files.

    What reads files is left out of the pipeline; all else cuts, scales and
    packs noise as it would pictures and sound, so that shapes and types are
    those of the config.

    Args:
        cfg (Config): A config with a ``train_dataloader``.
        seed (int): Of the noise.

    Returns:
        dict: What the loader's collate function makes of the samples.

    Raises:
        ValueError: Nothing in the pipeline says how many pictures it reads.
    """
    loader = cfg.train_dataloader
    pipeline = loader.dataset.pipeline
    reading = [t for t in pipeline if t['type'].startswith(_READING)]
    frames = [
        t[key]
        for t in reading
        for key in ('num_frames', 'clip_len')
        if key in t
    ]
    if not frames:
        raise ValueError(
            'no transform of train_dataloader.dataset.pipeline says how many '
            'pictures it reads (num_frames or clip_len)'
        )
    rates = [t['sample_rate'] for t in reading if 'sample_rate' in t]
    seconds = loader.dataset.get('clip_seconds', 1.0)
    sounds = loader.get('sampler', {}).get('sounds_per_clip', 1)
    rest = Compose([t for t in pipeline if t not in reading])
    rng = np.random.default_rng(seed)
    clip = frames[0], _HEIGHT, _WIDTH, 3
    samples = []
    for i in range(loader.batch_size):
        results = dict(
            imgs=list(rng.integers(0, 256, clip, dtype=np.uint8)),
            img_shape=(_HEIGHT, _WIDTH),
            original_shape=(_HEIGHT, _WIDTH),
            num_clips=1,
            clip_len=frames[0],
            modality='RGB',
            start_index=0,
            label=i % 2,
        )
        if rates:
            shape = (round(seconds * rates[0]),)
            if sounds > 1:
                shape = (sounds, *shape)
                results['label'] = [int(k == 0) for k in range(sounds)]
            results['audio'] = rng.normal(0, 0.1, shape).astype(np.float32)
        samples.append(rest(results))
    collate = dict(loader.get('collate_fn', dict(type='pseudo_collate')))
    return FUNCTIONS.get(collate.pop('type'))(samples, **collate)


def sample_shapes(batch: dict) -> dict[str, list[int]]:
    """Shapes of what the network gets of the first sample, by its name."""
    inputs = batch['inputs']
    if not isinstance(inputs, dict):
        inputs = dict(video=inputs)
    shapes = {name: list(value[0].shape) for name, value in inputs.items()}
    lazy = batch['data_samples'][0].get('lazy')
    if lazy:
        shapes['video'][2:] = lazy['size']
    return shapes


class RepeatedBatch:
    """A data loader that always gives the same batch, at no cost."""

    def __init__(self, batch: dict, length: int = 10_000) -> None:
        self.batch = batch
        self.length = length
        self.dataset = self.sampler = None
        # Loops that can begin anywhere ask for it.
        size = len(batch['data_samples'])
        self.batch_sampler = SimpleNamespace(sampler=None, batch_size=size)

    def __len__(self) -> int:
        return self.length

    def __iter__(self):
        return (self.batch for _ in range(self.length))
