# Whose lips move with the sound? Trained on one speaker of GRID, changed at
# random into many: mouths cut out as the face finder of sync_check.py cuts
# them, another light, camera, voice and microphone for every clip. The weights
# that the package brings along are from this config (docs/offset.md).
_base_ = 'avts_grid_all_pairs.py'

neck = dict(hidden_channels=256, out_channels=128, dropout=0.2, norm_cfg=None)
model = dict(
    data_preprocessor=dict(mean=(128,) * 3, std=(48,) * 3),  # Standardize
    video_neck=neck,
    audio_neck=neck,
    head=dict(
        loss=dict(
            _delete_=True, type='InfoNCELoss', temperature=0.1, learned=True
        ),
        normalize=True,
        scale_by_dim=False,
    ),
)

# Films are judged by the mouths of the faces in them, cut as these are.
faces = True
mouth = (0.275, 0.45, 0.775, 0.825)
train_pipeline = [
    dict(type='LoadAVFrames', num_frames=20, backend='pyav'),
    dict(type='LoadAVAudio', sample_rate=16000),
    dict(type='RandomAffine', region=mouth, size=(64, 48)),
    dict(type='RandomTone'),
    dict(type='Standardize'),
    dict(type='RandomVoice'),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackAVInputs'),
]
test_pipeline = [
    dict(type='LoadAVFrames', num_frames=20, backend='pyav'),
    dict(type='LoadAVAudio', sample_rate=16000),
    dict(type='RegionCrop', region=mouth),
    dict(type='Resize', scale=(64, 48), keep_ratio=False),
    dict(type='Standardize'),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackAVInputs'),
]
# Moments of a video may overlap: the closest are 0.24 s apart. All negatives
# weigh alike, 30 of other videos for one of the same.
hard_gap = -0.56
train_dataloader = dict(
    dataset=dict(hard_gap=hard_gap, pipeline=train_pipeline)
)
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
default_hooks = dict(
    curriculum=dict(stages=[dict(begin=0, mix=dict(easy=30, hard=1))])
)

max_epochs = 24
optim_wrapper = dict(optimizer=dict(weight_decay=1e-2))
schedule = _base_.param_scheduler
param_scheduler = [
    schedule[0],
    dict(schedule[1], end=max_epochs, T_max=max_epochs - 1),
]
train_cfg = dict(max_epochs=max_epochs, val_interval=4)
