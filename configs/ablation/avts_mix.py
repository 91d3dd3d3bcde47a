# Single stage: easy and hard negatives 3 : 1 from the start.
_base_ = '../avts_kinetics.py'

default_hooks = dict(
    curriculum=dict(stages=[dict(begin=0, mix=dict(easy=3, hard=1))])
)
