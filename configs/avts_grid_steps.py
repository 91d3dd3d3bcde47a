# GRID with embeddings of every frame: for finding offsets (docs/offset.md).
_base_ = 'avts_grid.py'

neck = dict(
    _delete_=True,
    type='StepProjectionNeck',
    in_channels=128,
    hidden_channels=128,
    out_channels=64,
)
model = dict(
    video_neck=neck,
    audio_neck=dict(time_dim=3, **neck),
    head=dict(
        _delete_=True,
        type='StepContrastiveHead',
        loss=dict(type='ContrastiveLoss', margin=2.0),
        scale_by_dim=True,
        max_shift=8,
    ),
)
