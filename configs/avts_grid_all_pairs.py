# GRID, every clip of a batch compared with every sound, by InfoNCE.
_base_ = 'avts_grid.py'

neck = dict(norm_cfg=None)
model = dict(
    video_neck=neck,
    audio_neck=neck,
    head=dict(
        loss=dict(_delete_=True, type='InfoNCELoss', temperature=0.1),
        normalize=True,
        scale_by_dim=False,
        all_pairs=True,
    ),
)
# Two moments each of 16 videos.
train_dataloader = dict(batch_size=16, sampler=dict(clips_per_video=2))
