# Full width on mouth crops of 112 x 112: for a GPU. avts_grid.py is the same
# for two CPU cores.
_base_ = 'avts_grid.py'

model = dict(
    video_backbone=dict(base_channels=64),
    audio_backbone=dict(channels=(64, 128, 256, 512, 512)),
    video_neck=dict(in_channels=512, hidden_channels=512, out_channels=128),
    audio_neck=dict(in_channels=512, hidden_channels=512, out_channels=128),
)

resize = dict(type='Resize', scale=(112, 112), keep_ratio=False)
train_pipeline = _base_.train_pipeline[:3] + [resize]
train_pipeline += _base_.train_pipeline[4:]
test_pipeline = _base_.test_pipeline[:3] + [resize] + _base_.test_pipeline[4:]
train_dataloader = dict(
    num_workers=8,
    pin_memory=True,
    dataset=dict(pipeline=train_pipeline),
)
val_dataloader = dict(
    num_workers=8, pin_memory=True, dataset=dict(pipeline=test_pipeline)
)
test_dataloader = val_dataloader

optim_wrapper = dict(optimizer=dict(lr=5e-4))
