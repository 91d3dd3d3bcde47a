"""AVRecognizer: classes of films from picture and sound together."""

from collections.abc import Sequence

import torch
from mmaction.registry import MODELS
from mmengine.model import BaseModel

from .backbones.freezable import checked_init


@MODELS.register_module()
class AVRecognizer(BaseModel):
    """A recognizer, as mmaction2's, of two towers and one head.

    One checkpoint of :class:`AVTS` initialises both towers:
    ``init_cfg=dict(type='PretrainedTower', checkpoint=...)``; one that lacks
    a tensor of them is refused. Each may have an ``init_cfg`` of its own
    instead.

    A clip may have no sound. It is told from the others by ``with_sound`` of
    its data sample (False; absent means that there is sound), and the audio
    tower is not run on it.

    Args:
        video_backbone (dict): Clips ``(N, C, T, H, W)`` to features; ours or
            mmaction2's. Several outputs are averaged over place and time
            each, and joined.
        audio_backbone (dict): Log-mel ``(N, 1, bands, frames)`` to features;
            ours or mmaction2's, e.g. ``ResNetAudio``.
        cls_head (dict): :class:`AVHead`.
        modality (str): Which towers there are: ``'both'``, or ``'picture'``
            or ``'sound'``, for a model of that alone with everything else
            the same. Defaults to 'both'.
        per_picture (bool): The video backbone sees pictures ``(N * T, C, H,
            W)``, as mmaction2's 2D networks do, e.g. ``ResNetTSM``; their
            features are averaged over time. Defaults to False.
        test_cfg (dict, optional): ``modality`` is what to answer from:
            ``'both'``, ``'picture'``, ``'sound'``, or ``'each'`` for all
            three; see :meth:`AVHead.predict`. Defaults to
            ``dict(modality='both')``.
        data_preprocessor (dict, optional): Defaults to
            ``dict(type='AVDataPreprocessor')``.
        init_cfg (dict, optional): Initialisation.

    Raises:
        ValueError: ``test_cfg`` asks for what there is no tower for.
    """

    def __init__(
        self,
        video_backbone: dict,
        audio_backbone: dict,
        cls_head: dict,
        modality: str = 'both',
        per_picture: bool = False,
        test_cfg: dict | None = None,
        data_preprocessor: dict | None = None,
        init_cfg: dict | list | None = None,
    ) -> None:
        if data_preprocessor is None:
            data_preprocessor = dict(type='AVDataPreprocessor')
        super().__init__(
            MODELS.build(data_preprocessor), checked_init(init_cfg)
        )
        self.cls_head = MODELS.build(dict(cls_head, modality=modality))
        if modality != 'sound':
            self.video_backbone = MODELS.build(video_backbone)
        if modality != 'picture':
            self.audio_backbone = MODELS.build(audio_backbone)
        self.modality = modality
        self.per_picture = per_picture
        self.test_modality = (test_cfg or {}).get('modality', 'both')
        known = ('each', 'both', *self.cls_head.ways)
        if self.test_modality not in known:
            raise ValueError(
                f'test_cfg.modality must be one of {known}, not '
                f'{self.test_modality!r}'
            )

    def extract_feat(
        self,
        inputs: dict[str, torch.Tensor],
        data_samples: Sequence | None = None,
    ) -> tuple[dict[str, torch.Tensor], dict]:
        """Features of a batch, averaged over place and time.

        Args:
            inputs (dict): ``video`` ``(N, C, T, H, W)`` and ``audio`` ``(M,
                1, bands, frames)``, of the M clips that have sound, as the
                data preprocessor gives them.
            data_samples (list[ActionDataSample], optional): They tell which
                have. Without them all have.

        Returns:
            tuple: ``picture`` ``(N, C)`` and ``sound`` ``(M, C')`` by name,
            and what the head needs besides, ``with_sound``.

        Raises:
            ValueError: There are not as many sounds as samples with sound.
        """
        feats = {}
        if self.modality != 'sound':
            feats['picture'] = self._see(inputs['video'])
        if self.modality == 'picture':
            return feats, {}
        audio = inputs.get('audio')
        heard = 0 if audio is None else len(audio)
        with_sound = None
        if data_samples is not None:
            own = [s.get('with_sound', True) for s in data_samples]
            # Either all clips of a sample have sound, or none.
            clips = heard // max(sum(own), 1)
            if 'picture' in feats:
                clips = len(feats['picture']) // len(own)
            if heard != clips * sum(own):
                raise ValueError(
                    f'the batch holds the sound of {heard} clips, but '
                    f'{clips * sum(own)} have some: put LoadAVAudio into the '
                    'pipeline, and batches together with '
                    "collate_fn=dict(type='stack_inputs')"
                )
            if not all(own):
                mask = torch.tensor(own).repeat_interleave(max(clips, 1))
                device = next(self.parameters()).device
                with_sound = mask.to(device, non_blocking=True)
        if heard:
            feats['sound'] = _pooled(self.audio_backbone(audio))
        else:
            feats['sound'] = self._no_sound()
        return feats, dict(with_sound=with_sound)

    def _see(self, video: torch.Tensor) -> torch.Tensor:
        if not self.per_picture:
            return _pooled(self.video_backbone(video))
        pictures = video.transpose(1, 2)  # (N, T, C, H, W)
        features = _pooled(self.video_backbone(pictures.flatten(0, 1)))
        return features.unflatten(0, pictures.shape[:2]).mean(1)

    def _no_sound(self) -> torch.Tensor:
        """No features ``(0, C)``, which all the same give each parameter of
        the audio tower a gradient, zero: other processes of a distributed
        training, with sound in their batch, wait for it."""
        tower = self.audio_backbone.parameters()
        total = sum(p.sum() for p in tower if p.requires_grad)
        return total * next(self.parameters()).new_zeros(
            0, self.cls_head.in_channels[1]
        )

    def forward(
        self,
        inputs: dict[str, torch.Tensor],
        data_samples: Sequence | None = None,
        mode: str = 'tensor',
    ):
        """Run the model in one of mmengine's three modes.

        Args:
            inputs (dict): As in :meth:`extract_feat`.
            data_samples (list[ActionDataSample], optional): With
                ``gt_label``.
            mode (str): ``'tensor'``, ``'loss'`` or ``'predict'``.

        Returns:
            The scores of each way, as :meth:`AVHead.forward`, in mode
            ``'tensor'``; a dict of losses in mode ``'loss'``; the data
            samples, each with a ``pred_score``, in mode ``'predict'``.
        """
        feats, more = self.extract_feat(inputs, data_samples)
        if mode == 'tensor':
            return self.cls_head(feats, **more)
        if mode == 'loss':
            return self.cls_head.loss(feats, data_samples, **more)
        if mode == 'predict':
            return self.cls_head.predict(
                feats, data_samples, modality=self.test_modality, **more
            )
        raise ValueError(
            f"mode must be 'tensor', 'loss' or 'predict', not {mode!r}"
        )


def _pooled(features) -> torch.Tensor:
    """Features ``(N, C, ...)``, or several of them, as ``(N, C)``."""
    if isinstance(features, (tuple, list)):
        return torch.cat([_pooled(each) for each in features], dim=1)
    return features.flatten(2).mean(2) if features.ndim > 2 else features
