# How exactly offsets of the embedded corpus are found, by embeddings of every
# frame: python tools/test.py configs/offset/demo_steps.py CHECKPOINT
_base_ = '../avts_demo_steps.py'

custom_imports = dict(imports=['avts_mm', 'avts_mm.apis'])
test_cfg = dict(
    _delete_=True,
    type='OffsetTestLoop',
    lengths=(2, 3, None),
    max_shift=2.0,
    max_drawn=1.5,
    fp16=True,  # bfloat16 on a CPU
)
test_evaluator = dict(_delete_=True, type='OffsetMetric', max_shift=2.0)
