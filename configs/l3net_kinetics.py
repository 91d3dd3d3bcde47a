# L3-Net on the videos of avts_kinetics.py, for the comparison of the paper's
# section 4.1: correspondence (easy negatives) alone, judged on the same
# held-out pairs. "Paper" is Look, Listen and Learn here; see the model for
# "as in code that follows it".
_base_ = [
    '_base_/models/l3net.py',
    '_base_/datasets/av_pairs.py',
    '_base_/default_runtime.py',
]

train_pipeline = [
    # The picture in the middle of the second. The paper draws it anywhere in
    # the second; so evaluation is the same for every method.
    dict(type='LoadAVFrames', num_frames=1, backend='pyav'),
    dict(type='LoadAVAudio', sample_rate=16000, keep_silent=False),
    dict(type='Resize', scale=(-1, 256)),  # as in code that follows it
    dict(type='RandomCrop', size=224),  # 224: paper
    dict(type='Flip', flip_ratio=0.5),  # as in code that follows it
    # Brightness and saturation (as in code that follows it); no hue.
    dict(
        type='ColorJitter',
        brightness=0.125,
        contrast=0,
        saturation=0.5,
        hue=0,
    ),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackAVInputs'),
]
test_pipeline = [
    dict(type='LoadAVFrames', num_frames=1, backend='pyav'),
    dict(type='LoadAVAudio', sample_rate=16000),
    dict(type='Resize', scale=(-1, 256)),
    dict(type='CenterCrop', crop_size=224),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackAVInputs'),
]
train_dataloader = dict(
    batch_size=64,  # ours: on each of 4 GPUs
    dataset=dict(pipeline=train_pipeline),
)
val_dataloader = dict(
    batch_size=64,
    dataset=dict(pipeline=test_pipeline),
)
test_dataloader = val_dataloader

optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(
        type='Adam',  # paper
        lr=1e-4,  # as in code that follows it
        weight_decay=1e-5,  # as in code that follows it
    ),
)
param_scheduler = []  # ours: constant
auto_scale_lr = dict(enable=False, base_batch_size=256)

train_cfg = dict(
    type='ResumableEpochLoop',
    max_epochs=90,  # ours: as AVTS
    val_interval=5,
)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')

default_hooks = dict(
    curriculum=dict(
        type='CurriculumHook', stages=[dict(begin=0, mix=dict(easy=1))]
    ),
    report=dict(type='SyncReportHook'),
)
