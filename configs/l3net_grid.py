# L3-Net on GRID, to be held against avts_grid.py: the same videos, mouth
# crops, held-out pairs and a quarter of the width; the picture in the middle
# of the sound; correspondence (easy negatives) alone.
_base_ = 'avts_grid.py'

model = dict(
    video_backbone=dict(
        _delete_=True, type='L3VGG', channels=(16, 32, 64, 128)
    ),
    audio_backbone=dict(
        _delete_=True,
        type='L3VGG',
        in_channels=1,
        channels=(16, 32, 64, 128),
    ),
    video_neck=dict(_delete_=True, type='MaxPoolNeck'),
    audio_neck=dict(_delete_=True, type='MaxPoolNeck'),
    head=dict(
        _delete_=True, type='FusionHead', in_channels=128, hidden_channels=32
    ),
)

mouth = {{_base_.mouth}}
train_pipeline = [
    dict(type='LoadAVFrames', num_frames=1, backend='pyav'),
    dict(type='LoadAVAudio', sample_rate=16000),
    dict(type='RegionCrop', region=mouth, jitter=0.05),
    dict(type='Resize', scale=(64, 48), keep_ratio=False),
    dict(type='Flip', flip_ratio=0.5),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackAVInputs'),
]
test_pipeline = [
    dict(type='LoadAVFrames', num_frames=1, backend='pyav'),
    dict(type='LoadAVAudio', sample_rate=16000),
    dict(type='RegionCrop', region=mouth),
    dict(type='Resize', scale=(64, 48), keep_ratio=False),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackAVInputs'),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader

# As many as take the time of avts_grid.py. In 10 nothing is learned yet.
max_epochs = 60
optim_wrapper = dict(optimizer=dict(type='Adam', lr=1e-3, weight_decay=1e-5))
param_scheduler = [
    dict(
        type='LinearLR',
        start_factor=0.04,
        end=6,
        convert_to_iter_based=True,
    ),
    dict(
        type='CosineAnnealingLR',
        begin=6,
        end=max_epochs,
        T_max=max_epochs - 6,
        convert_to_iter_based=True,
    ),
]
train_cfg = dict(max_epochs=max_epochs, val_interval=10)

default_hooks = dict(curriculum=dict(stages=[dict(begin=0, mix=dict(easy=1))]))
