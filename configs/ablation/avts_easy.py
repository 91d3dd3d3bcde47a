# Single stage: negatives from other videos alone.
_base_ = '../avts_kinetics.py'

default_hooks = dict(curriculum=dict(stages=[dict(begin=0, mix=dict(easy=1))]))
