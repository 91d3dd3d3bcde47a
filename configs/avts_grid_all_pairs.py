# GRID with every clip of a batch compared with every sound: what learns
# fastest (docs/training.md).
_base_ = 'avts_grid.py'

# Beyond sqrt(2), the distance of unrelated embeddings of unit variance.
model = dict(head=dict(loss=dict(margin=2.0), all_pairs=True))

# Two moments each of 16 videos, 0.2 s apart or more: they may overlap.
train_dataloader = dict(
    batch_size=16,
    sampler=dict(clips_per_video=2),
    dataset=dict(hard_gap=-0.6),
)
# No plateau, hence no curriculum.
default_hooks = dict(
    curriculum=dict(stages=[dict(begin=0, mix=dict(easy=3, hard=1))])
)

# As many clips as in 10 epochs of avts_grid.py.
max_epochs = 5
schedule = _base_.param_scheduler
param_scheduler = [
    schedule[0],
    dict(schedule[1], end=max_epochs, T_max=max_epochs - 1),
]
train_cfg = dict(max_epochs=max_epochs, val_interval=1)
