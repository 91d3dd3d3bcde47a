# Full width on the whole face, 112 x 112: for a GPU. avts_grid.py is the same
# for two CPU cores.
_base_ = 'avts_grid.py'

model = dict(
    video_backbone=dict(base_channels=64),
    audio_backbone=dict(channels=(64, 128, 256, 512, 512)),
    video_neck=dict(in_channels=512, hidden_channels=512, out_channels=128),
    audio_neck=dict(in_channels=512, hidden_channels=512, out_channels=128),
)

# yuv420p, lazy: as in avts_kinetics_112.py.
train_pipeline = [
    dict(
        type='LoadAVFrames',
        num_frames={{_base_.num_frames}},
        backend='pyav',
        pixel_format='yuv420p',
    ),
    dict(type='LoadAVAudio', sample_rate=16000),
    dict(
        type='MultiScaleCrop',
        input_size=112,
        scales=(1, 0.9, 0.8),
        random_crop=True,
        lazy=True,
    ),
    dict(type='Resize', scale=(112, 112), keep_ratio=False, lazy=True),
    dict(type='Flip', flip_ratio=0.5, lazy=True),
    dict(type='PackAVInputs'),
]
test_pipeline = [
    dict(
        type='LoadAVFrames',
        num_frames={{_base_.num_frames}},
        backend='pyav',
    ),
    dict(type='LoadAVAudio', sample_rate=16000),
    dict(type='Resize', scale=(-1, 124)),
    dict(type='CenterCrop', crop_size=112),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackAVInputs'),
]
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
