"""Frozen features of any layer of either tower."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from mmengine.model import BaseModel

from .features import Features

POOLED = ('mean', 'max', 'statistics')
LOG_MEL = 'data_preprocessor.log_mel'
POOLS = {
    1: F.adaptive_max_pool1d,
    2: F.adaptive_max_pool2d,
    3: F.adaptive_max_pool3d,
}


class _Reached(Exception):
    """Ends a forward pass where the wanted layer has run."""


class FeatureExtractor:
    """Give the output of a layer of a frozen model.

    Of a model with two towers (:class:`~avts_mm.models.AVTS`) only the tower
    that owns the layer runs, and only up to the layer; batches then need no
    more than that tower's modality. Of mmaction2's recognizers, the features
    of several clips or crops of a sample are averaged.

    Args:
        model (BaseModel): AVTS, another model with ``embed_video`` and
            ``embed_audio``, or a recognizer of mmaction2. It is put into
            evaluation mode.
        layer (str): Dotted name of the layer, such as
            ``'audio_backbone.conv_5'``, ``'video_neck'``, ``'backbone'`` or
            ``'data_preprocessor.log_mel'``.
        pool (str | int | Sequence[int] | None): What becomes of the axes
            after the channels: ``'mean'`` or ``'max'`` over all of them, None
            to flatten them, or the size of a grid of maxima (a number, or
            one for each axis), which is then flattened; ``'statistics'`` for
            mean, standard deviation, maximum and mean absolute change over
            the last axis. Defaults to ``'mean'``.
        normalize (bool): Give rows the Euclidean length 1.
            Defaults to False.

    Attributes:
        modality (str): What a batch must hold: ``'video'`` or ``'audio'``.

    Raises:
        ValueError: No such layer, or an impossible ``pool``.
    """

    def __init__(
        self,
        model: BaseModel,
        layer: str,
        pool: str | int | Sequence[int] | None = 'mean',
        normalize: bool = False,
    ) -> None:
        if isinstance(pool, str) and pool not in POOLED:
            raise ValueError(
                f'pool should be one of {POOLED}, None or a grid, not {pool!r}'
            )
        grid = () if pool is None or isinstance(pool, str) else pool
        sizes = (grid,) if isinstance(grid, int) else tuple(grid)
        if any(size < 1 for size in sizes):
            raise ValueError(f'a grid needs positive sizes, got {pool!r}')
        self.towers = hasattr(model, 'embed_video')
        self.modality = 'video'
        if self.towers:
            self.modality = (
                'audio' if layer == LOG_MEL else layer.split('_')[0]
            )
        modules = dict(model.named_modules())
        if layer not in modules or self.modality not in ('video', 'audio'):
            known = [
                name
                for name in modules
                if name.count('.') < 2
                and name.startswith(
                    ('video_', 'audio_')
                    if self.towers
                    else ('backbone', 'neck', 'cls_head')
                )
            ]
            raise ValueError(
                f'{type(model).__name__} has no layer {layer!r} to take '
                f'features from; choose from {", ".join(known)} or what is '
                'inside them'
            )
        self.model = model.eval()
        self.layer = layer
        self.pool = pool
        self.normalize = normalize

    @torch.no_grad()
    def __call__(self, inputs: Mapping | Sequence) -> np.ndarray:
        """Features of a batch.

        Args:
            inputs (dict): What a data loader gives as ``inputs``: ``video``,
                uint8 clips ``(C, T, H, W)``, and/or ``audio``, waveforms
                ``(S,)``, stacked or in lists. A recognizer also takes its
                own form, clips ``(crops, C, T, H, W)`` in a list.

        Returns:
            np.ndarray: float32 ``(N, D)``.

        Raises:
            ValueError: The modality is missing, or the output of the layer
                is not a feature of each clip.
        """
        if isinstance(inputs, Mapping):
            if self.modality not in inputs:
                raise ValueError(
                    f'{self.layer} needs inputs[{self.modality!r}], the '
                    f'batch has {list(inputs)}'
                )
            batch = inputs[self.modality]
            if not self.towers:
                batch = [clip[None] for clip in batch]
        else:
            batch = list(inputs)
        output = self._run(batch)
        if not isinstance(output, torch.Tensor) or output.dim() < 2:
            raise ValueError(
                f'the output of {self.layer} is not one tensor (N, C, ...); '
                'name a layer inside it'
            )
        features = self._pooled(output.float())
        crops = len(features) // len(batch)
        if len(features) != crops * len(batch) or not crops:
            raise ValueError(
                f'{self.layer} gives {len(features)} rows for {len(batch)} '
                'samples; name another layer'
            )
        features = features.unflatten(0, (len(batch), crops)).mean(1)
        if self.normalize:
            features = F.normalize(features)
        return features.cpu().numpy()

    def extract(self, dataloader: Iterable) -> Features:
        """Features of all clips of a data loader.

        Names, starts and labels are found in the samples' metainfo, where
        those of a picture come before those of sound, so that the rows of
        both towers for the same clips have the same names. The label is the
        ``class_label`` if there is one, else the ``gt_label``.

        Raises:
            ValueError: The loader gives nothing.
        """
        features, samples = [], []
        for batch in dataloader:
            features.append(self(batch['inputs']))
            samples += batch['data_samples']
        if not features:
            raise ValueError('no clips to extract features from')
        return Features(
            np.concatenate(features),
            [_name(sample, i) for i, sample in enumerate(samples)],
            np.array(
                [
                    s.get('video_start', s.get('audio_start', np.nan))
                    for s in samples
                ]
            ),
            np.array([_label(sample) for sample in samples]),
            dict(
                layer=self.layer,
                pool=self.pool,
                normalize=self.normalize,
                model=type(self.model).__name__,
            ),
        )

    def _run(self, batch: Sequence) -> torch.Tensor:
        """The output of the layer for a batch of one modality."""
        model, modality = self.model, self.modality
        model.eval()
        inputs = {modality: batch} if self.towers else batch
        data = dict(inputs=inputs, data_samples=None)

        def keep(module, args, output):
            raise _Reached(output)

        handle = model.get_submodule(self.layer).register_forward_hook(keep)
        try:
            inputs = model.data_preprocessor(data, False)['inputs']
            if not self.towers:
                head = getattr(model, 'cls_head', None) is not None
                model(inputs, stage='head' if head else 'neck')
            elif modality == 'video':
                model.embed_video(inputs['video'])
            else:
                model.embed_audio(inputs['audio'])
        except _Reached as reached:
            return reached.args[0]
        finally:
            handle.remove()
        raise ValueError(
            f'{self.layer} takes no part in the forward pass (its owner may '
            'stop before it, see out_indices); name another layer'
        )

    def _pooled(self, output: torch.Tensor) -> torch.Tensor:
        """``(N, C, ...)`` to ``(N, D)``."""
        axes = output.dim() - 2
        if not axes or self.pool is None:
            return output.flatten(1)
        if self.pool == 'statistics':
            rows = output.flatten(1, -2).cpu().numpy()
            change = np.abs(np.diff(rows, axis=2)).mean(2)
            columns = [rows.mean(2), rows.std(2), rows.max(2), change]
            return torch.from_numpy(np.concatenate(columns, axis=1))
        if isinstance(self.pool, str):
            flat = output.flatten(2)
            return flat.mean(2) if self.pool == 'mean' else flat.amax(2)
        grid = self.pool
        grid = (grid,) * axes if isinstance(grid, int) else tuple(grid)
        if len(grid) != axes or axes not in POOLS:
            raise ValueError(
                f'pool={self.pool!r} does not fit the {axes} axes after the '
                f'channels of {self.layer}, {tuple(output.shape)}'
            )
        return POOLS[axes](output, grid).flatten(1)


def _name(sample, index: int) -> str:
    keys = ('video_path', 'audio_path', 'filename', 'video_id', 'img_key')
    return str(next((sample.get(k) for k in keys if sample.get(k)), index))


def _label(sample) -> int:
    if 'class_label' in sample:
        return int(sample.class_label)
    label = sample.get('gt_label')
    return -1 if label is None else int(label[0])
