# How exactly offsets of GRID are found, by embeddings of every frame:
# python tools/test.py configs/offset/grid_steps.py CHECKPOINT
_base_ = '../avts_grid_steps.py'

custom_imports = dict(imports=['avts_mm', 'avts_mm.apis'])
test_cfg = dict(
    _delete_=True,
    type='OffsetTestLoop',
    lengths=(1, 1.5, 2, 2.5, None),
    max_shift=1.5,
    max_drawn=1.0,
    fp16=True,  # bfloat16 on a CPU
)
test_evaluator = dict(_delete_=True, type='OffsetMetric', max_shift=1.5)
