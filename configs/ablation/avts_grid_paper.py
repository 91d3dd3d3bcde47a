# GRID with the paper's pooling, embeddings and optimiser.
_base_ = 'avts_grid_plain.py'

model = dict(
    video_neck=dict(time_bins=1),
    audio_neck=dict(time_bins=1),
)
optim_wrapper = dict(
    optimizer=dict(
        _delete_=True, type='SGD', lr=0.02, momentum=0.9, weight_decay=1e-4
    ),
)
