"""AVTS: two towers and a head that tells whether they are in sync."""

import torch
from mmaction.registry import MODELS
from mmengine.model import BaseModel
from torch.nn import functional as F

from .backbones.freezable import checked_init


@MODELS.register_module()
class AVTS(BaseModel):
    """Audio-visual temporal synchronisation (Korbar et al., NeurIPS 2018).

    Args:
        video_backbone (dict): Clips ``(N, C, T, H, W)`` to features.
        audio_backbone (dict): Log-mel ``(N, 1, bands, frames)`` to features.
        video_neck (dict): Video features to embeddings ``(N, D)``.
        audio_neck (dict): Audio features to embeddings ``(N, D)``.
        head (dict): Loss and decision on the two embeddings.
        data_preprocessor (dict, optional): Defaults to
            ``dict(type='AVDataPreprocessor')``.
        init_cfg (dict, optional): Initialisation.
    """

    def __init__(
        self,
        video_backbone: dict,
        audio_backbone: dict,
        video_neck: dict,
        audio_neck: dict,
        head: dict,
        data_preprocessor: dict | None = None,
        init_cfg: dict | list | None = None,
    ) -> None:
        if data_preprocessor is None:
            data_preprocessor = dict(type='AVDataPreprocessor')
        # Built here: mmengine would look in its own registry for it.
        super().__init__(
            MODELS.build(data_preprocessor), checked_init(init_cfg)
        )
        self.video_backbone = MODELS.build(video_backbone)
        self.audio_backbone = MODELS.build(audio_backbone)
        self.video_neck = MODELS.build(video_neck)
        self.audio_neck = MODELS.build(audio_neck)
        self.head = MODELS.build(head)

    def embed_video(self, video: torch.Tensor) -> torch.Tensor:
        """Map clips ``(N, C, T, H, W)`` to embeddings ``(N, D)``."""
        return self.video_neck(self.video_backbone(video))

    def embed_audio(self, audio: torch.Tensor) -> torch.Tensor:
        """Map log-mel ``(N, 1, bands, frames)`` to embeddings ``(N, D)``."""
        return self.audio_neck(self.audio_backbone(audio))

    def embed_places(
        self, video: torch.Tensor, refine: int = 1
    ) -> torch.Tensor:
        """Embed each place of clips as if the picture were all like it.

        The last features lie far apart in the picture. With ``refine`` the
        clips are embedded again and again, a part of that distance further
        on each time, which fills the gaps.

        Args:
            video (Tensor): ``(N, C, T, H, W)``.
            refine (int): Places for each of the features, along either axis;
                takes ``refine ** 2`` times as long. Defaults to 1.

        Returns:
            Tensor: ``(N, D, T', refine * h, refine * w)``; ``T'`` is 1 if
            the neck embeds whole clips.
        """
        if refine == 1:
            return self._embed_places(video)
        size = video.shape[-2:]
        pad = [side // 2 for side in size]
        padded = F.pad(video, (pad[1], pad[1], pad[0], pad[0]))
        coarse = self._embed_places(video)
        strides = [a / b for a, b in zip(size, coarse.shape[-2:])]
        rows = []
        for row in range(refine):
            columns = []
            for column in range(refine):
                top, left = (
                    edge + round(((place + 0.5) / refine - 0.5) * stride)
                    for place, stride, edge in zip((row, column), strides, pad)
                )
                part = padded[..., top : top + size[0], left : left + size[1]]
                columns.append(self._embed_places(part))
            rows.append(torch.stack(columns, dim=-1).flatten(-2))
        return torch.stack(rows, dim=-2).flatten(-3, -2)

    def _embed_places(self, video: torch.Tensor) -> torch.Tensor:
        features = self.video_backbone(video)
        places = features.permute(0, 3, 4, 1, 2)  # (N, h, w, C, T)
        embedded = self.video_neck(places.flatten(0, 2)[..., None, None])
        if embedded.dim() == 2:
            embedded = embedded[..., None]
        embedded = embedded.unflatten(0, places.shape[:3])
        return embedded.permute(0, 3, 4, 1, 2)

    def forward(
        self,
        inputs: dict[str, torch.Tensor],
        data_samples: list | None = None,
        mode: str = 'tensor',
    ):
        """Run the model in one of mmengine's three modes.

        Args:
            inputs (dict): ``video`` ``(N, C, T, H, W)`` and ``audio`` ``(N,
                1, bands, frames)``, as the data preprocessor gives them.
            data_samples (list[ActionDataSample], optional): ``gt_label`` 1
                for pairs in sync, else 0; of several clips in one sample what
                a head that compares all pairs needs.
            mode (str): ``'tensor'``, ``'loss'`` or ``'predict'``.

        Returns:
            The two embeddings ``(N, D)`` in mode ``'tensor'``; a dict of
            losses in mode ``'loss'``; the data samples, each with a
            ``pred_distance``, in mode ``'predict'``.
        """
        video = self.embed_video(inputs['video'])
        audio = self.embed_audio(inputs['audio'])
        if mode == 'tensor':
            return video, audio
        if mode not in ('loss', 'predict'):
            raise ValueError(
                f"mode must be 'tensor', 'loss' or 'predict', not {mode!r}"
            )
        if data_samples is None:
            raise ValueError(f'mode {mode!r} needs data_samples')
        if mode == 'loss':
            target = torch.cat([s.gt_label for s in data_samples])
            return self.head.loss(video, audio, target, data_samples)
        distances = self.head.predict(video, audio)
        for sample, distance in zip(data_samples, distances):
            sample.set_field(distance, 'pred_distance')
        return data_samples
