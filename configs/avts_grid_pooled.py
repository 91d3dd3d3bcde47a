# avts_kinetics.py at a quarter of the width on GRID: the paper's pooled
# embeddings, loss, margin, distance, optimiser and curriculum, and the one
# departure that lets them learn.
_base_ = 'avts_grid.py'

neck = dict(
    time_bins=1,
    norm_cfg=None,
    center=True,  # not in the paper, see avts_kinetics.py
)
model = dict(video_neck=neck, audio_neck=neck, head=dict(scale_by_dim=False))

max_epochs = 14
optim_wrapper = dict(
    optimizer=dict(
        _delete_=True, type='SGD', lr=0.02, momentum=0.9, weight_decay=1e-4
    ),
)
schedule = _base_.param_scheduler
param_scheduler = [
    schedule[0],
    dict(schedule[1], end=max_epochs, T_max=max_epochs - 1),
]
train_cfg = dict(max_epochs=max_epochs)
default_hooks = dict(
    curriculum=dict(
        stages=[
            dict(begin=0, mix=dict(easy=1)),
            dict(begin=8, mix=dict(easy=3, hard=1)),
        ],
    ),
)
