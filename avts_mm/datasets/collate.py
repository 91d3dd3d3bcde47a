"""Putting samples together into batches."""

from collections.abc import Sequence

import torch
from mmengine.registry import FUNCTIONS
from torch.utils.data import default_collate


@FUNCTIONS.register_module()
def stack_inputs(samples: Sequence[dict]) -> dict:
    """Stack the tensors of a batch in the worker that has loaded it.

    Each tensor that a worker sends costs a file in shared memory and a
    message; mmengine's ``pseudo_collate`` sends those of each sample.

    Args:
        samples (Sequence[dict]): What
            :class:`~avts_mm.datasets.transforms.PackAVInputs` returns.

    Returns:
        dict: ``inputs``, a dict of tensors ``(N, ...)``, or lists of tensors
        where those of the samples differ in size, and ``data_samples``, a
        list. Pictures ``(N, C, T, H, W)`` stay in memory
        as they are: if the samples keep the colours of a pixel side by side,
        so does the batch.
    """
    names = samples[0]['inputs']
    data_samples = [sample['data_samples'] for sample in samples]
    # Labels as parts of one tensor are sent as one.
    labels = [data_sample.gt_label for data_sample in data_samples]
    parts = torch.cat(labels).split([len(label) for label in labels])
    for data_sample, part in zip(data_samples, parts):
        data_sample.gt_label = part
    return dict(
        inputs={n: _stack([s['inputs'][n] for s in samples]) for n in names},
        data_samples=data_samples,
    )


def _stack(tensors: list[torch.Tensor]) -> torch.Tensor | list[torch.Tensor]:
    if any(t.shape != tensors[0].shape for t in tensors):
        return tensors
    # torch would lay the result out in the order of the axes, slowly.
    pixels = [t.movedim(0, -1) for t in tensors]
    if tensors[0].dim() == 4 and all(p.is_contiguous() for p in pixels):
        return default_collate(pixels).movedim(-1, 1)
    return default_collate(tensors)
