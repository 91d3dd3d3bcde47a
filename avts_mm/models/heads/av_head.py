"""Classes from picture and sound together, and from either alone."""

from collections.abc import Mapping, Sequence
from itertools import compress

import torch
import torch.nn as nn
from mmaction.models import BaseHead
from mmaction.registry import MODELS

# What a model may answer from.
WAYS = ('both', 'picture', 'sound')
FUSIONS = ('concat', 'sum', 'gated')


@MODELS.register_module()
class AVHead(BaseHead):
    """Classifiers on the features of two towers: joint, picture, sound.

    With features ``p`` and ``s``, and what the towers' own classifiers score,
    ``z_p = W_p p + b_p`` and ``z_s = W_s s + b_s``, the joint scores are

    - ``'concat'``: two layers on both, ``W2 relu(W1 [p, s] + b1) + b2``;
    - ``'sum'``: ``z_p + z_s``;
    - ``'gated'``: ``W (g tanh(U p) + (1 - g) tanh(V s)) + b`` with the gate
      ``g = sigmoid(G [p, s])`` of each hidden channel, biases left out here
      (Arevalo et al., *Gated multimodal units*, 2017).

    Each tower's own classifier is trained by a loss of its own, beside the
    joint one. So either modality learns as if alone, also the one that the
    joint loss alone would leave behind, and a clip without sound is judged by
    a classifier of pictures. In training such a clip counts as one whose
    sound was dropped.

    Args:
        num_classes (int): Number of classes.
        in_channels (Sequence[int]): Features of the picture and of the sound.
        fusion (str): ``'concat'``, ``'sum'`` or ``'gated'``. Defaults to
            'concat'.
        hidden_channels (int): Of ``'concat'`` and ``'gated'``. Defaults to
            512.
        tower_loss_weight (float): Weight of the losses of picture and sound;
            that of the joint one is 1. Defaults to 1.
        modality_dropout (float): Share of the clips, in training, of which
            the joint classifier sees one modality alone, either as often.
            Defaults to 0.
        dropout_ratio (float): Of features. Defaults to 0.5.
        modality (str): ``'both'``, or the only tower there is, ``'picture'``
            or ``'sound'``. Defaults to 'both'.
        **kwargs: Of mmaction2's ``BaseHead``, e.g. ``average_clips``.

    Raises:
        ValueError: There is no such fusion or modality.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: Sequence[int],
        fusion: str = 'concat',
        hidden_channels: int = 512,
        tower_loss_weight: float = 1.0,
        modality_dropout: float = 0.0,
        dropout_ratio: float = 0.5,
        modality: str = 'both',
        **kwargs,
    ) -> None:
        super().__init__(num_classes, tuple(in_channels), **kwargs)
        if fusion not in FUSIONS:
            raise ValueError(f'fusion must be of {FUSIONS}, not {fusion!r}')
        if modality not in WAYS:
            raise ValueError(f'modality must be of {WAYS}, not {modality!r}')
        self.ways = WAYS if modality == 'both' else (modality,)
        self.fusion = fusion
        self.loss_weights = dict.fromkeys(WAYS, 1.0)
        self.modality_dropout = modality_dropout
        self.dropout = nn.Dropout(dropout_ratio)
        sizes = dict(zip(WAYS[1:], in_channels))
        # The initialisation of Linear, so that it is the same whether the
        # towers begin with a checkpoint or not.
        self.fc = nn.ModuleDict(
            {
                name: nn.Linear(size, num_classes)
                for name, size in sizes.items()
                if name in self.ways
            }
        )
        if modality != 'both':
            return
        self.loss_weights.update(dict.fromkeys(sizes, tower_loss_weight))
        total, hidden = sum(in_channels), hidden_channels
        if fusion == 'concat':
            self.hidden = nn.Linear(total, hidden)
        elif fusion == 'gated':
            self.project = nn.ModuleDict(
                {name: nn.Linear(size, hidden) for name, size in sizes.items()}
            )
            self.gate = nn.Linear(total, hidden)
        if fusion != 'sum':
            self.fc['both'] = nn.Linear(hidden, num_classes)

    def forward(
        self,
        feats: Mapping[str, torch.Tensor],
        with_sound: torch.Tensor | None = None,
    ) -> dict[str, torch.Tensor]:
        """Score classes, in every way there is.

        Args:
            feats (dict[str, Tensor]): ``picture`` ``(N, C)`` and ``sound``
                ``(M, C')``, or the one that there is a tower for.
            with_sound (Tensor, optional): ``(N,)`` bool, true for the M clips
                that have sound. Defaults to all.

        Returns:
            dict[str, Tensor]: Way -> scores ``(N, num_classes)``; those of
            ``sound`` are ``(M, num_classes)``.
        """
        feats = {name: self.dropout(x) for name, x in feats.items()}
        scores = {name: self.fc[name](x) for name, x in feats.items()}
        if 'both' not in self.ways:
            return scores
        picture, sound = feats['picture'], feats['sound']
        if with_sound is None:
            with_sound = picture.new_ones(len(picture), dtype=torch.bool)
        seen, heard = self._present(with_sound)
        if self.fusion == 'sum':
            own = _spread(scores['sound'], with_sound)
            scores['both'] = seen * scores['picture'] + heard * own
            return scores
        sound = _spread(sound, with_sound)
        if self.fusion == 'concat':
            joint = torch.cat([seen * picture, heard * sound], dim=1)
            fused = self.hidden(joint).relu()
        else:
            gate = self.gate(torch.cat([picture, sound], dim=1)).sigmoid()
            # Of one that is alone the gate has nothing to weigh.
            gate = torch.where(seen & heard, gate, seen.to(gate.dtype))
            fused = gate * self.project['picture'](picture).tanh()
            fused = fused + (1 - gate) * self.project['sound'](sound).tanh()
        scores['both'] = self.fc['both'](fused)
        return scores

    def _present(
        self, with_sound: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """What the joint classifier may use of each clip, ``(N, 1)`` bool."""
        seen, heard = torch.ones_like(with_sound), with_sound
        if self.training and self.modality_dropout:
            chance = torch.rand(len(with_sound), device=with_sound.device)
            half = self.modality_dropout / 2
            seen = ~(heard & (chance < half))
            heard = heard & (chance < 1 - half)
        return seen[:, None], heard[:, None]

    def loss(
        self,
        feats: Mapping[str, torch.Tensor],
        data_samples: Sequence,
        with_sound: torch.Tensor | None = None,
    ) -> dict[str, torch.Tensor]:
        """Losses and accuracies of each way, the prefix of their names.

        Args:
            feats (dict[str, Tensor]): As in :meth:`forward`.
            data_samples (list[ActionDataSample]): With ``gt_label``; several
                clips of one come one after the other.
            with_sound (Tensor, optional): As in :meth:`forward`.
        """
        losses = {}
        for way, scores in self(feats, with_sound).items():
            samples = _by_clip(data_samples, feats, with_sound)
            if way == 'sound' and with_sound is not None:
                samples = list(compress(samples, with_sound.tolist()))
            if not samples:  # no sound in the batch: gradients of zero
                losses[f'{way}_loss_cls'] = scores.float().sum()
                continue
            for name, value in self.loss_by_feat(scores, samples).items():
                weight = self.loss_weights[way] if 'loss' in name else 1
                losses[f'{way}_{name}'] = weight * value
        return losses

    def predict(
        self,
        feats: Mapping[str, torch.Tensor],
        data_samples: Sequence,
        with_sound: torch.Tensor | None = None,
        modality: str = 'both',
    ) -> Sequence:
        """Judge each sample, averaged over its clips.

        A clip without sound is judged by its picture, whatever is asked for.

        Args:
            feats (dict[str, Tensor]): As in :meth:`forward`.
            data_samples (list[ActionDataSample]): As in :meth:`loss`.
            with_sound (Tensor, optional): As in :meth:`forward`.
            modality (str): ``'both'``, ``'picture'`` or ``'sound'``; or
                ``'each'``, for a ``pred_score`` that is a dict of all that
                there are, which mmaction2's ``AccMetric`` judges one by one.

        Returns:
            list[ActionDataSample]: With ``pred_score`` ``(num_classes,)`` and
            ``pred_label``; of ``'each'`` the label is that of both.

        Raises:
            ValueError: A clip has no sound, and there is no tower for
                pictures.
        """
        scores = self(feats, with_sound)
        if with_sound is not None and not with_sound.all():
            scores = self._by_picture(scores, data_samples, with_sound)
        # A model of one tower answers by that.
        main = modality if modality in self.ways else self.ways[0]
        found = {
            way: self.average_clip(
                scores[way].float(), len(scores[way]) // len(data_samples)
            )
            for way in (self.ways if modality == 'each' else (main,))
        }
        for number, sample in enumerate(data_samples):
            each = {way: score[number] for way, score in found.items()}
            sample.set_pred_score(each if modality == 'each' else each[main])
            sample.set_pred_label(each[main].argmax(-1, keepdim=True))
        return data_samples

    def _by_picture(
        self,
        scores: dict[str, torch.Tensor],
        data_samples: Sequence,
        with_sound: torch.Tensor,
    ) -> dict[str, torch.Tensor]:
        """Replace what a clip without sound scores by what it shows."""
        if 'picture' not in scores:
            names = (s.get('filename') for s in data_samples)
            silent = [s.get('with_sound', True) for s in data_samples]
            name = next(n for n, heard in zip(names, silent) if not heard)
            raise ValueError(
                f'{name}: has no sound, and the model has no tower for '
                "pictures (modality='sound'); take it out of the list"
            )
        own, where = scores['picture'], with_sound[:, None]
        if 'sound' in scores:
            spread = _spread(scores['sound'], with_sound)
            scores['sound'] = torch.where(where, spread, own)
            scores['both'] = torch.where(where, scores['both'], own)
        return scores


def _by_clip(data_samples: Sequence, feats: Mapping, with_sound) -> list:
    """The sample of each clip."""
    clips = len(
        next(iter(feats.values())) if with_sound is None else with_sound
    )
    each = clips // len(data_samples)
    return [sample for sample in data_samples for _ in range(each)]


def _spread(values: torch.Tensor, where: torch.Tensor) -> torch.Tensor:
    """Rows ``(M, C)`` at their M places among N, ``(N, C)``; zero between."""
    spread = values.new_zeros(len(where), values.shape[1])
    return spread.masked_scatter(where[:, None].expand_as(spread), values)
