"""Decide by the distance of two embeddings whether they are in sync."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from mmaction.registry import MODELS
from mmengine.dist import get_world_size
from mmengine.model import BaseModule
from torch.distributed.nn.functional import all_gather

from ..losses import InfoNCELoss, embedding_distance, root


@MODELS.register_module()
class AVContrastiveHead(BaseModule):
    """Contrastive loss on the distance of video and audio embeddings.

    With ``all_pairs`` every clip of the batch is compared with every sound.
    Two moments each of B videos (``clips_per_video=2`` of the sampler) make
    N = 2 B pairs in sync, and for the price of a matrix product N (N - 1)
    others: hard ones with the other moment of a video, easy ones with other
    videos. Over several ranks the table is that of all of them.

    Args:
        loss (dict): Config of the loss.
            Defaults to ``dict(type='ContrastiveLoss', margin=0.99)``.
        normalize (bool): Give the embeddings length 1 first. Not in the
            paper; what ``InfoNCELoss`` is meant for. Defaults to False.
        scale_by_dim (bool): Divide distances by the square root of the
            embedding's size. Not in the paper; makes the margin fit
            embeddings of unit variance. Defaults to False.
        all_pairs (bool): Not in the paper. Defaults to False.
        init_cfg (dict, optional): Initialisation.

    Raises:
        ValueError: ``InfoNCELoss`` without ``all_pairs``.

    Attributes:
        mix (dict): Shares among the negatives where all pairs are compared; a
            curriculum sets it.
    """

    def __init__(
        self,
        loss: dict | None = None,
        normalize: bool = False,
        scale_by_dim: bool = False,
        all_pairs: bool = False,
        init_cfg: dict | list | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        self.loss_module = MODELS.build(loss or dict(type='ContrastiveLoss'))
        if isinstance(self.loss_module, InfoNCELoss) and not all_pairs:
            raise ValueError(
                'InfoNCELoss looks for the own sound of a clip among others: '
                'set all_pairs=True'
            )
        self.normalize = normalize
        self.scale_by_dim = scale_by_dim
        self.all_pairs = all_pairs
        self.set_mix(dict(easy=1))

    def set_mix(self, mix: Mapping) -> None:
        """Set the shares of the kinds of negatives."""
        self.mix = {kind: float(share) for kind, share in mix.items()}

    def _compared(
        self, video: torch.Tensor, audio: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """What is compared, ``(..., D)``, in single precision."""
        video, audio = video.float(), audio.float()
        if self.normalize:
            return F.normalize(video, dim=-1), F.normalize(audio, dim=-1)
        return video, audio

    def forward(
        self, video: torch.Tensor, audio: torch.Tensor
    ) -> torch.Tensor:
        """Distances ``(N, )`` of embeddings ``(N, D)`` and ``(N, D)``."""
        video, audio = self._compared(video, audio)
        return embedding_distance(video, audio, self.scale_by_dim)

    def table(self, video: torch.Tensor, audio: torch.Tensor) -> torch.Tensor:
        """Distances ``(N, M)`` of all clips and all sounds.

        Args:
            video (Tensor): Embeddings ``(N, D)``, or those of a head that
                compares steps.
            audio (Tensor): The same of M sounds.
        """
        video, audio = self._compared(video, audio)
        if self.scale_by_dim:
            scale = video.shape[-1] ** -0.5
            video, audio = video * scale, audio * scale
        if video.dim() == 3:  # the mean over the steps (N, T, D)
            video, audio = video.transpose(0, 1), audio.transpose(0, 1)
            return root(squared_distances(video, audio)).mean(0)
        return root(squared_distances(video, audio))

    def loss(
        self,
        video: torch.Tensor,
        audio: torch.Tensor,
        target: torch.Tensor,
        data_samples: Sequence = (),
    ) -> dict[str, torch.Tensor]:
        """Loss and, to watch, the distances.

        ``distance_positive`` and ``distance_negative`` are the means of
        either kind of pair (of all pairs: of each kind of negative),
        ``distance_spread`` is how far the farthest and the nearest of all are
        apart, as a share of their mean: near 0 nothing is told apart any
        more. ``tower_offset`` is how far the means of the two towers are
        apart, ``tower_spread`` the root mean square distance of a tower's
        embeddings from their mean: where the offset is much larger, all
        distance is this one constant (docs/plateau.md).

        Args:
            video (Tensor): Embeddings ``(N, D)``.
            audio (Tensor): Embeddings ``(N, D)``.
            target (Tensor): 1 for pairs in sync, else 0, ``(N, )``. On the
                CPU, so that choosing pairs does not wait for the device.
            data_samples (Sequence): What tells all pairs from each other; see
                `kinds_of_pairs`. Not needed otherwise.
        """
        if self.all_pairs:
            return self._loss_of_all(video, audio, data_samples)
        distance = self(video, audio)
        losses = dict(loss=self.loss_module(distance, target))
        for name, picked in (('positive', 1), ('negative', 0)):
            chosen = (target == picked).nonzero()[:, 0]
            if len(chosen):
                chosen = chosen.to(distance.device, non_blocking=True)
                losses[f'distance_{name}'] = distance.detach()[chosen].mean()
        return losses | self._watched(distance, video, audio)

    def _loss_of_all(
        self, video: torch.Tensor, audio: torch.Tensor, data_samples: Sequence
    ) -> dict[str, torch.Tensor]:
        video, audio = gather(video), gather(audio)
        distance = self.table(video, audio)
        device = distance.device
        kinds = kinds_of_pairs(data_samples, device)
        weight = weigh(kinds, self.mix).to(device, non_blocking=True)
        target = kinds['positive'].float().to(device, non_blocking=True)
        losses = dict(loss=self.loss_module(distance, target, weight))
        for name in ('positive', *self.mix):
            chosen = kinds[name].to(device, non_blocking=True)
            count = chosen.sum().clamp(min=1)
            mean = (distance.detach() * chosen).sum() / count
            losses[f'distance_{name}'] = mean
        return losses | self._watched(distance, video, audio)

    @torch.no_grad()
    def _watched(
        self, distance: torch.Tensor, video: torch.Tensor, audio: torch.Tensor
    ) -> dict[str, torch.Tensor]:
        low, high = distance.aminmax()
        towers = [x.flatten(0, -2) for x in self._compared(video, audio)]
        means = [x.mean(0) for x in towers]
        around = [(x - m).square().sum(1) for x, m in zip(towers, means)]
        scale = towers[0].shape[1] ** -0.5 if self.scale_by_dim else 1.0
        return dict(
            distance_spread=(high - low) / distance.mean().clamp(min=1e-12),
            tower_offset=(means[0] - means[1]).norm() * scale,
            tower_spread=torch.cat(around).mean().sqrt() * scale,
        )

    def predict(
        self, video: torch.Tensor, audio: torch.Tensor
    ) -> torch.Tensor:
        """Distances ``(N, )``: the smaller, the more in sync."""
        return self(video, audio)


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
