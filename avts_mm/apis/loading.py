"""Models of configs, with weights that are checked to be there."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from mmaction.registry import MODELS
from mmengine import Config
from mmengine.logging import MMLogger
from mmengine.model import BaseModel
from mmengine.registry import init_default_scope

from ..weights import fit_model, load_state_dict, load_tower

# Initialisers that read a file.
FROM_FILES = ('Pretrained', 'PretrainedTower')


def load_model(
    config: Config,
    checkpoint: str | None,
    device: str | torch.device = 'cpu',
    seed: int = 0,
) -> BaseModel:
    """Build the model of a config and load a checkpoint into it.

    Args:
        config (Config): With a ``model``.
        checkpoint (str, optional): A file that
            :func:`~avts_mm.weights.load_state_dict` reads. None leaves
            random weights, to compare with: an ``init_cfg`` that would read
            pretrained weights is ignored.
        device (str | torch.device): Defaults to ``'cpu'``.
        seed (int): Of random weights. Defaults to 0.

    Returns:
        BaseModel: In evaluation mode.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file lacks a tensor of the model, or has it in
            another shape.
    """
    init_default_scope(config.get('default_scope', 'mmaction'))
    with torch.random.fork_rng(devices=[]), _quiet():
        torch.manual_seed(seed)
        model = MODELS.build(_without_files(config.model))
        if checkpoint is None:
            model.init_weights()
    if checkpoint is not None:
        state = load_state_dict(checkpoint)
        with _quiet():
            state = fit_model(model, state, checkpoint)
        model.load_state_dict(state, strict=False)  # counters may lack
    return model.to(device).eval()


def load_audio_model(
    config: Config,
    checkpoint: str | None,
    layer: str,
    device: str | torch.device = 'cpu',
    seed: int = 0,
) -> BaseModel:
    """Like :func:`load_model`, but load only what a layer of sound needs.

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
        found = load_tower(model.audio_backbone, checkpoint, heads=True)
        if owner == 'audio_neck':
            place = found.prefix.removesuffix('audio_backbone.')
            load_tower(
                model.audio_neck, checkpoint, f'{place}audio_neck.', heads=True
            )
    return model


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep mmengine from telling how each tensor came to its values."""
    logger = MMLogger.get_current_instance()
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)


def _without_files(config):
    """A copy of a model's config that reads no file."""
    if isinstance(config, dict):
        return type(config)(
            {
                key: _without_files(value)
                for key, value in config.items()
                if key not in ('init_cfg', 'pretrained')
                or not _reads_file(value)
            }
        )
    if isinstance(config, (list, tuple)):
        return type(config)(_without_files(value) for value in config)
    return config


def _reads_file(value) -> bool:
    if isinstance(value, (list, tuple)):
        return any(map(_reads_file, value))
    if isinstance(value, dict):
        return value.get('type') in FROM_FILES
    return isinstance(value, str)
