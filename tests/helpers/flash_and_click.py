"""A model that needs no training: it sees flashes and hears clicks."""

from types import SimpleNamespace

import torch
from mmengine import Config
from torch.nn import functional as F

from avts_mm.apis import FilmEmbedder
from avts_mm.models import AVDataPreprocessor, StepContrastiveHead


class FlashAndClick(torch.nn.Module):
    """Embeds a step as whether it flashes, and whether it clicks."""

    def __init__(self, by_steps: bool) -> None:
        super().__init__()
        self.data_preprocessor = AVDataPreprocessor((0,) * 3, (1,) * 3)
        self.head = (
            StepContrastiveHead(max_shift=0, trim=0) if by_steps else None
        )
        self.by_steps = by_steps
        # In a clip of five pictures nothing begins with the first.
        self.later = torch.nn.Parameter(torch.tensor([0.0, 1, 1, 1, 1]))

    def embed_video(self, video):
        lower = video[:, :, :, video.shape[3] * 5 // 8 :]
        bright = (lower.mean((1, 3, 4)) > 150).float()
        # A flash lasts three pictures; it is its begin that clicks.
        flash = torch.diff(bright, dim=1, prepend=bright[:, :1]).relu()
        return flash[:, None] if self.by_steps else flash

    def embed_places(self, video, refine=1):
        size = video.shape[2], 3 * refine, 4 * refine
        bright = F.adaptive_avg_pool3d(video.mean(1, True), size) > 150
        bright = bright.float()
        return bright.diff(dim=2, prepend=bright[:, :, :1])

    def embed_audio(self, audio):
        loud = (audio.amax((1, 2)) > -2).float()
        click = F.max_pool1d(loud[:, None], 4, ceil_mode=True)
        return click if self.by_steps else click[:, 0, :5] * self.later


def flash_and_click(by_steps=True, **options) -> FilmEmbedder:
    """Embeds films by such a model."""
    frames = 25 if by_steps else 5
    pipeline = [
        dict(type='LoadAVFrames', num_frames=frames),
        dict(type='LoadAVAudio', sample_rate=16000),
        dict(type='FormatShape', input_format='NCTHW'),
        dict(type='PackAVInputs'),
    ]
    data = dict(clip_seconds=frames / 25, pipeline=pipeline)
    cfg = Config(dict(test_dataloader=dict(dataset=data)))
    embedder = FilmEmbedder(FlashAndClick(by_steps), cfg)
    vars(embedder).update(options)
    return embedder


def page_model() -> SimpleNamespace:
    """What a page needs of an inferencer."""
    return SimpleNamespace(embedder=flash_and_click())
