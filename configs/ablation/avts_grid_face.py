# GRID with the whole face in 64 x 64 instead of the mouth in 64 x 48.
_base_ = '../avts_grid.py'

face = [
    dict(type='LoadAVFrames', num_frames=20, backend='pyav'),
    dict(type='LoadAVAudio', sample_rate=16000),
    dict(type='Resize', scale=(64, 64), keep_ratio=False),
    dict(type='Flip', flip_ratio=0.5),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackAVInputs'),
]
train_dataloader = dict(dataset=dict(pipeline=face))
val_dataloader = dict(dataset=dict(pipeline=face[:3] + face[4:]))
test_dataloader = val_dataloader
