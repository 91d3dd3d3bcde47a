# GRID with the paper's pooling, embeddings, distance and optimiser.
_base_ = '../avts_grid.py'

model = dict(
    video_neck=dict(time_bins=1, norm_cfg=None),
    audio_neck=dict(time_bins=1, norm_cfg=None),
    head=dict(scale_by_dim=False),
)
optim_wrapper = dict(
    optimizer=dict(
        _delete_=True, type='SGD', lr=0.02, momentum=0.9, weight_decay=1e-4
    ),
)
