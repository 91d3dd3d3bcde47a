# The paper's setting at half the size, on files that are prepared for it
# (tools/data/prepare_av.py makes the short side 128).
_base_ = 'avts_kinetics.py'

# lazy: cropping only; resizing and flipping is left to the model's device.
train_pipeline = [
    dict(type='LoadAVFrames', num_frames=25, backend='pyav'),
    dict(type='LoadAVAudio', sample_rate=16000),
    dict(
        type='MultiScaleCrop',
        input_size=112,
        scales=(1, 0.875, 0.75, 0.66),
        random_crop=True,
        lazy=True,
    ),
    dict(type='Resize', scale=(112, 112), keep_ratio=False, lazy=True),
    dict(type='Flip', flip_ratio=0.5, lazy=True),
    dict(type='PackAVInputs'),
]
test_pipeline = [
    dict(type='LoadAVFrames', num_frames=25, backend='pyav'),
    dict(type='LoadAVAudio', sample_rate=16000),
    dict(type='Resize', scale=(-1, 128)),
    dict(type='CenterCrop', crop_size=112),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackAVInputs'),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
