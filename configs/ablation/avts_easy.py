# Single stage: negatives from other videos alone.
_base_ = '../avts_kinetics.py'

custom_hooks = [
    dict(type='CurriculumHook', stages=[dict(begin=0, mix=dict(easy=1))]),
    dict(type='TrainLossPlateauHook'),
    dict(type='SyncReportHook'),
]
