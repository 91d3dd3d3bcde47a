# What we would start today on 4 GPUs: every clip of a batch, over all GPUs,
# compared with every sound by InfoNCE; embeddings that see when in the clip
# something happens; 112 x 112 from prepared videos, bfloat16, channels-last.
# For 224 x 224 take the pipelines of avts_kinetics.py.
_base_ = 'avts_kinetics_112.py'

# One time bin for each frame; the audio tower keeps 25 steps a second.
neck = dict(time_bins=25, center=False)
model = dict(
    video_backbone=dict(channels_last=True),
    audio_backbone=dict(pools=((2, 2), (2, 2), (2, 1), (2, 1))),
    video_neck=neck,
    audio_neck=neck,
    head=dict(
        loss=dict(_delete_=True, type='InfoNCELoss', learned=True),
        normalize=True,
        all_pairs=True,
    ),
)

# Two moments each of 32 videos on a GPU: a table of 256 x 256.
train_dataloader = dict(
    batch_size=32,
    sampler=dict(clips_per_video=2),
    pin_memory=True,  # copied beside the step before
)

optim_wrapper = dict(
    type='BFloat16OptimWrapper',
    optimizer=dict(_delete_=True, type='AdamW', lr=1e-3, weight_decay=1e-4),
)
param_scheduler = [
    dict(
        type='LinearLR',
        start_factor=0.01,
        end=3,
        convert_to_iter_based=True,
    ),
    dict(
        type='CosineAnnealingLR',
        begin=3,
        end=90,
        T_max=87,
        eta_min_ratio=0.001,
        convert_to_iter_based=True,
    ),
]
