"""Batches of pictures and sound, made ready on the model's device."""

from collections.abc import Sequence

import torch
from mmaction.registry import MODELS
from mmengine.model import BaseDataPreprocessor

from .log_mel import LogMel


@MODELS.register_module()
class AVDataPreprocessor(BaseDataPreprocessor):
    """Stack samples, normalise frames, turn waveforms into log-mel.

    Nothing in it waits for the device: copies from pinned memory
    (``pin_memory=True`` of the data loader) run beside the step before, and
    the data samples stay where they are.

    Args:
        mean (Sequence[float]): Mean of the three colour channels (0-255).
        std (Sequence[float]): Their standard deviation.
        log_mel (dict, optional): Arguments of :class:`LogMel`.
    """

    def __init__(
        self,
        mean: Sequence[float] = (123.675, 116.28, 103.53),
        std: Sequence[float] = (58.395, 57.12, 57.375),
        log_mel: dict | None = None,
    ) -> None:
        super().__init__(non_blocking=True)
        for name, value in (('mean', mean), ('std', std)):
            tensor = torch.tensor(value, dtype=torch.float32)
            self.register_buffer(name, tensor.view(-1, 1, 1, 1), False)
        self.log_mel = LogMel(**(log_mel or {}))

    def forward(self, data: dict, training: bool = False) -> dict:
        """Prepare one batch.

        Args:
            data (dict): ``inputs`` with ``video``, uint8 ``(C, T, H, W)``
                each, and ``audio``, waveforms ``(S, )`` each, or ``(K, S)``
                for clips with K sounds (either may be missing; lists or
                stacked tensors), and ``data_samples``.
            training (bool): Not used; the log-mel is the same in training.

        Returns:
            dict: ``inputs`` with ``video`` ``(N, C, T, H, W)`` and ``audio``
            ``(N, 1, bands, frames)``, or ``(N * K, 1, bands, frames)``, and
            ``data_samples``.
        """
        inputs = {}
        for name, value in self.cast_data(data['inputs']).items():
            if not isinstance(value, torch.Tensor):
                value = torch.stack(tuple(value))
            if name == 'video':
                # Loaded with the colours of a pixel side by side.
                inputs[name] = (value.contiguous() - self.mean) / self.std
            elif name == 'audio':
                inputs[name] = self.log_mel(value.flatten(0, -2))
            else:
                raise KeyError(
                    f"inputs may hold 'video' and 'audio', not {name!r}"
                )
        return dict(inputs=inputs, data_samples=data.get('data_samples'))
