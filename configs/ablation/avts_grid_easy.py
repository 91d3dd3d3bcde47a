# Single stage on GRID: negatives from other videos alone.
_base_ = '../avts_grid.py'

default_hooks = dict(curriculum=dict(stages=[dict(begin=0, mix=dict(easy=1))]))
