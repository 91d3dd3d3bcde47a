# GRID with the paper's embeddings: no normalisation, plain distance.
_base_ = '../avts_grid.py'

model = dict(
    video_neck=dict(norm_cfg=None),
    audio_neck=dict(norm_cfg=None),
    head=dict(scale_by_dim=False),
)
