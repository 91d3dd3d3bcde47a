"""All clips of a batch, over all ranks, against all of its sounds."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from mmengine.dist import get_world_size
from torch.distributed.nn.functional import all_gather


def gather(x: torch.Tensor) -> torch.Tensor:
    """The rows of all ranks, ``(ranks * N, ...)``, with their gradients.

    Each rank must have as many. A loss on them that every rank computes has,
    averaged over the ranks, the gradients that one process has with all rows.
    """
    if get_world_size() == 1:
        return x
    return torch.cat(all_gather(x.contiguous()))


def squared_distances(
    video: torch.Tensor, audio: torch.Tensor
) -> torch.Tensor:
    """Squared distances ``(..., N, M)`` of ``(..., N, D)``, ``(..., M, D)``.

    By one matrix product, in the precision of the arguments also under
    autocast.
    """
    with torch.autocast(video.device.type, enabled=False):
        own = video.square().sum(-1)[..., :, None]
        other = audio.square().sum(-1)[..., None, :]
        return (own + other - 2 * video @ audio.mT).clamp(min=0)


def kinds_of_pairs(
    data_samples: Sequence, device: torch.device
) -> dict[str, torch.Tensor]:
    """What each clip is to each sound of the batch, over all ranks.

    Args:
        data_samples (Sequence): Their metainfo has ``video_id``,
            ``video_start`` (s, of one clip or several) and ``timing``, whose
            ``kinds`` knows what two moments are to each other.
        device (torch.device): Of the model, by which ranks are in touch.

    Returns:
        dict[str, Tensor]: Name of each kind to bool ``(N, N)``, on the CPU,
        so that weighing them does not wait for the device.

    Raises:
        ValueError: The samples do not tell their moments.
    """
    if not all(hasattr(s, 'timing') for s in data_samples):
        raise ValueError(
            'to compare all pairs the samples must tell video_id, '
            'video_start and timing; use AVPairDataset with '
            "sampler=dict(type='AVPairSampler', clips_per_video=2), and "
            'leave meta_keys of PackAVInputs as they are'
        )
    starts = [np.atleast_1d(s.video_start) for s in data_samples]
    ids = [np.full(len(x), s.video_id) for x, s in zip(starts, data_samples)]
    places = torch.from_numpy(
        np.stack([np.concatenate(ids), np.concatenate(starts)], 1)
    )
    if get_world_size() > 1:
        places = torch.cat(all_gather(places.to(device))).cpu()
    video, start = places.numpy().T
    kinds = data_samples[0].timing.kinds(video, start)
    return {name: torch.from_numpy(chosen) for name, chosen in kinds.items()}


def weigh(
    kinds: Mapping[str, torch.Tensor], mix: Mapping[str, float]
) -> torch.Tensor:
    """How much each pair counts, ``(N, N)``; the mean is 1.

    Pairs in sync count as much as all others together, and these as the mix
    says, whatever their number. A kind that the batch lacks leaves its share
    to the others.

    Args:
        kinds (Mapping): Bool ``(N, N)`` of each kind.
        mix (Mapping): Shares among the negatives, in any unit.
    """
    shares = dict(positive=1.0)
    total = sum(mix[k] for k in mix if mix[k] and kinds[k].any())
    for kind, share in mix.items():
        if share and kinds[kind].any():
            shares[kind] = share / total
    table = torch.zeros(kinds['positive'].shape)
    for kind, share in shares.items():
        table[kinds[kind]] = share / kinds[kind].sum()
    return table * (table.numel() / table.sum())
