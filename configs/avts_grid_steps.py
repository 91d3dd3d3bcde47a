# GRID with embeddings of every frame: for finding offsets. tools/test.py tells
# how exactly they are found (docs/offset.md).
_base_ = 'avts_grid_all_pairs.py'
custom_imports = dict(imports=['avts_mm', 'avts_mm.apis'])

neck = dict(
    _delete_=True,
    type='StepProjectionNeck',
    in_channels=128,
    hidden_channels=128,
    out_channels=64,
)
model = dict(
    video_neck=neck,
    audio_neck=dict(time_dim=3, **neck),
    head=dict(
        _delete_=True,
        type='StepContrastiveHead',
        loss=dict(type='InfoNCELoss', temperature=0.05),
        normalize=True,
        all_pairs=True,
        min_shift=1,
    ),
)

test_dataloader = dict(_delete_=True, **_base_.val_dataloader)
test_cfg = dict(
    _delete_=True,
    type='OffsetTestLoop',
    lengths=(1, 1.5, 2, 2.5, None),
    max_shift=1.5,
    max_drawn=1.0,
    fp16=True,  # bfloat16 on a CPU
)
test_evaluator = dict(_delete_=True, type='OffsetMetric', max_shift=1.5)
