# The embedded corpus with embeddings of every frame: for finding offsets.
# tools/test.py tells how exactly they are found (docs/offset.md).
_base_ = 'avts_demo.py'
custom_imports = dict(imports=['avts_mm', 'avts_mm.apis'])

neck = dict(
    _delete_=True,
    type='StepProjectionNeck',
    in_channels=64,
    hidden_channels=128,
    out_channels=64,
)
model = dict(
    video_neck=neck,
    audio_neck=dict(time_dim=3, **neck),
    head=dict(type='StepContrastiveHead'),  # its loss is that of avts_demo.py
)

test_cfg = dict(
    _delete_=True,
    type='OffsetTestLoop',
    lengths=(2, 3, None),
    max_shift=2.0,
    max_drawn=1.5,
    fp16=True,  # bfloat16 on a CPU
)
test_evaluator = dict(_delete_=True, type='OffsetMetric', max_shift=2.0)
