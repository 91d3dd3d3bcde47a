# The same by embeddings of whole clips, one for each place a clip can begin:
# python tools/test.py configs/offset/grid_clips.py CHECKPOINT
_base_ = '../avts_grid.py'

custom_imports = dict(imports=['avts_mm', 'avts_mm.apis'])
test_cfg = dict(
    _delete_=True,
    type='OffsetTestLoop',
    lengths=(1.5, 2, 2.5, None),
    max_shift=1.5,
    max_drawn=1.0,
    fp16=True,  # bfloat16 on a CPU
)
test_evaluator = dict(_delete_=True, type='OffsetMetric', max_shift=1.5)
