# avts_demo.py in mmengine's pure-Python style, where editors find what is
# imported. Bases can be in either style.
# ruff: noqa: F403, F405
from mmengine.config import read_base
from torch.optim import AdamW

from avts_mm.engine import BFloat16OptimWrapper, ResumableEpochLoop
from avts_mm.models import AVTS, MC3, AudioVGG

with read_base():
    from .avts_demo import *

model.update(
    type=AVTS,
    video_backbone=dict(type=MC3),
    audio_backbone=dict(type=AudioVGG),
)
optim_wrapper = dict(
    type=BFloat16OptimWrapper,
    optimizer=dict(type=AdamW, lr=2e-3, weight_decay=1e-4),
)
train_cfg = dict(
    type=ResumableEpochLoop, max_epochs=max_epochs, val_interval=1
)
