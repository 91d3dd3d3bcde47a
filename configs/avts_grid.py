# One person reading sentences to the camera (GRID corpus): mouth crops of
# 64 x 48, a quarter of the width, on two CPU cores. docs/training.md tells how
# the setting was found.
_base_ = [
    '_base_/models/avts_mc3_small.py',
    '_base_/datasets/av_pairs.py',
    '_base_/default_runtime.py',
]

# Where tools/data/build_grid_lists.py has written its lists.
data_root = 'data/grid'

# Clips of 0.8 s and a gap of 0.3 s: 3 s of video then give hard negatives at
# almost every moment.
num_frames = 20
clip_seconds = 0.8
hard_gap = 0.3
mouth = (0.25, 0.46, 0.75, 0.85)

# One time bin for each frame.
model = dict(
    video_neck=dict(time_bins=num_frames),
    audio_neck=dict(time_bins=num_frames),
)

train_pipeline = [
    dict(type='LoadAVFrames', num_frames=num_frames, backend='pyav'),
    dict(type='LoadAVAudio', sample_rate=16000),
    dict(type='RegionCrop', region=mouth, jitter=0.05),
    dict(type='Resize', scale=(64, 48), keep_ratio=False),
    dict(type='Flip', flip_ratio=0.5),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackAVInputs'),
]
test_pipeline = [
    dict(type='LoadAVFrames', num_frames=num_frames, backend='pyav'),
    dict(type='LoadAVAudio', sample_rate=16000),
    dict(type='RegionCrop', region=mouth),
    dict(type='Resize', scale=(64, 48), keep_ratio=False),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackAVInputs'),
]
train_dataloader = dict(
    batch_size=32,
    num_workers=1,
    dataset=dict(
        data_root=data_root,
        clip_seconds=clip_seconds,
        hard_gap=hard_gap,
        super_hard_overlap=(0.2, 0.6),
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=34,
    num_workers=1,
    dataset=dict(
        data_root=data_root,
        clip_seconds=clip_seconds,
        hard_gap=hard_gap,
        super_hard_overlap=(0.2, 0.6),
        pipeline=test_pipeline,
    ),
)
# Four clips of each video, and negatives that overlap with their clip: those
# that nobody can tell by where in the sentence they are (docs/results.md).
test_dataloader = dict(
    val_dataloader,
    sampler=dict(
        clips_per_video=4,
        kinds=('positive', 'easy', 'hard', 'super_hard'),
    ),
)

max_epochs = 10
optim_wrapper = dict(
    type='BFloat16OptimWrapper',
    optimizer=dict(type='AdamW', lr=2e-3, weight_decay=1e-4),
)
param_scheduler = [
    dict(
        type='LinearLR',
        start_factor=0.04,
        end=1,
        convert_to_iter_based=True,
    ),
    dict(
        type='CosineAnnealingLR',
        begin=1,
        end=max_epochs,
        T_max=max_epochs - 1,
        convert_to_iter_based=True,
    ),
]
train_cfg = dict(
    type='ResumableEpochLoop', max_epochs=max_epochs, val_interval=2
)
val_cfg = dict(type='ValLoop', fp16=True)  # bfloat16 on a CPU
test_cfg = dict(type='TestLoop', fp16=True)

# The paper's curriculum, switched at the same share of the training.
default_hooks = dict(
    curriculum=dict(
        type='CurriculumHook',
        stages=[
            dict(begin=0, mix=dict(easy=1)),
            dict(begin=5, mix=dict(easy=3, hard=1)),
        ],
    ),
    report=dict(type='SyncReportHook'),
)
