"""Decide whether two clips are in sync, step by step."""

from collections.abc import Sequence

import torch
from mmaction.registry import MODELS

from ..losses import embedding_distance
from .contrastive_head import AVContrastiveHead


@MODELS.register_module()
class StepContrastiveHead(AVContrastiveHead):
    """The contrastive loss on embeddings of every step of time.

    The distance of two clips is the mean over their steps of the distance of
    the two embeddings there. Clips in sync are also compared with themselves
    shifted by some steps: only the shift of zero is in sync. One clip thus
    gives many of the hardest negatives without being decoded or embedded
    again. The time-resolved form of the paper's loss; ours.

    Args:
        loss (dict): Config of the loss on distances.
            Defaults to ``dict(type='ContrastiveLoss', margin=0.99)``.
        max_shift (int): Steps that clips in sync are shifted by at most; 0
            for no shifts. Defaults to 10.
        min_shift (int): The least shift that counts as out of sync.
            Defaults to 2.
        trim (int): Steps left out at both ends of a clip, where what the
            convolutions pad with would tell the place in the clip.
            Defaults to 2.
        **kwargs: Of `AVContrastiveHead`, e.g. ``scale_by_dim``.
    """

    def __init__(
        self,
        loss: dict | None = None,
        max_shift: int = 10,
        min_shift: int = 2,
        trim: int = 2,
        **kwargs,
    ) -> None:
        super().__init__(loss, **kwargs)
        if max_shift and not 1 <= min_shift <= max_shift:
            raise ValueError(
                'min_shift must be from 1 to max_shift, not '
                f'{min_shift} (max_shift {max_shift})'
            )
        self.max_shift = max_shift
        self.min_shift = min_shift
        self.trim = trim

    def _compared(
        self, video: torch.Tensor, audio: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The steps ``(N, T, D)`` that both have, without the ends."""
        steps = min(video.shape[2], audio.shape[2])
        if abs(video.shape[2] - audio.shape[2]) > 1:
            raise ValueError(
                f'the towers have {video.shape[2]} and {audio.shape[2]} steps '
                'for one clip: choose the pools of the audio tower so that '
                'both keep as many a second'
            )
        if steps <= 2 * self.trim + self.max_shift:
            raise ValueError(
                f'clips of {steps} steps are too short for trim={self.trim} '
                f'and max_shift={self.max_shift}'
            )
        keep = slice(self.trim, steps - self.trim)
        return super()._compared(video[:, :, keep].mT, audio[:, :, keep].mT)

    def forward(
        self, video: torch.Tensor, audio: torch.Tensor
    ) -> torch.Tensor:
        """Distances ``(N, )`` of embeddings ``(N, D, T)`` of clips.

        Raises:
            ValueError: The numbers of steps differ by more than one, or are
                too small.
        """
        return super().forward(video, audio).mean(-1)

    def shift_distances(
        self, video: torch.Tensor, audio: torch.Tensor
    ) -> torch.Tensor:
        """Distances ``(N, 2 * max_shift + 1)`` at each shift.

        Column ``k`` compares the picture at step ``t`` with the sound at step
        ``t + k - max_shift``.
        """
        video, audio = self._compared(video, audio)
        steps = video.shape[1]
        distances = []
        for shift in range(-self.max_shift, self.max_shift + 1):
            begin, end = max(0, -shift), steps - max(0, shift)
            distance = embedding_distance(
                video[:, begin:end],
                audio[:, begin + shift : end + shift],
                self.scale_by_dim,
            )
            distances.append(distance.mean(-1))
        return torch.stack(distances, dim=1)

    def loss(
        self,
        video: torch.Tensor,
        audio: torch.Tensor,
        target: torch.Tensor,
        data_samples: Sequence = (),
    ) -> dict[str, torch.Tensor]:
        """Loss on pairs, and on shifts of the pairs in sync.

        Args:
            video (Tensor): Embeddings ``(N, D, T)``.
            audio (Tensor): Embeddings ``(N, D, T)``.
            target (Tensor): 1 for pairs in sync, else 0, ``(N, )``, on the
                CPU.
            data_samples (Sequence): As of `AVContrastiveHead`.
        """
        losses = super().loss(video, audio, target, data_samples)
        if not self.max_shift:
            return losses
        if not self.all_pairs:  # of all pairs each clip has its own sound
            in_sync = (target == 1).nonzero()[:, 0]
            if not len(in_sync):
                return losses
            in_sync = in_sync.to(video.device, non_blocking=True)
            video, audio = video[in_sync], audio[in_sync]
        distances = self.shift_distances(video, audio)
        # Without the columns of shifts smaller than min_shift.
        side = self.max_shift + 1 - self.min_shift
        apart = torch.cat((distances[:, :side], distances[:, -side:]), dim=1)
        # One loss each: there are many more shifts than zero shifts.
        losses['loss_shift'] = self.loss_module.apart(
            apart, distances[:, self.max_shift]
        )
        losses['distance_shifted'] = apart.detach().mean()
        return losses
